// Signals that come into the middle of atomic operations: the handler does the same operation on the same word, some leave by siglongjmp.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
enum { THREADS = 2, SIGNALS = 400 };
static _Atomic long long word;
static atomic_long handled, swapped;
static atomic_int narrow;
static sigjmp_buf out;
static volatile sig_atomic_t may_leave, left;
static pthread_t main_thread;
static void handler(int signal) {
  (void)signal;
  atomic_fetch_add(&word, 1);
  atomic_fetch_add(&handled, 1);
  long old = atomic_load(&swapped);
  while (!atomic_compare_exchange_weak(&swapped, &old, old + 1)) ;
  if (may_leave && pthread_equal(pthread_self(), main_thread) && handled % 3 == 0) {
    left++;
    siglongjmp(out, 1);
  }
}
static void work(long *own) {
  atomic_fetch_add(&word, 1);
  ++*own;
  atomic_fetch_xor(&narrow, 5);
  atomic_fetch_xor(&narrow, 5);
}
static void *other(void *argument) {
  long *own = argument;
  while (atomic_load(&handled) < SIGNALS) work(own);
  return 0;
}
int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  sigaction(SIGALRM, &action, 0);
  main_thread = pthread_self();
  static long own[THREADS];
  static volatile long unsure;
  pthread_t thread;
  pthread_create(&thread, 0, other, &own[1]);
  struct itimerval timer = {{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &timer, 0);
  while (atomic_load(&handled) < SIGNALS || left == 0) {
    // An operation that a jump ends may have been done or not: it is counted for itself.
    if (sigsetjmp(out, 1) == 0) {
      may_leave = 1;
      for (int i = 0; i < 50; i++) {
        atomic_fetch_add(&word, 1000000000ll);
        unsure++;
      }
      may_leave = 0;
    }
    may_leave = 0;
    for (int i = 0; i < 50; i++) work(&own[0]);
  }
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_REAL, &timer, 0);
  pthread_join(thread, 0);
  long small = (long)(word % 1000000000);
  printf("%d %d %d\n", small == own[0] + own[1] + handled, swapped == handled, left > 0);
  return 0;
}
