/* Memory functions that gcc may call, output, escapes. */
#include "mr.h"

void *memcpy(void *d, const void *s, size_t n) {
  void *r = d;
  __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
  return r;
}
void *memset(void *d, int c, size_t n) {
  void *r = d;
  __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
  return r;
}
void *memmove(void *d, const void *s, size_t n) {
  if ((word)d - (word)s >= n) return memcpy(d, s, n);
  typedef volatile word __attribute__((may_alias)) any; /* volatile: not to become a call of itself */
  volatile char *to = d;
  const char *from = s;
  while (n % sizeof(word)) n--, to[n] = from[n];
  while (n) n -= sizeof(word), *(any *)(to + n) = *(const any *)(from + n);
  return d;
}
int memcmp(const void *a, const void *b, size_t n) {
  const volatile unsigned char *x = a, *y = b;
  for (; n; n--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}
size_t mr_strlen(const char *s) {
  const volatile char *p = s;
  while (*p) p++;
  return (size_t)((const char *)p - s);
}
int mr_streq(const char *a, const char *b) {
  for (; *a && *a == *b; a++) b++;
  return *a == *b;
}

static word on_page(word native, word len, word page) {
  if (page != TOLD_PAGES) return native < page + PG && page < native + len;
  for (word i = 0; i < MAX_REBUILT; i++)
    if (S.rebuilt[i] && on_page(native, len, S.rebuilt[i])) return 1;
  return 0;
}
void mr_copy(word native, word len) {
  if (!len || !IN_RANGE(native)) return;
  struct frame *f = mr_current;
  if (!S.dynamic && f && !((word)f & 1) && f->done == ASKED_ONLY) { /* behind library calls r15 is the program's */
    f->masked |= on_page(native, len, f->mask[0]);
    return;
  }
  memcpy((void *)MVA(native), (const void *)native, len);
}

void mr_store(word native, const void *from, word len) {
  if (IN_RANGE(native)) memcpy((void *)MVA(native), from, len);
  __asm__ volatile("" ::: "memory");
  memcpy((void *)native, from, len);
}
void mr_touch(const void *at) { (void)*(const volatile char *)at; }

/* A copy that never faults, unless our own memory is lost; the bytes copied or an error. A sandbox may forbid the call, or end the program for it: then
   a plain copy, which faults where the program's own access would. */
long mr_read_native(word to, word from, word len) {
  word local[2] = {to, len}, remote[2] = {from, len};
  long n = S.sandboxed ? -E_PERM : sys6(__NR_process_vm_readv, (word)sys(__NR_getpid, 0, 0, 0), (word)local, 1, (word)remote, 1, 0);
  if (n != (long)len) mr_touch(local), mr_touch(remote);
  if (n != -E_NOSYS && n != -E_PERM) return n;
  memcpy((void *)to, (const void *)from, len);
  return (long)len;
}

void mr_open_out(int fd) { S.out_fd = (u32)fd, S.out_n = 0; }
void mr_flush(void) {
  for (u32 done = 0; done < S.out_n && mr_may(S.out_fd == 2 ? MAY_WRITE : MAY_REPORT);) {
    long r = sys(__NR_write, S.out_fd, S.out + done, S.out_n - done);
    if (r <= 0) break; /* nothing better can be done with a full disk or a closed stderr */
    done += (u32)r;
  }
  S.out_n = 0;
}
static void put_char(char c) {
  if (S.out_n == sizeof S.out) mr_flush();
  S.out[S.out_n++] = c;
}
void mr_put(const char *s) {
  while (*s) put_char(*s++);
}
void mr_hex(word v) {
  mr_put("0x");
  int shift = 8 * sizeof v - 4;
  while (shift && !(v >> shift)) shift -= 4;
  for (; shift >= 0; shift -= 4) put_char("0123456789abcdef"[v >> shift & 15]);
}
void mr_num(word v) {
  char b[20];
  int n = 0;
  do b[n++] = (char)('0' + v % 10);
  while (v /= 10);
  while (n) put_char(b[--n]);
}
/* A JSON string; bytes above 0x7e are replaced, since a file name need not be UTF-8. */
void mr_json(const char *s) {
  put_char('"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') put_char('\\');
    put_char(*s < ' ' || *s > '~' ? '?' : *s);
  }
  put_char('"');
}
void mr_die(const char *what, const char *todo) {
  mr_open_out(2);
  mr_put("mirrorasm: cannot mirror this program: "), mr_put(what), mr_put("\nmirrorasm: "), mr_put(todo), mr_put("\n");
  mr_flush();
  for (;;) sys(__NR_exit_group, 120, 0, 0);
}

void mr_must(int ok, const char *what) {
  if (!ok) mr_die(what, "the system refused memory for the mirror; raise the memory limit (ulimit -v), vm.max_map_count, or free memory");
}

/* Counted without the lock (a boundary call may do it): a slot is claimed by the atomic count, names are short constants. */
void mr_escape(const char *kind, const char *name) {
  word n = S.n_escapes < MAX_ESCAPES ? S.n_escapes : MAX_ESCAPES;
  for (word i = 0; i < n; i++)
    if (mr_streq(S.escapes[i].kind, kind) && mr_streq(S.escapes[i].name, name)) {
      __atomic_fetch_add(&S.escapes[i].count, 1, __ATOMIC_RELAXED);
      return;
    }
  word i = __atomic_fetch_add(&S.n_escapes, 1, __ATOMIC_RELAXED);
  if (i >= MAX_ESCAPES) i = MAX_ESCAPES - 1;
  for (word k = 0; k + 1 < sizeof S.escapes[i].kind && kind[k]; k++) S.escapes[i].kind[k] = kind[k];
  for (word k = 0; k + 1 < sizeof S.escapes[i].name && name[k]; k++) S.escapes[i].name[k] = name[k];
  __atomic_fetch_add(&S.escapes[i].count, 1, __ATOMIC_RELAXED);
}
static void number(char to[12], word nr, word base) {
  char reversed[12];
  int n = 0, m = 0;
  do reversed[n++] = "0123456789abcdef"[nr % base];
  while (nr /= base);
  if (base == 16) to[m++] = '0', to[m++] = 'x';
  while (n) to[m++] = reversed[--n];
  to[m] = 0;
}
/* Something the kernel may have written that nobody knows of: counted, or the end, before it is done. */
void mr_unknown(const char *kind, const char *name, word nr) {
  char b[12];
  number(b, nr & 0xffffffff, mr_streq(kind, "ioctl") ? 16 : 10); /* as headers write them */
  if (S.strict) {
    mr_open_out(2);
    mr_put("mirrorasm: MIRROR_STRICT: what "), mr_put(kind), mr_put(" ");
    if (name) mr_put(name), mr_put(" (");
    mr_put(b), mr_put(name ? ") writes is not known" : " writes is not known");
    mr_put("; without MIRROR_STRICT it is counted in the report\n");
    mr_flush();
    for (;;) sys(__NR_exit_group, 120, 0, 0);
  }
  mr_escape(kind, name ? name : b);
}
