// Hazard: flags live across a mirrored write.
#include <stdio.h>
static unsigned long store[8];
int main(void) {
  unsigned long taken = 0;
  for (unsigned long i = 0; i < 64; i++) {
    unsigned long carry = 0, same = 0, low = i << 58;
    __asm__ volatile("addq %3, %2\n\t"       // sets the carry
                     "movq %3, %4\n\t"       // a store between
                     "sbbq %0, %0\n\t"       // needs it
                     "cmpq $7, %3\n\t"
                     "pushq %3\n\t"
                     "lock; orq $1, %4\n\t"
                     "popq %3\n\t"
                     : "+r"(carry), "+r"(same), "+r"(low), "+r"(i), "+m"(store[i & 7])
                     :
                     : "cc", "memory");
    taken = taken * 3 + carry + low;
    __asm__ volatile("lock decq %1\n\tsete %b0" : "+q"(same), "+m"(store[(i + 1) & 7]) : : "cc");
    __asm__ volatile("addq %2, %1\n\tadcq $0, %3\n\tadcq $0, %0" : "+r"(taken), "+m"(store[i & 3]) : "r"(~i), "m"(store[5]) : "cc");
    taken += same;
  }
  for (int i = 0; i < 8; i++) taken = taken * 7 + store[i];
  printf("%lu\n", taken);
  return 0;
}
