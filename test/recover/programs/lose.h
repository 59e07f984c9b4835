// Loses pages of this process: the runtime is asked as `mirrorasm inject` asks it. argv[1] is the distance of mr_control from __ehdr_start.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#define DISTANCE 0x400000200000
#else
#define DISTANCE 0x7fe00000
#endif
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
typedef uint64_t u64 __attribute__((aligned(4)));
static volatile struct { u64 ranges, n_ranges, recovered, lost, retried, not_retried, request, address, result; } *control;

static void find_control(char **argv) { control = (void *)((uintptr_t)__ehdr_start + strtoul(argv[1], 0, 16)); }
static void must(int ok, const char *what) {
  if (ok) return;
  printf("FAILED: %s (errno %d)\n", what, errno);
  fflush(stdout);
  _exit(1);
}
/* 0, or why it was not lost. */
static int lose_at(uintptr_t at) {
  control->address = at;
  control->request = 1;
  while (control->request == 1) raise(SIGBUS); // of two signals that wait for a thread the second is gone
  int lost = control->request == 2;
  control->request = 0;
  if (!lost) errno = (int)control->result;
  return !lost;
}
#define lose(p) must(!lose_at((uintptr_t)(p)), "lose " #p)
#define lose_mirror(p) must(!lose_at((uintptr_t)(p) - DISTANCE), "lose the mirror of " #p)
