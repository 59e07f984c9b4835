// Timers of every kind: who is told, what is left of them, what went off while nobody was.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
static volatile sig_atomic_t alarms, others, value, code, beyond;
static void on_alarm(int n) { alarms += n == SIGALRM || n == SIGVTALRM || n == SIGPROF; }
static void on_other(int n, siginfo_t *info, void *unused) {
  (void)unused;
  others += n == SIGUSR1 || n == SIGRTMIN;
  value = info->si_value.sival_int, code = info->si_code == SI_TIMER;
  if (info->si_overrun > beyond) beyond = info->si_overrun;
}
static volatile long spun;
static void spin(volatile sig_atomic_t *what, int until) {
  while (*what < until) spun++;
}
static struct itimerspec spec(long value, long interval) {
  return (struct itimerspec){{interval / 1000000, interval % 1000000 * 1000}, {value / 1000000, value % 1000000 * 1000}};
}
int main(void) {
  struct sigaction act = {.sa_handler = on_alarm};
  for (int n = 0; n < 3; n++) sigaction((int[]){SIGALRM, SIGVTALRM, SIGPROF}[n], &act, 0);
  act.sa_sigaction = on_other, act.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &act, 0), sigaction(SIGRTMIN, &act, 0);
  printf("alarm: %d", alarm(100));
  printf(" %d", alarm(1));
  pause();
  printf(" %d\n", alarms);
  for (int which = 0; which < 3; which++) { // of real time, of the program's and of all CPU time
    struct itimerval timer = {{0, 500}, {0, 1000}}, now, none = {{0}};
    alarms = 0;
    printf("interval %d: %d", which, setitimer(which, &timer, 0));
    spin(&alarms, 3);
    printf(" %d", getitimer(which, &now));
    printf(" %ld %d", (long)now.it_interval.tv_usec, now.it_value.tv_usec <= 4000);
    printf(" %d\n", setitimer(which, &none, &now));
  }
  struct itimerval wrong = {{0, 0}, {0, 1000000}};
  printf("wrong: %d\n", setitimer(ITIMER_REAL, &wrong, 0) == -1 && errno == EINVAL);

  timer_t one, two;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42};
  printf("create: %d", timer_create(CLOCK_MONOTONIC, &event, &one));
  event.sigev_notify = SIGEV_NONE;
  printf(" %d", timer_create(CLOCK_REALTIME, &event, &two));
  printf(" %d\n", timer_create(77, &event, &two) == -1 && errno == EINVAL);
  struct itimerspec first = spec(1000, 0), was, left;
  timer_settime(one, 0, &first, 0);
  spin(&others, 1);
  timer_gettime(one, &left);
  printf("once: %d %d %ld %ld\n", value, code, (long)left.it_value.tv_nsec, (long)left.it_interval.tv_nsec);
  struct itimerspec hour = spec(3600000000, 5000000);
  timer_settime(two, 0, &hour, 0);
  struct itimerspec stop = spec(0, 0);
  timer_settime(two, 0, &stop, &was);
  printf("was: %ld %d\n", (long)was.it_interval.tv_sec, was.it_value.tv_sec >= 3590);
  // What goes off while its signal is blocked is counted.
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  struct itimerspec often = spec(100, 100);
  others = 0;
  timer_settime(one, 0, &often, 0);
  nanosleep(&(struct timespec){0, 2000000}, 0);
  int before = others;
  beyond = 0;
  sigprocmask(SIG_UNBLOCK, &set, 0);
  timer_settime(one, 0, &stop, 0);
  printf("blocked: %d %d %d\n", before, others >= 1, beyond >= 10);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  struct itimerspec at = {{0}, {now.tv_sec, now.tv_nsec}}; // gone by
  others = 0;
  timer_settime(one, TIMER_ABSTIME, &at, 0);
  spin(&others, 1);
  printf("absolute: %d\n", others);
  struct itimerspec strange = {{0}, {0, 1000000000}};
  printf("strange: %d\n", timer_settime(one, 0, &strange, 0) == -1 && errno == EINVAL);
  printf("delete: %d %d", timer_delete(one), timer_delete(two));
  printf(" %d\n", syscall(SYS_timer_getoverrun, 12345) == -1 && errno == EINVAL);
  event = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 7};
  event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
  others = 0;
  timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &one);
  timer_settime(one, 0, &first, 0);
  spin(&others, 1);
  printf("of CPU time, to a thread: %d %d\n", value, code);
  timer_delete(one);

  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  uint64_t times = 0;
  printf("file: %d", read(fd, &times, 8) == -1 && errno == EAGAIN);
  timerfd_settime(fd, 0, &first, 0);
  struct pollfd polled = {fd, POLLIN, 0};
  printf(" %d", poll(&polled, 1, -1));
  printf(" %d", (int)read(fd, &times, 8));
  printf(" %d", (int)times);
  printf(" %d\n", (int)read(fd, &times, 8));
  often = spec(1000, 1000);
  timerfd_settime(fd, 0, &often, 0);
  nanosleep(&(struct timespec){0, 5500000}, 0);
  printf("times: %d", (int)read(fd, &times, 8));
  timerfd_gettime(fd, &left);
  printf(" %d %ld %d\n", times >= 5, (long)left.it_interval.tv_nsec, left.it_value.tv_nsec <= 1000000);
  printf("short: %d\n", read(fd, &times, 4) == -1 && errno == EINVAL);
  int waits = timerfd_create(CLOCK_REALTIME, 0);
  clock_gettime(CLOCK_REALTIME, &now);
  at = (struct itimerspec){{0}, {now.tv_sec, now.tv_nsec + 1000000}};
  if (at.it_value.tv_nsec >= 1000000000) at.it_value.tv_sec++, at.it_value.tv_nsec -= 1000000000;
  timerfd_settime(waits, TFD_TIMER_ABSTIME, &at, 0);
  printf("waits: %d", (int)read(waits, &times, 8));
  printf(" %d\n", (int)times);
  close(fd), close(waits);
  return 0;
}
