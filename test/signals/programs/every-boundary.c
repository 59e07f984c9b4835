// Short pieces of work, each with what the runtime or the code around a write does in several steps; one by its name. The handler does nothing.
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t handled;
static void handler(int signal) { handled += signal; }

static sigset_t set, old_set;
static void masks(void) {
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, &old_set);
  sigpending(&set);
  sigprocmask(SIG_SETMASK, &old_set, &set);
}
static struct sigaction old_action;
static stack_t old_stack;
static void actions(void) {
  static char there[65536];
  stack_t wanted = {.ss_sp = there, .ss_size = sizeof there};
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR2, &action, &old_action);
  sigaltstack(&wanted, &old_stack);
}
static sigjmp_buf places[2];
static void jumps(void) {
  static volatile int times;
  if (sigsetjmp(places[0], 1) == 0) siglongjmp(places[0], 1);
  if (setjmp(places[1]) == 0) longjmp(places[1], 1);
  times++;
}
static int ends[2];
static char one[3], two[70], folder[100];
static struct itimerval old_timer;
static struct timespec now;
static void calls(void) {
  struct iovec into[2] = {{one, sizeof one}, {two, sizeof two}};
  struct itimerval wanted = {.it_value.tv_sec = 1000};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || pipe(ends)) exit(1);
  if (write(ends[1], "something for both of them", 26) != 26 || readv(ends[0], into, 2) != 26) exit(1);
  setitimer(ITIMER_REAL, &wanted, &old_timer);
  clock_gettime(CLOCK_REALTIME, &now);
  if (!getcwd(folder, sizeof folder)) exit(1);
}
static void maps(void) {
  char *at = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  at[5000] = 1;
  mprotect(at + 4096, 4096, PROT_READ);
  munmap(at, 4096);
  at = mremap(at + 8192, 4096, 8192, MREMAP_MAYMOVE);
  at[4096] = 2;
  free(realloc(malloc(100), 300000));
}
static atomic_int shared;
static atomic_llong wide;
static long double longs[3];
static long long numbers[3];
static struct { long a[40]; } blocks[2];
static _Thread_local volatile int own[4];
static void writes(void) {
  volatile int n = 3;
  atomic_fetch_add(&shared, n), atomic_fetch_xor(&wide, 5), atomic_exchange(&wide, n);
  longs[0] = n, longs[1] = longs[0] / 7, numbers[0] = (long long)longs[1], numbers[1] += n;
  blocks[0].a[n] = n, blocks[1] = blocks[0], own[1] = n, own[n] += 2;
}
static void texts(void) {
  static int order[5] = {4, 2, 5, 1, 3};
  snprintf(two, sizeof two, "%d %s %.3f", order[1], "text", 1.5);
  memmove(two + 3, two, 40), memset(folder, 'x', sizeof folder), strcpy(folder, two);
}

int main(int argc, char **argv) {
  static const struct { const char *name; void (*work)(void); } works[] = {
    {"actions", actions}, {"calls", calls}, {"jumps", jumps}, {"maps", maps}, {"masks", masks}, {"texts", texts}, {"writes", writes},
  };
  if (argc < 2) return 1;
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  for (unsigned n = 0; n < sizeof works / sizeof *works; n++)
    if (!strcmp(works[n].name, argv[1])) {
      sigaction(SIGUSR1, &action, 0);
      works[n].work();
      action.sa_handler = SIG_DFL;
      sigaction(SIGUSR1, &action, 0);
      return 0;
    }
  return 1;
}
