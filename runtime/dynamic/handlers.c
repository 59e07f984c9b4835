/* Signal handlers enter through the runtime's trampoline, which copies the int frame. */
#include "after.h"

enum { SIGNALS = 65, SIGINFO = 4, RESTART = 0x10000000, RESETHAND = (int)0x80000000, NODEFER = 0x40000000 };
struct action { word handler, mask[16]; int flags; word restorer; }; /* bits/sigaction.h */
int __sigaction(int sig, const struct action *act, struct action *old);

static word trampoline(int flags) { return (word)(flags & SIGINFO ? __mirror_sigtramp_info : __mirror_sigtramp); }
static int is_trampoline(word handler) { return handler == trampoline(0) || handler == trampoline(SIGINFO); }

static int change(int sig, const struct action *act, struct action *old) {
  struct action given;
  int ours = sig > 0 && sig < SIGNALS;
  word was = ours ? S.handlers[sig] : 0, mask_was = ours ? S.handler_masks[sig] : 0;
  if (act) {
    struct frame asked = {.nr = __NR_rt_sigaction, .a = {(word)sig, (word)act}};
    mr_handler_in_sandbox(&asked);
    given = *act;
    if (given.handler > 1 && ours) {
      S.handler_masks[sig] = given.mask[0];
      S.nodefer = given.flags & NODEFER ? S.nodefer | 1ul << (sig - 1) : S.nodefer & ~(1ul << (sig - 1));
      given.mask[0] = ~0ul; /* until the trampoline is through */
      __atomic_store_n(&S.handlers[sig], given.handler, __ATOMIC_RELEASE);
      given.handler = trampoline(given.flags);
    }
  }
  int r = __sigaction(sig, act ? &given : 0, old);
  if (r && act && ours) S.handlers[sig] = was, S.handler_masks[sig] = mask_was;
  if (!r && old && is_trampoline(old->handler)) old->handler = was, old->mask[0] = mask_was;
  return r;
}
int __wrap_sigaction(int sig, const struct action *act, struct action *old) {
  int r = change(sig, act, old);
  if (!r) mr_copy((word)old, sizeof *old);
  return r;
}
static word set(int sig, word handler, int flags, int masks) {
  struct action act = {.handler = handler, .flags = flags}, old;
  if (masks && sig > 0 && sig < SIGNALS) act.mask[0] = 1ul << (sig - 1);
  return change(sig, &act, &old) ? (word)-1 : old.handler;
}
/* The C library's signal has BSD's semantics (signal(2)). */
word __wrap_signal(int sig, word handler) { return set(sig, handler, RESTART, 1); }
word __wrap_bsd_signal(int sig, word handler) { return set(sig, handler, RESTART, 1); }
word __wrap_ssignal(int sig, word handler) { return set(sig, handler, RESTART, 1); }
word __wrap___sysv_signal(int sig, word handler) { return set(sig, handler, RESETHAND | NODEFER, 0); }
word __wrap_sysv_signal(int sig, word handler) { return set(sig, handler, RESETHAND | NODEFER, 0); }
