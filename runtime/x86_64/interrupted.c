/* What becomes of a compare-and-swap of atomic.S that a signal or a fork comes into. */
#include "mr.h"

struct places { int start, taken, held, ahead, done, release, changed, repaired, differs; };
extern const struct places mr_cas_places[4];

enum { CARRY = 1, ZERO = 0x40 };

/* The handler may take the same lock, or never return: so what has
   been begun is undone or ended, and the lock given back. */
void mr_interrupted(word frame, int info) {
  (void)info;
  word *regs = (word *)(frame + 8 + 40); /* struct sigcontext (asm/sigcontext.h), in ucontext, behind pretcode */
  enum { R9 = 1, R10 = 2, RCX = 14, RIP = 16, FLAGS = 17 };
  const struct places *first = mr_cas_places;
  int at = (int)(regs[RIP] - (word)first);
  if ((regs[RIP] - (word)first + (1ul << 31)) >> 32) return;
  for (int i = 0; i < 4; i++) {
    const struct places *p = first + i;
    if (at < p->taken || at > p->differs) continue;
    if (at == p->taken && regs[FLAGS] & CARRY) return; /* not ours */
    if (at > p->release && at < p->changed) return;    /* on its way out */
    if (at > p->repaired && at < p->differs) return;
    int ends = at >= p->done && at != p->differs;
    int mend = at == p->ahead || (at == p->done && !(regs[FLAGS] & ZERO)) || at == p->changed;
    if (mend) memcpy((void *)MVA(regs[R10]), (const void *)regs[R10], (word)1 << i);
    __atomic_store_n((u32 *)regs[R9], 0, __ATOMIC_RELEASE);
    regs[RIP] = ends ? regs[RCX] : (word)first + (word)p->start;
    return;
  }
}

/* In the child there is one thread, and it holds none of the locks. What their holders had begun never ends. */
void mr_forked(void) {
  for (word at = 0; at < MR_LOCKS; at += 16) {
    u32 *lock = (u32 *)(S.locks + at);
    if (!*lock) continue;
    for (word i = 0; i < S.n_ranges; i++) {
      struct range *r = &S.ranges[i];
      if (!(r->flags & R_MIRRORED) || !(r->prot & P_W)) continue;
      for (word p = (r->lo & -(word)MR_LOCKS) + at; p < r->hi; p += MR_LOCKS)
        if (p >= r->lo && memcmp((void *)MVA(p), (void *)p, 16)) memcpy((void *)MVA(p), (void *)p, 16);
    }
    *lock = 0;
  }
}
