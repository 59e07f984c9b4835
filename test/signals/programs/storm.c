// Linked into any program: a timer's signals from the beginning to the end, with a handler that writes memory. How many came goes to a file.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static volatile long signals;
static struct { int numbers[20]; char text[60]; double value; } volatile scratch;
static __thread volatile long own;
static void handler(int signal) {
  signals++, own++;
  for (int i = 0; i < 20; i++) scratch.numbers[i] += signal + i;
  memset((char *)scratch.text, (int)signals, sizeof scratch.text);
  scratch.value = scratch.value * 0.5 + own;
}
static timer_t timer;
static void set(long nanoseconds) {
  struct itimerspec when = {{0, nanoseconds}, {0, nanoseconds}};
  timer_settime(timer, 0, &when, 0);
}
__attribute__((constructor)) static void begin(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler, action.sa_flags = SA_RESTART;
  sigaction(SIGRTMIN + 5, &action, 0); // the programs use others
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_SIGNAL, event.sigev_signo = SIGRTMIN + 5;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  set(100000);
}
__attribute__((destructor)) static void end(void) {
  set(0);
  const char *file = getenv("STORM");
  int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
  if (fd >= 0) dprintf(fd, "%ld\n", signals), close(fd);
}
