// Hazard: atomic operations of several threads on one location, and plain stores that a lock releases: once all are done, both copies agree.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
enum { THREADS = 4, ROUNDS = 20000 };
static atomic_long counter, product = 1, stack_top, turns;
static atomic_int spin;
static atomic_uchar narrow[8];
static long guarded[16];
struct node { long next, value; } nodes[THREADS * ROUNDS + 1];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long by_mutex;
static void *work(void *argument) {
  long me = (long)argument;
  for (long i = 0; i < ROUNDS; i++) {
    atomic_fetch_add(&counter, i);
    atomic_fetch_xor(&narrow[i & 7], (unsigned char)(i + me));
    long old = atomic_load(&product);
    while (!atomic_compare_exchange_weak(&product, &old, old * 3)) turns += 1;
    while (atomic_exchange(&spin, 1))
      ;
    guarded[i & 15] += me + i;
    atomic_store_explicit(&spin, 0, memory_order_release);
    long n = me * ROUNDS + i + 1, top = atomic_load(&stack_top);
    do nodes[n].next = top, nodes[n].value = n;
    while (!atomic_compare_exchange_weak(&stack_top, &top, n));
    if (i % 16 == 0) {
      pthread_mutex_lock(&mutex);
      by_mutex += i;
      pthread_mutex_unlock(&mutex);
    }
  }
  return 0;
}
int main(void) {
  pthread_t threads[THREADS];
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  long sum = 0, length = 0;
  for (long n = stack_top; n; n = nodes[n].next) sum += nodes[n].value, length++;
  for (int i = 0; i < 16; i++) sum = sum * 5 + guarded[i];
  for (int i = 0; i < 8; i++) sum = sum * 7 + narrow[i];
  printf("%ld %ld %ld %ld %ld\n", counter, product, sum, length, by_mutex);
  return 0;
}
