/* What musl's mallocng needs of its surroundings (its own glue.h, for a program that runs on another C library). Its source is compiled as it
   is, then rewritten: all that it keeps in memory has a mirror. Memory comes from one area of addresses, so that a pointer tells whose it is. */
#ifndef MALLOC_GLUE_H
#define MALLOC_GLUE_H
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* The program's memcpy need not be wrapped. */
#define memcpy __wrap_memcpy
#define memset __wrap_memset
void *__wrap_memcpy(void *, const void *, size_t);
void *__wrap_memset(void *, int, size_t);

#define size_classes mr_heap_size_classes
#define ctx mr_heap_context
#define alloc_meta mr_heap_alloc_meta
#define is_allzero mr_heap_is_allzero
#define malloc mr_heap_malloc
#define realloc mr_heap_realloc
#define free mr_heap_free
#define aligned_alloc mr_heap_aligned_alloc
#define malloc_usable_size mr_heap_usable_size

void *mr_heap_malloc(size_t);
void *mr_heap_realloc(void *, size_t);
void mr_heap_free(void *);
void *mr_heap_aligned_alloc(size_t, size_t);
size_t mr_heap_usable_size(void *);
int mr_heap_is_allzero(void *);

/* area.c */
void *mr_heap_mmap(size_t len, int prot);
int mr_heap_munmap(void *at, size_t len);
void *mr_heap_mremap(void *at, size_t old, size_t new);
int mr_heap_madvise(void *at, size_t len, int advice);
int mr_heap_mprotect(void *at, size_t len, int prot);
uint64_t mr_heap_secret(void);
void mr_heap_lock(void);
void mr_heap_unlock(void);

#undef assert
#define assert(x) do { if (!(x)) __builtin_trap(); } while (0)
#define brk(p) ((uintptr_t)-1) /* all memory is mapped */
#define mmap(at, len, prot, flags, fd, off) mr_heap_mmap(len, prot)
#define munmap(at, len) mr_heap_munmap(at, len)
#define mremap(at, old, new, flags) mr_heap_mremap(at, old, new)
#define madvise(at, len, advice) mr_heap_madvise(at, len, advice)
#define mprotect(at, len, prot) mr_heap_mprotect(at, len, prot)
#define get_random_secret mr_heap_secret
#define DISABLE_ALIGNED_ALLOC 0
#define PAGESIZE 4096

#define RDLOCK_IS_EXCLUSIVE 1
/* Threads may have been made by libraries: the C library knows of all (sys/single_threaded.h, glibc 2.32). */
extern char __libc_single_threaded;
#define MT (!__libc_single_threaded)
#define LOCK_OBJ_DEF
#define rdlock mr_heap_lock
#define wrlock mr_heap_lock
#define unlock mr_heap_unlock
static inline void upgradelock(void) {}

#define a_cas(p, expected, value) __sync_val_compare_and_swap(p, expected, value)
#define a_or(p, value) ((void)__sync_fetch_and_or(p, value))
#define a_crash() __builtin_trap()
#define a_ctz_32(x) __builtin_ctz(x)
#define a_clz_32(x) __builtin_clz(x)
#define a_ctz_64(x) __builtin_ctzll(x)
#endif
