# Waiting for a lock of atomic.S: its holder is a few instructions from its end, or was taken off its CPU there.
#include "limits.h"
        .set    D, -MR_DISTANCE
        .text

# A register on both copies of the stack.
        .macro  KEEP register, at
        mov     %\register, D+\at(%esp)
        mov     %\register, \at(%esp)
        .endm

# Jumped to with the lock in edi; goes back with all registers as they were.
        .macro  WAIT name
        .globl  __mirror_wait\name
        .hidden __mirror_wait\name, __mirror_again\name
        .type   __mirror_wait\name, @function
__mirror_wait\name:
        .cfi_startproc
        .cfi_def_cfa_offset 12                  # as behind ENTER of atomic.S
        .cfi_offset edi, -12
        .cfi_offset ebx, -8
        .rept   32
        pause
        testl   $1, (%edi)
        jz      __mirror_again\name
        .endr
        lea     -24(%esp), %esp
        .cfi_adjust_cfa_offset 24
        KEEP    eax, 0
        KEEP    ecx, 4
        KEEP    ebx, 8
        KEEP    esi, 12
        movl    $0, D+16(%esp)                  # struct timespec: 20 us
        movl    $0, 16(%esp)
        movl    $20000, D+20(%esp)
        movl    $20000, 20(%esp)
        mov     $100, %esi
1:      mov     $158, %eax                      # sched_yield
        dec     %esi
        jns     2f
        lea     16(%esp), %ebx                  # a real-time thread has to sleep to let a lesser one end its work
        xor     %ecx, %ecx
        mov     $162, %eax                      # nanosleep
2:      int     $0x80
        testl   $1, (%edi)
        jnz     1b
        mov     (%esp), %eax
        mov     4(%esp), %ecx
        mov     8(%esp), %ebx
        mov     12(%esp), %esi
        lea     24(%esp), %esp
        .cfi_adjust_cfa_offset -24
        jmp     __mirror_again\name
        .cfi_endproc
        .size   __mirror_wait\name, .-__mirror_wait\name
        .endm

        WAIT    1
        WAIT    2
        WAIT    4
        WAIT    pair8
        .section .note.GNU-stack,"",@progbits
