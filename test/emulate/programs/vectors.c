/* What compilers make of loops with AVX2 and FMA, and that signal frames have the upper halves of vector registers: in a handler, and as the handler changed them.
   Prints the same on every CPU that has both. */
enum { count = 203 };
#include "vectors.h"

__attribute__((noinline)) static void loops(void) {
  for (int i = 0; i < count; i++) c[i] = a[i] * b[i] + 3;
  SHOW("product", c);
  for (int i = 0; i < count; i++) c[i] = b[i] > 0 ? sqrtf(b[i]) : a[at[i]];
  SHOW("chosen", c);
  for (int i = 0; i < count; i++) n[i] = n[i] << (at[i] & 15) ^ bytes[i];
  SHOW("shifts", n);
  for (int i = 0; i + 4 <= count; i += 4) {
    __m128i numbers = _mm_loadu_si128((const __m128i *)(n + i));
    __m256i odd = _mm256_cvtepi32_epi64(_mm_slli_epi32(numbers, 31));
    __m256d picked = _mm256_i32gather_pd(d, _mm_loadu_si128((const __m128i *)(at + i)), 8);
    _mm256_maskstore_pd(d + i, odd, _mm256_fmsub_pd(picked, _mm256_set1_pd(2), _mm256_cvtepi32_pd(numbers)));
  }
  SHOW("masked", d);
  for (int i = 0; i < count; i++) wide[i] = wide[i] > n[i] ? wide[i] : n[i];
  SHOW("greater", wide);
  for (int i = 0; i < count; i++) bytes[i] = (bytes[i] + bytes[count - 1 - i] + 1) / 2;
  SHOW("means", bytes);
  char text[64];
  memset(text, 'x', sizeof text), text[40] = 0;
  printf("text %zu %d\n", strlen(text), memcmp(text, text + 41, 20) > 0);
}

static void handler(int number, siginfo_t *info, void *context) {
  (void)info;
  unsigned char *state = (unsigned char *)((ucontext_t *)context)->uc_mcontext.fpregs;
#ifdef __i386__
  state += 112;
#endif
  uint64_t features;
  uint32_t upper[4];
  memcpy(&features, state + 512, 8);
  memcpy(upper, state + 576 + 16 * 5, 16);
  printf("signal %d AVX %d upper half of ymm5 %x %x %x %x\n", number, (int)(features >> 2 & 1), upper[0], upper[1], upper[2], upper[3]);
  upper[2] = 99;
  memcpy(state + 576 + 16 * 5, upper, 16);
  __asm__ volatile("vpcmpeqd %%ymm5, %%ymm5, %%ymm5" ::: "xmm5");
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &action, 0), sigaction(SIGTRAP, &action, 0);
  fill();
  for (int round = 0; round < 3; round++) {
    loops();
    uint32_t out[8];
    __m256i in = _mm256_set_epi32(8, 7, 6, 5, 4, 3, 2, round);
    __asm__ volatile("vmovdqa %1, %%ymm5\nint3\nvmovdqu %%ymm5, %0" : "=m"(out) : "m"(in) : "xmm5", "memory");
    for (int i = 0; i < 8; i++) printf("%u ", out[i]);
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
