// Inline and top-level assembly that writes memory, asm goto, naked functions with a frame of their own.
#include <stdio.h>
#include <string.h>
static long cell = 5;
static char from[40] = "the quick brown fox jumps over", to[40];
__asm__(".text\n\t.globl written\n\t.type written, @function\nwritten:\n\tmovq %rdi, top(%rip)\n\tincq top(%rip)\n"
        "\tmovq top(%rip), %rax\n\tret\n\t.size written, .-written\n\t.bss\n\t.globl top\ntop:\t.zero 8\n\t.text");
extern long written(long), top;
__attribute__((naked, noinline)) static long naked(long a, long b) {
  __asm__("pushq %rbx\n\tmovq %rdi, %rbx\n\tpushq %rsi\n\taddq %rbx, (%rsp)\n\tpopq %rax\n\tpopq %rbx\n\tret");
}
__attribute__((noinline)) static int branches(int n) {
  __asm__ goto("cmpl $7, %0\n\tje %l[seven]\n\tincq %1" : : "r"(n), "m"(cell) : "memory", "cc" : seven);
  return 0;
seven:
  return 1;
}
int main(void) {
  long count = 40, old = 3;
  void *d = to;
  const void *s = from;
  __asm__ volatile("cld; rep movsb" : "+D"(d), "+S"(s), "+c"(count) : : "memory");
  __asm__ volatile("lock; xaddq %0, %1" : "+r"(old), "+m"(cell) : : "memory", "cc");
  __asm__ volatile("addq $4, %0\n\tnegq %0\n\tnotq %0" : "+m"(cell) : : "cc");
  __asm__ volatile("pushfq; popq %0" : "=r"(count) : : "memory");
  printf("%s %ld %ld %d %d\n", to, cell, old, branches(7), branches(8));
  printf("%ld %ld %ld %ld\n", written(41), top, naked(3, 4), cell);
  return 0;
}
