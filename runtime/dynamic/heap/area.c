/* Memory of the mirrored heap: mappings in one area of addresses, made through the runtime's boundary. */
#define _GNU_SOURCE
#include "glue.h"
#undef mmap
#undef munmap
#undef mremap
#undef madvise
#undef mprotect
#include <errno.h>
#include <sys/syscall.h>

extern uintptr_t mr_heap_low, mr_heap_high; /* start.c */
extern uint64_t mr_heap_random;
void mr_heap_yield(void);

/* The boundary stands where the instruction stood: this file is rewritten. */
static long call(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d) {
  long result;
  register uintptr_t r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = -1;
  register long r9 __asm__("r9") = 0;
  __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
static long give(long result) {
  if (result > -4096 && result < 0) {
    errno = (int)-result;
    return -1;
  }
  return result;
}

/* mallocng unmaps and moves without its own lock. */
static volatile int busy, taken;
static void acquire(volatile int *lock) {
  if (!MT) return;
  while (__sync_lock_test_and_set(lock, 1)) mr_heap_yield();
}
static void release(volatile int *lock) {
  if (*lock) __sync_lock_release(lock);
}
void mr_heap_lock(void) { acquire(&taken); }
void mr_heap_unlock(void) { release(&taken); }

/* Around a fork, so that the child's heap is whole. */
void mr_heap_fork(int after) {
  if (after) release(&busy), release(&taken);
  else acquire(&taken), acquire(&busy);
}

static uintptr_t next;

/* Addresses are taken upwards and given back only at the top; at the end the search begins again below. */
static void *map(size_t len, int prot) {
  if (!next) next = mr_heap_low;
  for (int round = 0; round < 2; round++) {
    while (len <= mr_heap_high - next) {
      uintptr_t at = next;
      long r = call(SYS_mmap, at, len, (uintptr_t)prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE);
      if (r == (long)at) {
        next = at + len;
        return (void *)at;
      }
      if (r != -EEXIST) {
        give(r);
        return MAP_FAILED;
      }
      next = at + (len > 1ul << 21 ? len : 1ul << 21);
    }
    next = mr_heap_low;
  }
  errno = ENOMEM;
  return MAP_FAILED;
}
void *mr_heap_mmap(size_t len, int prot) {
  acquire(&busy);
  void *r = map((len + 4095) & ~(size_t)4095, prot);
  release(&busy);
  return r;
}
int mr_heap_munmap(void *at, size_t len) {
  len = (len + 4095) & ~(size_t)4095;
  acquire(&busy);
  long r = give(call(SYS_munmap, (uintptr_t)at, len, 0, 0));
  if (!r && (uintptr_t)at + len == next) next = (uintptr_t)at;
  release(&busy);
  return (int)r;
}
/* Grows where there is room behind it, else not at all: the caller copies then. */
static void *grow(void *at, size_t old, size_t new) {
  int last = (uintptr_t)at + old == next;
  if (new > old && !last) return MAP_FAILED;
  if (new > old && new - old > mr_heap_high - next) return MAP_FAILED;
  long r = give(call(SYS_mremap, (uintptr_t)at, old, new, 0));
  if (r == -1) return MAP_FAILED;
  if (last) next = (uintptr_t)at + new;
  return (void *)r;
}
void *mr_heap_mremap(void *at, size_t old, size_t new) {
  acquire(&busy);
  void *r = grow(at, old, new);
  release(&busy);
  return r;
}
int mr_heap_madvise(void *at, size_t len, int advice) {
  return (int)give(call(SYS_madvise, (uintptr_t)at, len, (uintptr_t)advice, 0));
}
int mr_heap_mprotect(void *at, size_t len, int prot) {
  return (int)give(call(SYS_mprotect, (uintptr_t)at, len, (uintptr_t)prot, 0));
}

uint64_t mr_heap_secret(void) { return mr_heap_random; }
