# What C code calls: the kernel, the runtime's own stack, a thread of its own.
#include "macros.h"
        .globl  mr_spawn, mr_sys6, mr_native, mr_on_stack, mr_exit_thread, mr_unlock_exit
        .hidden mr_spawn, mr_sys6, mr_native, mr_on_stack, mr_exit_thread, mr_unlock_exit, mr_state, mr_stack
        .section mirror_text, "ax", @progbits
# The registers that the psABI gives to the caller. In between ebp, which C code keeps the frame in, is at the top of the stack.
        .macro  KEEP_ALL
        push    %ebx; push %esi; push %edi; push %ebp
        .cfi_adjust_cfa_offset 16
        .cfi_offset ebx, -8
        .cfi_offset esi, -12
        .cfi_offset edi, -16
        .cfi_offset ebp, -20
        .endm
        .macro  GIVE_BACK
        pop     %ebp; pop %edi; pop %esi; pop %ebx
        .cfi_adjust_cfa_offset -16
        .irp    name, ebx, esi, edi, ebp
        .cfi_restore \name
        .endr
        .endm

# long mr_sys6(nr, a, b, c, d, e, f). On a stack of the program's what ebp was has a mirror: it is where the frame is found (mr_call_of).
        .type   mr_sys6, @function
mr_sys6:
        .cfi_startproc
        KEEP_ALL
        lea     -MR_SIGNAL_K(%ebp), %eax
        cmp     %eax, %esp
        jb      1f
        cmp     %ebp, %esp
        ja      1f
        mov     %ebp, D(%esp)
1:
        mov     20(%esp), %eax
        mov     24(%esp), %ebx; mov 28(%esp), %ecx; mov 32(%esp), %edx
        mov     36(%esp), %esi; mov 40(%esp), %edi
mr_sys6_ebp:
        mov     44(%esp), %ebp
        int     $0x80
mr_sys6_done:
        GIVE_BACK
        ret
        .cfi_endproc
        .size   mr_sys6, .-mr_sys6

# long mr_native(struct frame *f): all stack bytes written so far reach the mirror before a call that may block for long, so a
# check made meanwhile by another thread finds them equal.
        .globl  mr_native_ready, mr_native_done, mr_native_end, mr_native_ebp, mr_sys6_ebp, mr_sys6_done
        .hidden mr_native_ready, mr_native_done, mr_native_end, mr_native_ebp, mr_sys6_ebp, mr_sys6_done
        .type   mr_native, @function
mr_native:
        .cfi_startproc
        KEEP_ALL
        lea     FRAME_BYTES-MR_K(%ebp), %esi
        MIRROR_DEAD
mr_native_ready:
        mov     FRAME_NR(%ebp), %eax
        ARGUMENTS %ebp
mr_native_ebp:
        mov     FRAME_A+20(%ebp), %ebp
        int     $0x80
mr_native_done:
        mov     (%esp), %ebp
        mov     %eax, D+FRAME_RESULT(%ebp)
        mov     %eax, FRAME_RESULT(%ebp)
        movl    $1, D(%ebp)
        movl    $1, (%ebp)
        GIVE_BACK
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
        push    %esi
        .cfi_adjust_cfa_offset 4
        .cfi_offset esi, -8
        push    %edi
        .cfi_adjust_cfa_offset 4
        .cfi_offset edi, -12
        test    %ebp, %ebp                      # no call is under way: not a thread of the program's, or in a trampoline
        jz      1f
        lea     FRAME_BYTES-MR_K(%ebp), %esi
        MIRROR_DEAD
1:      mov     $158, %eax                      # sched_yield
        int     $0x80
        pop     %edi
        .cfi_adjust_cfa_offset -4
        .cfi_restore edi
        pop     %esi
        .cfi_adjust_cfa_offset -4
        .cfi_restore esi
        ret
        .cfi_endproc
        .size   mr_wait, .-mr_wait

# long mr_on_stack(fn, argument, word from): only with the lock held and signals blocked. Stack bytes from `from` on reach the mirror first, unless it is 0.
        .type   mr_on_stack, @function
mr_on_stack:
        .cfi_startproc
        push    %ebx
        .cfi_adjust_cfa_offset 4
        .cfi_offset ebx, -8
        push    %esi; push %edi
        .cfi_adjust_cfa_offset 8
        .cfi_offset esi, -12
        .cfi_offset edi, -16
        mov     %esp, %ebx
        .cfi_def_cfa_register ebx
        mov     24(%ebx), %esi
        test    %esi, %esi
        jz      1f
        MIRROR_DEAD
1:      call    2f
2:      pop     %eax
        lea     mr_stack-2b+MR_STACK-64(%eax), %esp
        push    20(%ebx)
        call    *16(%ebx)
        mov     %ebx, %esp
        pop     %edi; pop %esi; pop %ebx
        .cfi_def_cfa esp, 4
        .cfi_restore ebx
        .cfi_restore esi
        .cfi_restore edi
        ret
        .cfi_endproc
        .size   mr_on_stack, .-mr_on_stack

# long mr_spawn(fn, stack_top): VM, FS, FILES, SIGHAND, THREAD, SYSVSEM
        .type   mr_spawn, @function
mr_spawn:
        .cfi_startproc
        push    %ebx; push %esi; push %edi
        .cfi_adjust_cfa_offset 12
        .cfi_offset ebx, -8
        .cfi_offset esi, -12
        .cfi_offset edi, -16
        mov     20(%esp), %ecx
        mov     16(%esp), %eax
        lea     -16(%ecx), %ecx
        mov     %eax, (%ecx)
        mov     $0x50f00, %ebx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %edi, %edi
        mov     $120, %eax
        int     $0x80
        test    %eax, %eax
        jz      1f
        pop     %edi; pop %esi; pop %ebx
        .cfi_adjust_cfa_offset -12
        ret
1:      .cfi_undefined eip
        xor     %ebp, %ebp
        call    *(%esp)
        ud2
        .cfi_endproc
        .size   mr_spawn, .-mr_spawn

        .text
# void mr_exit_thread(void): as in x86_64/calls.S.
        .type   mr_exit_thread, @function
mr_exit_thread:
        lea     FRAME_BYTES-MR_K(%ebp), %esi
        MIRROR_DEAD
        mov     FRAME_A(%ebp), %ebx
        mov     FRAME_A+4(%ebp), %edx
        mov     FRAME_A+12(%ebp), %eax
        mov     FRAME_A+8(%ebp), %ebp
        test    %edx, %edx
        jz      1f
        mov     MR_DISTANCE(%edx), %cl          # the kernel, which stores there, tells nobody of a lost page
        movl    $0, (%edx)
1:      test    %ebp, %ebp
        jz      2f
        mov     %ebx, %edi
        mov     $2, %ebx                        # SIG_SETMASK
        mov     %eax, %ecx
        xor     %edx, %edx
        mov     $8, %esi
        mov     $175, %eax                      # rt_sigprocmask
        int     $0x80
        mov     %ebp, %ebx
        mov     $MR_ALTERNATE, %ecx
        mov     $91, %eax                       # munmap
        int     $0x80
        mov     %edi, %ebx
2:      mov     $1, %eax
        int     $0x80
        ud2
        .size   mr_exit_thread, .-mr_exit_thread

# After the thread's own stack is unmapped: no stack may be used, ours belongs to the next holder of the lock.
        .type   mr_unlock_exit, @function
mr_unlock_exit:
        call    1f
1:      pop     %eax
        movl    $0, mr_state-1b(%eax)
        xor     %ebx, %ebx
        mov     $1, %eax
        int     $0x80
        ud2
        .size   mr_unlock_exit, .-mr_unlock_exit
        .section .note.GNU-stack,"",@progbits
