// 64-bit counters, flags and references, which with 32 bits are loops around cmpxchg8b and 64-bit loads and stores by x87: objects are
// freed by whoever drops the last reference, and a store of such a word hands over what was written before it.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { THREADS = 4, ROUNDS = 1000, SLOTS = 4 };
struct object { _Atomic long long references; unsigned size; unsigned char body[]; };
static struct object *_Atomic slots[SLOTS];
static _Atomic long long made, freed, broken, sum, bits, largest;
static void drop(struct object *o) {
  if (!o || atomic_fetch_sub(&o->references, 1) != 1) return;
  for (unsigned i = 1; i < o->size; i++) broken += o->body[i] != o->body[0];
  free(o);
  freed++;
}
static struct object *make(unsigned size, unsigned char fill) {
  struct object *o = malloc(sizeof *o + size);
  atomic_init(&o->references, 1);
  o->size = size;
  memset(o->body, fill, size);
  made++;
  return o;
}
// A message box that one side fills and the other empties: released by a plain 64-bit store each.
static struct box { _Atomic long long full; long long value[4]; } *_Atomic box;
static long long got;
static void *producer(void *argument) {
  (void)argument;
  for (long long i = 1; i <= ROUNDS; i++) {
    struct box *b = malloc(sizeof *b);
    for (int k = 0; k < 4; k++) b->value[k] = i << k;
    atomic_store_explicit(&b->full, 0, memory_order_relaxed);
    while (atomic_load(&box)) sched_yield();
    atomic_store(&box, b);
    atomic_store_explicit(&b->full, 0x100000001ll * i, memory_order_release); // the other side frees it on seeing this
  }
  return 0;
}
static void *consumer(void *argument) {
  (void)argument;
  for (int i = 0; i < ROUNDS; i++) {
    struct box *b;
    long long full;
    while (!(b = atomic_load(&box))) sched_yield();
    while (!(full = atomic_load_explicit(&b->full, memory_order_acquire))) sched_yield();
    if (full >> 32 != (int)full) broken++;
    for (int k = 0; k < 4; k++) got += b->value[k];
    atomic_store(&box, (struct box *)0);
    free(b);
  }
  return 0;
}
static void *work(void *argument) {
  unsigned seed = (unsigned)(long)argument * 2654435761u + 1;
  for (long long i = 0; i < ROUNDS; i++) {
    seed = seed * 1664525 + 1013904223;
    struct object *o = atomic_exchange(&slots[seed >> 30], (struct object *)0);
    if (o) {
      atomic_fetch_add(&o->references, 1);
      drop(atomic_exchange(&slots[seed >> 28 & 3], o));
      drop(o);
    } else drop(atomic_exchange(&slots[seed >> 30], make(1 + (seed >> 16 & 127), (unsigned char)seed)));
    sum += 0x100000001ll;
    bits ^= 1ll << (i & 63);
    long long now = atomic_load(&largest);
    while (now < i << 20 && !atomic_compare_exchange_weak(&largest, &now, i << 20)) ;
  }
  return 0;
}
int main(void) {
  pthread_t threads[THREADS], producing, consuming;
  pthread_create(&producing, 0, producer, 0);
  pthread_create(&consuming, 0, consumer, 0);
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  pthread_join(producing, 0);
  pthread_join(consuming, 0);
  for (int i = 0; i < SLOTS; i++) drop(slots[i]);
  printf("%d %lld %llx %llx %llx %llx\n", made == freed, (long long)broken, (long long)sum, (long long)bits, (long long)largest, got);
  return 0;
}
