/* A SIGBUS that is the program's. Its handler is entered from ours as the kernel would enter it: were its action the kernel's meanwhile, lost pages of other
   threads would meet it. The default action is the kernel's; the process ends then. */
#include "mr.h"

enum { SIG_IGNORE = 1, SIGINFO = 4, ONSTACK = 0x08000000, RESTORER = 0x04000000 };
#define RESETHAND 0x80000000

/* By the kernel: the access is made again, or the signal sent again. */
static void by_kernel(const void *siginfo, int sent) {
  sys4(__NR_rt_sigaction, SIGBUS_NR, S.bus_action, 0, 8);
  if (!sent) return;
  /* Not before this handler returns, which opens it. */
  mr_block_bus(1);
  mr_send_again(siginfo, (word)sys(__NR_gettid, 0, 0, 0));
}
/* `in_place`: the int frame is on a stack that the program has for signals. From mr_bus, which has done all else. */
void mr_give_to_program(word frame, int sent, int in_place, struct enter *enter) {
  word handler = S.bus_action[0], flags = S.bus_action[1];
  const void *siginfo = (const void *)mr_siginfo(frame);
  if (sent && handler == SIG_IGNORE) return;
  if (sent && (word)sys(__NR_gettid, 0, 0, 0) == S.checker) { /* none of the program's handlers runs in our own thread */
    word pid = (word)sys(__NR_getpid, 0, 0, 0);
    if (mr_send_again(siginfo, pid)) sys(__NR_tgkill, pid, pid, SIGBUS_NR); /* Linux lets no thread tell another one that kill(2) or the kernel sent it */
    return;
  }
  if (handler <= 1) return by_kernel(siginfo, sent);
  mr_block_bus(0); /* the stack may have lost a page */
  if (flags & RESETHAND) mr_lock(), memset(S.bus_action, 0, sizeof(word)), mr_unlock();
  enter->info = (flags & SIGINFO) != 0;
  enter->frame = mr_move_frame(frame, in_place && flags & ONSTACK ? 0 : mr_registers(frame, 1)[MR_REG_SP], (int)enter->info);
  if (flags & RESTORER) *(word *)enter->frame = S.bus_action[2];
}
