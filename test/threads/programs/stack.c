// A lock-free stack of indexes with a tag against ABA (Treiber): each node is pushed and popped by every thread; none is lost or doubled.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
enum { THREADS = 4, NODES = 64, ROUNDS = 20000 };
static _Atomic uint64_t top;
static struct { _Atomic uint32_t next; uint32_t owner; long uses; } nodes[NODES + 1];
static void push(uint32_t n) {
  uint64_t old = atomic_load(&top);
  do atomic_store_explicit(&nodes[n].next, (uint32_t)old, memory_order_relaxed);
  while (!atomic_compare_exchange_weak(&top, &old, ((old >> 32) + 1) << 32 | n));
}
static uint32_t pop(void) {
  uint64_t old = atomic_load(&top);
  while ((uint32_t)old) {
    uint32_t next = atomic_load_explicit(&nodes[(uint32_t)old].next, memory_order_relaxed);
    if (atomic_compare_exchange_weak(&top, &old, ((old >> 32) + 1) << 32 | next)) break;
  }
  return (uint32_t)old;
}
static atomic_long doubled, done;
static void *work(void *argument) {
  uint32_t me = (uint32_t)(long)argument + 1;
  for (long i = 0; i < ROUNDS; i++) {
    uint32_t n = pop();
    if (!n) continue;
    if (nodes[n].owner) doubled++;
    nodes[n].owner = me;
    nodes[n].uses++;
    done++;
    if (nodes[n].owner != me) doubled++;
    nodes[n].owner = 0;
    push(n);
  }
  return 0;
}
int main(void) {
  pthread_t threads[THREADS];
  for (uint32_t n = 1; n <= NODES; n++) push(n);
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  long length = 0, uses = 0;
  for (uint32_t n; (n = pop());) length++, uses += nodes[n].uses;
  printf("%ld %d %ld\n", length, uses == done, doubled);
  return 0;
}
