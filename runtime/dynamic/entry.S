# Entry of a program that the system's dynamic linker has loaded: libraries are there, relocated and initialised. And the functions that no C
# can wrap.
        .text
        .hidden mr_state, mr_stack, mr_init, mr_dynamic_init, mr_finish, mr_libraries_end
        .globl  __mirror_start_dynamic
        .hidden __mirror_start_dynamic
#include "limits.h"

# psABI 3.4.1: rsp at argc, rdx the dynamic linker's function for atexit: ours takes its place, and calls it.
        .type   __mirror_start_dynamic, @function
__mirror_start_dynamic:
        .cfi_startproc
        .cfi_undefined rip
        mov     %rdx, mr_libraries_end(%rip)
        mov     %rsp, %rbx
        lea     mr_stack+MR_STACK-16(%rip), %rsp
        mov     %rbx, %rdi
        call    mr_dynamic_init
        mov     %rbx, %rsp
        xor     %ebp, %ebp
        lea     mr_finish(%rip), %rdx
        jmp     _start
        .cfi_endproc
        .size   __mirror_start_dynamic, .-__mirror_start_dynamic
        .section .note.GNU-stack,"",@progbits
