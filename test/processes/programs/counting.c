/* Ends while its threads count on in data of the program, in an order that each of them has for itself. */
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 2, EACH = 1024 };
static unsigned counts[THREADS][EACH] = {{1}};
static volatile unsigned begun;

static void *count(void *which) {
  volatile unsigned *mine = counts[(long)which];
  for (unsigned i = 0;; i = (i * 5 + 3) % EACH) {
    mine[i]++;
    if (!begun) begun = 1;
  }
}
int main(void) {
  pthread_t thread;
  for (long i = 0; i < THREADS; i++) pthread_create(&thread, 0, count, (void *)i);
  while (!begun) usleep(100);
  usleep(2000);
  return 0;
}
