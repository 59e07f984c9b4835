# Entry points. Nothing here needs a relocation at run time; all flags and registers are accounted for.
#include "macros.h"
        .text
        .hidden mr_state, mr_twin, mr_locks, mr_stack, mr_init, mr_quick, mr_dispatch, mr_native_ready, mr_sigframe, mr_bus, mr_thread_begins, mr_spare
        .weak   __dso_handle                    # where crtbegin.o does not define it
        .hidden __dso_handle
        .globl  __mirror_start, __mirror_syscall
        .hidden __mirror_start, __mirror_syscall
        .globl  __mirror_bus
        .hidden __mirror_bus
        .globl  __mirror_sigtramp, __mirror_sigtramp_info
        .hidden __mirror_sigtramp, __mirror_sigtramp_info

# Process entry (psABI 3.4.1: rsp at argc, rdx a function for atexit; all else unspecified, preserved anyway).
# Init runs on the runtime's stack so that the program's stack stays as the kernel left it.
        .type   __mirror_start, @function
__mirror_start:
        .cfi_startproc
        .cfi_undefined rip
        mov     %rsp, mr_stack+MR_STACK-8(%rip)
        lea     mr_stack+MR_STACK-8(%rip), %rsp
        push    %rax; push %rbx; push %rcx; push %rdx; push %rsi; push %rdi; push %rbp; push %r8
        push    %r9; push %r10; push %r11; push %r12; push %r13; push %r14; push %r15
        mov     mr_stack+MR_STACK-8(%rip), %rdi
        call    mr_init
        pop     %r15; pop %r14; pop %r13; pop %r12; pop %r11; pop %r10; pop %r9
        pop     %r8; pop %rbp; pop %rdi; pop %rsi; pop %rdx; pop %rcx; pop %rbx; pop %rax
        mov     (%rsp), %rsp
        jmp     _start
        .cfi_endproc
        .size   __mirror_start, .-__mirror_start

# rcx: return address. Preserves all but rax, rcx, r11, flags included. The test for rt_sigreturn must use no stack (the kernel
# finds the frame at rsp) and no flags. What a signal in between finds done is in kernel.c by the labels.
        .globl  mr_entry_swapped, mr_entry_plain, mr_entry_below, mr_entry_flags, mr_entry_return, mr_entry_frame, mr_entered, mr_leaving
        .hidden mr_entry_swapped, mr_entry_plain, mr_entry_below, mr_entry_flags, mr_entry_return, mr_entry_frame, mr_entered, mr_leaving
        .globl  mr_syscall_end
        .hidden mr_syscall_end
# struct frame is in both copies of the stack from here on: it is what a lost page is left with (mr_start_over).
        .macro  BOTH register, at
        mov     \register, %gs:\at(%rsp)
        mov     \register, \at(%rsp)
        .endm
# Whether these flags are those of limits.h. Clobbers ecx.
        .macro  TELLS flags
        mov     \flags, %ecx
        and     $CLONE_TELLS, %ecx
        cmp     $CLONE_TELLS, %ecx
        .endm
# The number in rax, at the address in a register, unless the thread has been there. Clobbers rcx.
        .macro  TELL at
        mov     %rax, %rcx
        mov     $NO_THREAD, %eax
        lock cmpxchg %ecx, %gs:(\at)
        mov     %rcx, %rax
        .endm
# What quick.S says of the call in rax, to r11d, and whether that is 0.
        .macro  QUICK_KIND
        xor     %r11d, %r11d
        cmp     $QUICK_END, %rax
        jae     9f
        lea     mr_quick(%rip), %r11
        movzbl  (%r11,%rax), %r11d
9:      test    %r11d, %r11d
        .endm
# A page of the frame that is lost would end the process in the kernel: it is met here. struct sigcontext has the address of the state of the vector
# registers, or 0, and that its size behind FP_XSTATE_MAGIC1 (uapi/asm/sigcontext.h). Elsewhere than the kernel puts it, it may be anything.
.Lsigreturn:
        mov     (%rsp), %r11b
        mov     431(%rsp), %r11b
        mov     224(%rsp), %rcx
        jrcxz   3f
        mov     $512, %eax
        mov     %rcx, %rdx
        sub     %rsp, %rdx
        cmp     $1024, %rdx
        ja      1f
        cmpl    $0x46505853, 464(%rcx)
        jne     1f
        mov     468(%rcx), %eax
1:      lea     -1(%rcx,%rax), %rax
2:      mov     (%rcx), %r11b
        add     $4096, %rcx
        cmp     %rax, %rcx
        jb      2b
        mov     (%rax), %r11b
3:      mov     $15, %eax
        syscall
        ud2
        .type   __mirror_syscall, @function
__mirror_syscall:
        .cfi_startproc
        .cfi_def_cfa rsp, 0                     # reached by a jump: the frame is the caller's
        .cfi_register rip, rcx
        lea     -15(%rax), %r11d
        xchg    %rcx, %r11
        .cfi_register rip, r11
mr_entry_swapped:
        jrcxz   .Lsigreturn
        xchg    %rcx, %r11
        .cfi_register rip, rcx
mr_entry_plain:
        lea     -128(%rsp), %rsp                # step over the red zone
        .cfi_adjust_cfa_offset 128
mr_entry_below:
        pushfq
        .cfi_adjust_cfa_offset 8
        mov     (%rsp), %r11                    # up to the label they are in the register of flags, too (mr_pushed_flags)
        mov     %r11, %gs:(%rsp)
mr_entry_flags:
        cld
        mov     %rcx, %gs:-8(%rsp)
        push    %rcx
        .cfi_adjust_cfa_offset 8
        .cfi_offset rip, -144
        .cfi_remember_state
mr_entry_return:
        cmp     $56, %eax
        je      .Lclone
        cmp     $435, %eax
        je      .Lclone3
.Lcommon:
        lea     -FRAME_RETURN(%rsp), %rsp       # flags and return address stand already
        .cfi_adjust_cfa_offset FRAME_RETURN
mr_entry_frame:
        xor     %r11d, %r11d
        BOTH    %r11, 0
        BOTH    %r11, FRAME_MASKED
        BOTH    %rbx, FRAME_KEPT
        BOTH    %rbp, FRAME_KEPT+8
        BOTH    %r12, FRAME_KEPT+16
        BOTH    %r13, FRAME_KEPT+24
        BOTH    %r14, FRAME_KEPT+32
        BOTH    %r15, FRAME_KEPT+40
        .cfi_offset r15, FRAME_KEPT+40-FRAME_BYTES-128
        BOTH    %rax, FRAME_NR
        BOTH    %rdi, FRAME_A
        BOTH    %rsi, FRAME_A+8
        BOTH    %rdx, FRAME_A+16
        BOTH    %r10, FRAME_A+24
        BOTH    %r8, FRAME_A+32
        BOTH    %r9, FRAME_A+40
        mov     %rsp, %r15
        .cfi_def_cfa_register r15
mr_entered:
# Calls of quick.S are done here: nothing is on the stack but the frame and one return address, both in both copies, so there is nothing to copy afterwards
# but what the kernel wrote. Whoever begins again, or meets a lost page, goes on in C: `done` says where.
        cmpq    $0, (%rsp)
        jne     .Ldispatch
        mov     FRAME_NR(%rsp), %rax
        QUICK_KIND
        jz      .Ldispatch
        cmp     $QUICK_RECEIVE, %r11d
        je      2f
        cmp     $QUICK_FCNTL, %r11d
        jne     1f
        mov     $0b11011111, %ecx               # F_DUPFD to F_SETLKW without F_GETLK, which is 5
        mov     FRAME_A+8(%rsp), %rax
        cmp     $7, %rax
        ja      .Ldispatch
        bt      %eax, %ecx
        jnc     .Ldispatch
1:      xor     %ecx, %ecx
        BOTH    %rcx, FRAME_TOLD
        BOTH    %rsp, FRAME_CALL
        lea     .Lquick(%rip), %rcx
        mov     %rcx, %gs:-8(%rsp)
        push    %rcx
        jmp     mr_native_ready
2:      mov     FRAME_A+32(%rsp), %rax
        or      FRAME_A+40(%rsp), %rax
        jz      1b
        jmp     .Ldispatch
.Lquick:
        cmp     $-14, %rax                      # EFAULT
        je      .Ldispatch
        mov     %rax, %rcx
        mov     FRAME_NR(%rsp), %rax
        QUICK_KIND
        cmp     $QUICK_FCNTL, %r11d
        jbe     .Lleave
        cmp     $QUICK_EVENTS, %r11d
        jb      3f
        je      2f
        test    %rcx, %rcx
        jnz     .Lleave
        mov     %r11d, %ecx                     # as many bytes
1:      test    %rcx, %rcx
        jle     .Lleave
        mov     FRAME_A+8(%rsp), %rsi
        mov     $-MR_NATIVE_LOW, %rax
        add     %rsi, %rax
        shr     $46, %rax                       # mr_in_zone
        jnz     .Lleave
        mov     $-MR_DISTANCE, %rdi
        add     %rsi, %rdi
        rep movsb
        jmp     .Lleave
2:      lea     (%rcx,%rcx,2), %rcx
        shl     $2, %rcx
        jmp     1b
3:      test    %rcx, %rcx
        jle     .Lleave
        cmp     FRAME_A+16(%rsp), %rcx          # MSG_TRUNC returns more than there is room for
        cmova   FRAME_A+16(%rsp), %rcx
        jmp     1b
.Lleave:
        mov     FRAME_RESULT(%rsp), %rax
        .cfi_remember_state
        .cfi_def_cfa_register rsp
        jmp     .Lleaving
        .cfi_restore_state
.Ldispatch:
        mov     %rsp, %rdi
        and     $-16, %rsp
        call    mr_dispatch
        mov     %r15, %rsp
        .cfi_def_cfa_register rsp
        lea     FRAME_BYTES-MR_K(%rsp), %rsi
        MIRROR_DEAD
.Lleaving:
        ARGUMENTS %rsp
        mov     FRAME_RETURN(%rsp), %rcx
        .cfi_register rip, rcx
        mov     FRAME_KEPT+40(%rsp), %r15       # only reads of the stack from here on
        .cfi_restore r15
mr_leaving:
        lea     FRAME_FLAGS(%rsp), %rsp
        .cfi_adjust_cfa_offset -FRAME_FLAGS
        mov     (%rsp), %r11
        popfq
        .cfi_adjust_cfa_offset -8
        lea     128(%rsp), %rsp
        .cfi_adjust_cfa_offset -128
        jmp     *%rcx

# clone and clone3 with a new stack: the child starts with nothing on it, so its return address goes just below its top.
        .cfi_restore_state
.Lclone:
        test    %rsi, %rsi
        jz      .Lcommon                        # as fork: the child has a copy of this stack
        mov     %rsi, %r11
        test    $0x200000, %edi                 # CLONE_CHILD_CLEARTID
        jz      .Lspawn
        mov     %r10, mr_twin+8(%rip)           # own.c
        mov     %r10, mr_state+8(%rip)
        jmp     .Lspawn
.Lclone3:                                       # struct clone_args: flags 0, pidfd 8, child_tid 16, parent_tid 24, stack 40, size 48
        mov     40(%rdi), %r11
        test    %r11, %r11
        jz      .Lcommon
        add     48(%rdi), %r11
        testl   $0x200000, (%rdi)
        jz      .Lspawn
        mov     16(%rdi), %rcx
        mov     %rcx, mr_twin+8(%rip)
        mov     %rcx, mr_state+8(%rip)
        mov     (%rsp), %rcx
.Lspawn:
        mov     %rcx, %gs:-8(%r11)
        mov     %rcx, -8(%r11)
        movl    $1, mr_twin+4(%rip)
        movl    $1, mr_state+4(%rip)
        cmp     $435, %eax
        je      .Lspawn3
        TELLS   %edi
        jne     2f
        movl    $NO_THREAD, %gs:(%rdx)
2:      syscall
        test    %rax, %rax
        jz      .Lchild
        js      4f
        test    $0x101000, %edi                 # CLONE_PARENT_SETTID, CLONE_PIDFD: the kernel wrote *rdx
        jz      .Lparent_done
        TELLS   %edi
        jne     1f
        TELL    %rdx
        jmp     .Lparent_done
4:      TELLS   %edi                            # nobody was told: what is there comes back
        jne     .Lparent_done
1:      mov     (%rdx), %ecx                    # copy until stable: the child may be running already
        mov     %ecx, %gs:(%rdx)
        mfence
        cmp     (%rdx), %ecx
        jne     1b
.Lparent_done:
        .cfi_remember_state
        mov     (%rsp), %rcx
        .cfi_register rip, rcx
        lea     8(%rsp), %rsp
        .cfi_adjust_cfa_offset -8
        popfq
        .cfi_adjust_cfa_offset -8
        lea     128(%rsp), %rsp
        .cfi_adjust_cfa_offset -128
        jmp     *%rcx
        .cfi_restore_state
# First of all a stack for SIGBUS (alternate.c): before it nothing touches the thread's own. What the system call needs is kept there, and its stack_t made.
.Lchild:
        test    $0x100, %edi                    # CLONE_VM: else it has its parent's, and with CLONE_VFORK, too
        jz      1f
        test    $0x4000, %edi
        jnz     1f
        xor     %ecx, %ecx
        xchg    %rcx, mr_spare(%rip)
        jrcxz   1f
        mov     %rdi, 24(%rcx)
        mov     %rsi, 32(%rcx)
        mov     %rcx, (%rcx)
        movl    $0, 8(%rcx)
        movq    $MR_ALTERNATE, 16(%rcx)
        mov     %rcx, %rdi
        xor     %esi, %esi
        mov     $131, %eax                      # sigaltstack
        syscall
        mov     32(%rdi), %rsi
        mov     24(%rdi), %rdi
1:      test    $0x1000000, %edi                # CLONE_CHILD_SETTID
        jz      2f
        mov     (%r10), %ecx
        mov     %ecx, %gs:(%r10)
2:      test    $0x100000, %edi                 # CLONE_PARENT_SETTID: the parent may come late, and the page be lost before
        jz      6f
        mov     (%rdx), %ecx
        mov     %ecx, %gs:(%rdx)
6:      test    $0x100, %edi                    # without CLONE_VM the lock is our own copy: nobody else can release it
        jnz     .Lbegins
        xor     %eax, %eax
        movl    $0, mr_twin(%rip)
        movl    $0, mr_state(%rip)
        mov     %rdi, %r11                      # nor the locks of atomic.S
        lea     mr_locks(%rip), %rdi
        mov     $MR_LOCKS/8, %ecx
        rep stosq
        mov     %r11, %rdi
# On the new stack, over its return address. Keeps all but rcx and r11; rax is 0. r15 tells a signal how far up to copy (mr_at_boundary), and a lost page where to begin
# again (mr_start_over): what is pushed has a mirror, and C code's own bytes have not.
.Lbegins:
        lea     -8(%rsp), %rsp
        mov     %r15, %gs:-8(%rsp)
        push    %r15
        lea     8+NEW_THREAD(%rsp), %r15        # the stack pointer as it was
        .irp    kept, rdi, rsi, rdx, r10, r8, r9, rbx
        mov     %\kept, %gs:-8(%rsp)
        push    %\kept
        .endr
        .globl  mr_thread_pushed
        .hidden mr_thread_pushed
mr_thread_pushed:
        mov     %rsp, %rbx
        lea     -NEW_THREAD(%r15), %rdi
        and     $-16, %rsp
        call    mr_thread_begins
        mov     %rbx, %rsp
        pop     %rbx; pop %r9; pop %r8; pop %r10; pop %rdx; pop %rsi; pop %rdi
        pop     %r15
        lea     8(%rsp), %rsp
        xor     %eax, %eax
        mov     -8(%rsp), %rcx
        jmp     *%rcx
.Lspawn3:
        TELLS   (%rdi)
        jne     6f
        mov     24(%rdi), %rcx
        movl    $NO_THREAD, %gs:(%rcx)
6:      syscall
        test    %rax, %rax
        jz      .Lchild3
        js      7f
        testl   $0x100000, (%rdi)
        jz      4f
        mov     24(%rdi), %r11
        TELLS   (%rdi)
        jne     5f
        TELL    %r11
        jmp     4f
5:      mov     (%r11), %ecx
        mov     %ecx, %gs:(%r11)
        mfence
        cmp     (%r11), %ecx
        jne     5b
4:      testl   $0x1000, (%rdi)
        jz      .Lparent_done
        mov     8(%rdi), %r11
        mov     (%r11), %ecx
        mov     %ecx, %gs:(%r11)
        jmp     .Lparent_done
7:      TELLS   (%rdi)
        jne     .Lparent_done
        mov     24(%rdi), %r11                  # nobody was told: what is there comes back
        mov     (%r11), %ecx
        mov     %ecx, %gs:(%r11)
        jmp     .Lparent_done
.Lchild3:                                       # rdi may be on the parent's stack and gone: child_tid is copied by nobody else
        jmp     .Lbegins
        .cfi_endproc
mr_syscall_end:
        .size   __mirror_syscall, .-__mirror_syscall

# Signal entry (kernel arch/x86/kernel/signal_64.c: rdi signal, rsi siginfo, rdx ucontext, rsp at pretcode): copies the int
# frame, then goes to the program's handler. All signals are blocked until both copies of the stack agree.
        .globl  mr_tramp_mirrored
        .hidden mr_tramp_mirrored
        .type   __mirror_sigtramp, @function
__mirror_sigtramp:
__mirror_sigtramp_info:
        .cfi_startproc
        push    %rdi; push %rsi; push %rdx
        .cfi_adjust_cfa_offset 24
        lea     24(%rsp), %rsi                  # the int frame
        push    %rbx; push %r15
        .cfi_adjust_cfa_offset 16
        .cfi_offset rbx, -40
        .cfi_offset r15, -48
        lea     -8(%rsp), %rsp                  # the handler's mask
        .cfi_adjust_cfa_offset 8
        mov     %rsp, %rbx
        .cfi_def_cfa_register rbx
        xor     %r15d, %r15d                    # no call is under way here
        mov     %rsp, %rcx
        and     $-16, %rsp
        call    mr_sigframe                     # (signal, frame, any, mask) -> handler
        mov     %rbx, %rsp
        .cfi_def_cfa_register rsp
        lea     48-MR_SIGNAL_K(%rsp), %rsi
        MIRROR_DEAD MR_SIGNAL_K
mr_tramp_mirrored:
        mov     %rax, %rbx
        mov     $2, %edi                        # SIG_SETMASK
        mov     %rsp, %rsi
        xor     %edx, %edx
        mov     $8, %r10d
        mov     $14, %eax                       # rt_sigprocmask
        syscall
        mov     %rbx, %r11
        xor     %eax, %eax
        mov     8(%rsp), %r15; mov 16(%rsp), %rbx; mov 24(%rsp), %rdx; mov 32(%rsp), %rsi; mov 40(%rsp), %rdi
        lea     48(%rsp), %rsp
        .cfi_adjust_cfa_offset -48
        .cfi_restore rbx
        .cfi_restore r15
        jmp     *%r11
        .cfi_endproc
        .size   __mirror_sigtramp, .-__mirror_sigtramp

# SIGBUS, on an alternate stack: ours, or the program's, whose mirror then gets the int frame and what was written below it. Every register
# comes back from the frame.
        .type   __mirror_bus, @function
__mirror_bus:
        xor     %r15d, %r15d
        mov     %rsp, %rbx
        mov     %rsp, %rdi
        lea     -16(%rsp), %rsp
        and     $-16, %rsp
        mov     %rsp, %rsi
        mov     %rsp, %rbp
        movq    $0, (%rbp)
        call    mr_bus                          # (frame, where to enter the program's handler) -> bytes
        mov     (%rbp), %r8
        mov     %rbx, %rsp
        mov     %rax, %rcx
        jrcxz   1f
        lea     -MR_SIGNAL_K(%rsp), %rsi
        mov     $-MR_DISTANCE, %rdi
        add     %rsi, %rdi
        add     $MR_SIGNAL_K, %rcx
        rep movsb
1:      test    %r8, %r8
        jnz     2f
        lea     8(%rsp), %rsp                   # the kernel finds the frame so
        mov     $15, %eax
        syscall
        ud2
2:      mov     %r8, %rsp                       # as the kernel enters a handler
        mov     $7, %edi
        lea     8+304(%rsp), %rsi
        lea     8(%rsp), %rdx
        xor     %eax, %eax
        jmp     __mirror_sigtramp_info
        .size   __mirror_bus, .-__mirror_bus

        .text
        .globl  mr_sigreturn
        .hidden mr_sigreturn
        .type   mr_sigreturn, @function
mr_sigreturn:                                   # where a handler's action has no restorer
        mov     $15, %eax
        jmp     .Lsigreturn
        .size   mr_sigreturn, .-mr_sigreturn

        .section .rodata
        .balign 8
__dso_handle:
        .quad   0
        .section .note.GNU-stack,"",@progbits
