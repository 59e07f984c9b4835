# For entry.S and calls.S.
#include "limits.h"
        .set    D, -MR_DISTANCE                 # D(m) is the mirror of m, modulo 2^32

# copies the stack bytes from esi on, which a boundary call may have dirtied. Clobbers ecx, esi, edi.
        .macro  MIRROR_DEAD bytes=MR_K
        lea     D(%esi), %edi
        mov     $\bytes/4, %ecx
        rep movsl
        .endm
# The first five of struct frame.
        .macro  ARGUMENTS frame
        mov     FRAME_A(\frame), %ebx
        mov     FRAME_A+4(\frame), %ecx
        mov     FRAME_A+8(\frame), %edx
        mov     FRAME_A+12(\frame), %esi
        mov     FRAME_A+16(\frame), %edi
        .endm
