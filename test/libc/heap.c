/* The allocator: what blocks hold while others come and go, in several threads; what it asks of the kernel; what it gives back. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define CHECK(that) do { if (!(that)) printf("line %d: %s\n", __LINE__, #that), exit(1); } while (0)
enum { KIB = 1024, MIB = 1024 * KIB, THREADS = 3, HELD = 40, TURNS = 4000 };

/* A number that the block's bytes tell: first, last and one a page. */
static void fill(unsigned char *at, size_t bytes, unsigned char with) {
  for (size_t i = 0; i < bytes; i += 4096) at[i] = with;
  at[bytes - 1] = with;
}
static int holds(const unsigned char *at, size_t bytes, unsigned char with) {
  for (size_t i = 0; i < bytes; i += 4096)
    if (at[i] != with) return 0;
  return at[bytes - 1] == with;
}
static int is_zero(const unsigned char *at, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (at[i]) return 0;
  return 1;
}

struct block { unsigned char *at; size_t bytes; unsigned char with; };
static void *by_turns(void *seed) {
  uint32_t state = (uint32_t)(uintptr_t)seed;
  struct block held[HELD] = {0};
  for (int i = 0; i < TURNS; i++) {
    state = state * 1664525 + 1013904223;
    struct block *b = &held[(state >> 8) % HELD];
    size_t bytes = 1 + (state >> 12) % (64u << (state >> 28)); /* to 2 MiB, small ones more often */
    if (b->at) CHECK(holds(b->at, b->bytes, b->with));
    if (b->at && i % 3 == 0) {
      size_t less = bytes < b->bytes ? bytes : b->bytes;
      unsigned char last = b->at[less - 1];
      CHECK(b->at = realloc(b->at, bytes));
      for (size_t k = 0; k + 1 < less; k += 4096) CHECK(b->at[k] == b->with);
      CHECK(b->at[less - 1] == last);
    } else {
      free(b->at);
      CHECK(b->at = i % 3 == 1 ? calloc(1, bytes) : malloc(bytes));
      if (i % 3 == 1) CHECK(is_zero(b->at, bytes));
    }
    b->bytes = bytes, b->with = (unsigned char)(i | 1);
    fill(b->at, bytes, b->with);
  }
  for (int i = 0; i < HELD; i++) free(held[i].at);
  return 0;
}

/* Pages that were new to the process. */
static long faults(void) {
  struct rusage used;
  CHECK(!getrusage(RUSAGE_SELF, &used));
  return used.ru_minflt;
}
static void ask_seldom(void) {
  static const size_t sizes[] = {12 * KIB, 16 * KIB, 64 * KIB, 100 * KIB, 256 * KIB, MIB};
  for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    unsigned char *held[8] = {0};
    long before = 0;
    for (int i = 0; i < 2000; i++) {
      if (i == 1000) before = faults();
      free(held[i % 8]);
      CHECK(held[i % 8] = malloc(sizes[s]));
      fill(held[i % 8], sizes[s], 1);
    }
    long new = faults() - before;
    if (new > 100) printf("%zu bytes: %ld new pages\n", sizes[s], new), exit(1);
    for (int i = 0; i < 8; i++) free(held[i]);
  }
}

/* Pages: of addresses, resident. */
static void pages(long *size, long *resident) {
  FILE *f = fopen("/proc/self/statm", "r");
  CHECK(f && fscanf(f, "%ld %ld", size, resident) == 2);
  fclose(f);
}
/* `count` blocks, then one of 16 of them: the most pages that may be left of those that there were. */
static void give_back(size_t bytes, int count) {
  unsigned char **all = malloc((size_t)count * sizeof *all);
  long size, start, most, left;
  pages(&size, &start);
  for (int i = 0; i < count; i++) {
    CHECK(all[i] = malloc(bytes));
    fill(all[i], bytes, 2);
  }
  pages(&size, &most);
  for (int i = 0; i < count; i++)
    if (i % 16) free(all[i]);
  pages(&size, &left);
  if (left - start > (most - start) / 2) printf("%zu bytes: %ld pages, %ld left\n", bytes, most - start, left - start), exit(1);
  for (int i = 0; i < count; i += 16) free(all[i]);
  free(all);
}

/* What is kept is given back when there is nothing else. */
static void no_room(void) {
  long size, resident;
  unsigned char *kept[3];
  for (int i = 0; i < 3; i++) CHECK(kept[i] = malloc(MIB));
  for (int i = 0; i < 3; i++) free(kept[i]);
  pages(&size, &resident);
  struct rlimit limit, was;
  CHECK(!getrlimit(RLIMIT_AS, &was));
  limit = was, limit.rlim_cur = (rlim_t)size * 4096 + 5 * MIB;
  CHECK(!setrlimit(RLIMIT_AS, &limit));
  void *large = malloc(5 * MIB + 400 * KIB);
  CHECK(large);
  CHECK(!setrlimit(RLIMIT_AS, &was));
  free(large);
}

int main(void) {
  pthread_t threads[THREADS];
  by_turns((void *)1);
  ask_seldom();
  give_back(20 * KIB, 4000), give_back(90 * KIB, 1000), give_back(MIB, 64);
  no_room();
  for (uintptr_t i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], 0, by_turns, (void *)(i + 2)));
  for (int i = 0; i < THREADS; i++) CHECK(!pthread_join(threads[i], 0));
  puts("done");
  return 0;
}
