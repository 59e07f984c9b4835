/* One operator new, named by the build: the program's memory; the library's own, with its handler and exception, when there is none. */
#include <stddef.h>

void *__wrap_malloc(size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);

#define GLUE2(a, b) a##b
#define GLUE(a, b) GLUE2(a, b)
#if ALIGNED
void *GLUE(__real_, NAME)(size_t n, size_t align);
void *GLUE(__wrap_, NAME)(size_t n, size_t align) {
  void *p = __wrap_aligned_alloc(align, n);
  return p ? p : GLUE(__real_, NAME)(n, align);
}
#else
void *GLUE(__real_, NAME)(size_t n);
void *GLUE(__wrap_, NAME)(size_t n) {
  void *p = __wrap_malloc(n);
  return p ? p : GLUE(__real_, NAME)(n);
}
#endif
