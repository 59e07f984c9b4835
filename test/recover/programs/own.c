// Pages of the runtime's own memory are lost, one after the other; own-native.c, compiled natively, loses them: behind the end of a file there is nothing to
// be read. Arguments: mr_control, pages, and the word that tells of a change under way, all as distances from __ehdr_start.
#include "lose.h"
#include <stdatomic.h>
enum { PAGE = 4096, ROWS = 1500 };
void lose_natively(void *, int);
static char data[2 * PAGE];
static atomic_int many[65536 / sizeof(int)];
static volatile int caught, empty;

static void handler(int signal) { caught += signal; }
static void *thread(void *p) {
  must(mprotect(p, PAGE, PROT_READ) == 0, "mprotect in a thread");
  return p;
}
/* All that the runtime has to know, or keeps for others. */
static void use(int round) {
  char *p = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(p != MAP_FAILED, "mmap");
  memset(p, round, 8 * PAGE);
  must(munmap(p + 3 * PAGE, PAGE) == 0, "munmap");
  pthread_t t;
  must(!pthread_create(&t, 0, thread, p + PAGE) && !pthread_join(t, 0), "a thread");
  p[2 * PAGE] = 7;
  struct sigaction was;
  must(!sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler}, 0), "sigaction");
  int before = caught;
  must(!raise(SIGUSR1) && caught == before + SIGUSR1, "a signal");
  must(!sigaction(SIGUSR1, 0, &was) && was.sa_handler == handler, "what sigaction tells");
  for (unsigned i = 0; i < sizeof many / sizeof *many; i += 4) atomic_fetch_add(&many[i], 1);
  char *heap = malloc(200000);
  memset(heap, 1, 200000);
  free(heap);
  memset(data, round, sizeof data);
  lose(data + PAGE);
  must(data[PAGE] == (char)round && data[0] == (char)round, "a page of the program's");
  munmap(p, 8 * PAGE);
}
int main(int argc, char **argv) {
  find_control(argv);
  empty = memfd_create("empty", 0);
  use(0);
  if (argc > 3) *(uint32_t *)((uintptr_t)__ehdr_start + strtoul(argv[3], 0, 16)) = 1;
  int pages = 0;
  for (char *rest = strtok(argv[2], ","); rest; rest = strtok(0, ",")) {
    lose_natively((char *)__ehdr_start + strtoul(rest, 0, 16), empty);
    use(++pages);
  }
  // A table of ranges that does not fit in the runtime's data; its twin is behind it.
  char *rows = mmap(0, ROWS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < ROWS; i += 2) mprotect(rows + i * PAGE, PAGE, PROT_READ);
  must(control->n_ranges != 0 && *(uintptr_t *)(uintptr_t)control->n_ranges > ROWS, "rows");
  char *table = *(char **)(uintptr_t)control->ranges;
  for (int i = 0; i < 2 * 2048 * 3 * (int)sizeof(long) / PAGE; i++) {
    lose_natively(table + i * PAGE, empty);
    use(i);
  }
  for (int i = 0; i < (int)(sizeof many / sizeof *many); i += 4) must(many[i] == many[0], "atomics");
  printf("%d pages\n", pages);
  return 0;
}
