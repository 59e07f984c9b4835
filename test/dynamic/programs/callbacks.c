/* The library calls back: comparing, handlers at exit, signals, jumps out of both; the program ends deep inside. */
#define _GNU_SOURCE
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static int compared, numbers[1000];
static jmp_buf out;
static sigjmp_buf handler_out;
static volatile int ticks;

static int compare(const void *a, const void *b) {
  int local[16];
  for (int i = 0; i < 16; i++) local[i] = *(const int *)a + i;
  compared += local[15] >= 0;
  return *(const int *)a - *(const int *)b;
}
static int jump(const void *a, const void *b) {
  (void)a, (void)b;
  longjmp(out, 7);
}
static void tick(int sig) {
  char note[64];
  snprintf(note, sizeof note, "%d", sig);
  ticks += note[0] == '1';
}
static void leave(int sig, siginfo_t *info, void *context) {
  (void)context;
  siglongjmp(handler_out, sig + (info->si_signo == sig));
}
static void at_end(void) { printf("at end\n"); }

static int last(const void *a, const void *b) {
  (void)a, (void)b;
  char frame[200];
  memset(frame, 'e', sizeof frame);
  printf("%.3s\n", frame);
  exit(3);
}
static void finish(int depth) {
  char frame[100];
  memset(frame, depth, sizeof frame);
  if (depth) finish(depth - 1);
  else qsort(numbers, 10, sizeof *numbers, last);
  printf("%s\n", frame);
}

int main(void) {
  for (int i = 0; i < 1000; i++) numbers[i] = i * 7919 % 1000;
  qsort(numbers, 1000, sizeof *numbers, compare);
  for (int i = 1; i < 1000; i++)
    if (numbers[i - 1] > numbers[i]) return 1;
  int key = numbers[500], *found = bsearch(&key, numbers, 1000, sizeof *numbers, compare);
  printf("%d %d\n", compared > 1000, *found == key);

  switch (setjmp(out)) {
  case 0: qsort(numbers, 10, sizeof *numbers, jump); break;
  case 7: printf("jumped\n");
  }
  struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART}, old;
  sigaction(SIGALRM, &action, 0);
  sigaction(SIGALRM, 0, &old);
  printf("%d %d\n", old.sa_handler == tick, signal(SIGUSR2, SIG_IGN) == SIG_DFL);
  struct itimerval every = {{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &every, 0);
  while (ticks < 50) {
    char *block = malloc(100);
    strcpy(block, "text");
    free(block);
  }
  every = (struct itimerval){{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &every, 0);
  action = (struct sigaction){.sa_sigaction = leave, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, 0);
  int jumped = sigsetjmp(handler_out, 1);
  if (!jumped) raise(SIGUSR1);
  printf("%d\n", jumped == SIGUSR1 + 1);
  atexit(at_end);
  finish(5);
}
