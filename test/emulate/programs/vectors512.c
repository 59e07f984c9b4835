/* What compilers make of loops with AVX-512, and that signal frames have masks, upper halves and the upper sixteen registers: in a handler, and as the handler
   changed them. Prints the same on every CPU that has it. */
#include <cpuid.h>
enum { count = 211 };
#include "vectors.h"

__attribute__((noinline)) static void loops(void) {
  for (int i = 0; i < count; i++) c[i] = a[i] * b[i] + 3;
  SHOW("product", c);
  for (int i = 0; i < count; i++) c[i] = b[i] > 0 ? sqrtf(b[i]) : a[at[i]];
  SHOW("chosen", c);
  for (int i = 0; i < count; i++)
    if (n[i] & 4) n[i] = n[i] << (at[i] & 15) ^ bytes[i];
  SHOW("shifts", n);
  for (int i = 0; i < count; i++) wide[at[i]] = wide[i] > n[i] ? wide[i] : n[i];
  SHOW("greater", wide);
  for (int i = 0; i < count; i++) bytes[i] = (bytes[i] + bytes[count - 1 - i] + 1) / 2, words[i] = words[i] * 3 + bytes[i];
  SHOW("means", bytes), SHOW("words", words);
  for (int i = 0; i < count; i++) d[i] = d[i] < 0 ? (double)(uint64_t)wide[i] : (double)(uint32_t)n[i];
  SHOW("numbers", d);
}

/* Stores of each kind that only AVX-512 has. */
__attribute__((noinline)) static void stores(void) {
  static uint8_t out[1024] __attribute__((aligned(64)));
  for (int i = 0; i + 16 <= count; i += 16) {
    __m512i v = _mm512_loadu_si512(n + i);
    __mmask16 odd = _mm512_test_epi32_mask(v, _mm512_set1_epi32(1));
    _mm512_mask_storeu_epi32(out + (i & 63), odd, v);
    _mm512_mask_compressstoreu_epi32(out + 128, odd, v);
    _mm512_mask_i32scatter_epi32(out + 256, odd, _mm512_and_si512(v, _mm512_set1_epi32(63)), v, 4);
    _mm512_mask_cvtepi32_storeu_epi8(out + 576, odd, v);
    _mm512_mask_cvtsepi32_storeu_epi16(out + 608 + (i & 31), odd, v);
    _mm512_stream_si512((void *)(((uintptr_t)out + 703) & -64), _mm512_rol_epi32(v, 7));
    _mm512_mask_storeu_epi8(out + 800, _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(77)), v);
    _mm256_storeu_si256((void *)(out + 900), _mm512_extracti64x4_epi64(v, 1));
    memcpy(out + 960, &odd, 2);
  }
  SHOW("stores", out);
}

static int place[8];

static void handler(int number, siginfo_t *info, void *context) {
  (void)info;
  unsigned char *state = (unsigned char *)((ucontext_t *)context)->uc_mcontext.fpregs;
#ifdef __i386__
  state += 112;
#endif
  uint64_t features, mask;
  uint32_t upper[2];
  memcpy(&features, state + 512, 8);
  memcpy(&mask, state + place[5] + 8 * 3, 8);
  memcpy(upper, state + place[6] + 32 * 5, 8);
  printf("signal %d features %x k3 %llx upper half of zmm5 %x %x\n", number, (int)features & 0xe4, (unsigned long long)mask, upper[0], upper[1]);
  mask ^= 0xff;
  upper[1] = 99;
  memcpy(state + place[5] + 8 * 3, &mask, 8);
  memcpy(state + place[6] + 32 * 5, upper, 8);
#ifdef __x86_64__
  memcpy(state + place[7] + 64 * 4, &mask, 8);
#endif
  __asm__ volatile("vpternlogd $255, %%zmm5, %%zmm5, %%zmm5\nkxnorq %%k3, %%k3, %%k3" ::: "xmm5");
}

int main(void) {
  unsigned registers[4];
  for (int i = 5; i < 8; i++) {
    __cpuid_count(13, i, registers[0], registers[1], registers[2], registers[3]);
    place[i] = (int)registers[1];
  }
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, 0);
  fill();
  for (int round = 0; round < 3; round++) {
    loops();
    stores();
    uint32_t out[16], high[16] = {0};
    uint64_t mask = 0x123456789abcdef + round;
    __m512i in = _mm512_set_epi32(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, round);
#ifdef __x86_64__
    __asm__ volatile("vmovdqu64 %3, %%zmm5\nvmovdqu64 %3, %%zmm20\nkmovq %2, %%k3\nint3\nvmovdqu64 %%zmm5, %0\nkmovq %%k3, %2\nvmovdqu64 %%zmm20, %1"
                     : "=m"(out), "=m"(high), "+m"(mask)
                     : "m"(in)
                     : "xmm5", "xmm20", "memory");
#else
    __asm__ volatile("vmovdqu64 %2, %%zmm5\nkmovq %1, %%k3\nint3\nvmovdqu64 %%zmm5, %0\nkmovq %%k3, %1" : "=m"(out), "+m"(mask) : "m"(in) : "xmm5", "memory");
#endif
    for (int i = 0; i < 16; i++) printf("%u %u ", out[i], high[i]);
    printf("%llx\n", (unsigned long long)mask);
    fflush(stdout);
  }
  return 0;
}
