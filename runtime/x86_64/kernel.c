/* What the kernel does in its own way on x86-64. */
#include "mr.h"

/* Kernel arch/x86/kernel/signal_64.c, struct rt_sigframe: pretcode 8, ucontext 304, siginfo 128, then the extended state that
   uc_mcontext.fpstate points at (asm/sigcontext.h: _fpx_sw_bytes at 464 of it). */
word mr_frame_end(word frame, int info) {
  (void)info; /* one layout */
  word end = frame + 440, fp = *(word *)(frame + 8 + 224);
  if (fp) {
    u32 *sw = (u32 *)(fp + 464);
    word stop = fp + (sw[0] == 0x46505853 ? sw[1] : 512);
    if (stop > end) end = stop;
  }
  return end;
}

int mr_refused(const struct frame *f, long *result) {
  if (f->nr != __NR_arch_prctl || f->a[0] != 0x1001) return 0;
  mr_escape("refused", "arch_prctl"); /* ARCH_SET_GS: GS base is ours */
  *result = -E_PERM;
  return 1;
}
