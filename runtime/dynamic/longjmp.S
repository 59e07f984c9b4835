# longjmp and its like: what they leave is no longer called.
        .text
        .hidden mr_jumping
        .macro  NOTED name
        .globl  __wrap_\name
        .hidden __wrap_\name
        .type   __wrap_\name, @function
__wrap_\name:
        .cfi_startproc
        endbr64
        push    %rdi; push %rsi; push %rdx
        .cfi_adjust_cfa_offset 24
        call    mr_jumping
        pop     %rdx; pop %rsi; pop %rdi
        .cfi_adjust_cfa_offset -24
        jmp     *__real_\name@GOTPCREL(%rip)
        .cfi_endproc
        .size   __wrap_\name, .-__wrap_\name
        .endm
        NOTED   NAME
        .section .note.GNU-stack,"",@progbits
