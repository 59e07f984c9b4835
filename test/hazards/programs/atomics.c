// Atomic operations that fault: the handler sees memory as it was, may use the same word, and the operation is done again or left.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf out;
static volatile sig_atomic_t faults, leave;
static unsigned char *page;

static void handler(int signal) {
  (void)signal;
  faults++;
  if (mprotect(page, 4096, PROT_READ | PROT_WRITE)) _exit(9);
  __sync_fetch_and_add((int *)page, 100); // under the lock of the word that the fault came from
  if (leave) siglongjmp(out, 1);
}

static void forbid(int access) {
  if (mprotect(page, 4096, access)) _exit(8);
}

#ifdef __x86_64__
static __uint128_t pair __attribute__((aligned(32)));
#endif

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 7;
  int *word = (int *)page;
  long long *wide = (long long *)page;
  *word = 1;

  // The page becomes writable in the handler, and the operation goes on.
  int before = 0, access[] = {PROT_READ, PROT_NONE};
  for (int i = 0; i < 2; i++) {
    forbid(access[i]);
    before = __sync_fetch_and_add(word, 5);
    printf("add %d %d %d\n", before, *word, faults);
    forbid(access[i]);
    before = __sync_val_compare_and_swap(word, *word + 100, 7); // compared with what the handler leaves
    printf("swap %d %d\n", *word == before || *word == 7, faults);
    forbid(access[i]);
    before = (short)__sync_lock_test_and_set((short *)page + 1, (short)3);
    printf("exchange %d %d\n", before, faults);
    forbid(access[i]);
    long long found = __sync_fetch_and_or(wide, 1ll << 40);
    printf("or %d %d\n", (int)(found >> 32), faults);
    *wide = i + 1;
  }

  // The handler leaves.
  leave = 1;
  for (int i = 0; i < 2; i++)
    if (sigsetjmp(out, 1) == 0) {
      forbid(access[i]);
      __sync_fetch_and_sub(word, 1000);
      printf("not reached\n");
    } else {
      printf("left %d %d\n", *word, faults);
    }

#ifdef __x86_64__
  // Misaligned operands are refused by the CPU whatever they hold.
  for (volatile int i = 0; i < 4; i++)
    if (sigsetjmp(out, 1) == 0) {
      uint64_t low = 0, high = 0;
      pair = i & 1 ? 77 : 0;
      __asm__ volatile("lock cmpxchg16b %0"
                       : "+m"(*(char(*)[16])((char *)&pair + (i & 2 ? 8 : 4))), "+a"(low), "+d"(high)
                       : "b"((uint64_t)(i & 2)), "c"(0ull)
                       : "memory", "cc");
      printf("not refused\n");
    } else {
      printf("refused %d\n", (int)pair);
      uint64_t low = (uint64_t)pair, high = 0;
      __asm__ volatile("lock cmpxchg16b %0" : "+m"(pair), "+a"(low), "+d"(high) : "b"(5ull), "c"(6ull) : "memory", "cc");
      printf("done %d %d\n", (int)pair, (int)(pair >> 64));
    }
#endif
  return 0;
}
