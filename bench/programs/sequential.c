/* Memory from its beginning to its end, word by word.
   sequential memory BYTES PASSES: writes it, then reads it; sequential msync FILE BYTES STEP: writes a mapped file, with msync behind every STEP bytes. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "clock.h"

static int failed(const char *what) { return perror(what), 1; }

/* Neither loop may become a call of memset or be left out. */
__attribute__((noinline)) static void write_all(uint64_t *p, size_t words, uint64_t value) {
  for (size_t i = 0; i < words; i++) p[i] = value + i;
  __asm__ volatile("" : : "r"(p) : "memory");
}

__attribute__((noinline)) static uint64_t read_all(const uint64_t *p, size_t words) {
  uint64_t sum = 0;
  for (size_t i = 0; i < words; i++) sum += p[i];
  return sum;
}

static int memory(size_t bytes, long passes) {
  uint64_t *p = malloc(bytes), sum = 0;
  if (!p) return failed("malloc");
  write_all(p, bytes / 8, 1);
  begin();
  for (long pass = 0; pass < passes; pass++) write_all(p, bytes / 8, (uint64_t)pass);
  spent("write");
  begin();
  for (long pass = 0; pass < passes; pass++) sum += read_all(p, bytes / 8);
  spent("read");
  printf("sum %llu\n", (unsigned long long)sum);
  return 0;
}

static int synced(const char *file, size_t bytes, size_t step) {
  int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || ftruncate(fd, (off_t)bytes)) return failed(file);
  char *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) return failed("mmap");
  /* The file has its blocks before the clock runs. */
  memset(p, 1, bytes);
  if (fsync(fd)) return failed("fsync");
  begin();
  for (size_t at = 0; at < bytes; at += step) {
    write_all((uint64_t *)(p + at), step / 8, at);
    size_t page = at & ~(size_t)4095;
    if (msync(p + page, at + step - page, MS_SYNC)) return failed("msync");
  }
  spent("write");
  unlink(file);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "memory")) return memory(strtoul(argv[2], 0, 10), strtol(argv[3], 0, 10));
  if (argc == 5 && !strcmp(argv[1], "msync")) return synced(argv[2], strtoul(argv[3], 0, 10), strtoul(argv[4], 0, 10));
  return 2;
}
