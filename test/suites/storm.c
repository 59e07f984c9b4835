// Linked into a program of a suite (npm run suites -- --storm): a signal every 100 microseconds for as long as it runs.
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
static volatile unsigned long seen;
static void see(int signal) { seen += (unsigned)signal; }
__attribute__((constructor)) static void storm(void) {
  struct sigaction action = {.sa_handler = see, .sa_flags = SA_RESTART};
  struct itimerval often = {{0, 100}, {0, 100}};
  sigaction(SIGALRM, &action, 0);
  setitimer(ITIMER_REAL, &often, 0);
}
