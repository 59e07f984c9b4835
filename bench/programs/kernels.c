// Four small loops, as often as the second argument says: what an emulator's speed is compared by.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t table[256];
static uint8_t buffer[1 << 16];
static uint8_t sieve[100000];

static unsigned long crc(unsigned long times) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  for (unsigned i = 0; i < sizeof buffer; i++) buffer[i] = (uint8_t)(i * 7);
  uint32_t c = 0;
  while (times--)
    for (unsigned i = 0; i < sizeof buffer; i++) c = table[(c ^ buffer[i]) & 255] ^ (c >> 8);
  return c;
}

static unsigned long primes(unsigned long times) {
  unsigned long found = 0;
  while (times--) {
    for (unsigned i = 0; i < sizeof sieve; i++) sieve[i] = 1;
    for (unsigned i = 2; i < sizeof sieve; i++) {
      if (!sieve[i]) continue;
      found++;
      for (unsigned k = 2 * i; k < sizeof sieve; k += i) sieve[k] = 0;
    }
  }
  return found;
}

__attribute__((noinline)) static unsigned long fib(unsigned long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static unsigned long mix(unsigned long times) {
  uint64_t x = 88172645463325252ull;
  while (times--) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    x *= 0x9e3779b97f4a7c15ull;
  }
  return x;
}

static unsigned long run(char which, unsigned long times) {
  switch (which) {
  case 'c': return crc(times);
  case 's': return primes(times);
  case 'f': return fib(times);
  default: return mix(times);
  }
}

#ifndef BARE
int main(int argc, char **argv) {
  if (argc != 3) return 1;
  printf("%lx\n", run(argv[1][0], strtoul(argv[2], NULL, 10)));
  return 0;
}
#endif
