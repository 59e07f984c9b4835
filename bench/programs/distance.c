/* What a mirror store costs at different distances between native and mirror. On AMD Zen the L1 data cache predicts its way from a hash
   of address bits 12 to 27, so a distance that leaves those bits alone makes native and mirror line evict each other.
   Build: gcc -O2 -mfsgsbase distance.c -o distance. Prints nanoseconds an element: the best of 5 runs each. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { BYTES = 1 << 17, TOTAL = 1 << 24, RUNS = 5 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* zlib's slide_hash: each element is loaded, changed and stored. */
__attribute__((noinline)) static void native(uint16_t *p, long n, unsigned w) {
  for (long i = 0; i < n; i++) {
    unsigned m = p[i];
    p[i] = (uint16_t)(m >= w ? m - w : 0);
    __asm__ volatile("" ::: "memory");
  }
}

__attribute__((noinline)) static void mirrored(uint16_t *p, long n, unsigned w) {
  for (long i = 0; i < n; i++) {
    unsigned m = p[i];
    m = m >= w ? m - w : 0;
    __asm__ volatile("movw %w1, %%gs:%0" : "=m"(p[i]) : "r"(m) : "memory");
    p[i] = (uint16_t)m;
    __asm__ volatile("" ::: "memory");
  }
}

static double best(void (*work)(uint16_t *, long, unsigned), uint16_t *p, long n) {
  double least = 1e9;
  for (int run = 0; run < RUNS; run++) {
    double start = now();
    for (long round = 0; round < TOTAL / n; round++) work(p, n, 1);
    double spent = now() - start;
    if (spent < least) least = spent;
  }
  return least / TOTAL * 1e9;
}

int main(void) {
  uint64_t at = 0x7f0000000000;
  uint16_t *p = mmap((void *)at, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (p != (void *)at) return perror("mmap"), 1;
  puts("distance beyond 2^46   4 KiB array: native mirrored ratio   128 KiB array: native mirrored ratio");
  for (int bit = -1; bit <= 40; bit++) {
    if (bit >= 0 && bit < 12) continue;
    uint64_t beyond = bit < 0 ? 0 : 1ul << bit, distance = (1ul << 46) + beyond;
    void *mirror = mmap((void *)(at - distance), BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (mirror == MAP_FAILED) return perror("mmap of the mirror"), 1;
    __asm__ volatile("wrgsbase %0" : : "r"(-distance));
    printf("%#19lx", beyond);
    for (long n = 2048; n <= 65536; n *= 32) {
      double plain = best(native, p, n), both = best(mirrored, p, n);
      printf("   %22.2f %8.2f %5.2f", plain, both, both / plain);
    }
    putchar('\n');
    munmap(mirror, BYTES);
  }
  return 0;
}
