/*
 * at PROGRAM: runs a program again and again, each time with SIGUSR1 before another of the instructions between its two `int3`, and prints
 * how many there are. The program's own end, and what it says, is for whoever reads it. PTRACE_SINGLESTEP changes no register.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

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
  do status = resume(PTRACE_CONT, 0);
  while (WIFSTOPPED(status) && !at_int3());
  for (long i = 0; i < steps && WIFSTOPPED(status); i++) {
    status = resume(PTRACE_SINGLESTEP, 0);
    if (!WIFSTOPPED(status) || !at_int3()) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return 0;
  }
  for (int signal = SIGUSR1; WIFSTOPPED(status); signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status)) status = resume(PTRACE_CONT, signal);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 1;
  printf("instruction %ld: status %#x\n", steps, (unsigned)status);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  long steps = 0;
  while (run(argv + 1, steps)) steps++;
  printf("%ld\n", steps);
  return 0;
}
