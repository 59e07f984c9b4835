/* operator delete, and the operators new that give null when there is no memory. */
#include <stddef.h>

void *__wrap_malloc(size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
void __wrap_free(void *p);

#define DELETE(name) \
  void __wrap_##name(void *p) { __wrap_free(p); }
DELETE(_ZdaPv)
DELETE(_ZdaPvRKSt9nothrow_t)
DELETE(_ZdaPvSt11align_val_t)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t)
DELETE(_ZdaPvm)
DELETE(_ZdaPvmSt11align_val_t)
DELETE(_ZdlPv)
DELETE(_ZdlPvRKSt9nothrow_t)
DELETE(_ZdlPvSt11align_val_t)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t)
DELETE(_ZdlPvm)
DELETE(_ZdlPvmSt11align_val_t)

void *__wrap__ZnamRKSt9nothrow_t(size_t n) { return __wrap_malloc(n); }
void *__wrap__ZnamSt11align_val_tRKSt9nothrow_t(size_t n, size_t align) { return __wrap_aligned_alloc(align, n); }
void *__wrap__ZnwmRKSt9nothrow_t(size_t n) { return __wrap_malloc(n); }
void *__wrap__ZnwmSt11align_val_tRKSt9nothrow_t(size_t n, size_t align) { return __wrap_aligned_alloc(align, n); }
