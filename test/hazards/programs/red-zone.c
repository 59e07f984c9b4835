// Hazard: a leaf function keeps live data below %rsp. A spill by push there would destroy it.
#include <stdio.h>
static long sink[4];
__attribute__((noinline)) static long leaf(long a, long b, long c, long d, long e, long f) {
  // All volatile registers and vector registers are busy across the locked operation, so scratch registers must be spilled.
  volatile long slot[8] = {a, b, c, d, e, f, a + b, c + d};
  register long r8 __asm__("r8") = a * 3, r9 __asm__("r9") = b * 5, r10 __asm__("r10") = c * 7, r11 __asm__("r11") = d * 11;
  long rax = e * 13, rcx = f * 17, rdx = a * 19, rsi = b * 23, rdi = c * 29;
  __asm__ volatile("lock incq %9"
                   : "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r11), "+a"(rax), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi), "+m"(sink[0])
                   :
                   : "cc", "xmm0", "xmm1");
  return r8 + r9 + r10 + r11 + rax + rcx + rdx + rsi + rdi + slot[0] + slot[1] * 2 + slot[2] * 3 + slot[3] * 5 + slot[4] + slot[5] +
         slot[6] + slot[7];
}
int main(void) {
  long sum = 0;
  for (long i = 0; i < 100; i++) sum = sum * 31 + leaf(i, i + 1, i + 2, i + 3, i + 4, i + 5);
  printf("%ld %ld\n", sum, sink[0]);
  return 0;
}
