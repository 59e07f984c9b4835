/* getline and its like: the library reads into a block of its own, the caller's grows here. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/types.h>

void *__wrap_realloc(void *p, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void __libc_free(void *p);
void mr_copy(unsigned long native, unsigned long n);
ssize_t __real___getdelim(char **line, size_t *n, int end, FILE *from);

static __thread char *block; /* kept from line to line */
static __thread size_t room;

ssize_t __wrap___getdelim(char **line, size_t *n, int end, FILE *from) {
  ssize_t length = __real___getdelim(&block, &room, end, from);
  mr_copy((unsigned long)&block, sizeof block), mr_copy((unsigned long)&room, sizeof room);
  if (length < 0) return length;
  if (!*line) *n = 0;
  if (!*line || *n < (size_t)length + 1) {
    size_t more = (size_t)length + 1 > 2 * *n ? (size_t)length + 1 : 2 * *n;
    if (more < 120) more = 120;
    char *p = __wrap_realloc(*line, more);
    if (!p) return -1;
    *line = p, *n = more;
  }
  __wrap_memcpy(*line, block, (size_t)length + 1);
  return length;
}
ssize_t __wrap_getdelim(char **line, size_t *n, int end, FILE *from) { return __wrap___getdelim(line, n, end, from); }
ssize_t __wrap_getline(char **line, size_t *n, FILE *from) { return __wrap___getdelim(line, n, '\n', from); }
