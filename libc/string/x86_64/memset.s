# void *memset(void *rdi, int esi, size_t rdx), in 16-byte stores; plain code, mirrored by mirrorcc.
        .text
        .globl  memset
        .type   memset, @function
memset:
        mov     %rdi, %rax
        movzbl  %sil, %ecx
        mov     $0x0101010101010101, %rsi
        imul    %rcx, %rsi
        cmp     $16, %rdx
        jb      .Lbelow16
        movq    %rsi, %xmm0
        punpcklqdq %xmm0, %xmm0
        lea     (%rdi,%rdx), %r8                # the end
        movups  %xmm0, (%rdi)
        movups  %xmm0, -16(%r8)
        cmp     $32, %rdx
        jbe     .Ldone
        movups  %xmm0, 16(%rdi)
        movups  %xmm0, -32(%r8)
        cmp     $64, %rdx
        jbe     .Ldone
        movups  %xmm0, 32(%rdi)
        movups  %xmm0, 48(%rdi)
        movups  %xmm0, -48(%r8)
        movups  %xmm0, -64(%r8)
        cmp     $128, %rdx
        jbe     .Ldone
        lea     -64(%r8), %r10
        lea     64(%rdi), %r9
        and     $-16, %r9
.Lup:   movaps  %xmm0, (%r9)
        movaps  %xmm0, 16(%r9)
        movaps  %xmm0, 32(%r9)
        movaps  %xmm0, 48(%r9)
        add     $64, %r9
        cmp     %r10, %r9
        jb      .Lup
.Ldone: ret
.Lbelow16:
        cmp     $8, %edx
        jb      .Lbelow8
        mov     %rsi, (%rdi)
        mov     %rsi, -8(%rdi,%rdx)
        ret
.Lbelow8:
        cmp     $4, %edx
        jb      .Lbelow4
        mov     %esi, (%rdi)
        mov     %esi, -4(%rdi,%rdx)
        ret
.Lbelow4:                                       # first, middle and last byte: of 1, 2 and 3 bytes all
        test    %edx, %edx
        je      .Ldone
        mov     %edx, %ecx
        shr     %ecx
        mov     %sil, (%rdi)
        mov     %sil, (%rdi,%rcx)
        mov     %sil, -1(%rdi,%rdx)
        ret
        .size   memset, .-memset
        .section .note.GNU-stack,"",@progbits
