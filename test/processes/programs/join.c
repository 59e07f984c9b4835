// Threads that end: joined, detached, cancelled, left by pthread_exit and by the bare call, whose zero in memory is the kernel's own write.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
enum { ROUNDS = 12, THREADS = 40, BARE = 60 };
static _Thread_local long own;
static atomic_long sum;
static sem_t gone;
static void *work(void *x) {
  long n = (long)x;
  char stack[3000];
  memset(stack, (int)n, sizeof stack);
  own += n + stack[2999] - (char)n;
  if (n % 3 == 1) pthread_exit((void *)own);
  return (void *)own;
}
static void *detached(void *x) {
  sum += (long)x;
  sem_post(&gone);
  return 0;
}
static void *waits(void *x) {
  for (;;) pause();
  return x;
}
/* No thread-local storage, and no C library in it: the number of the thread is stored where the kernel will clear it. */
struct bare { int tid; long result; int argument; };
static int bare(void *x) {
  struct bare *b = x;
  b->result = b->argument * 3L;
  syscall(SYS_exit, 0);
  return 0;
}
int main(void) {
  long joined = 0, cancelled = 0, results = 0;
  sem_init(&gone, 0, 0);
  for (int round = 0; round < ROUNDS; round++) {
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
      if (pthread_create(&threads[i], 0, work, (void *)(i + round))) return 1;
    for (int i = 0; i < THREADS; i++) {
      void *result;
      if (pthread_join(threads[i], &result)) return 2;
      joined += (long)result;
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t t;
    for (long i = 0; i < 10; i++)
      if (pthread_create(&t, &attributes, detached, (void *)i)) return 3;
    for (int i = 0; i < 10; i++) sem_wait(&gone);
    pthread_create(&t, 0, waits, 0);
    pthread_cancel(t);
    void *result;
    pthread_join(t, &result);
    cancelled += result == PTHREAD_CANCELED;
  }
  // On stacks of the program's own, one of them used again and again.
  char *stacks = mmap(0, 4 * 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct bare *each = calloc(4, sizeof *each);
  for (int i = 0; i < BARE; i++) {
    struct bare *b = &each[i % 4];
    b->tid = -1, b->argument = i;
    int r = clone(bare, stacks + (i % 4 + 1) * 65536, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                  CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID, b, &b->tid, 0, &b->tid);
    if (r < 0) return 4;
    for (int seen; (seen = *(volatile int *)&b->tid) != 0;) syscall(SYS_futex, &b->tid, FUTEX_WAIT, seen, 0, 0, 0);
    results += b->result;
  }
  printf("%ld %ld %ld %ld\n", joined, (long)sum, cancelled, results);
  return 0;
}
