# void *memcpy(void *rdi, const void *rsi, size_t rdx); memmove too: bytes that a store may overwrite are loaded before it.
# Plain code: mirrorcc mirrors it like the rest of the library. 16-byte moves, as a string instruction would have to run twice (native, mirror)
# and each run costs as much to start as most copies take.
        .text
        .globl  memcpy, __memcpy_fwd
        .hidden __memcpy_fwd
        .type   memcpy, @function
        .type   __memcpy_fwd, @function
memcpy:
__memcpy_fwd:
        mov     %rdi, %rax
        cmp     $16, %rdx
        jb      .Lbelow16
        cmp     $32, %rdx
        ja      .Labove32
        movups  (%rsi), %xmm0
        movups  -16(%rsi,%rdx), %xmm1
        movups  %xmm0, (%rdi)
        movups  %xmm1, -16(%rdi,%rdx)
        ret
.Lbelow16:
        cmp     $8, %edx
        jb      .Lbelow8
        mov     (%rsi), %rcx
        mov     -8(%rsi,%rdx), %rsi
        mov     %rcx, (%rdi)
        mov     %rsi, -8(%rdi,%rdx)
        ret
.Lbelow8:
        cmp     $4, %edx
        jb      .Lbelow4
        mov     (%rsi), %ecx
        mov     -4(%rsi,%rdx), %esi
        mov     %ecx, (%rdi)
        mov     %esi, -4(%rdi,%rdx)
        ret
.Lbelow4:                                       # first, middle and last byte: of 1, 2 and 3 bytes all
        test    %edx, %edx
        je      .Lnone
        mov     %edx, %r8d
        shr     %r8d
        movzbl  (%rsi), %ecx
        movzbl  (%rsi,%r8), %r9d
        movzbl  -1(%rsi,%rdx), %esi
        mov     %cl, (%rdi)
        mov     %r9b, (%rdi,%r8)
        mov     %sil, -1(%rdi,%rdx)
.Lnone: ret

.Labove32:
        movups  (%rsi), %xmm0
        movups  16(%rsi), %xmm1
        movups  -32(%rsi,%rdx), %xmm2
        movups  -16(%rsi,%rdx), %xmm3
        cmp     $64, %rdx
        ja      .Labove64
        movups  %xmm0, (%rdi)
        movups  %xmm1, 16(%rdi)
        movups  %xmm2, -32(%rdi,%rdx)
        movups  %xmm3, -16(%rdi,%rdx)
        ret
.Labove64:                                      # the first and the last 64 bytes, in registers until the end
        movups  32(%rsi), %xmm4
        movups  48(%rsi), %xmm5
        movups  -64(%rsi,%rdx), %xmm6
        movups  -48(%rsi,%rdx), %xmm7
        lea     (%rdi,%rdx), %r8                # end of the destination
        cmp     $128, %rdx
        jbe     .Lends
        mov     %rdi, %rcx
        sub     %rsi, %rcx                      # destination - source; also what leads from one to the other
        mov     %rdi, %r9
        cmp     %rdx, %rcx
        jb      .Lbackward

        # 64 bytes a turn, upward; stores at multiples of 16. The last turn ends within the last 64 bytes.
        and     $-16, %r9
        add     $16, %r9
        lea     -64(%r8), %r10
        neg     %rcx
.Lup:   movups  (%r9,%rcx), %xmm8
        movups  16(%r9,%rcx), %xmm9
        movups  32(%r9,%rcx), %xmm10
        movups  48(%r9,%rcx), %xmm11
        movaps  %xmm8, (%r9)
        movaps  %xmm9, 16(%r9)
        movaps  %xmm10, 32(%r9)
        movaps  %xmm11, 48(%r9)
        add     $64, %r9
        cmp     %r10, %r9
        jb      .Lup
        jmp     .Lends

        # The same, downward: the destination begins within the source.
.Lbackward:
        lea     64(%rdi), %r10
        mov     %r8, %r9
        and     $-16, %r9
        neg     %rcx
.Ldown: movups  -16(%r9,%rcx), %xmm8
        movups  -32(%r9,%rcx), %xmm9
        movups  -48(%r9,%rcx), %xmm10
        movups  -64(%r9,%rcx), %xmm11
        movaps  %xmm8, -16(%r9)
        movaps  %xmm9, -32(%r9)
        movaps  %xmm10, -48(%r9)
        movaps  %xmm11, -64(%r9)
        sub     $64, %r9
        cmp     %r10, %r9
        ja      .Ldown

.Lends: movups  %xmm0, (%rdi)
        movups  %xmm1, 16(%rdi)
        movups  %xmm4, 32(%rdi)
        movups  %xmm5, 48(%rdi)
        movups  %xmm6, -64(%r8)
        movups  %xmm7, -48(%r8)
        movups  %xmm2, -32(%r8)
        movups  %xmm3, -16(%r8)
        ret
        .size   memcpy, .-memcpy
        .section .note.GNU-stack,"",@progbits
