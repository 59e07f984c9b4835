// System calls of many kinds, for campaigns: those that wait, tell, take, change the address space, and a signal.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
static volatile int handled;
static char buffer[100];
static struct stat st;
static void handler(int n) { handled += n; }
int main(void) {
  int ends[2];
  long sum = 0;
  if (pipe(ends)) return 1;
  if (write(ends[1], "through a pipe", 14) != 14) return 2;
  sum += read(ends[0], buffer, sizeof buffer) + buffer[3];
  sigset_t set, old;
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGBUS);
  struct sigaction act = {.sa_handler = handler}, was;
  sigaction(SIGUSR1, &act, &was);
  sum += was.sa_handler == handler; // were it done twice
  sigprocmask(SIG_BLOCK, &set, &old);
  raise(SIGUSR1);
  sum += handled * 1000;
  sigprocmask(SIG_SETMASK, &old, 0);
  sum += handled;
  char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(p, "mapped");
  mprotect(p, 4096, PROT_READ);
  sum += p[2];
  munmap(p, 8192);
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  sum += fstat(ends[0], &st) + (st.st_mode >> 12);
  close(ends[0]), close(ends[1]);
  return (int)(sum & 63);
}
