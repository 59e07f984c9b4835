// Loops that compilers turn into vector stores, with tails and overlapping ranges.
#include <stdio.h>
#include <string.h>
static float a[1003], b[1003];
static unsigned n[517], m[517];
static unsigned char bytes[333];
__attribute__((noinline)) static void work(unsigned k) {
  for (int i = 0; i < 1003; i++) a[i] = b[i] * 1.5f + (float)i;
  for (int i = 0; i < 1003; i++) b[i] = a[i] > 700 ? a[i] : b[i];
  for (unsigned i = 0; i < 517; i++) n[i] = m[i] * k + i;
  for (int i = 0; i < 517; i++) if (n[i] & 1) m[i] = n[i];
  for (int i = 0; i < 333; i++) bytes[i] = (unsigned char)(bytes[i] + n[i]);
  for (int i = 1; i < 333; i += 3) bytes[i] = bytes[i - 1];
}
int main(void) {
  for (unsigned k = 0; k < 9; k++) work(k);
  double total = 0;
  unsigned long sum = 0;
  for (int i = 0; i < 1003; i++) total += a[i] + b[i];
  for (int i = 0; i < 517; i++) sum += n[i] - m[i];
  for (int i = 0; i < 333; i++) sum = sum * 3 + bytes[i];
  printf("%.1f %lu\n", total, sum);
  return 0;
}
