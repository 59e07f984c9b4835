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

word mr_move_frame(word frame, word sp, int info) {
  extern const char mr_sigreturn[];
  (void)info;
  word to = frame, fp = *(word *)(frame + 8 + 224);
  if (sp) {
    to = sp - MR_RED_ZONE;
    if (fp) to = (to - (mr_frame_end(frame, 1) - fp)) & -64ul, memcpy((void *)to, (const void *)fp, mr_frame_end(frame, 1) - fp), fp = to;
    to = ((to - 440) & -16ul) - 8;
    memcpy((void *)to, (const void *)frame, 440);
    *(word *)(to + 8 + 224) = fp;
  }
  *(word *)to = (word)mr_sigreturn;
  return to;
}

int mr_refused(const struct frame *f, long *result) {
  if (f->nr != __NR_arch_prctl || f->a[0] != 0x1001) return 0;
  mr_escape("refused", "arch_prctl"); /* ARCH_SET_GS: GS base is ours */
  *result = -E_PERM;
  return 1;
}

#define AT(field, offset) _Static_assert(offsetof(struct frame, field) == (offset), #field)
AT(done, 0);
AT(result, FRAME_RESULT);
AT(call, FRAME_CALL);
AT(told, FRAME_TOLD);
AT(masked, FRAME_MASKED);
AT(kept, FRAME_KEPT);
AT(nr, FRAME_NR);
AT(a, FRAME_A);
AT(ret, FRAME_RETURN);
AT(flags, FRAME_FLAGS);
_Static_assert(sizeof(struct frame) == FRAME_BYTES, "frame");

enum { R11 = 3, RCX = 14, RAX = 13, RED = 128 };
extern const char mr_entry_below[], mr_entry_flags[];
/* Flags that are pushed have no mirror for a moment; they are in their register still. A lost page would come back without them. */
void mr_pushed_flags(word *regs) {
  enum { RESUME = 0x10000 }; /* never pushed */
  if (regs[MR_REG_IP] <= (word)mr_entry_below || regs[MR_REG_IP] >= (word)mr_entry_flags) return;
  regs[R11] = regs[MR_REG_FLAGS] & ~(word)RESUME;
  if (mr_readable(MVA(regs[MR_REG_SP]))) *(word *)MVA(regs[MR_REG_SP]) = regs[R11];
  if (mr_readable(regs[MR_REG_SP])) *(word *)regs[MR_REG_SP] = regs[R11];
}
int mr_entry_window(word *regs, const struct span *lost) { return (void)regs, (void)lost, GOES_ON; } /* nothing else stands in one copy */
/* C code keeps these on the stack. */
void mr_as_entered(const struct frame *f, word *regs) {
  static const unsigned char kept[] = {11, 10, 4, 5, 6}; /* rbx, rbp, r12 to r14 */
  for (int i = 0; i < 5; i++) regs[kept[i]] = f->kept[i];
}

/* What __mirror_syscall (entry.S) has done where a signal finds it: puts rsp, rip and the flags back to the program's own place. The registers
   of the call are as the program gave them; what follows the jump there restores rcx. */
int mr_entering(word *regs) {
  extern const char mr_entry_swapped[], mr_entry_plain[], mr_entry_return[], mr_entry_frame[];
  word ip = regs[MR_REG_IP], *sp = &regs[MR_REG_SP], down;
  if (ip < (word)__mirror_syscall || ip >= (word)mr_entered) return 0;
  word ret = regs[ip >= (word)mr_entry_swapped && ip < (word)mr_entry_plain ? R11 : RCX];
  if (ip <= (word)mr_entry_plain) down = 0;
  else if (ip <= (word)mr_entry_below) down = RED;
  else if (ip < (word)mr_entry_return) down = RED + 8;
  else if (ip < (word)mr_entry_frame) down = RED + 16;
  else down = RED + sizeof(struct frame);
  word site = mr_site(ret), top = *sp + down;
  if (!site) return 1;
  if (down > RED) regs[MR_REG_FLAGS] = *(word *)(top - RED - 8);
  mr_make_equal(*sp - 8, down + 8); /* what is pushed goes to the mirror first */
  *sp = top, regs[MR_REG_IP] = site;
  return 1;
}

/* The program's registers, as they were at the call, or are after it. */
void mr_as_program(const struct frame *f, word *regs) {
  static const unsigned char kept[] = {11, 10, 4, 5, 6, 7};
  for (int i = 0; i < 6; i++) regs[kept[i]] = f->kept[i], regs[mr_argument_order[i]] = f->a[i];
  regs[MR_REG_SP] = APP_SP(f);
  regs[MR_REG_FLAGS] = f->flags;
  regs[RAX] = f->done ? f->result : f->nr;
  regs[RCX] = f->ret;
  regs[MR_REG_IP] = f->done ? f->ret : mr_site(f->ret);
}
/* Where a system call begins: lea back(%rip), %rcx; jmp __mirror_syscall; back:. 0 where it looks otherwise. */
word mr_site(word ret) {
  const unsigned char *p = (const unsigned char *)ret - 12;
  return p[0] == 0x48 && p[1] == 0x8d && p[2] == 0x0d && p[7] == 0xe9 ? (word)p : 0;
}
struct frame *mr_call_of(const word *regs) { return (struct frame *)regs[MR_REG_FRAME]; }
