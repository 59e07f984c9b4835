// FMA of numbers that are hard to round: sums that nearly cancel, halves of the last place, few or many bits. Prints sums of the results' bits.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 88172645463325252;
static uint64_t random64(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

static double number(int bits, int range) {
  int cut = random64() % bits;
  uint64_t fraction = random64() & ((1ull << bits) - 1);
  switch (random64() % 4) {
  case 0: fraction &= -1ull << cut; break;
  case 1: fraction |= (1ull << cut) - 1;
  }
  double value = ldexp(1 + ldexp(fraction, -bits), (int)(random64() % (2 * range + 1)) - range);
  return random64() & 1 ? -value : value;
}

/** What makes a product hard to round. */
static double summand(double product, int bits) {
  switch (random64() % 4) {
  case 0: return number(bits, 2 * bits);
  case 1: return -product * (1 + ldexp(random64() % 5, -bits));
  case 2: return product * ldexp(number(bits, 0), bits - 3 + random64() % 8);
  default: return ldexp(product, (int)(random64() % (4 * bits)) - 2 * bits);
  }
}

/** A product that is half of the last place of a sum, but for less than the sum has room for. */
static void nearHalf(double *a, double *b, double *c, int bits) {
  double less = ldexp(1, -(bits / 2 + 2 + (int)(random64() % (bits / 2 - 2))));
  *a = 1 + less, *b = random64() & 1 ? 1 - less : 1 + less;
  *c = ldexp(number(bits, 0), bits + 1);
}

static double x[8], y[8], z[8], r[8];
static float u[8], v[8], w[8], q[8];

__attribute__((noinline)) static void all(void) {
  for (int n = 0; n < 8; n++) r[n] = __builtin_fma(x[n], y[n], z[n]);
  for (int n = 0; n < 8; n++) q[n] = __builtin_fmaf(u[n], v[n], w[n]);
}
__attribute__((noinline)) static double one(double a, double b, double c) { return __builtin_fma(-a, b, c); }
__attribute__((noinline)) static float single(float a, float b, float c) { return __builtin_fmaf(a, b, -c); }

int main(void) {
  uint64_t sum = 0;
  for (int k = 400; k > 0; k--) {
    for (int n = 0; n < 8; n++) {
      x[n] = number(52, k % 3 ? 4 : 60), y[n] = number(52, k % 5 ? 4 : 60), z[n] = summand(x[n] * y[n], 52);
      u[n] = number(23, k % 3 ? 4 : 20), v[n] = number(23, k % 5 ? 4 : 20), w[n] = summand(u[n] * v[n], 23);
    }
    for (int n = 0; n < 4; n++) {
      double a, b, c;
      nearHalf(x + n, y + n, z + n, 52), nearHalf(&a, &b, &c, 23);
      u[n] = a, v[n] = b, w[n] = c;
    }
    // What is not ordinary is among them.
    if (k % 16 == 0) x[k / 16 % 8] = 0, v[k / 16 % 8] = 1e-40f, z[k / 32 % 8] = INFINITY;
    all();
    r[0] += one(x[1], y[2], z[3]), q[0] += single(u[1], v[2], w[3]);
    for (int n = 0; n < 8; n++) {
      uint64_t wide;
      uint32_t narrow;
      memcpy(&wide, r + n, 8), memcpy(&narrow, q + n, 4);
      sum = (sum * 31 + wide) * 31 + narrow;
    }
    if (k % 50 == 0) printf("%d %016lx\n", k, sum);
  }
  return 0;
}
