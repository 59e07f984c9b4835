# What C code calls: the kernel, the runtime's own stack, a thread of its own.
#include "macros.h"
        .globl  mr_spawn, mr_native, mr_on_stack, mr_exit_thread, mr_unlock_exit
        .hidden mr_spawn, mr_native, mr_on_stack, mr_exit_thread, mr_unlock_exit, mr_state, mr_stack
        .section mirror_text, "ax", @progbits
# long mr_native(struct frame *f): all stack bytes written so far reach the mirror before a call that may block for long, so a
# check made meanwhile by another thread finds them equal.
        .globl  mr_native_ready, mr_native_done, mr_native_end
        .hidden mr_native_ready, mr_native_done, mr_native_end
        .type   mr_native, @function
mr_native:
        .cfi_startproc
        lea     FRAME_BYTES-MR_K(%r15), %rsi
        MIRROR_DEAD
mr_native_ready:
        ARGUMENTS %r15
        mov     FRAME_NR(%r15), %rax
        syscall
mr_native_done:
        mov     %rax, %gs:FRAME_RESULT(%r15)
        mov     %rax, FRAME_RESULT(%r15)
        movq    $1, %gs:(%r15)
        movq    $1, (%r15)
        ret
mr_native_end:
        .cfi_endproc
        .size   mr_native, .-mr_native

# void mr_wait(void): yields the CPU, with the stack mirrored up to here: whoever holds the lock may be the check, which never lets go.
# What is pushed here is the same each time.
        .globl  mr_wait
        .hidden mr_wait
        .type   mr_wait, @function
mr_wait:
        .cfi_startproc
        test    %r15, %r15                      # no call is under way: not a thread of the program's, or in a trampoline
        jz      1f
        lea     FRAME_BYTES-MR_K(%r15), %rsi
        MIRROR_DEAD
1:      mov     $24, %eax                       # sched_yield
        syscall
        ret
        .cfi_endproc
        .size   mr_wait, .-mr_wait

# long mr_on_stack(fn, argument, word from): only with the lock held and signals blocked. Stack bytes from `from` on reach the mirror first, unless it is 0.
        .type   mr_on_stack, @function
mr_on_stack:
        .cfi_startproc
        push    %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_offset rbp, -16
        mov     %rsp, %rbp
        .cfi_def_cfa_register rbp
        mov     %rdi, %rax
        mov     %rsi, %r8
        mov     %rdx, %rsi
        test    %rdx, %rdx
        jz      1f
        MIRROR_DEAD
1:      lea     mr_stack+MR_STACK-64(%rip), %rsp
        mov     %r8, %rdi
        call    *%rax
        mov     %rbp, %rsp
        pop     %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   mr_on_stack, .-mr_on_stack

# long mr_spawn(fn, stack_top): VM, FS, FILES, SIGHAND, THREAD, SYSVSEM
        .type   mr_spawn, @function
mr_spawn:
        .cfi_startproc
        mov     %rdi, %r9
        mov     $0x50f00, %edi
        xor     %edx, %edx
        xor     %r10d, %r10d
        xor     %r8d, %r8d
        mov     $56, %eax
        syscall
        test    %rax, %rax
        jz      1f
        ret
1:      .cfi_undefined rip
        xor     %r15d, %r15d
        xor     %ebp, %ebp
        call    *%r9
        ud2
        .cfi_endproc
        .size   mr_spawn, .-mr_spawn

        .text
# void mr_exit_thread(void), with the frame's arguments in both copies: status, clears, alternate, none. The stack may outlive the thread, so its bytes are made equal first. Then
# `clears`, if there is one, becomes 0 (mr_tid_cleared), and from there on nothing may touch the stack: who waits for the thread may have seen that, if its page is lost
# just now and comes back from the mirror. What the thread has for SIGBUS goes last, with all signals blocked (`none`).
        .type   mr_exit_thread, @function
mr_exit_thread:
        lea     FRAME_BYTES-MR_K(%r15), %rsi
        MIRROR_DEAD
        mov     FRAME_A(%r15), %rbx
        mov     FRAME_A+8(%r15), %rdx
        mov     FRAME_A+16(%r15), %r9
        mov     FRAME_A+24(%r15), %rbp
        test    %rdx, %rdx
        jz      1f
        mov     $MR_DISTANCE, %rcx              # the kernel, which stores there, tells nobody of a lost page
        mov     (%rdx,%rcx), %cl
        movl    $0, (%rdx)
1:      test    %r9, %r9
        jz      2f
        mov     $2, %edi                        # SIG_SETMASK
        mov     %rbp, %rsi
        xor     %edx, %edx
        mov     $8, %r10d
        mov     $14, %eax                       # rt_sigprocmask
        syscall
        mov     %r9, %rdi
        mov     $MR_ALTERNATE, %esi
        mov     $11, %eax                       # munmap
        syscall
2:      mov     %rbx, %rdi
        mov     $60, %eax
        syscall
        ud2
        .size   mr_exit_thread, .-mr_exit_thread

# After the thread's own stack is unmapped: no stack may be used, ours belongs to the next holder of the lock.
        .type   mr_unlock_exit, @function
mr_unlock_exit:
        movl    $0, mr_state(%rip)
        xor     %edi, %edi
        mov     $60, %eax
        syscall
        ud2
        .size   mr_unlock_exit, .-mr_unlock_exit
        .section .note.GNU-stack,"",@progbits
