/*
 * A system call between two `int3`; the handler leaves it for good. The mask that it tells is stored by the runtime, with no signal blocked. It is not
 * on the stack, of which nobody compares what is left.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static sigjmp_buf out;

static void handler(int signal) { siglongjmp(out, signal); }

static void mask(void) {
  static sigset_t set, old;
  memset(&old, 0x55, sizeof old);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  __asm__ volatile("int3");
  sigprocmask(SIG_BLOCK, &set, &old);
  __asm__ volatile("int3");
}
int main(void) {
  signal(SIGUSR1, handler);
  if (!sigsetjmp(out, 1)) mask();
  exit(0);
}
