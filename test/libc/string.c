// Every length, alignment and overlap that the copying functions treat in their own way, against bytes copied one by one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { SIZE = 1024, LONGEST = 300, GUARD = 32 };
static unsigned char native[SIZE], expected[SIZE];
static void fill(void) {
  for (int i = 0; i < SIZE; i++) native[i] = expected[i] = (unsigned char)(i * 37 ^ i >> 3);
}
static void slow(int to, int from, int n) {
  unsigned char copy[SIZE];
  volatile unsigned char *c = copy, *e = expected;
  for (int i = 0; i < n; i++) c[i] = e[from + i];
  for (int i = 0; i < n; i++) e[to + i] = c[i];
}
static long cases;
static void same(const char *name, int to, int from, int n, const void *result) {
  cases++;
  for (int i = 0; i < SIZE; i++)
    if (native[i] != expected[i] || result != native + to) {
      printf("%s(%d, %d, %d): byte %d\n", name, to, from, n, i);
      exit(1);
    }
}
int main(void) {
  void *(*volatile copy)(void *, const void *, size_t) = memcpy;
  void *(*volatile move)(void *, const void *, size_t) = memmove;
  void *(*volatile set)(void *, int, size_t) = memset;
  for (int n = 0; n <= LONGEST; n++)
    for (int a = 0; a < 17; a++) {
      fill();
      slow(GUARD + a, 512 + a * 5 % 16, n);
      same("memcpy", GUARD + a, 512 + a * 5 % 16, n, copy(native + GUARD + a, native + 512 + a * 5 % 16, (size_t)n));
      for (int i = 0; i < n; i++) expected[GUARD + a + i] = (unsigned char)(n + 0x80);
      same("memset", GUARD + a, 0, n, set(native + GUARD + a, n + 0x80 + 0x100, (size_t)n));
    }
  for (int n = 0; n <= LONGEST; n += 1 + n / 40)
    for (int distance = -200; distance <= 200; distance += 1 + abs(distance) / 20) {
      fill();
      slow(300 + distance, 300, n);
      same("memmove", 300 + distance, 300, n, move(native + 300 + distance, native + 300, (size_t)n));
    }
  // Long ones: a few pages, moved both ways.
  enum { LONG = 1 << 20 };
  unsigned char *buffer = malloc(LONG + 64);
  for (int i = 0; i < LONG + 64; i++) buffer[i] = (unsigned char)(i % 251);
  move(buffer + 33, buffer, LONG);
  for (int i = 0; i < LONG; i++)
    if (buffer[33 + i] != i % 251) return puts("up"), 1;
  move(buffer + 1, buffer + 33, LONG);
  for (int i = 0; i < LONG; i++)
    if (buffer[1 + i] != i % 251) return puts("down"), 1;
  printf("%ld cases\n", cases);
  return 0;
}
