// Stops in a signal handler that interrupted another one in a system call of the program; or with an argument in a thread, at a call
// where it may be cancelled.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void last(int) {
  write(1, "ready\n", 6);
  for (;;) pause();
}
static void first(int, siginfo_t *, void *) {
  raise(SIGUSR2);
  asm volatile(""); // not a tail call
}
__attribute__((noinline)) static void work() {
  raise(SIGUSR1);
  asm volatile("");
}
static void *body(void *) {
  work();
  return nullptr;
}
int main(int count, char **) {
  signal(SIGUSR2, last);
  struct sigaction action = {};
  action.sa_sigaction = first;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  if (count == 1) {
    work();
    asm volatile("");
    return 0;
  }
  pthread_t thread;
  pthread_create(&thread, nullptr, body, nullptr);
  if (count > 2) pthread_cancel(thread); // the C library keeps track of where that may be only in a program that can
  pthread_join(thread, nullptr);
}
