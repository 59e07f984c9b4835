// Spin locks: swap, compare-and-swap and bit test to take them, plain stores to release them, tries that give up, tickets (half a word released), MCS queue.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
enum { THREADS = 4, ROUNDS = 6000 };
static _Atomic int by_swap, by_compare, by_bit;
static _Atomic unsigned char byte_lock;
static union {
  _Atomic uint32_t both;
  struct { _Atomic uint16_t now, next; } half;
} ticket;
struct waiter { struct waiter *_Atomic next; _Atomic int waiting; };
static struct waiter *_Atomic tail;
static long guarded[5], queued, tries;
static void *work(void *argument) {
  long me = (long)argument, gave_up = 0;
  for (long i = 0; i < ROUNDS; i++) {
    while (atomic_exchange(&by_swap, 1)) sched_yield();
    guarded[0] += me + i;
    atomic_store_explicit(&by_swap, 0, memory_order_release);
    int old = 0;
    while (!atomic_compare_exchange_weak(&by_compare, &old, 1)) old = 0, sched_yield();
    guarded[1] += me * i;
    atomic_store_explicit(&by_compare, 0, memory_order_release);
    while (atomic_fetch_or(&by_bit, 4) & 4) sched_yield();
    guarded[2] += i;
    atomic_store_explicit(&by_bit, 0, memory_order_release);
    if (atomic_exchange_explicit(&byte_lock, 1, memory_order_acquire) == 0) {
      guarded[3]++;
      atomic_store_explicit(&byte_lock, 0, memory_order_release);
    } else gave_up++;
    if (i % 4 == 0) {
      uint16_t mine = atomic_fetch_add(&ticket.half.next, 1);
      while (atomic_load(&ticket.half.now) != mine) sched_yield();
      guarded[4] += 3;
      atomic_store_explicit(&ticket.half.now, (uint16_t)(mine + 1), memory_order_release);
      struct waiter self = {0, 1};
      struct waiter *before = atomic_exchange(&tail, &self);
      if (before) {
        atomic_store_explicit(&before->next, &self, memory_order_release);
        while (atomic_load_explicit(&self.waiting, memory_order_acquire)) sched_yield();
      }
      queued += i;
      struct waiter *next = atomic_load(&self.next), *expected = &self;
      if (!next && !atomic_compare_exchange_strong(&tail, &expected, (struct waiter *)0))
        while (!(next = atomic_load(&self.next))) sched_yield();
      if (next) atomic_store_explicit(&next->waiting, 0, memory_order_release);
    }
  }
  while (atomic_exchange(&by_swap, 1)) sched_yield();
  tries += gave_up;
  atomic_store_explicit(&by_swap, 0, memory_order_release);
  return 0;
}
int main(void) {
  pthread_t threads[THREADS];
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  printf("%ld %ld %ld %d %ld %ld\n", guarded[0], guarded[1], guarded[2],
         guarded[3] + tries == THREADS * ROUNDS, guarded[4], queued);
  return 0;
}
