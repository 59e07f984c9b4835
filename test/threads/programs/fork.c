// A process that forks while its other threads are in atomic operations: the child goes on with them alone.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
enum { THREADS = 3, CHILDREN = 25 };
static atomic_long words[8];
static atomic_int stop;
static void *work(void *argument) {
  (void)argument;
  while (!atomic_load_explicit(&stop, memory_order_relaxed))
    for (int i = 0; i < 8; i++) atomic_fetch_add(&words[i], 1);
  return 0;
}
int main(void) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, 0);
  int good = 0;
  for (int n = 0; n < CHILDREN; n++) {
    pid_t child = fork();
    if (child == 0) {
      for (int k = 0; k < 100; k++)
        for (int i = 0; i < 8; i++) atomic_fetch_add(&words[i], 1);
      _exit(7);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) printf("child %d: %x\n", n, status);
    else good++;
  }
  atomic_store(&stop, 1);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  printf("%d\n", good);
  return 0;
}
