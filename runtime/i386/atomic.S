# Compare-and-swap on both copies, for all that rewritten code does with a locked instruction: as in ../x86_64/atomic.S, which says why.
# Called; the return address and what is kept on the stack go to both copies of it. The lock is held in edi, and what is not given back by
# name is as it was. A signal in between is taken care of by mr_interrupted, a fork by mr_forked.
#include "limits.h"
        .set    D, -MR_DISTANCE                 # D(m) is the mirror of m, modulo 2^32
        .text
        .hidden mr_locks

# A register on both copies of the stack.
        .macro  KEEP register, at
        mov     %\register, D+\at(%esp)
        mov     %\register, \at(%esp)
        .endm

# edi and ebx are kept, the return address gets its mirror as soon as there is a register, the lock of the word at `address` (16 bits of it) goes to edi.
# Clobbers ebx. A page that is lost up to there takes the return address along (mr_entry_window).
        .macro  ENTER name, address
        lea     -8(%esp), %esp
        .cfi_adjust_cfa_offset 8
        KEEP    edi, 0
        .cfi_offset edi, -12
.Lloads\name:
        mov     8(%esp), %edi
.Lstores\name:
        mov     %edi, D+8(%esp)
        KEEP    ebx, 4
        .cfi_offset ebx, -8
        call    1f                              # the program's ebx need not point to data: ours are found from here
1:      .cfi_adjust_cfa_offset 4
        mov     (%esp), %edi
        mov     %edi, D(%esp)
        lea     4(%esp), %esp
        .cfi_adjust_cfa_offset -4
        movzwl  %\address, %ebx
        and     $-16, %ebx
        lea     mr_locks-1b(%edi,%ebx), %edi
        .endm

        .macro  LEAVE
        mov     (%esp), %edi
        mov     4(%esp), %ebx
        lea     8(%esp), %esp
        .cfi_remember_state
        .cfi_adjust_cfa_offset -8
        .cfi_restore edi
        .cfi_restore ebx
        ret
        .cfi_restore_state
        .endm

# a: the accumulator, n: the new value, v: scratch, each of `bytes` bytes; s: suffix.
        .macro  CAS bytes, s, a, n, v
        .globl  __mirror_cas\bytes, __mirror_again\bytes
        .hidden __mirror_cas\bytes, __mirror_again\bytes, __mirror_wait\bytes
        .type   __mirror_cas\bytes, @function
# If the word at edx equals eax, ecx goes to its mirror and to it. eax and all flags: as from cmpxchg.
__mirror_cas\bytes:
        .cfi_startproc
        ENTER   \bytes, dx
        cmp\s   %\n, %\a
        je      .Lsame\bytes
__mirror_again\bytes:
        lock btsl $0, (%edi)
.Ltaken\bytes:
        jc      __mirror_wait\bytes
        cmp\s   (%edx), %\a
        jne     .Ldiffers\bytes
        mov\s   %\n, D(%edx)
.Lwritten\bytes:
        lock cmpxchg\s %\n, (%edx)
.Ldone\bytes:
        jne     .Lchanged\bytes
        movl    $0, (%edi)
.Lout\bytes:
        LEAVE
.Lchanged\bytes:                                # by a plain store of another thread
        mov\s   %\a, D(%edx)
.Lrepaired\bytes:
        movl    $0, (%edi)
        jmp     .Lout\bytes
.Ldiffers\bytes:
        movl    $0, (%edi)
.Lfreed\bytes:
        mov\s   %\a, %\v
        lock cmpxchg\s %\v, (%edx)
        je      __mirror_again\bytes
        jmp     .Lout\bytes
.Lsame\bytes:
        lock cmpxchg\s %\n, (%edx)
        jmp     .Lout\bytes
        .cfi_endproc
        .size   __mirror_cas\bytes, .-__mirror_cas\bytes
        .endm

        CAS     1, b, al, cl, bl
        CAS     2, w, ax, cx, bx
        CAS     4, l, eax, ecx, ebx

# As cmpxchg8b on (esi), but that all flags except zero are lost.
        .globl  __mirror_pair8, __mirror_againpair8
        .hidden __mirror_pair8, __mirror_againpair8, __mirror_waitpair8
        .type   __mirror_pair8, @function
__mirror_pair8:
        .cfi_startproc
        ENTER   pair8, si
        mov     4(%esp), %ebx
        cmp     %ebx, %eax
        jne     __mirror_againpair8
        cmp     %ecx, %edx
        je      .Lsamepair8
__mirror_againpair8:
        lock btsl $0, (%edi)
.Ltakenpair8:
        jc      __mirror_waitpair8
        cmp     (%esi), %eax
        jne     .Ldifferspair8
        cmp     4(%esi), %edx
        jne     .Ldifferspair8
        mov     %ebx, D(%esi)
.Lwrittenpair8:
        mov     %ecx, D+4(%esi)
        lock cmpxchg8b (%esi)
.Ldonepair8:
        jne     .Lchangedpair8
        movl    $0, (%edi)
.Loutpair8:
        LEAVE
.Lchangedpair8:
        mov     %eax, D(%esi)
        mov     %edx, D+4(%esi)
.Lrepairedpair8:
        movl    $0, (%edi)
        jmp     .Loutpair8
.Ldifferspair8:
        movl    $0, (%edi)
.Lfreedpair8:
        lea     -4(%esp), %esp
        .cfi_adjust_cfa_offset 4
        KEEP    ecx, 0
        mov     %eax, %ebx                      # both words at one time can be read so only
        mov     %edx, %ecx
        lock cmpxchg8b (%esi)
        mov     8(%esp), %ebx
        mov     (%esp), %ecx
        lea     4(%esp), %esp
        .cfi_adjust_cfa_offset -4
        je      __mirror_againpair8
        jmp     .Loutpair8
.Lsamepair8:
        lock cmpxchg8b (%esi)
        jmp     .Loutpair8
        .cfi_endproc
        .size   __mirror_pair8, .-__mirror_pair8

        .globl  mr_atomic_end
        .hidden mr_atomic_end
mr_atomic_end:
# As in ../x86_64/atomic.S.
        .section .rodata
        .balign 4
        .globl  mr_cas_places
        .hidden mr_cas_places
        .macro  PLACES name, bytes, address, pair=0
        .long   .Ltaken\name - mr_cas_places, .Lwritten\name - mr_cas_places, .Ldone\name - mr_cas_places
        .long   .Lout\name - mr_cas_places, .Lchanged\name - mr_cas_places, .Lrepaired\name - mr_cas_places
        .long   .Ldiffers\name - mr_cas_places, .Lfreed\name - mr_cas_places, __mirror_again\name - mr_cas_places
        .long   \bytes, \pair, \address, 4
        .endm
mr_cas_places:
        PLACES  1, 1, 9
        PLACES  2, 2, 9
        PLACES  4, 4, 9
        PLACES  pair8, 8, 5, 1
        .long   0
# Of each entry: where it begins, loads its return address, and stores it to the mirror, as distances from the table (kernel.c, mr_entry_window).
        .globl  mr_enter_places
        .hidden mr_enter_places
mr_enter_places:
        .irp    name, 1, 2, 4
        .long   __mirror_cas\name - mr_enter_places, .Lloads\name - mr_enter_places, .Lstores\name - mr_enter_places
        .endr
        .long   __mirror_pair8 - mr_enter_places, .Lloadspair8 - mr_enter_places, .Lstorespair8 - mr_enter_places
        .long   0
        .section .note.GNU-stack,"",@progbits
