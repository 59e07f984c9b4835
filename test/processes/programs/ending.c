// A thread ends while the process does, and its memory is being compared: what the kernel is to clear then is not cleared in one copy alone.
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
static char memory[16 << 20];
static atomic_int ends;
static void *work(void *milliseconds) {
  while (!ends) usleep(100);
  usleep((long)milliseconds * 1000);
  return 0;
}
int main(void) {
  pthread_t thread;
  memset(memory, 1, sizeof memory);
  for (long i = 1; i < 4; i++) pthread_create(&thread, 0, work, (void *)i);
  ends = 1;
  return 0;
}
