// setjmp and longjmp, qsort callbacks, alloca, variable-length arrays, computed goto, nested calls through pointers.
#include <alloca.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static jmp_buf env;
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static void deep(int n) {
  char *room = alloca((size_t)n + 16);
  memset(room, n, (size_t)n + 16);
  if (n == 0) longjmp(env, 42);
  deep(n - 1);
  __asm__ volatile("" : : "r"(room) : "memory");
}
int main(void) {
  int values[200];
  unsigned x = 1;
  for (int i = 0; i < 200; i++) values[i] = (int)((x = x * 1664525u + 1013904223u) >> 16);
  qsort(values, 200, sizeof *values, compare);
  int jumped = setjmp(env);
  if (jumped == 0) deep(50);
  static const void *const steps[] = {&&one, &&two, &&three};
  int state = 0;
next:
  goto *steps[state];
one:
  state = 2;
  goto next;
two:
  printf("%d %d %d %d\n", jumped, values[0], values[100], values[199]);
  return 0;
three:
  state = 1;
  goto next;
}
