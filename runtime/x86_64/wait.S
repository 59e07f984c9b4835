# Waiting for a lock of atomic.S: its holder is a few instructions from its end, or was taken off its CPU there.
        .text

# A register on both copies of the stack.
        .macro  KEEP register, at
        mov     %\register, %gs:\at(%rsp)
        mov     %\register, \at(%rsp)
        .endm

# Comes from and goes back to `entry`, all registers as they were; `back` holds the return address, kept at `at`.
        .macro  WAIT name, entry, back, at
        .globl  __mirror_wait\name
        .hidden __mirror_wait\name, \entry
        .type   __mirror_wait\name, @function
__mirror_wait\name:
        .cfi_startproc
        .cfi_def_cfa rsp, 0
        .cfi_register rip, \back
        .rept   32
        pause
        testl   $1, (%r9)
        jz      \entry
        .endr
        lea     -(128+48)(%rsp), %rsp           # below the red zone, with nothing of ours where a signal frame would go
        .cfi_def_cfa_offset 128+48
        KEEP    rax, 0
        KEEP    rcx, 8
        KEEP    r11, 16
        .cfi_offset rip, \at-(128+48)
        KEEP    rdi, 24
        KEEP    rsi, 32
        KEEP    r8, 40
        mov     $100, %r8d
1:      mov     $24, %eax                       # sched_yield
        dec     %r8d
        jns     2f
        lea     .Lmoment(%rip), %rdi            # a real-time thread has to sleep to let a lesser one end its work
        xor     %esi, %esi
        mov     $35, %eax                       # nanosleep
2:      syscall
        testl   $1, (%r9)
        jnz     1b
        mov     (%rsp), %rax
        mov     8(%rsp), %rcx
        mov     16(%rsp), %r11
        .cfi_register rip, \back
        mov     24(%rsp), %rdi
        mov     32(%rsp), %rsi
        mov     40(%rsp), %r8
        lea     128+48(%rsp), %rsp
        .cfi_def_cfa_offset 0
        jmp     \entry
        .cfi_endproc
        .size   __mirror_wait\name, .-__mirror_wait\name
        .endm

        .irp    bytes, 1, 2, 4, 8
        WAIT    \bytes, __mirror_cas\bytes, rcx, 8
        .endr
        WAIT    pair8, __mirror_pair8, r11, 16
        WAIT    pair16, __mirror_pair16, r11, 16

        .section .rodata
        .balign 8
.Lmoment:
        .quad   0, 20000                        # struct timespec: 20 us
        .section .note.GNU-stack,"",@progbits
