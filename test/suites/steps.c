/*
 * steps PROGRAM [ARGUMENTS]: runs a program one instruction at a time and prints how many it executed in user mode, over all of its
 * threads; its output is thrown away. PTRACE_SINGLESTEP changes no register, which Linux would refuse for a negative GS base (ptrace(2)).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(2);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(126);
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0) _exit(126);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  long count = 0;
  int status, first = 1;
  for (;;) {
    if (waitpid(child, &status, 0) < 0) fail("waitpid");
    if (WIFEXITED(status) || WIFSIGNALED(status)) break;
    int signal = WSTOPSIG(status);
    /* A program that forks or makes threads would go on without being counted. */
    if (!first && signal == SIGTRAP) count++, signal = 0;
    else if (signal == SIGTRAP) signal = 0;
    first = 0;
    if (ptrace(PTRACE_SINGLESTEP, child, 0, signal) < 0) fail("PTRACE_SINGLESTEP");
  }
  if (!WIFEXITED(status)) {
    fprintf(stderr, "steps: %s ended with signal %d\n", argv[1], WTERMSIG(status));
    return 1;
  }
  printf("%ld %d\n", count, WEXITSTATUS(status));
  return 0;
}
