// What threads ask the kernel for beyond locks: sleeps and waits with a time limit, signals to one of them, robust locks, timers, the end of each.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, robust;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t empty, ready;
static atomic_int handled, awake, alarms;
static _Thread_local int mine = 5;
static pthread_t told;
static void handler(int signal) {
  if (signal == SIGUSR1 && pthread_equal(pthread_self(), told)) handled++;
  if (signal == SIGALRM) alarms++;
}
static struct timespec later(clockid_t clock, long ms) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += ms * 1000000;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}
static void *sleeper(void *argument) {
  struct timespec t = {100, 0}, left = {0, 0};
  mine += (int)(long)argument;
  told = pthread_self();
  sem_post(&ready);
  int interrupted = nanosleep(&t, &left) == -1 && errno == EINTR;
  awake = 1;
  printf("sleep: %d %d\n", interrupted, left.tv_sec > 0 && left.tv_sec <= 100);
  return (void *)(long)mine;
}
static void *dies(void *argument) {
  (void)argument;
  pthread_mutex_lock(&robust);
  return 0;
}
static void *blocks(void *argument) {
  sigset_t set;
  sigfillset(&set);
  pthread_sigmask(SIG_BLOCK, &set, 0);
  *(int *)argument = (int)syscall(SYS_gettid) != getpid();
  sem_post(&ready);
  sem_wait(&empty);
  sigpending(&set);
  return (void *)(long)(sigismember(&set, SIGUSR2) ? 2 : 0);
}
static void *last(void *argument) {
  pthread_join(*(pthread_t *)argument, 0);
  printf("main is gone\n");
  return 0;
}
int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  sigaction(SIGUSR1, &action, 0);
  sigaction(SIGALRM, &action, 0);
  sem_init(&empty, 0, 0), sem_init(&ready, 0, 0);
  pthread_t one, two;
  void *result;
  int other = 0;
  struct timespec t = later(CLOCK_REALTIME, 20);
  pthread_mutex_lock(&lock);
  printf("cond: %d\n", pthread_cond_timedwait(&never, &lock, &t) == ETIMEDOUT);
  pthread_mutex_unlock(&lock);
  t = later(CLOCK_REALTIME, 10);
  printf("sem: %d\n", sem_timedwait(&empty, &t) == -1 && errno == ETIMEDOUT);
  pthread_create(&one, 0, sleeper, (void *)7l);
  sem_wait(&ready);
  // Time for the handler, or there is always another signal.
  while (!awake) pthread_kill(one, SIGUSR1), usleep(200);
  pthread_join(one, &result);
  printf("joined: %ld %d\n", (long)result, mine);
  pthread_create(&two, 0, blocks, &other);
  sem_wait(&ready);
  pthread_kill(two, SIGUSR2);
  sem_post(&empty);
  pthread_join(two, &result);
  printf("pending: %ld %d\n", (long)result, other);
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &kind);
  pthread_create(&one, 0, dies, 0);
  pthread_join(one, 0);
  printf("robust: %d\n", pthread_mutex_lock(&robust) == EOWNERDEAD);
  struct itimerval timer = {{0, 300}, {0, 100}}, was;
  setitimer(ITIMER_REAL, &timer, 0);
  while (alarms < 3) sched_yield();
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_REAL, &timer, &was);
  printf("timer: %d\n", was.it_interval.tv_usec == 300);
  one = pthread_self();
  pthread_create(&two, 0, last, &one);
  fflush(stdout);
  pthread_exit(0);
}
