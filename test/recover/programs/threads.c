// Threads count and move memory while pages of theirs are lost, several at once, both copies in turn, by another thread and by themselves.
#include "lose.h"
#include <stdatomic.h>

enum { THREADS = 4, PAGE = 4096, PAGES = 16, ROUNDS = 300 };
static atomic_long counters[PAGES * PAGE / sizeof(atomic_long)];
static long plain[THREADS][PAGES * PAGE / sizeof(long)];
static atomic_int done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long guarded[512 * 4];

static void *work(void *own) {
  long *mine = own;
  enum { N = PAGES * PAGE / sizeof(long) };
  for (int round = 0; round < ROUNDS * 20; round++) {
    for (unsigned i = (unsigned)round % 7; i < N; i += 61) mine[i]++, atomic_fetch_add(&counters[i], 1);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 2048; i += 111) guarded[i]++;
    pthread_mutex_unlock(&lock);
  }
  atomic_fetch_add(&done, 1);
  return 0;
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  unsigned seed = argc > 2 ? (unsigned)atol(argv[2]) : 1, lost = 0;
  pthread_t t[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&t[i], 0, work, plain[i]);
  while (atomic_load(&done) < THREADS) {
    seed = seed * 1103515245u + 12345u;
    unsigned page = seed >> 16 & (PAGES - 1), kind = seed >> 20 & 3, mirror = argc > 3 && argv[3][0] == 'm';
    char *at = kind == 0 ? (char *)plain[seed >> 22 & 3] + page * PAGE : kind == 1 ? (char *)guarded + (page & 3) * PAGE : (char *)counters + page * PAGE;
    if (!lose_at((uintptr_t)at - (mirror ? DISTANCE : 0))) lost++;
  }
  for (int i = 0; i < THREADS; i++) pthread_join(t[i], 0);
  long wrong = 0, N = PAGES * PAGE / sizeof(long);
  for (int i = 0; i < 2048; i += 111) wrong += guarded[i] != THREADS * ROUNDS * 20;
  for (long i = 0; i < N; i++) {
    long sum = 0;
    for (int k = 0; k < THREADS; k++) sum += plain[k][i];
    wrong += sum != atomic_load(&counters[i]);
    wrong += plain[0][i] != plain[1][i];
  }
  fprintf(stderr, "%u lost, %llu recovered\n", lost, (unsigned long long)control->recovered);
  printf("%s, %ld wrong\n", lost > 20 ? "many lost" : "few lost", wrong);
  return wrong != 0;
}
