/* Handlers enter through a trampoline of entry.S, which copies the int frame. The program only ever sees its own handlers. */
#include "mr.h"

enum { SA_SIGINFO = 4 };

/* Reads what a pointer of the program's points at, as the kernel would: a bad one is an error, not a signal. */
int mr_peek(void *to, word from, word len) {
  word local[2] = {(word)to, len}, remote[2] = {from, len};
  long n = sys6(__NR_process_vm_readv, (word)sys(__NR_getpid, 0, 0, 0), (word)local, 1, (word)remote, 1, 0);
  if (n == -E_NOSYS || n == -E_PERM) memcpy(to, (void *)from, len); /* a seccomp filter */
  else if (n != (long)len) return -E_FAULT;
  return 0;
}

static word trampoline(word flags) { return (word)(flags & SA_SIGINFO ? __mirror_sigtramp_info : __mirror_sigtramp); }
static int is_trampoline(word handler) { return handler == trampoline(0) || handler == trampoline(SA_SIGINFO); }

/* sigaction(2) in the kernel's layouts: `words` long, the handler in word 0, the flags in word `flags`. */
static long do_sigaction(const struct frame *f, word words, word flags) {
  word sig = f->a[0], act[SIGACTION_WORDS], *oact = (word *)f->a[2], size = words * sizeof(word), use = f->a[1];
  if (sig - 1 >= 64) return -E_INVAL;
  word was = S.handlers[sig];
  if (use) {
    int bad = mr_peek(act, use, size);
    if (bad) return bad;
    if (act[0] > 1) __atomic_store_n(&S.handlers[sig], act[0], __ATOMIC_RELEASE), act[0] = trampoline(act[flags]);
    use = (word)act;
  }
  long r = sys4(f->nr, sig, use, oact, f->a[3]);
  if (IS_ERR(r)) S.handlers[sig] = was;
  else if (oact) {
    if (is_trampoline(oact[0])) oact[0] = was;
    mr_copy((word)oact, size);
  }
  return r;
}
#ifdef __NR_signal
static long do_signal(const struct frame *f) {
  word sig = f->a[0], handler = f->a[1];
  if (sig - 1 >= 64) return -E_INVAL;
  word was = S.handlers[sig];
  if (handler > 1) __atomic_store_n(&S.handlers[sig], handler, __ATOMIC_RELEASE);
  long r = sys(__NR_signal, sig, handler > 1 ? trampoline(0) : handler, 0);
  if (IS_ERR(r) && !is_trampoline((word)r)) S.handlers[sig] = was;
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
long mr_sigcall(const struct frame *f) {
  switch (f->nr) {
#ifdef __NR_signal
  case __NR_signal: return do_signal(f);
  case __NR_sigaction: return do_sigaction(f, 4, 2); /* handler, mask, flags, restorer */
#endif
  default: return do_sigaction(f, SIGACTION_WORDS, 1); /* handler, flags, restorer, mask */
  }
}

/* From the trampolines: copies the int frame, gives the program's handler. */
word mr_sigframe(word sig, word frame, int info) {
  mr_interrupted(frame, info);
  mr_copy(frame, mr_frame_end(frame, info) - frame);
  return __atomic_load_n(&S.handlers[sig & 127], __ATOMIC_ACQUIRE);
}
