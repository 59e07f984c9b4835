// Hazard: a leaf function keeps live data below %rsp. A spill by push there would destroy it.
#include <stdio.h>
long cell;
long leaf(long a, long b, double x);
// Every register that could serve as scratch is live across the locked operation, so two of them have to go to the stack.
__asm__(".text\n\t.type leaf, @function\nleaf:\n\t.cfi_startproc\n\t"
        "movq %rdi, -8(%rsp)\n\tmovq %rsi, -16(%rsp)\n\tmovq %rdi, -120(%rsp)\n\tmovq %rsi, -128(%rsp)\n\t"
        "leaq 1(%rdi), %rax\n\tleaq 2(%rdi), %rcx\n\tleaq 3(%rdi), %rdx\n\tleaq 5(%rdi), %r8\n\tleaq 7(%rdi), %r9\n\t"
        "leaq 11(%rdi), %r10\n\tleaq 13(%rdi), %r11\n\t"
        "movapd %xmm0, %xmm2\n\tmovapd %xmm0, %xmm3\n\tmovapd %xmm0, %xmm4\n\tmovapd %xmm0, %xmm5\n\t"
        "lock incq cell(%rip)\n\t"
        "addsd %xmm2, %xmm0\n\taddsd %xmm3, %xmm0\n\taddsd %xmm4, %xmm0\n\taddsd %xmm5, %xmm0\n\tcvttsd2si %xmm0, %rax\n\t"
        "leaq (%rax,%rcx,2), %rax\n\tleaq (%rax,%rdx,4), %rax\n\tleaq (%rax,%rsi,2), %rax\n\tleaq (%rax,%rdi,4), %rax\n\t"
        "leaq (%rax,%r8,2), %rax\n\tleaq (%rax,%r9,4), %rax\n\tleaq (%rax,%r10,8), %rax\n\tleaq (%rax,%r11,2), %rax\n\t"
        "xorq -8(%rsp), %rax\n\taddq -16(%rsp), %rax\n\taddq -120(%rsp), %rax\n\taddq -128(%rsp), %rax\n\t"
        "ret\n\t.cfi_endproc\n\t.size leaf, .-leaf\n");
int main(void) {
  long sum = 0;
  for (long i = 0; i < 100; i++) sum = sum * 31 + leaf(i, i * 3 + 1, (double)i);
  printf("%ld %ld\n", sum, cell);
  return 0;
}
