// A thread loses the page that another one stands on, while that is in system calls all the time: in the runtime, whose own bytes there have no mirror. Every
// other time it reads the lost page, too: then the other may find it whole again without having met the loss.
#include "lose.h"
#include <stdatomic.h>
#include <sys/syscall.h>

enum { PAGE = 4096, LOSSES = 300 };
static atomic_int lost, done;
static char *stack;

static void *loser(void *unused) {
  for (unsigned i = 0; lost < LOSSES; i++) {
    char *page = stack - i % 2 * PAGE;
    if (lose_at((uintptr_t)page)) continue; // it is lost already
    lost++;
    if (i & 2) (void)*(volatile char *)page;
    for (volatile int n = 0; n < (int)(i * 7919 % 20000); n++) {}
  }
  done = 1;
  return unused;
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  int ends[2], round = 0;
  must(!pipe(ends), "pipe");
  static char text[64];
  stack = (char *)__builtin_frame_address(0) - 700; // where the runtime works
  pthread_t t;
  pthread_create(&t, 0, loser, 0);
  for (; !done; round++) {
    int one = round % 2 ? SIGUSR1 : SIGUSR2, other = round % 2 ? SIGUSR2 : SIGUSR1;
    sigset_t set, old;
    sigemptyset(&set), sigaddset(&set, one);
    must(!sigprocmask(SIG_SETMASK, &set, 0), "a mask");
    must(write(ends[1], &round, sizeof round) == sizeof round, "write");
    must(read(ends[0], text, sizeof text) == sizeof round && *(int *)text == round, "read");
    must(!sigprocmask(SIG_BLOCK, 0, &old), "to ask for the mask");
    must(sigismember(&old, one) && !sigismember(&old, other), "the mask");
    char *p = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *p = (char)round;
    must(!mprotect(p, PAGE, PROT_READ) && *p == (char)round && !munmap(p, 2 * PAGE), "mmap");
  }
  pthread_join(t, 0);
  fprintf(stderr, "%d rounds, %d lost, %llu recovered\n", round, (int)lost, (unsigned long long)control->recovered);
  printf("%d lost\n", lost);
  return 0;
}
