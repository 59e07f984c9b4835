/* What vectors.c and vectors512.c work on: `count` numbers of each kind, and a sum of what became of them. */
#include <immintrin.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static float a[count], b[count], c[count];
static double d[count];
static int32_t n[count], at[count];
static int64_t wide[count];
static uint8_t bytes[count];
static uint16_t words[count];

static void fill(void) {
  uint32_t seed = 12345;
  for (int i = 0; i < count; i++) {
    seed = seed * 1664525 + 1013904223;
    a[i] = (float)(int)(seed >> 8) / 4096, b[i] = (float)(seed >> 20) / 7 - 99, d[i] = (double)(int)seed / 3;
    n[i] = (int32_t)seed, at[i] = seed % count, wide[i] = (int64_t)seed * seed, bytes[i] = seed >> 24, words[i] = seed >> 13;
  }
}

static uint64_t sum(const void *from, size_t size) {
  uint64_t s = 0;
  for (size_t i = 0; i < size; i++) s = s * 1099511628211u + ((const uint8_t *)from)[i];
  return s;
}

#define SHOW(name, of) printf("%s %016llx\n", name, (unsigned long long)sum(of, sizeof of))
