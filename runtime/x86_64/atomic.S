# Compare-and-swap on both copies, for all that rewritten code does with a locked instruction (src/instrument/atomic.ts).
#
# A word of memory may be gone once an atomic operation on it is seen (the last reference was dropped, the lock released), so the mirror
# has to be written before and nothing touched after. Operations of several threads on one word are put in a row by a lock of
# ours, one for 16 bytes of address modulo 64 KiB; without it the mirror could get the values in another order than native memory.
# What leaves memory as it is writes no mirror: that may be ahead of another thread's plain store, which the old value would go over.
# A signal in between is taken care of by mr_interrupted, a fork by mr_forked.
        .text
        .hidden mr_state

# The lock of the word at r10, to r9.
        .macro  LOCK_OF
        movzwl  %r10w, %r9d
        and     $-16, %r9d
        add     mr_state+16(%rip), %r9
        .endm

# a: the accumulator, n: the new value, v: scratch, each of `bytes` bytes; s: suffix.
        .macro  CAS bytes, s, a, n, v
        .globl  __mirror_cas\bytes
        .hidden __mirror_cas\bytes, __mirror_wait\bytes
        .type   __mirror_cas\bytes, @function
# If the word at r10 equals rax, r11 goes to its mirror and to it. rax and all flags: as from cmpxchg. Jumped to; goes back to rcx. Clobbers r9.
__mirror_cas\bytes:
        .cfi_startproc
        .cfi_def_cfa rsp, 0
        .cfi_register rip, rcx
        cmp\s   %\n, %\a
        je      .Lsame\bytes
        LOCK_OF
        lock btsl $0, (%r9)
.Ltaken\bytes:
        jc      __mirror_wait\bytes
        cmp\s   (%r10), %\a
        jne     .Ldiffers\bytes
        mov\s   %\n, %gs:(%r10)
.Lwritten\bytes:
        lock cmpxchg\s %\n, (%r10)
.Ldone\bytes:
        jne     .Lchanged\bytes
        movl    $0, (%r9)
.Lout\bytes:
        jmp     *%rcx
.Lchanged\bytes:                                # by a plain store of another thread
        mov\s   %\a, %gs:(%r10)
.Lrepaired\bytes:
        movl    $0, (%r9)
        jmp     *%rcx
.Ldiffers\bytes:
        movl    $0, (%r9)
.Lfreed\bytes:
        mov\s   %\a, %\v
        lock cmpxchg\s %\v, (%r10)              # changes nothing; faults as the program's own would
        je      __mirror_cas\bytes
        jmp     *%rcx
.Lsame\bytes:
        lock cmpxchg\s %\n, (%r10)
        jmp     *%rcx
        .cfi_endproc
        .size   __mirror_cas\bytes, .-__mirror_cas\bytes
        .endm

        CAS     1, b, al, r11b, r9b
        CAS     2, w, ax, r11w, r9w
        CAS     4, l, eax, r11d, r9d
        CAS     8, q, rax, r11, r9

# Two words as one, `half` bytes each: a and d the accumulator, b and c the new value, as cmpxchg8b and cmpxchg16b have them.
        .macro  PAIR bytes, half, a, d, b, c
        .globl  __mirror_pair\bytes
        .hidden __mirror_pair\bytes, __mirror_waitpair\bytes
        .type   __mirror_pair\bytes, @function
# As the instruction on (r10), but that all flags except zero are lost. Jumped to; goes back to r11. Clobbers r8, r9.
__mirror_pair\bytes:
        .cfi_startproc
        .cfi_def_cfa rsp, 0
        .cfi_register rip, r11
        .if     \bytes == 16
        test    $15, %r10b                      # is refused by the CPU
        jne     .Lsamepair\bytes
        .endif
        cmp     %\b, %\a
        jne     1f
        cmp     %\c, %\d
        je      .Lsamepair\bytes
1:      LOCK_OF
        lock btsl $0, (%r9)
.Ltakenpair\bytes:
        jc      __mirror_waitpair\bytes
        cmp     (%r10), %\a
        jne     .Ldifferspair\bytes
        cmp     \half(%r10), %\d
        jne     .Ldifferspair\bytes
        mov     %\b, %gs:(%r10)
.Lwrittenpair\bytes:
        mov     %\c, %gs:\half(%r10)
        lock cmpxchg\bytes\()b (%r10)
.Ldonepair\bytes:
        jne     .Lchangedpair\bytes
        movl    $0, (%r9)
.Loutpair\bytes:
        jmp     *%r11
.Lchangedpair\bytes:
        mov     %\a, %gs:(%r10)
        mov     %\d, %gs:\half(%r10)
.Lrepairedpair\bytes:
        movl    $0, (%r9)
        jmp     *%r11
.Ldifferspair\bytes:
        movl    $0, (%r9)
.Lfreedpair\bytes:
        mov     %rbx, %r8
        mov     %rcx, %r9
        mov     %\a, %\b                        # both words at one time can be read so only
        mov     %\d, %\c
        lock cmpxchg\bytes\()b (%r10)
        mov     %r8, %rbx
        mov     %r9, %rcx
        je      __mirror_pair\bytes
        jmp     *%r11
.Lsamepair\bytes:
        lock cmpxchg\bytes\()b (%r10)
        jmp     *%r11
        .cfi_endproc
        .size   __mirror_pair\bytes, .-__mirror_pair\bytes
        .endm

        PAIR    8, 4, eax, edx, ebx, ecx
        PAIR    16, 8, rax, rdx, rbx, rcx

# Where a signal may find us, for mr_interrupted: offsets from the table. Then the size of the word, whether two registers make it, and in which of the kernel's saved
# registers its address and its lock are.
        .section .rodata
        .balign 4
        .globl  mr_cas_places
        .hidden mr_cas_places
        .macro  PLACES entry, name, bytes, pair=0
        .long   .Ltaken\name - mr_cas_places, .Lwritten\name - mr_cas_places, .Ldone\name - mr_cas_places
        .long   .Lout\name - mr_cas_places, .Lchanged\name - mr_cas_places, .Lrepaired\name - mr_cas_places
        .long   .Ldiffers\name - mr_cas_places, .Lfreed\name - mr_cas_places, \entry\bytes - mr_cas_places
        .long   \bytes, \pair, 2, 1
        .endm
mr_cas_places:
        .irp    bytes, 1, 2, 4, 8
        PLACES  __mirror_cas, \bytes, \bytes
        .endr
        PLACES  __mirror_pair, pair8, 8, 1
        PLACES  __mirror_pair, pair16, 16, 1
        .long   0
        .section .note.GNU-stack,"",@progbits
