# One library function's wrapper: NAME, HOW and RULES come from a row of libc.def. The linker gives calls of NAME to __wrap_NAME
# (ld manual, --wrap), and __real_NAME is the library's. struct call of after.h lies at rsp.
#include "limits.h"
#include "rules.h"
#define GLUE2(a, b) a##b
#define GLUE(a, b) GLUE2(a, b)
#define WRAP GLUE(__wrap_, NAME)
#define REAL GLUE(__real_, NAME)
        .text
        .globl  WRAP
        .hidden WRAP, mr_libc_before, mr_libc_after
        .type   WRAP, @function
WRAP:
        .cfi_startproc
        endbr64
        .if (HOW) & TWICE
        push    %rdi; push %rsi; push %rdx; push %rcx; push %r8
        .cfi_adjust_cfa_offset 40
        mov     $MR_DISTANCE, %rax
        sub     %rax, %rdi
        call    *REAL@GOTPCREL(%rip)
        pop     %r8; pop %rcx; pop %rdx; pop %rsi; pop %rdi
        .cfi_adjust_cfa_offset -40
        jmp     *REAL@GOTPCREL(%rip)
        .else
        push    %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_offset rbp, -16
        mov     %rsp, %rbp
        .cfi_def_cfa_register rbp
        sub     $128, %rsp
        mov     %rdi, (%rsp); mov %rsi, 8(%rsp); mov %rdx, 16(%rsp); mov %rcx, 24(%rsp); mov %r8, 32(%rsp); mov %r9, 40(%rsp)
        .if (HOW) & (BEFORE | CALLS | WAITS)
        mov     %rax, 80(%rsp)
        lea     16(%rbp), %rax
        mov     %rax, 96(%rsp)
        lea     .Lrules(%rip), %rax
        mov     %rax, 88(%rsp)
        mov     %rsp, %rdi
        mov     $(HOW), %esi
        call    mr_libc_before
        mov     (%rsp), %rdi; mov 8(%rsp), %rsi; mov 16(%rsp), %rdx; mov 24(%rsp), %rcx; mov 32(%rsp), %r8; mov 40(%rsp), %r9
        mov     80(%rsp), %rax
        .endif
        push    40(%rbp); push 32(%rbp); push 24(%rbp); push 16(%rbp)  # arguments that came on the stack
        call    *REAL@GOTPCREL(%rip)
        add     $32, %rsp
        mov     %rax, 80(%rsp); mov %rdx, 72(%rsp)
        lea     16(%rbp), %rax
        mov     %rax, 96(%rsp)
        lea     .Lrules(%rip), %rax
        mov     %rax, 88(%rsp)
        mov     %rsp, %rdi
        mov     $(HOW), %esi
        call    mr_libc_after
        mov     80(%rsp), %rax; mov 72(%rsp), %rdx
        leave
        .cfi_def_cfa rsp, 8
        ret
        .endif
        .cfi_endproc
        .size   WRAP, .-WRAP
        .section .rodata
        .balign 4
.Lrules:
        .long   RULES, 0
        .section .note.GNU-stack,"",@progbits
