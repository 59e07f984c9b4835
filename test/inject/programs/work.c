// Works long enough to lose pages meanwhile, in its data, its heap and its stack; prints what it found.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 1 << 14, ROUNDS = 3000 };
static unsigned long table[WORDS];

static unsigned long work(unsigned long *heap, int depth) {
  volatile char room[512];
  room[depth] = 1;
  if (depth > 0) return work(heap, depth - 1) + room[depth];
  unsigned long sum = 0;
  for (int i = 0; i < WORDS; i++) {
    heap[i] = heap[i] * 31 + table[i];
    sum ^= heap[i];
    table[(sum ^ (unsigned)i) % WORDS] += sum;
  }
  return sum;
}
int main(void) {
  unsigned long *heap = malloc(sizeof table), sum = 0;
  memset(heap, 1, sizeof table);
  for (int round = 0; round < ROUNDS; round++) {
    sum = sum * 7 + work(heap, 20);
    if (round % 500 == 0) printf("%d %lx\n", round, sum);
  }
  printf("%lx\n", sum);
  return 0;
}
