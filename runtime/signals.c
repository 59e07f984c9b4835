/* Handlers enter through a trampoline of entry.S, which copies the int frame. The program only ever sees its own handlers. */
#include "mr.h"

enum { SA_SIGINFO = 4, SA_NODEFER = 0x40000000 };
#define BIT(sig) (1ull << ((sig) - 1))

/* Reads what a pointer of the program's points at, as the kernel would: a bad one is an error, not a signal. */
int mr_peek(void *to, word from, word len) {
  if (mr_read_native((word)to, from, len) == (long)len) return 0;
  mr_touch(to), mr_touch((char *)to + len - 1);
  return -E_FAULT;
}

/* Whether a result can be stored there, as the kernel would find it. A few bytes: `room` gets what they are. */
int mr_can_store(word to, void *room, word len) {
  if (mr_peek(room, to, len)) return 0;
  word local[2] = {(word)room, len}, remote[2] = {to, len};
  return S.sandboxed || sys6(__NR_process_vm_writev, (word)sys(__NR_getpid, 0, 0, 0), (word)local, 1, (word)remote, 1, 0) != -E_FAULT;
}

const u64 mr_all_but_bus = ~BIT(SIGBUS_NR);
word mr_trampoline(word flags) { return (word)(flags & SA_SIGINFO ? __mirror_sigtramp_info : __mirror_sigtramp); }
static int is_trampoline(word handler) { return handler == mr_trampoline(0) || handler == mr_trampoline(SA_SIGINFO); }

/* For SIGBUS the kernel has our handler, and this is its sigaction(2): it keeps what the kernel would, in the layout of rt_sigaction, for when the
   signal is the program's. `flags`, `mask` as below. */
static long bus_action(const word *act, word *oact, word flags, word mask, word mask_bytes) {
  word was[SIGACTION_WORDS], *keeps = S.bus_action;
  memcpy(was, keeps, sizeof was);
  if (act) {
    keeps[0] = act[0], keeps[1] = act[flags], keeps[2] = act[flags + 1]; /* the restorer is behind the flags in both */
    memset(&keeps[3], 0, 8), memcpy(&keeps[3], &act[mask], mask_bytes);
    mr_catch_bus();
  }
  oact[0] = was[0], oact[flags] = was[1], oact[flags + 1] = was[2], memcpy(&oact[mask], &was[3], mask_bytes);
  return 0;
}

/* sigaction(2) in the kernel's layouts: `words` long, the handler in word 0, the flags in word `flags`, the mask from word `mask` on. In the
   kernel every signal is blocked until the trampoline is through. */
static long do_sigaction(const struct frame *f, word words, word flags, word mask) {
  word sig = f->a[0], act[SIGACTION_WORDS], old[SIGACTION_WORDS], oact = f->a[2], size = words * sizeof(word), use = f->a[1];
  word mask_bytes = f->nr == __NR_rt_sigaction ? 8 : sizeof(word);
  uint64_t blocked = 0;
  if (sig - 1 >= 64) return -E_INVAL;
  word was = S.handlers[sig];
  uint64_t mask_was = S.handler_masks[sig];
  if (oact && !mr_can_store(oact, old, size)) return -E_FAULT; /* before anything is done */
  if (use) {
    int bad = mr_peek(act, use, size);
    if (bad) return bad;
    memcpy(&blocked, &act[mask], mask_bytes);
    if (act[0] > 1) {
      S.handler_masks[sig] = blocked, S.handled = 1;
      __atomic_store_n(&S.handlers[sig], act[0], __ATOMIC_RELEASE), act[0] = mr_trampoline(act[flags]);
      memcpy(&act[mask], &mr_all_but_bus, mask_bytes);
    }
    use = (word)act;
  }
  long r = sig == SIGBUS_NR && !S.dynamic ? bus_action((const word *)use, old, flags, mask, mask_bytes) : sys4(f->nr, sig, use, old, f->a[3]);
  if (IS_ERR(r)) S.handlers[sig] = was, S.handler_masks[sig] = mask_was;
  else {
    if (use && act[0] > 1) S.nodefer = act[flags] & SA_NODEFER ? S.nodefer | BIT(sig) : S.nodefer & ~BIT(sig);
    if (!oact) return r;
    if (is_trampoline(old[0])) old[0] = was, memcpy(&old[mask], &mask_was, mask_bytes);
    mr_store(oact, old, size);
  }
  return r;
}
#ifdef __NR_signal
static long do_signal(const struct frame *f) {
  word sig = f->a[0], handler = f->a[1], act[SIGACTION_WORDS];
  if (sig - 1 >= 64) return -E_INVAL;
  word was = S.handlers[sig];
  if (handler > 1) S.handler_masks[sig] = 0, S.handled = 1, __atomic_store_n(&S.handlers[sig], handler, __ATOMIC_RELEASE);
  if (sig == SIGBUS_NR) {
    word once[SIGACTION_WORDS] = {handler > 1 ? mr_trampoline(0) : handler, 0xc0000000}, old[SIGACTION_WORDS]; /* SA_RESETHAND, SA_NODEFER */
    memcpy(&once[3], &mr_all_but_bus, 8);
    S.nodefer |= BIT(sig);
    bus_action(once, old, 1, 3, 8);
    return is_trampoline(old[0]) ? (long)was : (long)old[0];
  }
  long r = sys(__NR_signal, sig, handler > 1 ? mr_trampoline(0) : handler, 0);
  if (IS_ERR(r) && !is_trampoline((word)r)) S.handlers[sig] = was;
  else if (handler > 1 && !sys4(__NR_rt_sigaction, sig, 0, act, 8)) {
    memcpy(&act[3], &mr_all_but_bus, 8);
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
  case __NR_rt_sigaction: case __NR_sigaltstack: return 1;
  }
  return 0;
}
static long sigcall(const struct frame *f) {
  switch (f->nr) {
#ifdef __NR_signal
  case __NR_signal: return do_signal(f);
  case __NR_sigaction: return do_sigaction(f, 4, 2, 1); /* handler, mask, flags, restorer */
#endif
  case __NR_sigaltstack: return mr_sigaltstack(f);
  default: return do_sigaction(f, SIGACTION_WORDS, 1, 3); /* handler, flags, restorer, mask */
  }
}
/* They read and write the program's memory before they do anything, and do it again where that met a lost page. */
long mr_sigcall(struct frame *f) {
  long r = sigcall(f);
  for (u32 tries = 0; r == -E_FAULT && tries < MR_TRIES && mr_repair_all(); tries++) {
    mr_control.retried++;
    r = sigcall(f);
  }
  return r;
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
  enum { MAPERR = 1, CODE = 2 }; /* si_code is the third word of 32 bits */
  word *address = mr_fault_address(frame, info);
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

/* From the trampolines, with all signals but SIGBUS blocked: what the signal came into is ended or undone, the int frame copied. Gives the program's
   handler and the mask that it runs with. */
word mr_sigframe(word sig, word frame, int info, uint64_t *mask) {
  enum { PAGE_FAULT = 14 };
  word *regs = mr_registers(frame, info);
  *mask = mr_saved_mask(frame, info);
  int in_mirror = regs[MR_REG_TRAP] == PAGE_FAULT && mr_faulted_in_mirror(regs, regs[MR_REG_CR2]);
  mr_interrupted(regs); /* first: who holds one of its locks must not wait for ours (recover.c, hold_locks) */
  if (in_mirror) own_address(frame, info, regs);
  waiting_mask(mr_at_boundary(regs), mask);
  mr_group(regs);
  mr_copy(frame, mr_frame_end(frame, info) - frame);
  sig &= 127;
  *mask |= S.handler_masks[sig];
  if (!(S.nodefer & BIT(sig))) *mask |= BIT(sig);
  *mask &= ~BIT(SIGBUS_NR);
  return __atomic_load_n(&S.handlers[sig], __ATOMIC_ACQUIRE);
}
