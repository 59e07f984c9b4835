/* The system call boundary: what the kernel wrote into the program's memory is copied to the mirror. */
#include "mr.h"

enum { K_NONE, K_RET, K_RETN, K_RETMAX, K_FIX, K_FIXE, K_MUL, K_IOV, K_LENP, K_SIGSET, K_FDSET, K_MSG, K_MMSG, K_MMSGLEN, K_IOCTL, K_FCNTL,
       K_SIGACTION, K_FUTEX, K_ARCH, K_PRCTL, K_MINCORE, K_MSGRCV, K_HANDLE };
/* A rule in 32 bits: kind, pointer argument, second argument, size. Numbers only: a table of pointers would need relocation. */
#define RULE(k, p, q, n) ((u32)(k) | (u32)(p) << 8 | (u32)(q) << 12 | (u32)(n) << 16)
#define NONE 0
#define RET(p) RULE(K_RET, p, 0, 0)
#define RETN(p, n) RULE(K_RETN, p, 0, n)
#define RETMAX(p, q) RULE(K_RETMAX, p, q, 0)
#define FIX(p, n) RULE(K_FIX, p, 0, n)
#define FIXE(p, n) RULE(K_FIXE, p, 0, n)
#define MUL(p, q, n) RULE(K_MUL, p, q, n)
#define IOV(p, q) RULE(K_IOV, p, q, 0)
#define LENP(p, q) RULE(K_LENP, p, q, 0)
#define SIGSET(p, q) RULE(K_SIGSET, p, q, 0)
#define FDSET(p) RULE(K_FDSET, p, 0, 0)
#define ONE(k, p) RULE(k, p, 0, 0)
#define MSG(p) ONE(K_MSG, p)
#define MMSG(p) ONE(K_MMSG, p)
#define MMSGLEN(p) ONE(K_MMSGLEN, p)
#define IOCTL(p) ONE(K_IOCTL, p)
#define FCNTL(p) ONE(K_FCNTL, p)
#define SIGACTION(p) ONE(K_SIGACTION, p)
#define FUTEX(p) ONE(K_FUTEX, p)
#define ARCH(p) ONE(K_ARCH, p)
#define PRCTL(p) ONE(K_PRCTL, p)
#define MINCORE(p) ONE(K_MINCORE, p)
#define MSGRCV(p) ONE(K_MSGRCV, p)
#define HANDLE(p) ONE(K_HANDLE, p)

#define X(name, number, ...) _Static_assert(number == __NR_##name, #name);
#include "syscalls.def"
#undef X
static const struct row { u32 present, rule[4]; } rows[512] = {
#define X(name, number, ...) [number] = {1, {__VA_ARGS__}},
#include "syscalls.def"
#undef X
};

struct iov { u64 base, len; };
struct msg { u64 name; u32 namelen, pad; struct iov *iov; u64 iovlen, control, controllen; u32 flags, pad2; };

static void copy_iov(const struct iov *v, u64 n, u64 left) {
  for (u64 i = 0; i < n && left; i++) {
    u64 k = v[i].len < left ? v[i].len : left;
    mr_copy(v[i].base, k);
    left -= k;
  }
}
/* namelen and controllen come back as what the kernel wrote; namelen may exceed the buffer, whose size was `before`. */
static void copy_msg(struct msg *m, u64 n, u32 before) {
  copy_iov(m->iov, m->iovlen, n);
  if (m->name) mr_copy(m->name, m->namelen < before ? m->namelen : before);
  if (m->control) mr_copy(m->control, m->controllen);
  mr_copy((u64)m, sizeof *m);
}

/* Bytes an ioctl writes at its third argument (asm-generic/ioctls.h, linux/sockios.h); -1: not known. */
static long ioctl_size(u64 request) {
  switch ((u32)request) {
  case 0x5401: return 36;                                           /* TCGETS: struct termios of the kernel */
  case 0x5413: return 8;                                            /* TIOCGWINSZ */
  case 0x541b: case 0x5411: case 0x540f: case 0x5429: return 4;     /* FIONREAD, TIOCOUTQ, TIOCGPGRP, TIOCGSID */
  case 0x80045430: case 0x80045438: case 0x80045439: return 4;      /* TIOCGPTN, TIOCGPKT, TIOCGPTLCK */
  case 0x5402: case 0x5403: case 0x5404: case 0x5410: case 0x5414: case 0x5421: case 0x5450: case 0x5451: case 0x5452:
  case 0x540b: case 0x540a: case 0x5409: case 0x540e: case 0x5422: case 0x40045431: return 0; /* TCSETS*, TIOCS*, FIO*, TIOCNOTTY */
  default: return -1;
  }
}

static void after(struct frame *f, u32 rule, long r, u64 before) {
  u64 kind = rule & 255, p = f->a[rule >> 8 & 15], q = f->a[rule >> 12 & 15], n = rule >> 16, err = IS_ERR(r);
  if (kind == K_FIXE && p) mr_copy(p, n);
  if (kind == K_MMSG && !err) {
    char *m = (char *)p; /* struct mmsghdr: msghdr, msg_len; 64 bytes. namelen as it was is not kept: the buffer is at least 128 in
                            every libc (sockaddr_storage), and no address family is longer */
    for (long i = 0; i < r; i++, m += 64) copy_msg((struct msg *)m, *(u32 *)(m + 56), 128), mr_copy((u64)m, 64);
  }
  if (err || !p) return;
  switch (kind) {
  case K_RET: mr_copy(p, (u64)r); break;
  case K_RETN: mr_copy(p, (u64)r * n); break;
  case K_RETMAX: if (q) mr_copy(p, (u64)r); break;
  case K_FIX: mr_copy(p, n); break;
  case K_MUL: mr_copy(p, q * n); break;
  case K_IOV: copy_iov((struct iov *)p, q, (u64)r); break;
  case K_SIGSET: mr_copy(p, q); break;
  case K_FDSET: mr_copy(p, (f->a[0] + 63) / 64 * 8); break;
  case K_LENP:
    if (!q) break;
    mr_copy(p, *(u32 *)q < before ? *(u32 *)q : before);
    mr_copy(q, 4);
    break;
  case K_MSG: copy_msg((struct msg *)p, (u64)r, (u32)before); break;
  case K_MMSGLEN: for (long i = 0; i < r; i++) mr_copy(p + (u64)i * 64 + 56, 4); break;
  case K_IOCTL: {
    long k = ioctl_size(f->a[1]);
    if (k < 0) mr_escape_nr("ioctl", f->a[1]);
    else mr_copy(p, (u64)k);
    break;
  }
  case K_FCNTL: {
    u64 c = f->a[1];
    if (c == 5 || c == 36) mr_copy(p, 32);      /* F_GETLK, F_OFD_GETLK: struct flock */
    if (c == 16) mr_copy(p, 8);                 /* F_GETOWN_EX */
    if (c == 1035 || c == 1037) mr_copy(p, 8);  /* F_GET_RW_HINT, F_GET_FILE_RW_HINT */
    break;
  }
  case K_FUTEX: {
    u64 op = f->a[1] & 127;
    if (op >= 6 && op <= 8) mr_copy(p, 4);                  /* LOCK_PI, UNLOCK_PI, TRYLOCK_PI */
    if (op == 13) mr_copy(p, 4);                            /* LOCK_PI2 */
    if (op == 5 || op == 11 || op == 12) mr_copy(f->a[4], 4); /* WAKE_OP, WAIT_REQUEUE_PI, CMP_REQUEUE_PI */
    break;
  }
  case K_ARCH: if ((f->a[0] == 0x1003) | (f->a[0] == 0x1004)) mr_copy(p, 8); break; /* ARCH_GET_FS, ARCH_GET_GS */
  case K_PRCTL:
    switch (f->a[0]) { /* linux/prctl.h */
    case 2: case 5: case 9: case 11: case 19: case 25: case 37: mr_copy(p, 4); break; /* GET_PDEATHSIG and other ints */
    case 16: mr_copy(p, 16); break;                                                  /* GET_NAME */
    case 40: mr_copy(p, 8); break;                                                   /* GET_TID_ADDRESS */
    }
    break;
  case K_MINCORE: mr_copy(p, UP(f->a[1]) / PG); break;
  case K_MSGRCV: mr_copy(p, (u64)r + 8); break;
  case K_HANDLE: mr_copy(p, 8 + *(u32 *)p); break;
  }
}

/* Handlers enter through __mirror_sigtramp, which copies the int frame. The program only ever sees its own handlers. */
static long do_sigaction(struct frame *f) {
  u64 sig = f->a[0], act[4], *oact = (u64 *)f->a[2], tramp = (u64)__mirror_sigtramp;
  if (sig - 1 >= 64) return -E_INVAL;
  u64 was = S.handlers[sig];
  u64 use = f->a[1];
  if (use) {
    u64 local[2] = {(u64)act, 32}, remote[2] = {use, 32}; /* a bad pointer gives EFAULT, as natively */
    long n = sys6(__NR_process_vm_readv, (u64)sys(__NR_getpid, 0, 0, 0), (u64)local, 1, (u64)remote, 1, 0);
    if (n == -E_NOSYS || n == -E_PERM) memcpy(act, (void *)use, 32);
    else if (n != 32) return -14;
    if (act[0] > 1) __atomic_store_n(&S.handlers[sig], act[0], __ATOMIC_RELEASE), act[0] = tramp;
    use = (u64)act;
  }
  long r = sys4(__NR_rt_sigaction, sig, use, oact, f->a[3]);
  if (IS_ERR(r)) S.handlers[sig] = was;
  else if (oact) {
    if (oact[0] == tramp) oact[0] = was;
    mr_copy((u64)oact, 32);
  }
  return r;
}
/* The int frame: from rsp to the end of the extended state that ucontext points at (kernel asm/sigcontext.h: _fpx_sw_bytes at 464). */
u64 mr_sigframe(u64 sig, u64 frame, u64 uc) {
  u64 end = uc + 304, fp = *(u64 *)(uc + 224); /* struct ucontext 304 bytes; uc_mcontext.fpstate */
  if (end < frame + 440) end = frame + 440;    /* struct rt_sigframe: pretcode, ucontext, siginfo */
  if (fp) {
    u32 *sw = (u32 *)(fp + 464);
    u64 stop = fp + (sw[0] == 0x46505853 ? sw[1] : 512);
    if (stop > end) end = stop;
  }
  mr_copy(frame, end - frame);
  return __atomic_load_n(&S.handlers[sig & 127], __ATOMIC_ACQUIRE);
}

/* CLONE_CHILD_CLEARTID: the kernel stores 0 there when the thread ends (clone(2)), after our last instruction: so it is stored to the
   mirror ahead. Without PR_GET_TID_ADDRESS, the address last given to clone is used: musl has one for all threads. */
void mr_clear_tid(void) {
  u64 at = 0;
  if (sys(__NR_prctl, 40, &at, 0)) at = S.ctid;
  if (S.threads && IN_RANGE(at)) *(volatile u32 *)MVA(at) = 0;
}

u64 mr_dispatch(struct frame *f) {
  u64 nr = f->nr & 0xffffffff, before = 0;
  f->nr = nr;
  if (mr_is_memcall(nr)) return (u64)mr_locked(mr_memcall, f);
  switch (nr) {
  case __NR_exit:
    if (S.threads) {
      mr_clear_tid();
      mr_exit_thread(f->a[0], APP_RSP(f));
    } /* fall through: the only thread ends the process */
    __attribute__((fallthrough));
  case __NR_exit_group:
    /* A CLONE_VM child that is a process (posix_spawn) shares the lock with its parent, who has to go on; nothing to check there. */
    if ((!S.check && !S.report_set) || (u64)sys(__NR_getpid, 0, 0, 0) != S.own_pid) return (u64)sys(__NR_exit_group, f->a[0], 0, 0);
    return (u64)mr_locked(mr_exit_group, f);
  case __NR_rt_sigaction: return (u64)do_sigaction(f);
  case __NR_rseq: return (u64)-E_NOSYS; /* the kernel would write the area at any time */
  case __NR_arch_prctl:
    if (f->a[0] == 0x1001) { /* ARCH_SET_GS: GS base is ours */
      mr_escape("refused", "arch_prctl");
      return (u64)-E_PERM;
    }
  }
  const struct row *row = nr < 512 ? &rows[nr] : &rows[511];
  for (int i = 0; i < 4; i++) {
    u32 k = row->rule[i] & 255;
    u64 q = f->a[row->rule[i] >> 12 & 15];
    if (k == K_LENP && q) before = *(u32 *)q;
    if (k == K_MSG && f->a[1]) before = ((struct msg *)f->a[1])->namelen;
  }
  long r = mr_native(f);
  if (!row->present) mr_escape_nr("syscall", nr);
  for (int i = 0; i < 4 && row->rule[i]; i++) after(f, row->rule[i], r, before);
  return (u64)r;
}
