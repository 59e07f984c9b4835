// POSIX objects of the C library: mutex, recursive and error-checking mutex, condition variable, read-write lock, barrier, semaphore, once, thread-specific data.
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
enum { THREADS = 4, ROUNDS = 400 };
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, recursive, checking;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t places;
static pthread_spinlock_t spin;
static long total, nested, checked, table[8], read_sum[THREADS], turn, inside, most, made, spun;
static void make(void) { made++; }
static void *work(void *argument) {
  long me = (long)argument;
  pthread_setspecific(key, &read_sum[me]);
  pthread_barrier_wait(&barrier);
  for (long i = 0; i < ROUNDS; i++) {
    pthread_once(&once, make);
    pthread_mutex_lock(&plain);
    total += me * i;
    pthread_mutex_unlock(&plain);
    pthread_mutex_lock(&recursive);
    pthread_mutex_lock(&recursive);
    nested += i;
    pthread_mutex_unlock(&recursive);
    pthread_mutex_unlock(&recursive);
    if (pthread_mutex_trylock(&checking) == 0) {
      checked++;
      pthread_mutex_unlock(&checking);
    }
    if (pthread_spin_trylock(&spin) == 0) {
      spun++;
      pthread_spin_unlock(&spin);
    }
    if (i % 8 == me) {
      pthread_rwlock_wrlock(&shared);
      for (int k = 0; k < 8; k++) table[k]++;
      pthread_rwlock_unlock(&shared);
    } else {
      pthread_rwlock_rdlock(&shared);
      for (int k = 1; k < 8; k++) *(long *)pthread_getspecific(key) += table[k] != table[0];
      pthread_rwlock_unlock(&shared);
    }
    sem_wait(&places);
    pthread_mutex_lock(&plain);
    if (++inside > most) most = inside;
    inside--;
    pthread_mutex_unlock(&plain);
    sem_post(&places);
    if (i % 32 == 0) {
      pthread_mutex_lock(&plain);
      while (turn % THREADS != me) pthread_cond_wait(&changed, &plain);
      turn++;
      pthread_cond_broadcast(&changed);
      pthread_mutex_unlock(&plain);
    }
  }
  pthread_barrier_wait(&barrier);
  return 0;
}
int main(void) {
  pthread_t threads[THREADS];
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&recursive, &kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&checking, &kind);
  pthread_barrier_init(&barrier, 0, THREADS);
  pthread_spin_init(&spin, 0);
  pthread_key_create(&key, 0);
  sem_init(&places, 0, 2);
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  long torn = 0;
  for (int i = 0; i < THREADS; i++) torn += read_sum[i];
  printf("%ld %ld %ld %ld %d %ld %d %d\n", total, nested, torn, table[7], most <= 2, made, checked > 0, spun > 0);
  return 0;
}
