/* What becomes of a compare-and-swap of atomic.S, or of a system call, that a signal or a fork comes into. */
#include "mr.h"

/* In the order of the text: the lock may be ours, the mirror was begun, memory was tried, the lock is free again, the value found there was
   another one, the mirror has it, nothing was begun, the lock is free. Then where to begin again. */
struct places { int taken, written, done, out, changed, repaired, differs, freed, start; u32 bytes, pair, address, lock; }; /* pair: in two registers */
extern const struct places mr_cas_places[]; /* `taken` of the last is 0 */

enum { CARRY = 1, ZERO = 0x40 };

static void put_accumulator(const struct places *p, const word *regs, word at) {
  word low = regs[mr_register_order[0]], high = regs[mr_register_order[2]], each = p->bytes >> p->pair;
  memcpy((void *)at, &low, each);
  if (p->pair) memcpy((void *)(at + each), &high, each);
}

/* The mirror gets what memory has. Where that is lost, the accumulator has it, and a rebuilt page must not get a value that is not yet stored; a mirror that
   is lost is rebuilt from memory. */
static void mend(const struct places *p, const word *regs) {
  word native = regs[p->address], mirror = MVA(native);
  if (S.sandboxed || (mr_readable(native) && mr_readable(mirror))) memcpy((void *)mirror, (const void *)native, p->bytes);
  else if (mr_readable(mirror)) put_accumulator(p, regs, mirror);
}

/* The handler may take the same lock, or never return: so what has been begun is undone or ended, and the lock given back. */
void mr_interrupted(word *regs) {
  word first = (word)mr_cas_places;
  long at = (long)(regs[MR_REG_IP] - first);
  for (const struct places *p = mr_cas_places; p->taken; p++) {
    if (at < p->taken || at >= p->freed) continue;
    if (at == p->taken && regs[MR_REG_FLAGS] & CARRY) return;                        /* not ours */
    if ((at >= p->out && at < p->changed) || (at > p->repaired && at < p->differs)) return; /* on its way out */
    int ends = at >= p->done && at < p->differs;
    if ((at >= p->written && at < p->done) || (at == p->done && !(regs[MR_REG_FLAGS] & ZERO)) || (at >= p->changed && at < p->repaired)) mend(p, regs);
    __atomic_store_n((u32 *)regs[p->lock], 0, __ATOMIC_RELEASE);
    regs[MR_REG_IP] = first + (word)(long)(ends ? p->out : p->start);
    return;
  }
}

/* The same where the operation met a lost page of either copy: what a rebuilt page takes from the mirror must not be a value that is not yet stored. The
   accumulator has what memory had, or, where it was changed in between, what it has now: the lost mirror then gets that from memory. */
void mr_lost_page(word *regs) {
  word first = (word)mr_cas_places;
  long at = (long)(regs[MR_REG_IP] - first);
  for (const struct places *p = mr_cas_places; p->taken; p++) {
    if (at < p->taken || at >= p->differs) continue;
    if ((at >= p->out && at < p->changed) || at > p->repaired) return; /* on its way out: the lock is another's by now, or its register the program's */
    word mirror = MVA(regs[p->address]);
    if (at >= p->written && at < p->done && mr_readable(mirror)) put_accumulator(p, regs, mirror);
    __atomic_store_n((u32 *)regs[p->lock], 0, __ATOMIC_RELEASE);
    regs[MR_REG_IP] = first + (word)(long)(at >= p->done ? p->out : p->start);
    return;
  }
}

static int in_c(word ip) {
  extern const char __start_mirror_text[], __stop_mirror_text[], mr_leaving[];
  return (ip >= (word)__start_mirror_text && ip < (word)__stop_mirror_text) || (ip >= (word)mr_entered && ip < (word)mr_leaving);
}

/* The boundary: the handler finds the program before its system call or behind it, as it would natively, with its own registers, and may go
   elsewhere (siglongjmp; a cancellation asks where the program is). A call that the kernel has not done is begun again. */
struct frame *mr_at_boundary(word *regs) {
  extern const char mr_leaving[], mr_syscall_end[];
  enum { GAP = 256 }; /* the red zone, and what aligns the state of the vector registers to 64 */
  word ip = regs[MR_REG_IP], sp = regs[MR_REG_SP];
  if (S.dynamic) return 0; /* its C library has system calls of its own */
  if (mr_entering(regs)) return 0;
  if (!in_c(ip) && !(ip >= (word)mr_leaving && ip < (word)mr_syscall_end)) return 0;
  struct frame *f = mr_call_of(regs);
  if ((word)f & 1) { /* a new thread (entry.S): no call is under way, only its stack to be mirrored */
    word top = (word)f & -4;
    if (top >= sp && top - sp <= MR_K) mr_make_equal(sp - GAP, GAP + top - sp);
    return 0;
  }
  if (!in_c(ip) || !f || !mr_site(f->ret)) return 0;
  if (ip >= (word)mr_native_done && ip < (word)mr_native_end) mr_keep(&f->result, regs[mr_register_order[0]]), mr_keep(&f->done, NATIVE_DONE);
  if (f->done == NATIVE_DONE) mr_after(f), mr_keep(&f->done, ALL_DONE);
  word told = mr_own_arguments(f); /* the mirror may have it alone (boundary.c, ready) */
  mr_copy(f->a[2], told);
  mr_as_program(f, regs);
  /* Deeper calls of ours have left bytes in the gap above the int frame, too. */
  mr_make_equal(sp - GAP, GAP);
  mr_copy(sp, regs[MR_REG_SP] - sp);
  return f->done ? f : 0;
}

/* A call that waits was ended by a SIGBUS of which the program knows nothing: it is done again. SA_RESTART does that, but not for calls with a time limit and
   those that wait for signals. A sleep goes on for what was left; other time limits begin anew where the kernel has not changed them (select, ppoll). */
void mr_begin_again(word *regs) {
  enum { SYSCALL_BYTES = 2, ABSOLUTE = 1 };
  if (regs[MR_REG_IP] != (word)mr_native_done || regs[mr_register_order[0]] != (word)-E_INTR) return;
  const struct frame *f = mr_call_of(regs);
  switch (f->nr) {
  case __NR_close: return; /* the descriptor may be gone, or another's by now (close(2)) */
  case __NR_nanosleep:
    if (f->a[1]) regs[mr_argument_order[0]] = f->a[1];
    break;
#ifdef __NR_clock_nanosleep_time64
  case __NR_clock_nanosleep_time64:
#endif
  case __NR_clock_nanosleep:
    if (f->a[3] && !(f->a[1] & ABSOLUTE)) regs[mr_argument_order[2]] = f->a[3];
    break;
  }
  regs[mr_register_order[0]] = f->nr;
  regs[MR_REG_IP] -= SYSCALL_BYTES;
}

/* What C code of the runtime has on the program's stack has a mirror only where it waits (mr_native_ready, mr_on_stack). A lost page of the stack takes it
   along, but not struct frame: the call begins again there, and `done` says what is left of it. What the kernel wrote for the call is gone with the page, too,
   unless it has got to the mirror. From mr_bus, which has repaired the page. */
int mr_start_over(word frame, word *regs, word page) {
  word ip = regs[MR_REG_IP], sp = regs[MR_REG_SP];
  if (S.dynamic || !in_c(ip)) return GOES_ON;
  struct frame *f = mr_call_of(regs);
  word top = (word)f - NEW_THREAD;
  if (((word)f & 3) == NEW_THREAD && sp <= top && top - sp <= MR_K) {
    regs[MR_REG_SP] = top - THREAD_BYTES, regs[MR_REG_FRAME] = (word)f, regs[MR_REG_IP] = (word)mr_thread_pushed;
    return AGAIN;
  }
  if (!f || (word)f & 1 || sp > (word)f || (word)f - sp > MR_K) return GOES_ON;
  int ready = ip >= (word)mr_native_ready && ip < (word)mr_native_end, back = ready && ip >= (word)mr_native_done;
  if (back) mr_keep(&f->result, regs[mr_register_order[0]]);
  int met = page != NO_PAGE && (back || f->done == NATIVE_DONE) ? mr_met(f, page) : GOES_ON;
  if (met == IS_GONE || (ready && met == GOES_ON)) return met;
  if (f->masked) memcpy(mr_mask_at(frame), f->mask, 8), mr_keep(&f->masked, 0);
  mr_own_arguments(f);
  mr_as_entered(f, regs);
  regs[MR_REG_SP] = regs[MR_REG_FRAME] = (word)f, regs[MR_REG_IP] = (word)mr_entered;
  return AGAIN;
}
/* A signal's frame is on the program's stack and has no mirror yet. */
int mr_readies_handler(const word *regs) {
  extern const char mr_tramp_mirrored[];
  word ip = regs[MR_REG_IP], sp = regs[MR_REG_SP], i = mr_find(sp);
  if (i == S.n_ranges || S.ranges[i].lo > sp || !(S.ranges[i].flags & R_MIRRORED)) return 0; /* on a stack of ours */
  if (ip >= (word)__mirror_sigtramp && ip < (word)mr_tramp_mirrored) return 1;
  word f = (word)mr_call_of(regs);
  return in_c(ip) && (!f || (f & 3) == NO_CALL);
}

/* The boundary, from its first instruction on. */
int mr_in_runtime(word ip) {
  extern const char mr_syscall_end[];
  return in_c(ip) || (ip >= (word)__mirror_syscall && ip < (word)mr_syscall_end);
}
/* The stack is mirrored before it has grown. */
static int there(word at) {
  unsigned char resident;
  return !sys(__NR_mincore, DOWN(at), PG, &resident);
}
/* In the child there is one thread, and it holds none of the locks. What their holders had begun never ends. */
void mr_forked(void) {
  S.alone = 1; /* a lost page that is met here waits for none of them */
  for (word at = 0; at < MR_LOCKS; at += 16) {
    u32 *lock = (u32 *)(mr_locks + at);
    if (!*lock) continue;
    for (word i = 0; i < S.n_ranges; i++) {
      struct range *r = &S.ranges[i];
      if (!(r->flags & R_MIRRORED) || !(r->prot & P_W)) continue;
      for (word p = (r->lo & -(word)MR_LOCKS) + at; p < r->hi; p += MR_LOCKS) {
        if (p >= r->lo && !(r->flags & R_STACK && !there(p)) && memcmp((void *)MVA(p), (void *)p, 16)) memcpy((void *)MVA(p), (void *)p, 16);
        if (r->hi - p <= MR_LOCKS) break; /* the sum may be beyond the last address */
      }
    }
    *lock = 0;
  }
  S.alone = 0;
}
