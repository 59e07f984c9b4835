# setjmp's buffer: the library stores it for this frame, then stack pointer and address become the caller's, mangled as glibc does
# (sysdeps/x86_64/jmpbuf-offsets.h, pointer_guard.h), and all of it is copied. rbx, rbp, r12 to r15 are the caller's throughout.
        .text
        .hidden mr_copy_jump
        .macro  SETJMP name, has_mask
        .globl  __wrap_\name
        .hidden __wrap_\name
        .type   __wrap_\name, @function
__wrap_\name:
        .cfi_startproc
        endbr64
        push    %rdi
        .cfi_adjust_cfa_offset 8
        .if !\has_mask
        xor     %esi, %esi
        .endif
        call    *__real___sigsetjmp@GOTPCREL(%rip)
        mov     (%rsp), %rdi
        lea     16(%rsp), %rax
        xor     %fs:0x30, %rax
        rol     $17, %rax
        mov     %rax, 48(%rdi)
        mov     8(%rsp), %rax
        xor     %fs:0x30, %rax
        rol     $17, %rax
        mov     %rax, 56(%rdi)
        call    mr_copy_jump
        pop     %rdi
        .cfi_adjust_cfa_offset -8
        xor     %eax, %eax
        ret
        .cfi_endproc
        .size   __wrap_\name, .-__wrap_\name
        .endm
        SETJMP  _setjmp, 0
        SETJMP  __sigsetjmp, 1
        .globl  __wrap_setjmp                   # saves the mask (BSD's; the macro of setjmp.h is _setjmp)
        .hidden __wrap_setjmp
        .type   __wrap_setjmp, @function
__wrap_setjmp:
        mov     $1, %esi
        jmp     __wrap___sigsetjmp
        .size   __wrap_setjmp, .-__wrap_setjmp
        .section .note.GNU-stack,"",@progbits
