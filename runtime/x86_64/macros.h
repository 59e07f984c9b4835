# For entry.S and calls.S.
#include "limits.h"

# copies the stack bytes from rsi on, which a boundary call may have dirtied. Clobbers rcx, rsi, rdi.
        .macro  MIRROR_DEAD bytes=MR_K
        mov     $-MR_DISTANCE, %rdi
        add     %rsi, %rdi
        mov     $\bytes/8, %ecx
        rep movsq
        .endm

# The six of struct frame.
        .macro  ARGUMENTS frame
        mov     FRAME_A(\frame), %rdi
        mov     FRAME_A+8(\frame), %rsi
        mov     FRAME_A+16(\frame), %rdx
        mov     FRAME_A+24(\frame), %r10
        mov     FRAME_A+32(\frame), %r8
        mov     FRAME_A+40(\frame), %r9
        .endm
