/* A fork while another thread waits in the library: in the child nobody ends its call, and both copies agree all the same. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static int started;

static void *wait_for_ever(void *unused) {
  pthread_mutex_lock(&lock);
  started++;
  pthread_cond_signal(&ready);
  for (;;) pthread_cond_wait(&never, &lock);
  return unused;
}

int main(void) {
  pthread_t thread[3];
  for (int i = 0; i < 3; i++) pthread_create(&thread[i], 0, wait_for_ever, 0);
  pthread_mutex_lock(&lock);
  while (started < 3) pthread_cond_wait(&ready, &lock);
  pthread_mutex_unlock(&lock);
  usleep(20000); /* all of them wait by now */
  fflush(stdout);
  int child = fork(), status;
  if (!child) {
    char *block = malloc(5000);
    block[4999] = 5;
    exit(block[4999]);
  }
  if (waitpid(child, &status, 0) != child) return 1;
  printf("%d\n", WEXITSTATUS(status));
  return 0;
}
