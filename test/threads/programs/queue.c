// Lock-free queues: a bounded one for many producers and consumers (Vyukov: a sequence number in each cell), and a ring for one and one with plain stores.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
enum { CELLS = 64, PRODUCERS = 2, CONSUMERS = 2, ITEMS = 8000 };
static struct { atomic_ulong turn; long value; } cells[CELLS];
static atomic_ulong put_at, take_at;
static atomic_long taken, sum;
static int put(long value) {
  unsigned long at = atomic_load_explicit(&put_at, memory_order_relaxed);
  for (;;) {
    unsigned long turn = atomic_load_explicit(&cells[at % CELLS].turn, memory_order_acquire);
    if (turn == at) {
      if (atomic_compare_exchange_weak(&put_at, &at, at + 1)) break;
    } else if ((long)(turn - at) < 0) return 0;
    else at = atomic_load_explicit(&put_at, memory_order_relaxed);
  }
  cells[at % CELLS].value = value;
  atomic_store_explicit(&cells[at % CELLS].turn, at + 1, memory_order_release);
  return 1;
}
static int take(long *value) {
  unsigned long at = atomic_load_explicit(&take_at, memory_order_relaxed);
  for (;;) {
    unsigned long turn = atomic_load_explicit(&cells[at % CELLS].turn, memory_order_acquire);
    if (turn == at + 1) {
      if (atomic_compare_exchange_weak(&take_at, &at, at + 1)) break;
    } else if ((long)(turn - at - 1) < 0) return 0;
    else at = atomic_load_explicit(&take_at, memory_order_relaxed);
  }
  *value = cells[at % CELLS].value;
  atomic_store_explicit(&cells[at % CELLS].turn, at + CELLS, memory_order_release);
  return 1;
}
static struct { long ring[32]; atomic_ulong head, tail; } pipes[PRODUCERS];
static void *producer(void *argument) {
  long me = (long)argument;
  unsigned long head = 0;
  for (long i = 1; i <= ITEMS; i++) {
    while (!put(me * ITEMS + i)) sched_yield();
    while (head - atomic_load_explicit(&pipes[me].tail, memory_order_acquire) == 32) sched_yield();
    pipes[me].ring[head % 32] = i;
    atomic_store_explicit(&pipes[me].head, ++head, memory_order_release);
  }
  return 0;
}
static long out_of_order[CONSUMERS];
static void *consumer(void *argument) {
  long me = (long)argument, value, expected = 1;
  unsigned long tail = 0;
  while (taken < PRODUCERS * ITEMS || expected <= ITEMS) {
    if (take(&value)) sum += value, taken++;
    else sched_yield();
    if (tail != atomic_load_explicit(&pipes[me].head, memory_order_acquire)) {
      out_of_order[me] += pipes[me].ring[tail % 32] != expected++;
      atomic_store_explicit(&pipes[me].tail, ++tail, memory_order_release);
    }
  }
  return 0;
}
int main(void) {
  pthread_t threads[PRODUCERS + CONSUMERS];
  for (unsigned long i = 0; i < CELLS; i++) atomic_init(&cells[i].turn, i);
  for (long i = 0; i < PRODUCERS; i++) {
    pthread_create(&threads[2 * i], 0, producer, (void *)i);
    pthread_create(&threads[2 * i + 1], 0, consumer, (void *)i);
  }
  for (int i = 0; i < PRODUCERS + CONSUMERS; i++) pthread_join(threads[i], 0);
  printf("%ld %ld %ld\n", taken, sum, out_of_order[0] + out_of_order[1]);
  return 0;
}
