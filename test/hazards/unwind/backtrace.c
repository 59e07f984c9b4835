// Calls, pushes, and writes whose scratch registers are spilled to the stack, to be walked through one instruction at a time.
#include <stdio.h>
long cell;
long leaf(long a);
#ifdef __x86_64__
__asm__(".text\n\t.type leaf, @function\nleaf:\n\t.cfi_startproc\n\t"
        "pushq %rbx\n\t.cfi_adjust_cfa_offset 8\n\t.cfi_offset rbx, -16\n\t"
        "leaq 1(%rdi), %rax\n\tmovq %rax, %rcx\n\tmovq %rax, %rdx\n\tmovq %rax, %rsi\n\tmovq %rax, %r8\n\tmovq %rax, %r9\n\t"
        "movq %rax, %r10\n\tmovq %rax, %r11\n\tmovq %rax, %xmm2\n\tmovq %rax, %xmm3\n\tmovq %rax, %xmm4\n\tmovq %rax, %xmm5\n\t"
        "lock incq cell(%rip)\n\t"
        "addsd %xmm3, %xmm2\n\taddsd %xmm5, %xmm4\n\taddsd %xmm4, %xmm2\n\tmovq %xmm2, %rbx\n\t"
        "addq %rbx, %rax\n\taddq %rcx, %rax\n\taddq %rdx, %rax\n\taddq %rsi, %rax\n\taddq %rdi, %rax\n\taddq %r8, %rax\n\t"
        "addq %r9, %rax\n\taddq %r10, %rax\n\taddq %r11, %rax\n\t"
        "popq %rbx\n\t.cfi_adjust_cfa_offset -8\n\t.cfi_restore rbx\n\tret\n\t.cfi_endproc\n\t.size leaf, .-leaf\n");
#else
__asm__(".text\n\t.type leaf, @function\nleaf:\n\t.cfi_startproc\n\t"
        "pushl %ebx\n\t.cfi_adjust_cfa_offset 4\n\t.cfi_offset ebx, -8\n\t"
        "movl 8(%esp), %eax\n\tleal 1(%eax), %eax\n\tmovl %eax, %ecx\n\tmovl %eax, %edx\n\tmovl %eax, %ebx\n\t"
        "lock incl cell\n\tincl cell\n\tpushl cell\n\t.cfi_adjust_cfa_offset 4\n\tpopl cell\n\t.cfi_adjust_cfa_offset -4\n\t"
        "addl %ebx, %eax\n\taddl %ecx, %eax\n\taddl %edx, %eax\n\t"
        "popl %ebx\n\t.cfi_adjust_cfa_offset -4\n\t.cfi_restore ebx\n\tret\n\t.cfi_endproc\n\t.size leaf, .-leaf\n");
#endif
__attribute__((noinline)) static long middle(long a, long b) {
  volatile char room[a + 8]; // a frame of its own, by %rbp
  for (long i = 0; i < a; i++) room[i] = (char)(b + i);
  return leaf(room[0]) + leaf(b) + cell;
}
__attribute__((noinline)) static long outer(long a) { return middle(a, a * 3) * 7 + a; }
int main(void) {
  printf("%ld\n", outer(5));
  return 0;
}
