/* Handlers enter through a trampoline of entry.S, which copies the int frame. The program only ever sees its own handlers. */
#include "mr.h"

enum { SA_SIGINFO = 4, SA_NODEFER = 0x40000000 };
#define BIT(sig) (1ull << ((sig) - 1))

/* Reads what a pointer of the program's points at, as the kernel would: a bad one is an error, not a signal. */
int mr_peek(void *to, word from, word len) { return mr_read_native((word)to, from, len) == (long)len ? 0 : -E_FAULT; }

static word trampoline(word flags) { return (word)(flags & SA_SIGINFO ? __mirror_sigtramp_info : __mirror_sigtramp); }
static int is_trampoline(word handler) { return handler == trampoline(0) || handler == trampoline(SA_SIGINFO); }

/* sigaction(2) in the kernel's layouts: `words` long, the handler in word 0, the flags in word `flags`, the mask from word `mask` on. In the
   kernel every signal is blocked until the trampoline is through. */
static long do_sigaction(const struct frame *f, word words, word flags, word mask) {
  word sig = f->a[0], act[SIGACTION_WORDS], *oact = (word *)f->a[2], size = words * sizeof(word), use = f->a[1];
  word mask_bytes = f->nr == __NR_rt_sigaction ? 8 : sizeof(word);
  uint64_t blocked = 0;
  if (sig - 1 >= 64) return -E_INVAL;
  word was = S.handlers[sig];
  uint64_t mask_was = S.handler_masks[sig];
  if (use) {
    int bad = mr_peek(act, use, size);
    if (bad) return bad;
    memcpy(&blocked, &act[mask], mask_bytes);
    if (act[0] > 1) {
      S.handler_masks[sig] = blocked;
      __atomic_store_n(&S.handlers[sig], act[0], __ATOMIC_RELEASE), act[0] = trampoline(act[flags]);
      memset(&act[mask], 255, mask_bytes);
    }
    use = (word)act;
  }
  long r = sys4(f->nr, sig, use, oact, f->a[3]);
  if (IS_ERR(r)) S.handlers[sig] = was, S.handler_masks[sig] = mask_was;
  else {
    if (use && act[0] > 1) S.nodefer = act[flags] & SA_NODEFER ? S.nodefer | BIT(sig) : S.nodefer & ~BIT(sig);
    if (!oact) return r;
    if (is_trampoline(oact[0])) oact[0] = was, memcpy(&oact[mask], &mask_was, mask_bytes);
    mr_copy((word)oact, size);
  }
  return r;
}
#ifdef __NR_signal
static long do_signal(const struct frame *f) {
  word sig = f->a[0], handler = f->a[1], act[SIGACTION_WORDS];
  if (sig - 1 >= 64) return -E_INVAL;
  word was = S.handlers[sig];
  if (handler > 1) S.handler_masks[sig] = 0, __atomic_store_n(&S.handlers[sig], handler, __ATOMIC_RELEASE);
  long r = sys(__NR_signal, sig, handler > 1 ? trampoline(0) : handler, 0);
  if (IS_ERR(r) && !is_trampoline((word)r)) S.handlers[sig] = was;
  else if (handler > 1 && !sys4(__NR_rt_sigaction, sig, 0, act, 8)) {
    memset(&act[3], 255, 8);
    S.nodefer |= BIT(sig);
    sys4(__NR_rt_sigaction, sig, act, 0, 8);
  }
  return is_trampoline((word)r) ? (long)was : r;
}
#endif

int mr_is_sigcall(word nr) {
  switch (nr) {
#ifdef __NR_signal
  case __NR_signal: case __NR_sigaction:
#endif
  case __NR_rt_sigaction: return 1;
  }
  return 0;
}
long mr_sigcall(struct frame *f) {
  switch (f->nr) {
#ifdef __NR_signal
  case __NR_signal: return do_signal(f);
  case __NR_sigaction: return do_sigaction(f, 4, 2, 1); /* handler, mask, flags, restorer */
#endif
  default: return do_sigaction(f, SIGACTION_WORDS, 1, 3); /* handler, flags, restorer, mask */
  }
}

/* Calls that wait with a mask of their own: a handler that ends them runs with it, and the int frame has the one before. */
static void waiting_mask(const struct frame *f, uint64_t *mask) {
  word at;
  if (!f || f->result != (word)-E_INTR) return;
  switch (f->nr) {
#ifdef __NR_sigsuspend
  case __NR_sigsuspend: *mask = f->a[2]; return;
  case __NR_ppoll_time64:
#endif
  case __NR_ppoll: at = f->a[3]; break;
  case __NR_rt_sigsuspend: at = f->a[0]; break;
  case __NR_epoll_pwait: case __NR_epoll_pwait2: at = f->a[4]; break;
#ifdef __NR_pselect6_time64
  case __NR_pselect6_time64:
#endif
  case __NR_pselect6: /* a pointer to the mask and its size */
    if (!f->a[5] || mr_peek(&at, f->a[5], sizeof at)) return;
    break;
  default: return;
  }
  if (at) mr_peek(mask, at, 8);
}

/* si_addr of a mirror store that faulted is the program's address, and no mapping is what the mirror's reservation is. */
static void own_address(word frame, int info, word *regs) {
  enum { PAGE_FAULT = 14, MAPERR = 1, CODE = 2 }; /* si_code is the third word of 32 bits */
  word *address = mr_fault_address(frame, info);
  if (regs[MR_REG_TRAP] != PAGE_FAULT || !mr_faulted_in_mirror(regs, regs[MR_REG_CR2])) return;
  word own = regs[MR_REG_CR2] + MR_DISTANCE;
  if (address && *address == regs[MR_REG_CR2]) {
    *address = own;
    u32 *code = (u32 *)mr_siginfo(frame) + CODE;
    mr_lock();
    word i = mr_find(own);
    if (*code == CODE && (i == S.n_ranges || S.ranges[i].lo > own)) *code = MAPERR;
    mr_unlock();
  }
  regs[MR_REG_CR2] = own;
}

/* From the trampolines, with all signals blocked: what the signal came into is ended or undone, the int frame copied. Gives the program's
   handler and the mask that it runs with. */
word mr_sigframe(word sig, word frame, int info, uint64_t *mask) {
  word *regs = mr_registers(frame, info);
  *mask = mr_saved_mask(frame, info);
  own_address(frame, info, regs);
  mr_interrupted(regs);
  waiting_mask(mr_at_boundary(regs), mask);
  mr_group(regs);
  mr_copy(frame, mr_frame_end(frame, info) - frame);
  sig &= 127;
  *mask |= S.handler_masks[sig];
  if (!(S.nodefer & BIT(sig))) *mask |= BIT(sig);
  return __atomic_load_n(&S.handlers[sig], __ATOMIC_ACQUIRE);
}
