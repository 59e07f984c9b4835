/* Functions that give a new block: it is the program's. Rewritten, as all of this folder. */
#define _GNU_SOURCE
#include <string.h>

void *__wrap_malloc(size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);

char *__wrap_strdup(const char *s) {
  size_t n = strlen(s) + 1;
  char *p = __wrap_malloc(n);
  return p ? __wrap_memcpy(p, s, n) : 0;
}
char *__wrap___strdup(const char *s) { return __wrap_strdup(s); }
char *__wrap_strndup(const char *s, size_t most) {
  size_t n = strnlen(s, most);
  char *p = __wrap_malloc(n + 1);
  if (!p) return 0;
  __wrap_memcpy(p, s, n);
  p[n] = 0;
  return p;
}
char *__wrap___strndup(const char *s, size_t most) { return __wrap_strndup(s, most); }
