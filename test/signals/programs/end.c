// Ends by the signal that is asked for, or waits in a chain of calls for a debugger.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
volatile int told = 41;
__attribute__((noinline)) static int inner(int n) {
  told++;
  if (n == 0) pause();
  if (n == SIGSEGV) *(volatile int *)8 = 1;
  if (n == SIGFPE) {
    volatile int zero = told - 42;
    told = 1 / zero;
  }
  if (n == SIGILL) __asm__ volatile("ud2");
  if (n == SIGABRT) abort();
  raise(n);
  return told;
}
__attribute__((noinline)) static int outer(int n) { return inner(n) + told; }
static void nothing(int n) { (void)n; }
int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 0;
  if (n == 0) {
    signal(SIGUSR1, nothing);
    write(1, "ready\n", 6);
  }
  printf("%d\n", outer(n) > 0);
  return 0;
}
