// The library that the other one uses: storage that is given and taken on both sides, atomic operations of several threads, jumps, thread-local variables.
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shared.h"

int deep_total = 5;
static int sum;
static __thread int mine;
static jmp_buf back;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
struct node { struct node *next; int value; };
static struct node *all;

static void *adds(void *count) {
  for (long i = 0; i < (long)count; i++) {
    mine++;
    __atomic_fetch_add(&deep_total, 1, __ATOMIC_SEQ_CST);
    for (int old = sum; !__atomic_compare_exchange_n(&sum, &old, old + 2, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);) {}
  }
  pthread_mutex_lock(&lock);
  struct node *n = malloc(sizeof *n);
  n->value = mine, n->next = all, all = n;
  pthread_mutex_unlock(&lock);
  return 0;
}
int deep_threads(int n) {
  pthread_t threads[8];
  for (int i = 0; i < n; i++) pthread_create(&threads[i], 0, adds, (void *)1000);
  for (int i = 0; i < n; i++) pthread_join(threads[i], 0);
  int nodes = 0;
  for (struct node *a = all; a; a = a->next) nodes += a->value;
  return sum + nodes;
}
char *deep_copy(const char *text) { return strdup(text); }
void deep_leave(int value) { longjmp(back, value); }
int deep_enter(void (*f)(int), int value) {
  volatile int came = 0;
  int jumped = setjmp(back);
  if (!jumped) came = 1, f(value);
  return jumped + came;
}
