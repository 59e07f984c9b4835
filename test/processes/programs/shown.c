// What a program finds that another one started: arguments, environment, masks, open files, thread base. The same for mirrored and native ones.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
extern char **environ;
static unsigned char written[40000];
int main(int argc, char **argv) {
  printf("argc %d:", argc);
  for (int i = 1; i < argc; i++) printf(" %s", argv[i]);
  int n = 0;
  for (char **e = environ; *e; e++)
    if (strncmp(*e, "MIRROR_", 7)) printf("; %s", *e), n++;
  sigset_t mask, pending;
  sigprocmask(SIG_BLOCK, 0, &mask);
  sigpending(&pending);
  struct sigaction usr1, usr2;
  sigaction(SIGUSR1, 0, &usr1), sigaction(SIGUSR2, 0, &usr2);
  printf("; %d variables; blocked %d, pending %d, handlers %d %d", n, sigismember(&mask, SIGHUP), sigismember(&pending, SIGHUP),
         usr1.sa_handler == SIG_DFL, usr2.sa_handler == SIG_IGN);
  printf("; file 9 %s\n", fcntl(9, F_GETFD) == -1 ? "closed" : "open");
  for (unsigned i = 0; i < sizeof written; i++) written[i] = (unsigned char)(i * 7);
  char *heap = malloc(100000);
  memset(heap, 5, 100000);
  return argc > 1 && !strcmp(argv[1], "seven") ? heap[3] + 2 : written[1] + heap[9] - 12;
}
