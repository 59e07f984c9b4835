// Threads that sort, count under a mutex and hand work to each other; what is printed does not depend on their order.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { THREADS = 4, ROUNDS = 30, NUMBERS = 30000, BUCKETS = 1024 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t buckets[BUCKETS], passed_on;
static _Atomic unsigned turns;
static _Thread_local uint64_t seed;
static uint64_t next(void) { return seed = seed * 6364136223846793005u + 1442695040888963407u, seed >> 33; }
static int order(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}
static void *work(void *number) {
  seed = (uint64_t)(uintptr_t)number;
  uint64_t *sum = calloc(1, sizeof *sum);
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t *numbers = malloc(NUMBERS * sizeof *numbers);
    for (int i = 0; i < NUMBERS; i++) numbers[i] = next();
    qsort(numbers, NUMBERS, sizeof *numbers, order);
    for (int i = 1; i < NUMBERS; i++)
      if (numbers[i - 1] > numbers[i]) abort();
    for (int i = 0; i < NUMBERS; i += 8) {
      pthread_mutex_lock(&lock);
      buckets[numbers[i] % BUCKETS] += numbers[i], passed_on++;
      pthread_mutex_unlock(&lock);
      turns++;
    }
    *sum += numbers[NUMBERS / 2];
    free(numbers);
  }
  return sum;
}
int main(void) {
  pthread_t threads[THREADS];
  uint64_t all = 0, *sum;
  for (uintptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)(i + 1));
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], (void **)&sum), all += *sum, free(sum);
  for (int i = 0; i < BUCKETS; i++) all = all * 31 + buckets[i];
  printf("%llu %llu %u\n", (unsigned long long)all, (unsigned long long)passed_on, turns);
  return 0;
}
