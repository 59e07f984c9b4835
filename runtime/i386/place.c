/* Where an i386 program lives. Its native memory is what lies below L (fixed image, brk, bottom-up mmap area) and above
   H = L + 2^32 - MR_DISTANCE (mmap area, stack); the mirror of each part is between L and H:

     native low | 4 MiB | mirror of high | mirror of low | native high
     0          L                                        H         2^32

   All of L..H is reserved, so the kernel places nothing there, and falls back from one native part to the other by itself. The
   boundary L depends on where the kernel put stack, mmap area and brk. */
#include "mr.h"

int mr_in_zone(word lo, word len) {
  word end = lo < S.low_end ? S.low_end : MR_USER_END;
  return lo >= PG && (lo < S.low_end || lo >= S.high_start) && lo < end && len <= end - lo;
}

int mr_is_mirror(word at) { return at >= S.low_end && at < S.high_start; }

static int fits(word *sp, word stack, word low_end) {
  S.low_end = low_end, S.high_start = low_end - MR_DISTANCE;
  return IN_RANGE(__ehdr_start) && IN_RANGE(S.brk_start) && (!S.vdso || IN_RANGE(S.vdso)) && (word)sp - S.high_start > stack && IN_RANGE(sp);
}

void mr_place(word *sp, word stack_limit, const word hwcap[2]) {
  if (!(hwcap[0] >> 26 & 1)) /* the flags of CPUID function 1, edx (kernel arch/x86/include/asm/elf.h) */
    mr_die("the CPU has no SSE2, whose registers mirrored code keeps values in", "run it on an x86-64 CPU, or a 32-bit one with SSE2");
  word stack = UP(stack_limit < MR_MAX_STACK ? stack_limit : MR_MAX_STACK);
  for (word low_end = 0x60000000; low_end; low_end -= 0x10000000) {
    if (!fits(sp, stack, low_end)) continue;
    word size = S.high_start - S.low_end;
    long r = sys6(MR_NR_mmap, S.low_end, size, 0, M_PRIVATE | M_ANON | M_NORESERVE | M_NOREPLACE, -1ul, 0);
    if (!IS_ERR(r) && (word)r == S.low_end) S.reserved_space = 1;
    if (S.reserved_space || r == -E_NOMEM) return; /* with a limit of address space mirrors are mapped on demand */
    if (!IS_ERR(r)) sys(__NR_munmap, r, size, 0);  /* a kernel before 4.17 took the address as a hint: something is there */
  }
  mr_die("its image, brk area, mmap area and stack leave no room for a mirror at a constant distance",
         "link it at the linker's default address and run it with a normal layout: no setarch -3 -L, stack limit of 1 GiB at most (ulimit -s 8192)");
}
