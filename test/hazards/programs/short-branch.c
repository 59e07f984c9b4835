// Hazard: jrcxz, jecxz and loop reach 127 bytes; stores between grow past that.
#include <stdio.h>
#ifdef __i386__
#define JCXZ "jecxz"
#else
#define JCXZ "jrcxz"
#endif
static char buffer[256];
int main(void) {
  long count = 5, rounds = 0;
  __asm__ volatile("1:\n\t"
                   JCXZ " 2f\n\t"
                   "movb $1, 0+%2\n\tmovb $2, 1+%2\n\tmovb $3, 2+%2\n\tmovb $4, 3+%2\n\tmovb $5, 4+%2\n\tmovb $6, 5+%2\n\t"
                   "movb $1, 6+%2\n\tmovb $2, 7+%2\n\tmovb $3, 8+%2\n\tmovb $4, 9+%2\n\tmovb $5, 10+%2\n\tmovb $6, 11+%2\n\t"
                   "inc %1\n\t"
                   "loop 1b\n\t"
                   "2:\n\t"
                   : "+c"(count), "+r"(rounds), "+m"(buffer)
                   :
                   : "cc", "memory");
  printf("%ld %ld %d\n", count, rounds, buffer[11]);
  return 0;
}
