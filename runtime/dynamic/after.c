/* After a library function: what it wrote through its arguments is copied, by the rules of its row. */
#include "after.h"

static word argument(const struct call *c, word i) { return i < 6 ? c->a[i] : ((const word *)c->outer)[i - 6]; }

struct iov { word base, len; };
struct msg { word name; u32 namelen, pad; struct iov *iov; word iovlen, control, controllen; u32 flags; };

/* Once it is free a mutex may be gone with its memory, so what unlocking will make of it goes to the mirror before. glibc's
   struct __pthread_mutex_s (struct_mutex.h): lock, count, owner, users, kind. */
static int unlock_first(word at) {
  const u32 *m = (const u32 *)at;
  u32 next[10], kind = m[4] & 127;
  memcpy(next, m, sizeof next);
  if (kind > 3) return 0; /* robust or with priorities */
  if ((kind == 1 || kind == 2) && m[2] != (u32)sys(__NR_gettid, 0, 0, 0)) return 0;
  if (kind == 1 && m[1] > 1) next[1]--;
  else next[0] = 0, next[1] = kind == 1 ? 0 : m[1], next[2] = 0, next[3]--;
  memcpy((void *)MVA(at), next, sizeof next);
  return 1;
}

/* Calls that are over, because they returned or because something jumped out of them. */
static u32 above(const struct thread *t, word at) {
  u32 n = t->depth;
  while (n && t->calls[n - 1].at <= at) n--;
  return n;
}

void mr_libc_before(struct call *c, word how) {
  for (const u32 *rule = c->rules; *rule; rule++) {
    word p = *rule >> 8 & 15, q = *rule >> 12 & 15, at = argument(c, p);
    switch (*rule & 255) {
    case K_LENP: if (argument(c, q)) c->before[0] = *(u32 *)argument(c, q); break;
    case K_MSG: if (at) c->before[0] = ((struct msg *)at)->namelen; break;
    case K_ICONV: if (at) c->before[0] = *(word *)at; break;
    case K_VSCAN: memcpy(c->before, (void *)argument(c, q), sizeof c->before); break;
    case K_UNLOCK: c->before[0] = at && IN_RANGE(at) ? (word)unlock_first(at) : 1; break;
    }
  }
  struct thread *self = mr_self();
  if (!(how & (CALLS | WAITS)) || !self) return;
  u32 n = above(self, (word)c);
  if (n == DEPTH) {
    mr_escape("library", "deep-callbacks");
    return;
  }
  /* A handler may come in between: once `at` stands in a row that counts, it takes the next one; before, it leaves things as they were. */
  struct progress *p = &self->calls[n];
  __atomic_store_n(&self->depth, n + 1, __ATOMIC_RELEASE);
  __atomic_store_n(&p->at, (word)c, __ATOMIC_RELEASE);
  __atomic_store_n(&self->depth, n + 1, __ATOMIC_RELEASE);
  p->outer = c->outer, p->rules = c->rules;
  memcpy(p->a, c->a, sizeof p->a);
}
/* A jump: the calls below its target are over. glibc mangles the stack pointer in the buffer (pointer_guard.h). */
void mr_jumping(const word *buffer) {
  struct thread *self = mr_self();
  word guard, sp = buffer[6];
  __asm__("mov %%fs:0x30, %0" : "=r"(guard));
  sp = (sp >> 17 | sp << 47) ^ guard;
  if (self) __atomic_store_n(&self->depth, above(self, sp), __ATOMIC_RELEASE);
}

static void copy_iov(const struct iov *v, word n, word left) {
  for (word i = 0; i < n && left; i++) {
    word k = v[i].len < left ? v[i].len : left;
    mr_copy(v[i].base, k);
    left -= k;
  }
}
static word least(word a, word b) { return a < b ? a : b; }
static word length(word at, word most) {
  word n = 0;
  while (n < most && ((const volatile char *)at)[n]) n++;
  return n;
}
static word wide_length(word at, word most) {
  word n = 0;
  while (n < most && ((const volatile u32 *)at)[n]) n++;
  return n;
}

static void apply(const struct call *c, u32 rule) {
  word kind = rule & 255, p = argument(c, rule >> 8 & 15), q = rule >> 12 & 15, n = rule >> 16;
  long r = (long)c->result, ok = (int)c->result >= 0;
  const word all = ~0ul;
  if (!p && kind != K_ENVIRON && kind != K_TOKEN && kind != K_PTON && kind != K_VSCAN) return;
  switch (kind) {
  case K_COPIED: mr_copy(p, r ? c->result - p : argument(c, q)); break;
  case K_DIRENT: if (!(int)r) mr_copy(p, ((const uint16_t *)p)[8]); break;
  case K_LONGOPTS: { /* name, has_arg, flag, val (getopt.h) */
    for (const word *o = (const word *)p; o[0]; o += 4)
      if (o[2]) mr_copy(o[2], 4);
    break;
  }
  case K_ENDS: if (r) mr_copy(p, c->result - p + 1); break;
  case K_ENVIRON: {
    extern char **environ;
    word k = 0;
    if (!environ) break;
    while (environ[k]) k++;
    mr_copy((word)environ, (k + 1) * sizeof(word));
    break;
  }
  case K_FDSET: if (ok) mr_copy(p, (c->a[0] + 63) / 64 * 8); break;
  case K_FIX: mr_copy(p, n); break;
  case K_FIXNN: if (r) mr_copy(p, n); break;
  case K_FIXOK: if (ok) mr_copy(p, n); break;
  case K_FREAD: mr_copy(p, least(c->result + 1, argument(c, (rule >> 8 & 15) + 2)) * argument(c, (rule >> 8 & 15) + 1)); break;
  case K_ICONV: if (c->before[0]) mr_copy(c->before[0], *(word *)p - c->before[0]); break;
  case K_IOV: if (r > 0) copy_iov((const struct iov *)p, argument(c, q), c->result); break;
  case K_LENP:
    if (!ok || !argument(c, q)) break;
    mr_copy(p, least(*(u32 *)argument(c, q), (u32)c->before[0]));
    mr_copy(argument(c, q), 4);
    break;
  case K_LIM: if (argument(c, q)) mr_copy(p, least(length(p, argument(c, q)) + 1, argument(c, q))); break;
  case K_MSG: {
    const struct msg *m = (const struct msg *)p;
    if (r < 0) break;
    copy_iov(m->iov, m->iovlen, c->result);
    if (m->name) mr_copy(m->name, least(m->namelen, (u32)c->before[0]));
    if (m->control) mr_copy(m->control, m->controllen);
    mr_copy(p, sizeof *m);
    break;
  }
  case K_MUL: mr_copy(p, argument(c, q) * n); break;
  case K_MULMUL: mr_copy(p, argument(c, q) * argument(c, n)); break;
  case K_MULOK: if (ok) mr_copy(p, argument(c, q) * n); break;
  case K_PTON: if ((int)r == 1) mr_copy(p, c->a[0] == 2 ? 4 : 16); break;
  case K_RET: if (r > 0) mr_copy(p, least(c->result, argument(c, (rule >> 8 & 15) + 1))); break;
  case K_RETN: if ((int)r > 0) mr_copy(p, (word)(int)r * n); break;
  case K_RETP1: if ((int)r >= 0) mr_copy(p, least((word)(int)r + 1, q == 15 ? all : argument(c, q))); break;
  case K_STR: mr_copy(p, length(p, all) + 1); break;
  case K_STRNN: if (r) mr_copy(p, length(p, all) + 1); break;
  case K_STROK: if (ok) mr_copy(p, length(p, all) + 1); break;
  case K_SYNC: mr_copy_stable(p, n); break;
  case K_SYNCGONE: mr_copy_gone(p, n); break;
  case K_TOKEN: if (r) mr_copy(c->result + length(c->result, all), 1); break;
  case K_UNLOCK: if (!c->before[0]) mr_copy_gone(p, 40); break;
  case K_VSCAN: {
    __builtin_va_list args;
    memcpy(args, c->before, sizeof args);
    mr_scan_copy((const char *)p, args, (int)r);
    break;
  }
  case K_WLIM: if (argument(c, q)) mr_copy(p, least(wide_length(p, argument(c, q)) + 1, argument(c, q)) * 4); break;
  case K_WSTR: mr_copy(p, (wide_length(p, all) + 1) * 4); break;
  default: __builtin_trap();
  }
}

void mr_libc_after(struct call *c, word how) {
  struct thread *self = mr_self();
  for (const u32 *rule = c->rules; *rule; rule++) apply(c, *rule);
  if (how & (CALLS | WAITS) && self) __atomic_store_n(&self->depth, above(self, (word)c), __ATOMIC_RELEASE);
}

/* jmp_buf of setjmp.h: eight registers, a flag, a mask of 128 bytes. */
void mr_copy_jump(word at) { mr_copy(at, 200); }
