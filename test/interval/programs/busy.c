// Threads that store, map and unmap all the time, and waits that a signal would end: what is printed does not depend on a check that goes on.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static long counts[3][1000];
static volatile int stop;
static void *work(void *argument) {
  long *own = argument;
  while (!stop) {
    for (int i = 0; i < 1000; i++) own[i]++;
    size_t size = 20000 + own[3] % 50000;
    char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, (int)own[1], size);
    mprotect(p, 4096, PROT_NONE);
    munmap(p, size);
  }
  return 0;
}
int main(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, work, counts[i]);
  int fd[2];
  if (pipe(fd)) return 1;
  pid_t pid = fork();
  if (pid == 0) {
    // A child alone, which lives for some checks, too.
    static char block[100000];
    for (int i = 0; i < 300; i++) memset(block, i, sizeof block), usleep(1000);
    _exit(write(fd[1], "x", 1) == 1 ? 5 : 6);
  }
  char c = 0;
  ssize_t got = read(fd[0], &c, 1);
  struct timespec time = {0, 300000000}, left = {7, 7};
  int slept = nanosleep(&time, &left);
  struct pollfd none = {fd[0], POLLIN, 0};
  int polled = poll(&none, 1, 200), status = 0;
  waitpid(pid, &status, 0);
  stop = 1;
  for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
  printf("%d %c %d %d %d %x, others: %d\n", (int)got, c, slept, (int)left.tv_sec, polled, (unsigned)status, wait(0) == -1 && errno == ECHILD);
  return 0;
}
