/* The allocating functions as libraries call them (the program's own symbols come first): their memory is their own, it has no mirror that is
   kept. A block of the program's that a library frees or makes larger goes back to the program's heap. */
#include "after.h"

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t m, size_t n);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);
void __wrap_free(void *p);
void *__wrap_realloc(void *p, size_t n);
size_t __wrap_malloc_usable_size(void *p);

#define EXPORTED __attribute__((visibility("default")))
static int ours(const void *p) { return (word)p - S.heap_low < S.heap_high - S.heap_low; }

EXPORTED void *malloc(size_t n) { return __libc_malloc(n); }
EXPORTED void *calloc(size_t m, size_t n) { return __libc_calloc(m, n); }
EXPORTED void free(void *p) {
  if (ours(p)) __wrap_free(p);
  else __libc_free(p);
}
EXPORTED void *realloc(void *p, size_t n) { return p && ours(p) ? __wrap_realloc(p, n) : __libc_realloc(p, n); }
EXPORTED void *memalign(size_t align, size_t n) { return __libc_memalign(align, n); }
EXPORTED void *aligned_alloc(size_t align, size_t n) { return __libc_memalign(align, n); }
EXPORTED void *valloc(size_t n) { return __libc_memalign(PG, n); }
EXPORTED void *pvalloc(size_t n) { return __libc_memalign(PG, UP(n)); }
EXPORTED int posix_memalign(void **to, size_t align, size_t n) {
  if (align < sizeof(word) || align & (align - 1)) return E_INVAL;
  void *p = __libc_memalign(align, n);
  if (!p) return E_NOMEM;
  *to = p;
  return 0;
}
/* malloc/malloc.c: the size stands before the block, its three lowest bits are flags; a block mapped by itself (bit 1) has no word of the next
   block's to use. */
size_t mr_foreign_size(void *p) {
  word size = ((const word *)p)[-1];
  return (size & ~7ul) - (size & 2 ? 16 : 8);
}
EXPORTED size_t malloc_usable_size(void *p) { return !p ? 0 : ours(p) ? __wrap_malloc_usable_size(p) : mr_foreign_size(p); }
