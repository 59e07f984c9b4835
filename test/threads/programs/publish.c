// Publication: records filled with plain stores, released by a plain store of their address, read by threads that follow it; flags of start and stop; double-checked locking.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
enum { READERS = 3, ROUNDS = 8000, RECORDS = 16 };
struct record { long number; unsigned char text[24]; double half; };
static struct record records[RECORDS];
static struct record *_Atomic newest;
static atomic_bool stop;
static atomic_int ready;
static atomic_long wrong, last[READERS];
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static int *_Atomic single;
static int the_single;
static int *instance(void) {
  int *p = atomic_load_explicit(&single, memory_order_acquire);
  if (p) return p;
  pthread_mutex_lock(&making);
  if (!(p = atomic_load_explicit(&single, memory_order_relaxed))) {
    the_single = 42;
    atomic_store_explicit(&single, p = &the_single, memory_order_release);
  }
  pthread_mutex_unlock(&making);
  return p;
}
static void *reader(void *argument) {
  long me = (long)argument, before = 0;
  ready++;
  while (!atomic_load(&stop)) {
    struct record *r = atomic_load_explicit(&newest, memory_order_acquire);
    if (r) {
      long number = *(volatile long *)&r->number;
      // The record after the newest may be under way already.
      if (number + 1 < before) wrong++;
      before = number;
    }
    if (*instance() != 42) wrong++;
    atomic_store_explicit(&last[me], before, memory_order_relaxed);
  }
  return 0;
}
int main(void) {
  pthread_t threads[READERS];
  for (long i = 0; i < READERS; i++) pthread_create(&threads[i], 0, reader, (void *)i);
  while (ready < READERS) ;
  for (long i = 1; i <= ROUNDS; i++) {
    struct record *r = &records[i % RECORDS];
    for (unsigned k = 0; k < sizeof r->text; k++) r->text[k] = (unsigned char)(i + k);
    r->half = (double)i / 2;
    *(volatile long *)&r->number = i;
    atomic_store_explicit(&newest, r, memory_order_release);
  }
  atomic_store(&stop, 1);
  for (int i = 0; i < READERS; i++) pthread_join(threads[i], 0);
  printf("%ld %d\n", newest->number, *instance());
  return wrong != 0;
}
