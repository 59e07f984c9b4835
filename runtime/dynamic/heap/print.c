/* asprintf and its like: the text is the program's block. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>

void *__wrap_malloc(size_t n);
void mr_copy(unsigned long native, unsigned long n);

int __wrap_vasprintf(char **to, const char *f, va_list v) {
  va_list first;
  va_copy(first, v);
  int n = vsnprintf(0, 0, f, first);
  va_end(first);
  if (n < 0) return n;
  char *p = __wrap_malloc((size_t)n + 1);
  if (!p) return -1;
  *to = p;
  n = vsnprintf(p, (size_t)n + 1, f, v);
  mr_copy((unsigned long)p, (unsigned long)n + 1);
  return n;
}
int __wrap___vasprintf_chk(char **to, int flag, const char *f, va_list v) {
  (void)flag;
  return __wrap_vasprintf(to, f, v);
}
int __wrap_asprintf(char **to, const char *f, ...) {
  va_list v;
  va_start(v, f);
  int n = __wrap_vasprintf(to, f, v);
  va_end(v);
  return n;
}
int __wrap___asprintf_chk(char **to, int flag, const char *f, ...) {
  (void)flag;
  va_list v;
  va_start(v, f);
  int n = __wrap_vasprintf(to, f, v);
  va_end(v);
  return n;
}
