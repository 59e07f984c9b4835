# Compare-and-swap on both copies, for all that rewritten code does with a locked instruction (src/instrument/atomic.ts).
#
# A word of memory may be gone once an atomic operation on it is seen (the last reference was dropped, the lock released), so the mirror
# has to be written before and nothing touched after. Operations of several threads on one word are put in a row by a lock of
# ours, one for 16 bytes of address modulo 64 KiB; without it the mirror could get the values in another order than native memory.
# A signal in between is taken care of by mr_interrupted, a fork by mr_forked.
        .text
        .hidden mr_state

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
        movzwl  %r10w, %r9d
        and     $-16, %r9d
        add     mr_state+16(%rip), %r9
        lock btsl $0, (%r9)
.Ltaken\bytes:
        jc      __mirror_wait\bytes
.Lheld\bytes:
        cmp\s   (%r10), %\a
        jne     .Ldiffers\bytes
        mov\s   %\n, %gs:(%r10)
.Lahead\bytes:
        lock cmpxchg\s %\n, (%r10)
.Ldone\bytes:
        jne     .Lchanged\bytes
.Lrelease\bytes:
        movl    $0, (%r9)
        jmp     *%rcx
.Lchanged\bytes:                                # by a plain store of another thread
        mov\s   %\a, %gs:(%r10)
.Lrepaired\bytes:
        movl    $0, (%r9)
        jmp     *%rcx
.Ldiffers\bytes:                                # nothing is written: the mirror may be ahead of another thread's plain store
        movl    $0, (%r9)
        mov\s   (%r10), %\v
        cmp\s   %\v, %\a
        je      __mirror_cas\bytes
        mov\s   %\v, %\a
        jmp     *%rcx
        .cfi_endproc
        .size   __mirror_cas\bytes, .-__mirror_cas\bytes
        .endm

        CAS     1, b, al, r11b, r9b
        CAS     2, w, ax, r11w, r9w
        CAS     4, l, eax, r11d, r9d
        CAS     8, q, rax, r11, r9

# Where a signal may find us, for mr_interrupted: offsets from the table.
        .section .rodata
        .balign 4
        .globl  mr_cas_places
        .hidden mr_cas_places
mr_cas_places:
        .irp    bytes, 1, 2, 4, 8
        .long   __mirror_cas\bytes - mr_cas_places, .Ltaken\bytes - mr_cas_places, .Lheld\bytes - mr_cas_places
        .long   .Lahead\bytes - mr_cas_places, .Ldone\bytes - mr_cas_places, .Lrelease\bytes - mr_cas_places
        .long   .Lchanged\bytes - mr_cas_places, .Lrepaired\bytes - mr_cas_places, .Ldiffers\bytes - mr_cas_places
        .endr
        .section .note.GNU-stack,"",@progbits
