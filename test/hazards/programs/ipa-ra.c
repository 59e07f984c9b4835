// Hazard: with -fipa-ra gcc keeps values in caller-saved registers across calls of local functions that do not use them.
#include <stdio.h>
static long table[64];
__attribute__((noinline)) static void touch(long i) { table[i & 63] += i; }
__attribute__((noinline)) static long work(long a, long b, long c, long d) {
  long x = a * 3 + b, y = b * 5 + c, z = c * 7 + d, w = d * 9 + a;
  touch(a);
  x ^= y;
  touch(b);
  z ^= w;
  touch(c);
  return x + y * 3 + z * 5 + w * 7;
}
int main(void) {
  long sum = 0;
  for (long i = 0; i < 1000; i++) sum = sum * 17 + work(i, i * 2, i * 3, i * 5);
  for (int i = 0; i < 64; i++) sum ^= table[i] << (i & 7);
  printf("%ld\n", sum);
  return 0;
}
