/*
 * at PROGRAM ...: runs a program again and again, each time with SIGUSR1 before another of the instructions between its two `int3`, and prints
 * how many there are. The program's own end, and what it says, is for whoever reads it. PTRACE_SINGLESTEP changes no register.
 * at -b PROGRAM ...: with SIGBUS as for a lost page that nobody has touched (BUS_MCEERR_AO), up to the instruction that touches it. The page is in
 * eax at the first `int3`.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;
static int bus;

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static int resume(int how, int signal) {
  int status;
  if (ptrace(how, child, 0, signal) < 0) fail("ptrace");
  if (waitpid(child, &status, 0) < 0) fail("waitpid");
  return status;
}

static int at_int3(void) {
  siginfo_t info;
  if (ptrace(PTRACE_GETSIGINFO, child, 0, &info) < 0) fail("PTRACE_GETSIGINFO");
  return info.si_code == SI_KERNEL;
}

static uintptr_t lost_page(void) {
  struct user_regs_struct regs;
  if (ptrace(PTRACE_GETREGS, child, 0, &regs) < 0) fail("PTRACE_GETREGS");
  return regs.rax;
}
/* The signal of the stop becomes this one. */
static void tell_early(uintptr_t page) {
  siginfo_t info = {.si_signo = SIGBUS, .si_code = BUS_MCEERR_AO};
  info.si_addr = (void *)page, info.si_addr_lsb = 12;
  if (ptrace(PTRACE_SETSIGINFO, child, 0, &info) < 0) fail("PTRACE_SETSIGINFO");
}
static int no_more(void) {
  int status;
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return 0;
}

/* Whether there was such an instruction. */
static int run(char **argv, long steps) {
  int status;
  child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0) _exit(126);
    execv(argv[0], argv);
    _exit(127);
  }
  if (waitpid(child, &status, 0) < 0) fail("waitpid");
  while (WIFSTOPPED(status) && !at_int3()) status = resume(PTRACE_CONT, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
  uintptr_t page = bus ? lost_page() : 0;
  for (long i = 0; i < steps && WIFSTOPPED(status); i++) {
    status = resume(PTRACE_SINGLESTEP, 0);
    if (WIFSTOPPED(status) && (at_int3() || (bus && WSTOPSIG(status) != SIGTRAP))) return no_more();
  }
  if (bus && WIFSTOPPED(status)) tell_early(page);
  for (int signal = bus ? SIGBUS : SIGUSR1; WIFSTOPPED(status); signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status)) status = resume(PTRACE_CONT, signal);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 1;
  printf("instruction %ld: status %#x\n", steps, (unsigned)status);
  return 1;
}

int main(int argc, char **argv) {
  bus = argc > 1 && argv[1][0] == '-' && argv[1][1] == 'b';
  if (argc < 2 + bus) return 2;
  long steps = 0;
  while (run(argv + 1 + bus, steps)) steps++;
  printf("%ld\n", steps);
  return 0;
}
