// Uses memory up to what the system allows, in each way there is. Prints the same natively and mirrored, if only one of them has half the room.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
enum { MIB = 1 << 20, BLOCK = 16 * MIB, MOST = 64 };
static int map(char *blocks[], size_t size) {
  int n = 0;
  for (; n < MOST; n++) {
    blocks[n] = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (blocks[n] == MAP_FAILED) break;
    memset(blocks[n], n, 4096);
  }
  return n;
}
static sem_t go;
static void *wait_for_it(void *x) {
  sem_wait(&go);
  return x;
}
static int threads(size_t stack) {
  pthread_t all[MOST];
  pthread_attr_t attributes;
  pthread_attr_init(&attributes), pthread_attr_setstacksize(&attributes, stack);
  int n = 0, error = 0;
  while (n < MOST && !(error = pthread_create(&all[n], &attributes, wait_for_it, 0))) n++;
  for (int i = 0; i < n; i++) sem_post(&go);
  for (int i = 0; i < n; i++) pthread_join(all[i], 0);
  return error == EAGAIN ? n : -1;
}
/* Until an address space is full. */
static void grow(void) {
  static char *blocks[MOST];
  for (int time = 0; time < 2; time++) {
    int n = map(blocks, BLOCK);
    printf("mmap ends: %d", n > 0 && n < MOST && errno == ENOMEM);
    printf(", mremap: %d", mremap(blocks[0], BLOCK, 8L * BLOCK, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM && blocks[0][5] == 0);
    errno = 0;
    printf(", malloc: %d", malloc(2 * BLOCK) == 0 && errno == ENOMEM);
    for (int i = 0; i < n; i++) munmap(blocks[i], BLOCK);
    printf(", again: %d\n", n > 0);
  }
  printf("threads end: %d\n", threads(BLOCK) > 0);
  long start = syscall(SYS_brk, 0), now = start;
  int steps = 0;
  while (steps < MOST && syscall(SYS_brk, now + BLOCK) == now + BLOCK) ((char *)now)[9] = 1, now += BLOCK, steps++;
  printf("brk ends: %d %d", steps > 0 && steps < MOST, syscall(SYS_brk, 0) == now);
  printf(", given back: %d\n", syscall(SYS_brk, start) == start);
}
/* Single allocations, of which one is more than the system wants to promise. */
static void single(size_t much) {
  char *small = malloc(8 * MIB);
  memset(small, 1, 8 * MIB);
  printf("mmap: %d", mmap(0, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
  char *reserved = mmap(0, much, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf(", made writable: %d", mprotect(reserved, much, PROT_READ | PROT_WRITE) == -1 && errno == ENOMEM);
  printf(", a part: %d", mprotect(reserved, MIB, PROT_READ | PROT_WRITE));
  reserved[77] = 7;
  printf(", mremap: %d", mremap(small = mmap(0, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MIB, 2 * MIB, MREMAP_MAYMOVE) != MAP_FAILED);
  printf(", thread: %d\n", threads(much) == 0);
}
int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IONBF, 0);
  sem_init(&go, 0, 0);
  size_t size = argc > 2 ? (size_t)strtoul(argv[2], 0, 10) * MIB : 0;
  if (!strcmp(argv[1], "grow")) grow();
  if (!strcmp(argv[1], "single")) single(size);
  if (!strcmp(argv[1], "touch")) {
    char *p = malloc(size);
    memset(p, 1, size);
    printf("touched %d\n", p[size / 2]);
  }
  return 0;
}
