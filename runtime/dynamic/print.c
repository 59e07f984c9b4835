/* Variable arguments: each calls the function that takes a list of them. Compiled with vector registers, which arguments may be in. */
#include "lists.h"

int vsprintf(char *, const char *, va_list);
int vsnprintf(char *, size_t, const char *, va_list);
int __vsprintf_chk(char *, int, size_t, const char *, va_list);
int __vsnprintf_chk(char *, size_t, int, size_t, const char *, va_list);
int vswprintf(u32 *, size_t, const u32 *, va_list);
int vfscanf(void *, const char *, va_list);
int vscanf(const char *, va_list);
int vsscanf(const char *, const char *, va_list);
int __isoc99_vfscanf(void *, const char *, va_list);
int __isoc99_vscanf(const char *, va_list);
int __isoc99_vsscanf(const char *, const char *, va_list);

static int printed(char *to, size_t most, int r) {
  if (r >= 0 && most) mr_copy((word)to, (size_t)r < most ? (size_t)r + 1 : most);
  return r;
}
int __wrap_sprintf(char *to, const char *f, ...) { WITH_LIST(f, printed(to, -1ul, vsprintf(to, f, v))); }
int __wrap_snprintf(char *to, size_t n, const char *f, ...) { WITH_LIST(f, printed(to, n, vsnprintf(to, n, f, v))); }
int __wrap___sprintf_chk(char *to, int flag, size_t size, const char *f, ...) {
  WITH_LIST(f, printed(to, -1ul, __vsprintf_chk(to, flag, size, f, v)));
}
int __wrap___snprintf_chk(char *to, size_t n, int flag, size_t size, const char *f, ...) {
  WITH_LIST(f, printed(to, n, __vsnprintf_chk(to, n, flag, size, f, v)));
}

/* A text that is too long is an error, and its beginning is there. */
static int printed_wide(u32 *to, size_t most, int r) {
  mr_copy((word)to, (r < 0 ? most : (size_t)r + 1) * sizeof *to);
  return r;
}
int __wrap_swprintf(u32 *to, size_t n, const u32 *f, ...) { WITH_LIST(f, printed_wide(to, n, vswprintf(to, n, f, v))); }

int __wrap_scanf(const char *f, ...) { SCANNED(f, f, vscanf(f, v)); }
int __wrap_fscanf(void *from, const char *f, ...) { SCANNED(f, f, vfscanf(from, f, v)); }
int __wrap_sscanf(const char *from, const char *f, ...) { SCANNED(f, f, vsscanf(from, f, v)); }
int __wrap___isoc99_scanf(const char *f, ...) { SCANNED(f, f, __isoc99_vscanf(f, v)); }
int __wrap___isoc99_fscanf(void *from, const char *f, ...) { SCANNED(f, f, __isoc99_vfscanf(from, f, v)); }
int __wrap___isoc99_sscanf(const char *from, const char *f, ...) { SCANNED(f, f, __isoc99_vsscanf(from, f, v)); }
