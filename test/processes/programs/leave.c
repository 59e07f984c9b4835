// The process ends while its threads map, unmap and protect memory, open and read files.
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
enum { THREADS = 6, SIZE = 16384 };
static atomic_int rounds;
static void *work(void *x) {
  char text[64];
  for (;; rounds++) {
    char *p = mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 1, SIZE);
    if (x) mprotect(p, SIZE / 2, PROT_READ);
    int file = open("/proc/self/stat", O_RDONLY);
    if (read(file, text, sizeof text) < 0) abort();
    close(file);
    munmap(p, SIZE);
  }
}
int main(void) {
  pthread_t thread;
  for (long i = 0; i < THREADS; i++) pthread_create(&thread, 0, work, (void *)(i & 1));
  while (rounds < 200) usleep(100);
  return 0;
}
