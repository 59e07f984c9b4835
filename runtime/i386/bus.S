# Ways in and out of handlers: SIGBUS, which is the runtime's, and the return from others.
#include "macros.h"
        .text
        .hidden mr_bus, __mirror_syscall, __mirror_sigtramp, __mirror_sigtramp_info
        .globl  __mirror_bus
        .hidden __mirror_bus

# SIGBUS, on an alternate stack: ours, or the program's, whose mirror then gets the int frame and what was written below it. Every register
# comes back from the frame.
        .type   __mirror_bus, @function
__mirror_bus:
        xor     %ebp, %ebp
        mov     %esp, %ebx
        push    $0
        push    $0
        push    %esp
        push    %ebx
        call    mr_bus                          # (frame, where to enter the program's handler) -> bytes
        mov     8(%esp), %edx
        mov     12(%esp), %ebp
        mov     %ebx, %esp
        mov     %eax, %ecx
        jecxz   1f
        lea     -MR_SIGNAL_K(%esp), %esi
        lea     D(%esi), %edi
        add     $MR_SIGNAL_K, %ecx
        rep movsb
1:      test    %edx, %edx
        jnz     2f
        lea     4(%esp), %esp                   # the kernel finds the frame so
        mov     $173, %eax                      # rt_sigreturn
        int     $0x80
        ud2
2:      mov     %edx, %esp                      # as the kernel enters a handler
        mov     $7, %eax
        xor     %edx, %edx
        test    %ebp, %ebp
        jz      __mirror_sigtramp               # ecx is 0
        mov     8(%esp), %edx
        mov     12(%esp), %ecx
        jmp     __mirror_sigtramp_info
        .size   __mirror_bus, .-__mirror_bus

        .globl  mr_sigreturn, mr_rt_sigreturn
        .hidden mr_sigreturn, mr_rt_sigreturn
        .type   mr_sigreturn, @function
mr_sigreturn:                                   # where a handler's action has no restorer
        pop     %eax
        mov     $119, %eax
        jmp     1f
mr_rt_sigreturn:
        mov     $173, %eax
1:      call    __mirror_syscall
        ud2
        .size   mr_sigreturn, .-mr_sigreturn
        .section .note.GNU-stack,"",@progbits
