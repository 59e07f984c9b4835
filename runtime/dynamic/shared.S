# What every mirrored shared object has: the note by which a program's link and start know it, and its part of the compiler's crtbegin.o (which writes
# a byte of its own without the mirror).
        .section .note.mirrorasm,"a",@note
        .balign 4
        .long   10, 0, 1                        # length of the name, of nothing else; the type
        .asciz  "mirrorasm"
        .balign 4

        .section .data.rel.ro,"aw",@progbits
        .balign 8
        .globl  __dso_handle
        .hidden __dso_handle
        .type   __dso_handle, @object
__dso_handle:
        .quad   __dso_handle
        .size   __dso_handle, 8

# What it gave to atexit is called when it is unloaded. First in the link, so last of its ends.
        .section .fini_array,"aw"
        .balign 8
        .quad   .Lend
        .text
        .type   .Lend, @function
.Lend:
        .cfi_startproc
        endbr64
        lea     __dso_handle(%rip), %rdi
        jmp     *__cxa_finalize@GOTPCREL(%rip)
        .cfi_endproc
        .section .note.GNU-stack,"",@progbits
