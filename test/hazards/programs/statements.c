// Hazards: several statements a line, prefixes on lines of their own, comments, quoted symbols, numeric labels, character constants.
#include <stdio.h>
#include <string.h>
#ifdef __i386__
#define Q "l"
#define W "L"
#else
#define Q "q"
#define W "Q"
#endif
static long cell[8];
static char from[64] = "copied by a string instruction", to[64], fill[64];
int main(void) {
  long n = 31;
  char *d = to;
  const char *s = from;
  __asm__ volatile("rep\n\tmovsb # a comment; movq $9, 0(%%rdi)\n" : "+c"(n), "+D"(d), "+S"(s) : : "memory");
  n = 40;
  d = fill;
  __asm__ volatile("rep; stosb /* movq $1, (%%rax) */" : "+c"(n), "+D"(d) : "a"('x') : "memory");
  __asm__ volatile("mov" Q " $1, %0; mov" Q " $2, %1 ; lock; add" Q " $3, %2" : "=m"(cell[0]), "=m"(cell[1]), "+m"(cell[2]) : : "cc");
  __asm__ volatile("movb $'(', %0 ; movb $';', %1; movb $'#', %2" : "=m"(to[40]), "=m"(to[41]), "=m"(to[42]));
  __asm__ volatile("jmp 1f\n1: jmp 1f\n\tmov" Q " $7, %0\n1: mov" Q " $8, %1" : "+m"(cell[3]), "=m"(cell[4]));
  __asm__ volatile("MOV" W " $5, %0\n\tmov" Q " $4*2 + 1 , %1" : "=m"(cell[5]), "=m"(cell[6]));
  printf("%s %.40s %s %ld %ld %ld %ld %ld %ld %ld\n", to, fill, to + 40, cell[0], cell[1], cell[2], cell[3], cell[4], cell[5], cell[6]);
  return 0;
}
