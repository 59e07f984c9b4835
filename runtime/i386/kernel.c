/* What the kernel does in its own way on i386: int frames, many calls in one, older forms of calls. */
#include "mr.h"

/* Kernel arch/x86/include/asm/sigframe.h. sigframe_ia32: pretcode, sig, sigcontext 88, fpstate_unused 624, extramask, retcode 8.
   rt_sigframe_ia32: pretcode, sig, pinfo, puc, siginfo 128, ucontext 116 (sigcontext at 20), retcode 8. sigcontext has the address of
   the extended state at 76: 112 bytes of fsave image, then the fxsave image (uapi/asm/sigcontext.h, struct _fpstate_32). */
word mr_frame_end(word frame, int info) {
  enum { SAVED_ONLY = 112, MAGIC = 110, SW_BYTES = 112 + 464 };
  word end = frame + (info ? 268 : 732), fp = mr_registers(frame, info)[19];
  if (!fp) return end;
  u32 *sw = (u32 *)(fp + SW_BYTES);
  word stop = fp + SAVED_ONLY;
  if (*(uint16_t *)(fp + MAGIC) == 0) stop = fp + (sw[0] == 0x46505853 ? sw[1] : SAVED_ONLY + 512); /* 0: there is an fxsave image */
  return stop > end ? stop : end;
}

word mr_move_frame(word frame, word sp, int info) {
  extern const char mr_sigreturn[], mr_rt_sigreturn[];
  enum { FP = 19, MASK = 20, SIGCONTEXT = 88, RT_BYTES = 268, BYTES = 732 };
  word to = frame, *regs = mr_registers(frame, 1), fp = regs[FP], mask[2];
  memcpy(mask, mr_mask_at(frame), 8);
  if (sp) {
    to = sp;
    if (fp) to = (to - (mr_frame_end(frame, 1) - fp - 112)) & -64ul, to -= 112, memcpy((void *)to, (const void *)fp, mr_frame_end(frame, 1) - fp), fp = to;
  } else if (!info) to = (word)mask - 256; /* it is longer: below all that runs here */
  if (to != frame) {
    to = ((to - (info ? RT_BYTES : BYTES) + 4) & -16ul) - 4;
    if (info) memcpy((void *)to, (const void *)frame, RT_BYTES);
  }
  word *at = (word *)to;
  at[0] = (word)(info ? mr_rt_sigreturn : mr_sigreturn), at[1] = SIGBUS_NR;
  if (info) at[2] = to + 16, at[3] = to + 16 + 128, mr_registers(to, 1)[FP] = fp;
  else {
    word *copy = mr_registers(to, 0);
    memmove(copy, regs, SIGCONTEXT);
    copy[FP] = fp, copy[MASK] = mask[0];
    memcpy((char *)to + 720, &mask[1], 4);
  }
  return to;
}

int mr_refused(const struct frame *f, long *result) {
  const char *name;
  switch (f->nr) {
  case __NR_vm86old: case __NR_vm86: name = "vm86"; break; /* runs 16-bit code that stores what it likes */
  case __NR_uselib: name = "uselib"; break;                /* maps memory by itself */
  default: return 0;
  }
  mr_escape("refused", name);
  *result = -E_NOSYS;
  return 1;
}

/* Words of arguments of the socket calls (kernel net/socket.c, nargs). */
static const unsigned char socket_words[] = {0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4};
enum { IPC_SEMCTL = 3, IPC_MSGRCV = 12, IPC_MSGCTL = 14, IPC_SHMAT = 21, IPC_SHMDT = 22, IPC_SHMCTL = 24 };
enum { IPC_STAT = 2, IPC_64 = 0x100 };

/* The call that is packed into another one; null for a bad pointer. What the kernel refuses stays as it is. */
struct frame *mr_unwrap(struct frame *f, struct frame *to) {
  word w[6], call = f->a[0] & 0xffff;
  *to = *f;
  switch (f->nr) {
  case __NR_socketcall:
    if (f->a[0] - 1 >= sizeof socket_words - 1) return f;
    to->nr = NR_SOCKETCALL + f->a[0];
    return mr_peek(to->a, f->a[1], socket_words[f->a[0]] * sizeof(word)) ? 0 : to;
  case __NR_ipc: /* call | version << 16, first, second, third, ptr, fifth (kernel ipc/syscall.c) */
    if (call > 24) return f;
    to->nr = NR_IPC + call;
    to->a[0] = f->a[1], to->a[1] = f->a[4], to->a[2] = f->a[2];
    if (call == IPC_SHMAT) to->nr = __NR_shmat;
    if (call == IPC_SHMDT) to->nr = __NR_shmdt, to->a[0] = f->a[4];
    if (call == IPC_SEMCTL || call == IPC_MSGCTL || call == IPC_SHMCTL) {
      word command = call == IPC_SEMCTL ? f->a[3] : f->a[2];
      if (!(command & IPC_64) && command >= IPC_STAT) to->nr = MR_ROWS; /* the structures of Linux 2.0: not followed */
    }
    if (call == IPC_SEMCTL) return mr_peek(&to->a[1], f->a[4], sizeof(word)) ? 0 : to; /* a union, where ptr points */
    if (call == IPC_MSGRCV && !(f->a[0] >> 16)) { /* struct ipc_kludge: the message, its type */
      if (mr_peek(w, f->a[4], 8)) return 0;
      to->a[1] = w[0];
    }
    return to;
  case __NR_mmap: /* a structure; the offset counts bytes */
    if (mr_peek(w, f->a[0], sizeof w)) return 0;
    if (w[5] & (PG - 1)) return f;
    memcpy(to->a, w, sizeof w);
    to->nr = __NR_mmap2, to->a[5] = w[5] / PG;
    return to;
  case __NR_select:
    to->nr = __NR__newselect;
    return mr_peek(to->a, f->a[0], 5 * sizeof(word)) ? 0 : to;
  }
  return f;
}

/* ipc's shmat stores the address where its third argument points. */
long mr_rewrap(const struct frame *f, long result) {
  word old;
  if (f->nr != __NR_ipc || (f->a[0] & 0xffff) != IPC_SHMAT || IS_ERR(result)) return result;
  if (mr_peek(&old, f->a[3], sizeof old)) {
    mr_shmdt((word)result);
    return -E_FAULT;
  }
  *(long *)f->a[3] = result;
  mr_copy(f->a[3], sizeof(word));
  return 0;
}

/* The kernel has shmat by itself only since 5.1. */
long mr_shmat(word id, word at, word flags) {
  word address = 0;
  long r = sys6(__NR_ipc, IPC_SHMAT, id, flags, (word)&address, at, 0);
  return r ? r : (long)address;
}
long mr_shmdt(word at) { return sys6(__NR_ipc, IPC_SHMDT, 0, 0, 0, at, 0); }
long mr_shm_size(word id, word *size) {
  word ds[21]; /* struct shmid64_ds: ipc64_perm is 36 bytes, then shm_segsz */
  long r = sys6(__NR_ipc, IPC_SHMCTL, id, IPC_STAT | IPC_64, 0, (word)ds, 0);
  *size = ds[9];
  return r;
}

#define AT(field, offset) _Static_assert(offsetof(struct frame, field) == (offset), #field)
AT(done, 0);
AT(result, FRAME_RESULT);
AT(masked, FRAME_MASKED);
AT(nr, FRAME_NR);
AT(a, FRAME_A);
AT(flags, FRAME_BYTES - 8);
AT(ret, FRAME_BYTES - 4);
_Static_assert(sizeof(struct frame) == FRAME_BYTES, "frame");

extern const char mr_entry_pushed[], mr_entry_twice[];
/* Flags that are pushed have no mirror for a moment; they are in their register still. A lost page would come back without them. */
void mr_pushed_flags(word *regs) {
  enum { RESUME = 0x10000 }; /* never pushed */
  word ip = regs[MR_REG_IP], at = regs[MR_REG_SP];
  if (ip != (word)mr_entry_pushed && ip != (word)mr_entry_twice) return;
  for (word last = at + (ip == (word)mr_entry_twice ? 4 : 0); at <= last; at += 4) {
    if (mr_readable(MVA(at))) *(word *)MVA(at) = regs[MR_REG_FLAGS] & ~(word)RESUME;
    if (mr_readable(at)) *(word *)at = regs[MR_REG_FLAGS] & ~(word)RESUME;
  }
}
/* A return address is copied by what is called: up to there it stands on the program's stack alone, and nobody else knows it. */
int mr_entry_window(word *regs, const struct span *lost) {
  enum { EDI = 4 };
  extern const char __mirror_cas1[], mr_entry_return[], mr_syscall_end[], mr_atomic_end[];
  extern const struct enter_places { int begins, loads, stores; } mr_enter_places[]; /* `begins` of the last is 0 */
  word ip = regs[MR_REG_IP], *sp = &regs[MR_REG_SP];
  if (ip >= (word)__mirror_syscall && ip <= (word)mr_entry_return) {
    word below = ip == (word)mr_entry_return ? 4 : 0;
    if (mr_on(lost, *sp + below, 4)) return IS_GONE;
    *sp += below, regs[MR_REG_IP] = (word)__mirror_syscall; /* what it has pushed may be on the page */
    return AGAIN;
  }
  long distance = (long)(ip - (word)mr_enter_places);
  for (const struct enter_places *p = mr_enter_places; p->begins; p++) {
    if (distance >= p->begins && distance <= p->loads && mr_on(lost, *sp + (distance > p->begins ? 8 : 0), 4)) return IS_GONE;
    if (distance == p->stores && mr_on(lost, *sp + 8, 4)) mr_to_both(*sp + 8, &regs[EDI], 4);
  }
  /* call 1f; 1: mov (%esp), s; mov s, mirror */
  static const unsigned char call[] = {0xe8, 0, 0, 0, 0, 0x8b};
  enum { CALL = 5, LOAD = 3 };
  int own = (ip > (word)__mirror_syscall && ip < (word)mr_syscall_end) || (ip > (word)__mirror_cas1 && ip < (word)mr_atomic_end);
  for (word here = ip; own && here >= ip - LOAD; here -= LOAD)
    if (!memcmp((const void *)(here - CALL), call, sizeof call) && mr_on(lost, *sp, 4)) mr_to_both(*sp, &here, 4);
  return own ? AGAIN : GOES_ON;
}
void mr_as_entered(const struct frame *f, word *regs) { (void)f, (void)regs; } /* what C code keeps on the stack is among the arguments */

/* What __mirror_syscall (entry.S) has done where a signal finds it: puts esp, eip and the flags back to the program's own place. */
int mr_entering(word *regs) {
  extern const char mr_entry_return[], mr_entry_plain[], mr_entry_frame[];
  word ip = regs[MR_REG_IP], *sp = &regs[MR_REG_SP], down = 8;
  if (ip < (word)__mirror_syscall || ip >= (word)mr_entered) return 0;
  if (ip < (word)mr_entry_return || ip == (word)mr_entry_plain) down = 4;
  if (ip == (word)mr_entry_twice) down = 12;
  if (ip >= (word)mr_entry_frame) down = sizeof(struct frame);
  word top = *sp + down, site = mr_site(*(word *)(top - 4));
  if (!site) return 1;
  if (ip > (word)mr_entry_plain) regs[MR_REG_FLAGS] = *(word *)(top - 8);
  mr_make_equal(*sp - 4, down + 4); /* what was pushed and popped lies below */
  *sp = top, regs[MR_REG_IP] = site;
  return 1;
}

/* The program's registers, as they were at the call, or are after it. */
void mr_as_program(const struct frame *f, word *regs) {
  enum { EAX = 11 };
  for (int i = 0; i < 6; i++) regs[mr_argument_order[i]] = f->a[i];
  regs[MR_REG_SP] = APP_SP(f);
  regs[MR_REG_FLAGS] = f->flags;
  regs[EAX] = f->done ? f->result : f->nr;
  regs[MR_REG_IP] = f->done ? f->ret : mr_site(f->ret);
}
/* Where a system call begins: call __mirror_syscall. 0 where it looks otherwise (musl's own are called through memory). */
word mr_site(word ret) {
  const unsigned char *p = (const unsigned char *)ret;
  return p[-5] == 0xe8 ? ret - 5 : 0;
}
/* mr_sys6 and mr_native need every register. The page where it is may be lost; then it is in the mirror. */
struct frame *mr_call_of(const word *regs) {
  extern const char mr_sys6_ebp[], mr_sys6_done[], mr_native_ebp[];
  word ip = regs[MR_REG_IP];
  int away = (ip > (word)mr_sys6_ebp && ip <= (word)mr_sys6_done) || (ip > (word)mr_native_ebp && ip <= (word)mr_native_done);
  word f = regs[MR_REG_FRAME], sp = regs[MR_REG_SP];
  if (away && mr_peek(&f, sp, sizeof f)) mr_peek(&f, MVA(sp), sizeof f);
  return (struct frame *)f;
}
