// Hazard: flags live across a mirrored write.
#include <stdio.h>
#ifdef __i386__
#define Q "l"
#define TOP 26
#else
#define Q "q"
#define TOP 58
#endif
static unsigned long store[8];
int main(void) {
  unsigned long taken = 0;
  for (unsigned long i = 0; i < 64; i++) {
    unsigned long carry = 0, same = 0, low = i << TOP;
    __asm__ volatile("add" Q " %3, %2\n\t"       // sets the carry
                     "mov" Q " %3, %4\n\t"       // a store between
                     "sbb" Q " %0, %0\n\t"       // needs it
                     "cmp" Q " $7, %3\n\t"
                     "push" Q " %3\n\t"
                     "lock; or" Q " $1, %4\n\t"
                     "pop" Q " %3\n\t"
                     : "+r"(carry), "+r"(same), "+r"(low), "+r"(i), "+m"(store[i & 7])
                     :
                     : "cc", "memory");
    taken = taken * 3 + carry + low;
    __asm__ volatile("lock dec" Q " %1\n\tsete %b0" : "+q"(same), "+m"(store[(i + 1) & 7]) : : "cc");
    __asm__ volatile("add" Q " %2, %1\n\tadc" Q " $0, %3\n\tadc" Q " $0, %0" : "+r"(taken), "+m"(store[i & 3]) : "r"(~i), "m"(store[5]) : "cc");
    taken += same;
  }
  for (int i = 0; i < 8; i++) taken = taken * 7 + store[i];
  printf("%lu\n", taken);
  return 0;
}
