// A page of the stack that a thread has from the runtime for SIGBUS is lost, while nothing is there. Linux tells the main thread of it (BUS_MCEERR_AO); the
// thread's own next signal would have no place.
#include "lose.h"
#include <sys/syscall.h>
enum { PAGE = 4096, BYTES = 32768 };
void lose_natively(void *, int);
void *real_alternate_stack(void);
static char *volatile stack;
static volatile int told;
static void *thread(void *memory) {
  stack = real_alternate_stack();
  while (!told) usleep(1000);
  for (int i = 0; i < 5; i++) {
    lose((char *)memory + PAGE);
    must(((char *)memory)[PAGE] == 5, "a lost page");
  }
  return memory;
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  char *memory = malloc(3 * PAGE);
  memset(memory, 5, 3 * PAGE);
  pthread_t other;
  must(!pthread_create(&other, 0, thread, memory), "a thread");
  while (!stack) usleep(1000);
  int empty = memfd_create("empty", 0);
  for (int page = 0; page < BYTES / PAGE; page++) {
    lose_natively(stack + page * PAGE, empty);
    siginfo_t info = {.si_signo = SIGBUS, .si_code = BUS_MCEERR_AO};
    info.si_addr = stack + page * PAGE, info.si_addr_lsb = 12;
    must(!syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGBUS, &info), "the signal");
  }
  told = 1;
  pthread_join(other, 0);
  printf("%d lost\n", (int)control->recovered);
  return 0;
}
