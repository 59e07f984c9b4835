# dlsym and dlvsym: the function found is called without a wrapper. Jumped to, because RTLD_NEXT asks for its caller.
        .text
        .hidden mr_found_by_name
        .macro  NOTED name
        .globl  __wrap_\name
        .hidden __wrap_\name
        .type   __wrap_\name, @function
__wrap_\name:
        .cfi_startproc
        endbr64
        push    %rdi; push %rsi; push %rdx
        .cfi_adjust_cfa_offset 24
        mov     %rsi, %rdi
        call    mr_found_by_name
        pop     %rdx; pop %rsi; pop %rdi
        .cfi_adjust_cfa_offset -24
        jmp     *__real_\name@GOTPCREL(%rip)
        .cfi_endproc
        .size   __wrap_\name, .-__wrap_\name
        .endm
        NOTED   NAME
        .section .note.GNU-stack,"",@progbits
