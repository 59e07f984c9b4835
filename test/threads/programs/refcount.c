// Reference counts: objects shared through slots, freed by whoever drops the last reference; allocation in one thread, release in another.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { THREADS = 4, SLOTS = 8, ROUNDS = 4000 };
struct object { atomic_int references; unsigned size; unsigned char body[]; };
static struct object *_Atomic slots[SLOTS];
static atomic_long made, freed, broken;
static atomic_short narrow;
static struct object *make(unsigned size, unsigned char fill) {
  struct object *o = malloc(sizeof *o + size);
  atomic_init(&o->references, 1);
  o->size = size;
  memset(o->body, fill, size);
  made++;
  return o;
}
static void drop(struct object *o) {
  if (!o || atomic_fetch_sub_explicit(&o->references, 1, memory_order_acq_rel) != 1) return;
  for (unsigned i = 1; i < o->size; i++) broken += o->body[i] != o->body[0];
  free(o);
  freed++;
}
static void *work(void *argument) {
  unsigned seed = (unsigned)(long)argument * 2654435761u + 1;
  struct object *own = make(16, 1);
  for (long i = 0; i < ROUNDS; i++) {
    seed = seed * 1664525 + 1013904223;
    // An object is taken out of its slot before it is used, so a count never rises from zero.
    struct object *o = atomic_exchange(&slots[seed >> 29], (struct object *)0);
    if (o) {
      atomic_fetch_add_explicit(&o->references, 2, memory_order_relaxed);
      drop(atomic_exchange(&slots[seed >> 26 & 7], o));
      drop(o);
      drop(own);
      own = o;
    } else {
      drop(atomic_exchange(&slots[seed >> 29], make(1 + (seed >> 16 & 255), (unsigned char)seed)));
    }
    narrow++;
    if (i % 3 == 0) narrow--;
  }
  drop(own);
  return 0;
}
int main(void) {
  pthread_t threads[THREADS];
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  for (int i = 0; i < SLOTS; i++) drop(slots[i]);
  printf("%d %ld %d\n", made == freed, broken, narrow);
  return 0;
}
