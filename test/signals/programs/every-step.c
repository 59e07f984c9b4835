// Signals at the instructions of a piece of work: a tracer steps through it and lets one in after a few steps, again and again. Now and then it
// waits long: what a signal came into is begun again, which takes a thousand steps where it was a system call. The handler forks, and the child of that leaves by siglongjmp; or it writes what the work writes and returns.
// Everybody ends by exit, where the check compares all, the stack included that the work ran on (an alternate one, in the heap).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
static sigjmp_buf out;
static int leaves, wrong;
static volatile char bytes[64];
static volatile short halves[8];
static volatile int words[16];
static volatile long long wides[8];
static volatile double reals[8];
static volatile long double longs[4];
static _Thread_local volatile int own[8];
static _Thread_local volatile long double own_long;
static _Thread_local volatile long long own_wide;
static atomic_int shared;
static struct record { int key; char text[200]; double value; } records[4];
static struct { long a[40]; } blocks[2];
static int pipes[2];

static void interrupt(int signal) {
  (void)signal;
  if (leaves) {
    pid_t pid = fork();
    if (pid == 0) siglongjmp(out, 1);
    int result = 0;
    waitpid(pid, &result, 0);
    wrong += result != 0;
  } else {
    for (int i = 0; i < 8; i++) words[i] = -i, own[i] = 7, bytes[i] = 3, wides[i] = -1;
    own_long = 1, own_wide = 4, wides[2] = 6, longs[0] = 2, reals[0] = 5;
    memset(records, 1, sizeof records);
  }
  raise(SIGSTOP);
}
__attribute__((noinline)) static int sum(int n, int a, int b, int c, int d, int e, int f, int g, const char *text) {
  if (n == 0) return a + b + c + d + e + f + g + text[0];
  words[n & 15] += n;
  return sum(n - 1, b, c, d, e, f, g, a, text) + words[n & 15];
}
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static void work(int signal) {
  (void)signal;
  raise(SIGSTOP);
#ifdef STRINGS
  static int order[5] = {4, 2, 5, 1, 3};
  char line[80];
  snprintf(line, sizeof line, "%d %s %.3f", words[1], "text", reals[1]);
  memcpy(records[1].text, line, sizeof line);
  memset(records[2].text, 'x', sizeof records[2].text);
  memmove(records[2].text + 3, records[2].text, 100);
  qsort(order, 5, sizeof *order, compare);
  char *got = malloc(3000);
  strcpy(got, line);
  free(got);
  (void)!write(pipes[1], line, 40);
  (void)!read(pipes[0], records[3].text, 40);
  (void)!getcwd(records[0].text, sizeof records[0].text);
  sigset_t set;
  sigprocmask(SIG_SETMASK, 0, &set);
#else
  bytes[3] = 1, bytes[4]++, halves[1] = 2, halves[2] -= 3;
  words[0] = 5, words[1] |= 6, words[2] = words[1] << 2, wides[0] = 7, wides[1] += words[2];
  words[3] = words[1] > words[2];
  own[1] = words[0], own[words[0] & 7] += 3;
  reals[0] = words[0], reals[1] = reals[0] * 1.5, longs[0] = reals[1], longs[1] = longs[0] / 3, own_long = longs[1];
  words[4] = (int)reals[1], wides[2] = (long long)longs[1], own_wide = (long long)longs[0];
  records[0] = (struct record){.key = words[0], .value = 2};
  records[1] = records[0];
  blocks[0].a[3] = words[1];
  blocks[1] = blocks[0];
  words[5] = sum(3, 1, 2, 3, 4, 5, 6, 7, "t");
  int (*volatile call)(int, int, int, int, int, int, int, int, const char *) = sum;
  words[6] = call(1, 1, 2, 3, 4, 5, 6, 7, "u");
  atomic_fetch_add(&shared, 1), atomic_fetch_xor(&shared, 3);
  getppid();
#endif
  raise(SIGSTOP);
}
static int run(void) {
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  if (sigsetjmp(out, 1) == 0) raise(SIGUSR2);
  return wrong;
}
static long stack_of(pid_t pid) {
#ifdef __x86_64__
  return ptrace(PTRACE_PEEKUSER, pid, (void *)(19 * 8), 0);
#else
  return (unsigned)ptrace(PTRACE_PEEKUSER, pid, (void *)(15 * 4), 0);
#endif
}
static int status;
static int stops(pid_t pid, int request, int signal) {
  ptrace(request, pid, 0, (void *)(long)signal);
  waitpid(pid, &status, 0);
  return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}
int main(int argc, char **argv) {
  leaves = argc > 1 && strcmp(argv[1], "leave") == 0;
  stack_t alternate = {.ss_sp = calloc(1, 65536), .ss_size = 65536};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_handler = work, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR2, &action, 0);
  action.sa_handler = interrupt, action.sa_flags = 0;
  sigaction(SIGUSR1, &action, 0);
  if (pipe(pipes)) return 1;
  long signals = 0, steps = 0;
  int bad = 0;
  unsigned seed = argc > 2 ? (unsigned)atol(argv[2]) : 1;
#ifdef STRINGS
  enum { RUNS = 1 };
#else
  enum { RUNS = 2 };
#endif
  for (int first = 0; first < RUNS || (signals <= 40 && first < 8); first++) { // a seed may wait long again and again
    long gap = first;
    pid_t pid = fork();
    if (pid == 0) exit(run());
    waitpid(pid, &status, 0);
    int signal = stops(pid, PTRACE_CONT, SIGUSR2); // to the stop at the beginning of the work
    while (signal == SIGSTOP || signal == SIGTRAP) {
      signal = stops(pid, PTRACE_SINGLESTEP, 0);
      if (signal != SIGTRAP) break; // the stop at the end
      steps++;
      if (gap-- > 0) continue;
      seed = seed * 1103515245u + 12345u;
      gap = (seed >> 16 & 15) == 0 ? (seed >> 19) % 2000 : (seed >> 19) % 6;
      long before = stack_of(pid);
      signals++;
      signal = stops(pid, PTRACE_CONT, SIGUSR1); // to the stop at the end of the handler
      while (signal == SIGCHLD || signal == SIGUSR1) signal = stops(pid, PTRACE_CONT, signal == SIGUSR1 ? SIGUSR1 : 0);
      while ((signal == SIGSTOP || signal == SIGTRAP) && stack_of(pid) < before) signal = stops(pid, PTRACE_SINGLESTEP, 0);
    }
    while (WIFSTOPPED(status)) stops(pid, PTRACE_CONT, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      bad++;
      printf("run %d: status %x\n", first, (unsigned)status);
    }
  }
  printf("%s, %d bad\n", signals > 40 ? "many signals" : "few signals", bad);
  fprintf(stderr, "%ld signals, %ld steps\n", signals, steps);
  return bad != 0;
}
