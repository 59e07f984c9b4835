// A sequence lock: one writer at a time stores plainly between two changes of a counter; readers that see a torn record are counted.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
enum { WRITERS = 2, READERS = 2, ROUNDS = 20000, WORDS = 7 };
static atomic_uint sequence;
static atomic_flag writing = ATOMIC_FLAG_INIT;
static _Atomic long record[WORDS];
static atomic_int running = WRITERS;
static atomic_long torn, seen;
static void *writer(void *argument) {
  long me = (long)argument;
  for (long i = 1; i <= ROUNDS; i++) {
    while (atomic_flag_test_and_set(&writing)) ;
    unsigned s = atomic_load_explicit(&sequence, memory_order_relaxed);
    atomic_store_explicit(&sequence, s + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (int k = 0; k < WORDS; k++) atomic_store_explicit(&record[k], (me * ROUNDS + i) * (k + 1), memory_order_relaxed);
    atomic_store_explicit(&sequence, s + 2, memory_order_release);
    atomic_flag_clear_explicit(&writing, memory_order_release);
  }
  running--;
  return 0;
}
static void *reader(void *argument) {
  (void)argument;
  long own = 0;
  do {
    long copy[WORDS];
    unsigned s = atomic_load_explicit(&sequence, memory_order_acquire);
    for (int k = 0; k < WORDS; k++) copy[k] = atomic_load_explicit(&record[k], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    if (s % 2 || s != atomic_load_explicit(&sequence, memory_order_relaxed)) continue;
    seen++;
    own++;
    for (int k = 1; k < WORDS; k++)
      if (copy[k] != copy[0] * (k + 1)) torn++;
  } while (running || !own);
  return 0;
}
int main(void) {
  pthread_t threads[WRITERS + READERS];
  for (long i = 0; i < WRITERS + READERS; i++)
    pthread_create(&threads[i], 0, i < WRITERS ? writer : reader, (void *)i);
  for (int i = 0; i < WRITERS + READERS; i++) pthread_join(threads[i], 0);
  printf("%u %ld %d\n", sequence, torn, seen >= READERS);
  return 0;
}
