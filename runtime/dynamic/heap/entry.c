/* The allocating functions as rewritten code calls them. A block may also come from the C library (what getline or a library allocated): it
   goes back to it. */
#define _GNU_SOURCE
#include "glue.h"
#undef malloc
#undef realloc
#undef free
#undef aligned_alloc
#undef malloc_usable_size
#include <errno.h>

extern uintptr_t mr_heap_low, mr_heap_high;
static int ours(const void *p) { return (uintptr_t)p - mr_heap_low < mr_heap_high - mr_heap_low; }

/* The C library's own (malloc/malloc.c, versions GLIBC_2.2.5); malloc_usable_size is replaced for libraries, see interpose.c. */
void __libc_free(void *);
size_t mr_foreign_size(void *);

void *__wrap_malloc(size_t n) { return mr_heap_malloc(n); }
void __wrap_free(void *p) {
  if (!p) return;
  if (ours(p)) mr_heap_free(p);
  else __libc_free(p);
}
void __wrap_cfree(void *p) { __wrap_free(p); }
void *__wrap_calloc(size_t m, size_t n) {
  size_t bytes;
  if (__builtin_mul_overflow(m, n, &bytes)) {
    errno = ENOMEM;
    return 0;
  }
  void *p = mr_heap_malloc(bytes);
  if (!p) return 0;
  if (is_allzero(p)) return p;
  return __wrap_memset(p, 0, bytes);
}
void *__wrap_realloc(void *p, size_t n) {
  if (!p) return mr_heap_malloc(n);
  if (!n) { /* glibc frees, musl does not */
    __wrap_free(p);
    return 0;
  }
  if (ours(p)) return mr_heap_realloc(p, n);
  size_t was = mr_foreign_size(p);
  void *to = mr_heap_malloc(n);
  if (!to) return 0;
  __wrap_memcpy(to, p, was < n ? was : n);
  __libc_free(p);
  return to;
}
void *__wrap_reallocarray(void *p, size_t m, size_t n) {
  size_t bytes;
  if (__builtin_mul_overflow(m, n, &bytes)) {
    errno = ENOMEM;
    return 0;
  }
  return __wrap_realloc(p, bytes);
}
void *__wrap_aligned_alloc(size_t align, size_t n) { return mr_heap_aligned_alloc(align, n); }
void *__wrap_memalign(size_t align, size_t n) { return mr_heap_aligned_alloc(align, n); }
int __wrap_posix_memalign(void **to, size_t align, size_t n) {
  if (align < sizeof(void *) || (align & (align - 1))) return EINVAL;
  int was = errno;
  void *p = mr_heap_aligned_alloc(align, n);
  errno = was;
  if (!p) return ENOMEM;
  *to = p;
  return 0;
}
void *__wrap_valloc(size_t n) { return mr_heap_aligned_alloc(4096, n); }
void *__wrap_pvalloc(size_t n) { return mr_heap_aligned_alloc(4096, (n + 4095) & ~(size_t)4095); }
size_t __wrap_malloc_usable_size(void *p) { return !p ? 0 : ours(p) ? mr_heap_usable_size(p) : mr_foreign_size(p); }
