/* Where an x86-64 program lives: image, brk, mmap area and stack have address bit 46 set, so the lower half is free for mirrors. */
#include "mr.h"

static const char layout[] = "build it as static-PIE and run it with a normal layout: no setarch -L, no unlimited stack (ulimit -s 8192)";

void mr_place(word *sp, word stack_limit, const word hwcap[2]) {
  if (!(hwcap[1] & 2)) /* Documentation/arch/x86/x86_64/fsgs.rst */
    mr_die("the kernel or CPU has no usable FSGSBASE (AT_HWCAP2 bit 1)", "use Linux 5.9 or later on a CPU with FSGSBASE, without nofsgsbase");
  if (!IN_RANGE(__ehdr_start)) mr_die("its image is not at an address with bit 46 set (non-PIE, or a legacy memory layout)", layout);
  if (!IN_RANGE(sp)) mr_die("its stack is not at an address with bit 46 set", layout);
  if (!IN_RANGE(S.brk_start)) mr_die("its brk area is not at an address with bit 46 set", layout);
  if (stack_limit > MR_MAX_STACK) mr_die("its stack is unlimited", layout);

  /* 2^44..2^46 holds the mirrors of brk (0x55..) and of the mmap area (0x7f..); without it we map on demand. */
  word low = 1ul << 44;
  /* Rewritten code may store to memory of libraries, of which nobody tells us: all of it has to have a mirror. */
  long r = sys6(__NR_mmap, low, BIT46 - low, S.dynamic ? P_R | P_W : 0, M_PRIVATE | M_ANON | M_NORESERVE | M_NOREPLACE, -1ul, 0);
  S.reserved_space = !IS_ERR(r);
  if (!IS_ERR(r) && (word)r != low) sys(__NR_munmap, r, BIT46 - low, 0), S.reserved_space = 0;
  if (S.dynamic && !S.reserved_space)
    mr_die("no room for the mirrors of all memory, which a dynamically linked program needs",
           "allow memory to be reserved: vm.overcommit_memory=0 or 1, no limit of address space (ulimit -v unlimited)");
  __asm__ volatile("wrgsbase %0" : : "r"(-MR_DISTANCE));
}
