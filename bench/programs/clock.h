/* What a piece of work took: begin(), then spent("name") prints the name, nanoseconds of wall time and of CPU time. */
#include <stdio.h>
#include <time.h>

static long long wall_from, cpu_from;

static long long nanoseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void begin(void) {
  wall_from = nanoseconds(CLOCK_MONOTONIC);
  cpu_from = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void spent(const char *name) {
  long long cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_from, wall = nanoseconds(CLOCK_MONOTONIC) - wall_from;
  printf("%s %lld %lld\n", name, wall, cpu);
}
