# void *memmove(void *, const void *, size_t): memcpy takes what overlaps.
        .text
        .globl  memmove
        .hidden __memcpy_fwd
        .type   memmove, @function
memmove:
        jmp     __memcpy_fwd
        .size   memmove, .-memmove
        .section .note.GNU-stack,"",@progbits
