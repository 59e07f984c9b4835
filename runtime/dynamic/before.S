# Programs with mirrored shared objects begin before the initialisers of those do (gABI, DT_PREINIT_ARRAY): called with argc, argv and envp.
        .section .preinit_array,"aw"
        .balign 8
        .quad   mr_before_libraries
        .text
        .globl  mr_before_libraries
        .hidden mr_before_libraries, mr_dynamic_init, mr_stack
        .type   mr_before_libraries, @function
#include "limits.h"
mr_before_libraries:
        .cfi_startproc
        endbr64
        push    %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_offset rbx, -16
        push    %r15                            # C code of the runtime has something there, and keeps it for nobody
        .cfi_adjust_cfa_offset 8
        .cfi_offset r15, -24
        mov     %rsp, %rbx
        .cfi_def_cfa_register rbx
        lea     -8(%rsi), %rdi                  # where the stack pointer was at the start of the process: argc stands before argv
        lea     mr_stack+MR_STACK-16(%rip), %rsp
        call    mr_dynamic_init
        mov     %rbx, %rsp
        .cfi_def_cfa_register rsp
        pop     %r15
        .cfi_adjust_cfa_offset -8
        pop     %rbx
        .cfi_adjust_cfa_offset -8
        ret
        .cfi_endproc
        .size   mr_before_libraries, .-mr_before_libraries
        .section .note.GNU-stack,"",@progbits
