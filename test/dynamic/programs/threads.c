/* Threads of the C library: locks, conditions, thread-local variables, a pool that still waits when the program ends. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 2000 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static sem_t semaphore;
static __thread int mine;
static long sum, started, initialised;

static void initialise(void) { initialised++; }
static void *work(void *number) {
  pthread_once(&once, initialise);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < ROUNDS; i++) {
    char *block = malloc((size_t)(i % 300 + 1));
    memset(block, i, (size_t)(i % 300 + 1));
    pthread_mutex_lock(&lock);
    sum += i;
    pthread_mutex_unlock(&lock);
    if (i % 16) pthread_rwlock_rdlock(&shared);
    else pthread_rwlock_wrlock(&shared);
    mine += block[0] == (char)i;
    pthread_rwlock_unlock(&shared);
    free(block);
  }
  sem_post(&semaphore);
  return (void *)((long)number + mine);
}
static void *wait_for_ever(void *unused) {
  pthread_mutex_lock(&lock);
  started++;
  pthread_cond_signal(&ready);
  for (;;) pthread_cond_wait(&never, &lock);
  return unused;
}

int main(void) {
  pthread_t thread[THREADS], waiting[2];
  pthread_barrier_init(&barrier, 0, THREADS);
  sem_init(&semaphore, 0, 0);
  for (long i = 0; i < THREADS; i++) pthread_create(&thread[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) sem_wait(&semaphore);
  long results = 0;
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(thread[i], &result);
    results += (long)result;
  }
  for (int i = 0; i < 2; i++) pthread_create(&waiting[i], 0, wait_for_ever, 0);
  pthread_mutex_lock(&lock);
  while (started < 2) pthread_cond_wait(&ready, &lock);
  pthread_mutex_unlock(&lock);
  printf("%ld %ld %ld\n", sum, results, initialised);
  return 0;
}
