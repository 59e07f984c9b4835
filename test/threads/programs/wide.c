// A lock-free stack of nodes whose top is a pointer and a tag in one pair of words (cmpxchg8b, with 64 bits cmpxchg16b): each node is
// pushed and popped by every thread; none is lost or doubled.
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { THREADS = 4, NODES = 32, ROUNDS = 8000 };
struct node { struct node *next; long owner, uses; };
struct top { struct node *node; uintptr_t tag; };
#if UINTPTR_MAX > 0xffffffffu
typedef unsigned __int128 pair;
#else
typedef uint64_t pair;
#endif
static pair top, lock, zero; // `zero` is compared and swapped with what it holds
static struct top unpack(pair p) {
  struct top t;
  memcpy(&t, &p, sizeof t);
  return t;
}
static pair pack(struct node *node, uintptr_t tag) {
  struct top t = {node, tag};
  pair p;
  memcpy(&p, &t, sizeof p);
  return p;
}
// A value that no other thread wrote in part: as a compare-and-swap finds it.
static pair look(void) { return __sync_val_compare_and_swap(&top, (pair)0, (pair)0); }
static void push(struct node *node) {
  for (pair old = look();;) {
    __atomic_store_n(&node->next, unpack(old).node, __ATOMIC_RELAXED);
    pair found = __sync_val_compare_and_swap(&top, old, pack(node, unpack(old).tag + 1));
    if (found == old) return;
    old = found;
  }
}
static struct node *pop(void) {
  for (pair old = look();;) {
    struct top t = unpack(old);
    if (!t.node) return 0;
    pair found = __sync_val_compare_and_swap(&top, old, pack(__atomic_load_n(&t.node->next, __ATOMIC_RELAXED), t.tag + 1));
    if (found == old) return t.node;
    old = found;
  }
}
static long doubled, done, guarded, reads;
static void *work(void *argument) {
  long me = (long)argument + 1;
  for (long i = 0; i < ROUNDS; i++) {
    struct node *n = pop();
    if (n) {
      if (n->owner) __sync_fetch_and_add(&doubled, 1);
      n->owner = me;
      n->uses++;
      __sync_fetch_and_add(&done, 1);
      if (n->owner != me) __sync_fetch_and_add(&doubled, 1);
      n->owner = 0;
      push(n);
    }
    while (!__sync_bool_compare_and_swap(&lock, (pair)0, pack(n, (uintptr_t)me))) sched_yield();
    guarded++;
    if (!__sync_bool_compare_and_swap(&lock, pack(n, (uintptr_t)me), (pair)0)) abort();
    if (__sync_val_compare_and_swap(&zero, (pair)0, (pair)0) == 0) __sync_fetch_and_add(&reads, 1);
  }
  return 0;
}
int main(void) {
  pthread_t threads[THREADS];
  for (int n = 0; n < NODES; n++) push(calloc(1, sizeof(struct node)));
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  long length = 0, uses = 0;
  for (struct node *n; (n = pop()); free(n)) length++, uses += n->uses;
  printf("%ld %d %ld %ld %ld\n", length, uses == done, doubled, guarded, reads);
  return 0;
}
