# Entry points. Nothing here needs a relocation at run time; all flags and registers are accounted for. Data is found relative to
# the instruction pointer: ebx is the program's.
#include "macros.h"
        .text
        .hidden mr_state, mr_twin, mr_locks, mr_stack, mr_init, mr_dispatch, mr_sigframe, mr_thread_begins, mr_spare
        .weak   __dso_handle                    # where crtbegin.o does not define it
        .hidden __dso_handle
        .globl  __mirror_start, __mirror_syscall
        .hidden __mirror_start, __mirror_syscall
        .globl  __mirror_sigtramp, __mirror_sigtramp_info
        .hidden __mirror_sigtramp, __mirror_sigtramp_info

# Process entry (psABI 2.3.1: esp at argc, edx a function for atexit). Init runs on the runtime's stack so that the program's
# stack stays as the kernel left it, but for one word, which is zeroed again.
        .type   __mirror_start, @function
__mirror_start:
        .cfi_startproc
        .cfi_undefined eip
        call    1f
1:      pop     %eax
        movl    $0, -4(%esp)
        lea     mr_stack-1b+MR_STACK-8(%eax), %eax
        mov     %esp, (%eax)
        xchg    %eax, %esp
        push    %ecx; push %edx; push %ebx; push %ebp; push %esi; push %edi
        push    %eax
        call    mr_init
        pop     %eax
        pop     %edi; pop %esi; pop %ebp; pop %ebx; pop %edx; pop %ecx
        xor     %eax, %eax
        mov     (%esp), %esp
        jmp     _start
        .cfi_endproc
        .size   __mirror_start, .-__mirror_start

# Called in place of int $0x80: eax number, ebx ecx edx esi edi ebp arguments. Preserves all but eax, flags included. What a signal in
# between finds done is in kernel.c by the labels.
        .globl  mr_entry_return, mr_entry_plain, mr_entry_pushed, mr_entry_twice, mr_entry_flags, mr_entry_frame, mr_entered, mr_leaving, mr_syscall_end
        .hidden mr_entry_return, mr_entry_plain, mr_entry_pushed, mr_entry_twice, mr_entry_flags, mr_entry_frame, mr_entered, mr_leaving, mr_syscall_end
# struct frame is in both copies of the stack from here on: it is what a lost page is left with (mr_start_over).
        .macro  BOTH register, at
        movl    \register, D+\at(%esp)
        movl    \register, \at(%esp)
        .endm
        .type   __mirror_syscall, @function
__mirror_syscall:
        .cfi_startproc
        pushl   (%esp)                          # no register is free: pop computes its address with the stack pointer behind it
        .cfi_adjust_cfa_offset 4
mr_entry_return:
        popl    D(%esp)
        .cfi_adjust_cfa_offset -4
mr_entry_plain:
        pushf
        .cfi_adjust_cfa_offset 4
mr_entry_pushed:                                # up to mr_entry_flags they are in the register of flags, too (mr_pushed_flags)
        pushf
        .cfi_adjust_cfa_offset 4
mr_entry_twice:
        popl    D(%esp)
        .cfi_adjust_cfa_offset -4
        .cfi_remember_state
mr_entry_flags:
        cld
        cmp     $119, %eax
        je      .Lsigreturn
        cmp     $173, %eax                      # rt_sigreturn
        je      .Lsigreturn
        cmp     $120, %eax
        je      .Lclone
        cmp     $435, %eax
        je      .Lclone3
.Lcommon:
        lea     8-FRAME_BYTES(%esp), %esp       # flags and return address stand already
        .cfi_adjust_cfa_offset FRAME_BYTES-8
mr_entry_frame:
        BOTH    $0, 0
        BOTH    $0, FRAME_MASKED
        BOTH    %eax, FRAME_NR
        BOTH    %ebx, FRAME_A
        BOTH    %ecx, FRAME_A+4
        BOTH    %edx, FRAME_A+8
        BOTH    %esi, FRAME_A+12
        BOTH    %edi, FRAME_A+16
        BOTH    %ebp, FRAME_A+20
        .cfi_offset ebp, -12
        .cfi_offset edi, -16
        .cfi_offset esi, -20
        .cfi_offset ebx, -32
        mov     %esp, %ebp
mr_entered:
        push    %esp                            # struct frame *
        .cfi_adjust_cfa_offset 4
        call    mr_dispatch
        lea     4(%esp), %esp
        .cfi_adjust_cfa_offset -4
        lea     FRAME_BYTES-MR_K(%esp), %esi
        MIRROR_DEAD
        ARGUMENTS %esp
        mov     FRAME_A+20(%esp), %ebp          # only reads of the stack from here on
        .cfi_restore ebp
mr_leaving:
        lea     FRAME_BYTES-8(%esp), %esp
        .cfi_restore_state
        .cfi_remember_state
        popf
        .cfi_adjust_cfa_offset -4
        ret
        .cfi_restore_state
        .cfi_remember_state
# The kernel finds the frame at esp; no register but eax is alive. A page of it that is lost would end the process there: it is met here. struct sigcontext
# has the address of the floating-point state, or 0: 112 bytes of fsave, then as in x86_64/entry.S.
.Lsigreturn:
        mov     -4(%esp), %ecx                  # the second pushf
        mov     %ecx, D-4(%esp)
        lea     8(%esp), %esp
        mov     $76, %edx
        mov     $715, %ecx                      # extramask ends behind a state that is unused
        cmp     $119, %eax
        je      1f
        mov     $236, %edx
        mov     $255, %ecx
1:      mov     (%esp), %bl
        mov     (%esp,%ecx), %bl
        mov     (%esp,%edx), %edx
        test    %edx, %edx
        jz      4f
        mov     $112+512, %ecx
        mov     %edx, %esi
        sub     %esp, %esi
        cmp     $1024, %esi
        ja      2f
        cmpl    $0x46505853, 112+464(%edx)
        jne     2f
        mov     112+468(%edx), %ecx
2:      lea     -1(%edx,%ecx), %ecx
3:      mov     (%edx), %bl
        add     $4096, %edx
        cmp     %ecx, %edx
        jb      3b
        mov     (%ecx), %bl
4:      int     $0x80
        ud2
        .cfi_restore_state
        .cfi_remember_state

# Whether these flags are those of limits.h. Clobbers ebp.
        .macro  TELLS flags
        mov     \flags, %ebp
        and     $CLONE_TELLS, %ebp
        cmp     $CLONE_TELLS, %ebp
        .endm
# The number in eax, at edx, unless the thread has been there. Clobbers ebp.
        .macro  TELL
        mov     %eax, %ebp
        mov     $NO_THREAD, %eax
        lock cmpxchg %ebp, D(%edx)
        mov     %ebp, %eax
        .endm
# clone and clone3 with a new stack: the child starts with nothing on it, so its return address and flags go just below its top.
.Lclone:                                        # flags ebx, stack ecx, parent_tid edx, tls esi, child_tid edi
        test    %ecx, %ecx
        jz      .Lcommon                        # as fork: the child has a copy of this stack
        mov     %ebp, D-4(%esp)
        push    %ebp
        .cfi_adjust_cfa_offset 4
        .cfi_offset ebp, -12
        call    1f
1:      .cfi_adjust_cfa_offset 4
        mov     (%esp), %ebp
        mov     %ebp, D(%esp)
        movl    $1, mr_twin-1b+4(%ebp)          # own.c
        movl    $1, mr_state-1b+4(%ebp)
        test    $0x200000, %ebx                 # CLONE_CHILD_CLEARTID
        jz      2f
        mov     %edi, mr_twin-1b+8(%ebp)
        mov     %edi, mr_state-1b+8(%ebp)
2:      mov     12(%esp), %ebp
        mov     %ebp, D-4(%ecx)
        mov     %ebp, -4(%ecx)
        mov     8(%esp), %ebp
        mov     %ebp, D-8(%ecx)
        mov     %ebp, -8(%ecx)
        TELLS   %ebx
        jne     9f
        movl    $NO_THREAD, D(%edx)
9:      test    $0x80000, %ebx                  # CLONE_SETTLS: struct user_desc, which a lost page would keep from the kernel
        jz      10f
        mov     (%esi), %ebp
        mov     12(%esi), %ebp
10:     test    $0x100, %ebx                    # CLONE_VM: else it has its parent's stack for SIGBUS, and with CLONE_VFORK, too
        jz      11f
        test    $0x4000, %ebx
        jnz     11f
        mov     (%esp), %ebp
        xor     %eax, %eax
        xchg    %eax, mr_spare-1b(%ebp)         # for the child, in ebp (alternate.c)
        test    %eax, %eax
        jz      11f
        mov     4(%esp), %ebp
        mov     %ebp, 24(%eax)
        mov     %eax, %ebp
        mov     $120, %eax
        int     $0x80
        test    %eax, %eax
        jz      .Lchild_spared
        jns     12f                             # neither zero nor negative
        mov     %ecx, D-4(%esp)                 # there is no child
        push    %ecx
        mov     4(%esp), %ecx
        mov     %ebp, mr_spare-1b(%ecx)
        pop     %ecx
        jmp     4f
11:     mov     $120, %eax
        mov     4(%esp), %ebp
        int     $0x80
        test    %eax, %eax
        jz      .Lchild
12:     js      4f
        test    $0x101000, %ebx                 # CLONE_PARENT_SETTID, CLONE_PIDFD: the kernel wrote *edx
        jz      .Lparent_done
        TELLS   %ebx
        jne     3f
        TELL
        jmp     .Lparent_done
4:      cmp     $-14, %eax                      # EFAULT: its page was lost just now, if it was that
        jne     5f
        mov     %ebx, %ebp
        and     $0x81000, %ebp
        cmp     $0x80000, %ebp
        mov     $120, %eax
        je      9b
        mov     $-14, %eax
5:      TELLS   %ebx                            # nobody was told: what is there comes back
        jne     .Lparent_done
3:      mov     (%edx), %ebp                    # copy until stable: the child may be running already
        mov     %ebp, D(%edx)
        lock orl $0, (%esp)
        cmp     (%edx), %ebp
        jne     3b
.Lparent_done:
        mov     4(%esp), %ebp
        lea     8(%esp), %esp
        .cfi_restore_state
        .cfi_remember_state
        popf
        .cfi_adjust_cfa_offset -4
        ret
        .cfi_restore_state
        .cfi_remember_state
# First of all a stack for SIGBUS: before it nothing touches the thread's own. What the system call needs is kept there, and its stack_t made.
.Lchild_spared:
        mov     %ebx, 28(%ebp)
        mov     %ecx, 32(%ebp)
        mov     %ebp, (%ebp)
        movl    $0, 4(%ebp)
        movl    $MR_ALTERNATE, 8(%ebp)
        mov     %ebp, %ebx
        xor     %ecx, %ecx
        mov     $186, %eax                      # sigaltstack
        int     $0x80
        mov     28(%ebp), %ebx
        mov     32(%ebp), %ecx
        mov     24(%ebp), %ebp
.Lchild:
        lea     -8(%esp), %esp
        test    $0x1000000, %ebx                # CLONE_CHILD_SETTID
        jz      4f
        mov     (%edi), %eax
        mov     %eax, D(%edi)
4:      test    $0x100000, %ebx                 # CLONE_PARENT_SETTID: the parent may come late, and the page be lost before
        jz      8f
        mov     (%edx), %eax
        mov     %eax, D(%edx)
8:      test    $0x100, %ebx                    # without CLONE_VM the lock is our own copy: nobody else can release it
        jnz     .Lbegins
        call    6f
6:      .cfi_adjust_cfa_offset 4
        mov     (%esp), %eax
        mov     %eax, D(%esp)
        movl    $0, mr_twin-6b(%eax)
        movl    $0, mr_state-6b(%eax)           # nor the locks of atomic.S
        mov     %edi, D(%esp)
        mov     %edi, (%esp)
        lea     mr_locks-6b(%eax), %edi
        lea     MR_LOCKS(%edi), %eax
7:      movl    $0, (%edi)
        add     $16, %edi
        cmp     %eax, %edi
        jne     7b
        mov     (%esp), %edi
        lea     4(%esp), %esp
        .cfi_adjust_cfa_offset -4
# On the new stack. Keeps all registers; eax is 0. ebp tells a signal how far up to copy (mr_at_boundary), and a lost page where to begin again (mr_start_over): what is
# pushed has a mirror, and C code's own bytes have not.
.Lbegins:
        mov     %ebp, D-4(%esp)
        push    %ebp
        lea     4+NEW_THREAD(%esp), %ebp        # the stack pointer as it was
        mov     %ecx, D-4(%esp)
        push    %ecx
        mov     %edx, D-4(%esp)
        push    %edx
        .globl  mr_thread_pushed
        .hidden mr_thread_pushed
mr_thread_pushed:
        lea     -NEW_THREAD(%ebp), %eax
        push    %eax
        call    mr_thread_begins
        pop     %eax; pop %edx; pop %ecx
        pop     %ebp
        xor     %eax, %eax
        popf
        ret

# struct clone_args (ebx), 8 bytes each: flags 0, pidfd 8, child_tid 16, parent_tid 24, exit_signal 32, stack 40, stack_size 48
.Lclone3:
        cmpl    $0, 40(%ebx)
        je      .Lcommon
        mov     %ebp, D-4(%esp)
        push    %ebp
        mov     %edx, D-4(%esp)
        push    %edx
        mov     %ecx, D-4(%esp)
        push    %ecx
        .cfi_adjust_cfa_offset 12
        .cfi_offset ebp, -12
        call    1f
1:      .cfi_adjust_cfa_offset 4
        mov     (%esp), %edx
        movl    $1, mr_twin-1b+4(%edx)
        movl    $1, mr_state-1b+4(%edx)
        testl   $0x200000, (%ebx)
        jz      2f
        mov     16(%ebx), %ecx
        mov     %ecx, mr_twin-1b+8(%edx)
        mov     %ecx, mr_state-1b+8(%edx)
2:      mov     40(%ebx), %ecx
        add     48(%ebx), %ecx
        mov     20(%esp), %ebp
        mov     %ebp, D-4(%ecx)
        mov     %ebp, -4(%ecx)
        mov     16(%esp), %ebp
        mov     %ebp, D-8(%ecx)
        mov     %ebp, -8(%ecx)
        mov     (%esp), %ebp
        mov     %ebp, D(%esp)
        TELLS   (%ebx)
        jne     9f
        mov     24(%ebx), %ecx
        movl    $NO_THREAD, D(%ecx)
9:      mov     12(%esp), %ebp                  # all registers as the program gave them
        mov     4(%esp), %ecx
        mov     8(%esp), %edx
        int     $0x80
        test    %eax, %eax
        jz      .Lchild3
        mov     24(%ebx), %edx
        js      5f
        testl   $0x100000, (%ebx)
        jz      4f
        TELLS   (%ebx)
        jne     3f
        TELL
        jmp     4f
5:      TELLS   (%ebx)                          # nobody was told: what is there comes back
        jne     .Lparent3_done
        mov     (%edx), %ebp
        mov     %ebp, D(%edx)
        jmp     .Lparent3_done
3:      mov     (%edx), %ebp
        mov     %ebp, D(%edx)
        lock orl $0, (%esp)
        cmp     (%edx), %ebp
        jne     3b
4:      testl   $0x1000, (%ebx)
        jz      .Lparent3_done
        mov     8(%ebx), %edx
        mov     (%edx), %ebp
        mov     %ebp, D(%edx)
.Lparent3_done:
        mov     4(%esp), %ecx
        mov     8(%esp), %edx
        mov     12(%esp), %ebp
        lea     16(%esp), %esp
        .cfi_restore_state
        popf
        .cfi_adjust_cfa_offset -4
        ret
.Lchild3:                                       # ebx may point to the parent's stack and be gone: child_tid is copied by nobody else
        lea     -8(%esp), %esp
        jmp     .Lbegins
        .cfi_endproc
mr_syscall_end:
        .size   __mirror_syscall, .-__mirror_syscall

# Signal entry (kernel arch/x86/kernel/signal_32.c: eax signal, edx siginfo, ecx context, esp at pretcode; handlers take the same
# from the frame): copies the int frame, then goes to the program's handler. One entry a layout of the frame. All signals are blocked
# until both copies of the stack agree.
        .globl  mr_tramp_mirrored
        .hidden mr_tramp_mirrored
        .type   __mirror_sigtramp, @function
__mirror_sigtramp:
        .cfi_startproc
        push    %eax                            # becomes the handler's address
        push    $0
        .cfi_adjust_cfa_offset 8
        jmp     .Lsigentry
        .cfi_endproc
        .size   __mirror_sigtramp, .-__mirror_sigtramp
        .type   __mirror_sigtramp_info, @function
__mirror_sigtramp_info:
        .cfi_startproc
        push    %eax
        push    $1
        .cfi_adjust_cfa_offset 8
.Lsigentry:
        push    %eax; push %edx; push %ecx; push %ebx; push %esi; push %edi; push %ebp
        .cfi_adjust_cfa_offset 28
        .cfi_offset ebx, -28
        .cfi_offset esi, -32
        .cfi_offset edi, -36
        .cfi_offset ebp, -40
        lea     -8(%esp), %esp                  # the handler's mask
        .cfi_adjust_cfa_offset 8
        lea     NO_CALL(%esp), %ebp             # no call is under way here; mr_sys6 keeps it
        mov     %esp, %ecx
        lea     44(%esp), %edx                  # the int frame
        push    %ecx
        push    40(%esp)                        # which layout: at 36 before the push
        push    %edx
        push    %eax
        .cfi_adjust_cfa_offset 16
        call    mr_sigframe                     # (signal, frame, with info, mask) -> handler
        lea     16(%esp), %esp
        .cfi_adjust_cfa_offset -16
        mov     %eax, 40(%esp)
        lea     44-MR_SIGNAL_K(%esp), %esi
        MIRROR_DEAD MR_SIGNAL_K
mr_tramp_mirrored:
        mov     $2, %ebx                        # SIG_SETMASK
        mov     %esp, %ecx
        xor     %edx, %edx
        mov     $8, %esi
        mov     $175, %eax                      # rt_sigprocmask
        int     $0x80
        mov     8(%esp), %ebp; mov 12(%esp), %edi; mov 16(%esp), %esi; mov 20(%esp), %ebx
        mov     24(%esp), %ecx; mov 28(%esp), %edx; mov 32(%esp), %eax
        lea     40(%esp), %esp
        .cfi_adjust_cfa_offset -40
        ret
        .cfi_endproc
        .size   __mirror_sigtramp_info, .-__mirror_sigtramp_info

        .section .rodata
        .balign 4
__dso_handle:
        .long   0
        .section .note.GNU-stack,"",@progbits
