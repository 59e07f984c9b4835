// Timers of their own signal every thread, whose handlers leave by siglongjmp all the time, out of stores, library functions and system calls.
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
enum { THREADS = 3, JUMPS = 300 };
static __thread sigjmp_buf out;
static __thread volatile long jumps;
static __thread struct { char text[300]; long numbers[30]; long double wide; } volatile mine;
static void leave(int signal) {
  (void)signal;
  jumps++;
  siglongjmp(out, 1);
}
static long fib(int n) { return n < 2 ? mine.numbers[n] = n : (mine.numbers[n] = fib(n - 1) + fib(n - 2)); }
static void *work(void *argument) {
  int *fd = argument;
  timer_t timer;
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD_ID, event.sigev_signo = SIGALRM;
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
  event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec when = {{0, 200000}, {0, 200000}};
  sigset_t alarms;
  sigemptyset(&alarms), sigaddset(&alarms, SIGALRM);
  if (sigsetjmp(out, 1) == 0) timer_settime(timer, 0, &when, 0);
  pthread_sigmask(SIG_UNBLOCK, &alarms, 0); // as it was is what every jump makes it
  while (jumps < JUMPS) {
    fib(12);
    memset((char *)mine.text, (int)jumps, 250);
    memmove((char *)mine.text + 7, (char *)mine.text, 200);
    mine.wide = mine.wide / 3 + jumps;
    (void)!write(fd[1], (char *)mine.text, 100);
    (void)!read(fd[0], (char *)mine.text + 150, 100);
  }
  memset(&when, 0, sizeof when);
  pthread_sigmask(SIG_BLOCK, &alarms, 0);
  timer_delete(timer);
  return 0;
}
int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = leave;
  sigaction(SIGALRM, &action, 0);
  sigset_t alarms;
  sigemptyset(&alarms), sigaddset(&alarms, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarms, 0);
  pthread_t threads[THREADS];
  int fds[THREADS][2];
  for (int i = 0; i < THREADS; i++) {
    // Ends that wait for nobody: a jump may come between write and read.
    if (pipe2(fds[i], 04000)) return 1;
    pthread_create(&threads[i], 0, work, fds[i]);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  puts("done");
  return 0;
}
