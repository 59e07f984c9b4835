/* The system call boundary: what the kernel wrote into the program's memory is copied to the mirror. */
#include "mr.h"

enum { K_NONE, K_RET, K_RETN, K_RETMAX, K_FIX, K_FIXE, K_MUL, K_IOV, K_LENP, K_SIGSET, K_FDSET, K_MSG, K_MMSG, K_MMSGLEN, K_IOCTL, K_FCNTL,
       K_SIGACTION, K_FUTEX, K_ARCH, K_PRCTL, K_MINCORE, K_MSGRCV, K_HANDLE, K_READDIR, K_IPCCTL, K_REFUSE, K_NODES, K_MADVISE, K_VMWRITE, K_XATTR, K_PTRACE,
       K_QUOTACTL, K_KEYCTL, K_BPF };
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
#define READDIR(p) ONE(K_READDIR, p)
#define IPCCTL(p, q, n) RULE(K_IPCCTL, p, q, n)
#define REFUSE(error) RULE(K_REFUSE, 0, 0, error)
#define NODES(p, q) RULE(K_NODES, p, q, 0)
#define MADVISE(p) ONE(K_MADVISE, p)
#define VMWRITE(p) ONE(K_VMWRITE, p)
#define XATTR(p) ONE(K_XATTR, p)
#define PTRACE(p) ONE(K_PTRACE, p)
#define QUOTACTL(p, command) RULE(K_QUOTACTL, p, command, 0)
#define KEYCTL(p) ONE(K_KEYCTL, p)
#define BPF(p) ONE(K_BPF, p)

#define X(name, number, ...) _Static_assert(number == __NR_##name, #name);
#define PACKED(name, number, ...)
#define NEWER(name, number, ...)
#include "syscalls.def"
#undef X
#undef PACKED
#undef NEWER
#define X(name, number, ...) [number] = {1, {__VA_ARGS__}},
#define PACKED(name, number, ...) X(name, number, __VA_ARGS__)
#define NEWER(name, number, ...) X(name, number, __VA_ARGS__)
static const struct row { u32 present, rule[4]; } rows[MR_ROWS + 1] = {
#include "syscalls.def"
};
#undef X
#undef PACKED
#undef NEWER

struct iov { word base, len; };
struct msg { word name; u32 namelen; struct iov *iov; word iovlen, control, controllen; u32 flags; };
struct mmsg { struct msg msg; u32 len; };

static void copy_iov(const struct iov *v, word n, word left) {
  for (word i = 0; i < n && left; i++) {
    word k = v[i].len < left ? v[i].len : left;
    mr_copy(v[i].base, k);
    left -= k;
  }
}
/* namelen and controllen come back as what the kernel wrote; namelen may exceed the buffer, whose size was `before`. */
static void copy_msg(struct msg *m, word n, u32 before) {
  copy_iov(m->iov, m->iovlen, n);
  if (m->name) mr_copy(m->name, m->namelen < before ? m->namelen : before);
  if (m->control) mr_copy(m->control, m->controllen);
  mr_copy((word)m, sizeof *m);
}

/* Bytes that semctl (which 0), msgctl (1) and shmctl (2) write for a command (linux/sem.h, msg.h, shm.h); -1: not known. */
static long ipcctl_size(word which, word command) {
  static const unsigned char ds[] = {IPC_DS_SIZES}, ipc_info[] = {40, 32, 9 * sizeof(word)}, info[] = {40, 32, 6 * sizeof(word)},
                             stat[] = {18, 11, 13}, stat_any[] = {20, 13, 15};
  word c = command & 255;
  if (c < 2 || (which == 0 && c > 10 && c < 18 && c != 13) || (which == 2 && (c == 11 || c == 12))) return 0; /* IPC_RMID, IPC_SET, SETVAL, ... */
  if (c == 2 || c == stat[which] || c == stat_any[which]) return ds[which];
  return c == 3 ? ipc_info[which] : c == (word)stat[which] + 1 ? info[which] : -1;
}

static void after(struct frame *f, u32 rule, long r, word before) {
  word kind = rule & 255, p = f->a[rule >> 8 & 15], q = f->a[rule >> 12 & 15], n = rule >> 16, err = IS_ERR(r);
  if (kind == K_FIXE && p) mr_copy(p, n);
  if (kind == K_MMSG && !err) {
    struct mmsg *m = (struct mmsg *)p; /* namelen as it was is not kept: the buffer is at least 128 in every libc (sockaddr_storage),
                                          and no address family is longer */
    for (long i = 0; i < r; i++, m++) copy_msg(&m->msg, m->len, 128), mr_copy((word)m, sizeof *m);
  }
  if (err || !p) return;
  switch (kind) {
  case K_RET: mr_copy(p, (word)r); break;
  case K_RETN: mr_copy(p, (word)r * n); break;
  case K_RETMAX: mr_copy(p, (word)r < q ? (word)r : q); break; /* what is asked for with no room, and MSG_TRUNC, return more than is written */
  case K_FIX: mr_copy(p, n); break;
  case K_MUL: mr_copy(p, q * n); break;
  case K_IOV: copy_iov((struct iov *)p, q, (word)r); break;
  case K_SIGSET: mr_copy(p, q); break;
  case K_FDSET: mr_copy(p, (f->a[0] + 8 * sizeof(word) - 1) / (8 * sizeof(word)) * sizeof(word)); break;
  case K_LENP:
    if (!q) break;
    mr_copy(p, *(u32 *)q < before ? *(u32 *)q : before);
    mr_copy(q, 4);
    break;
  case K_MSG: copy_msg((struct msg *)p, (word)r, (u32)before); break;
  case K_MMSGLEN: for (long i = 0; i < r; i++) mr_copy((word)&((struct mmsg *)p)[i].len, 4); break;
  case K_IOCTL: mr_after_ioctl(f->a[1], p); break;
  case K_FCNTL: {
    word c = f->a[1];
    if (c == 5) mr_copy(p, FLOCK_SIZE);           /* F_GETLK */
    if (c == 12 || c == 36) mr_copy(p, FLOCK64_SIZE); /* F_GETLK64, F_OFD_GETLK */
    if (c == 16) mr_copy(p, 8);                   /* F_GETOWN_EX */
    if (c == 1035 || c == 1037) mr_copy(p, 8);    /* F_GET_RW_HINT, F_GET_FILE_RW_HINT */
    break;
  }
  case K_FUTEX: {
    word op = f->a[1] & 127;
    if (op >= 6 && op <= 8) mr_copy(p, 4);                  /* LOCK_PI, UNLOCK_PI, TRYLOCK_PI */
    if (op == 13) mr_copy(p, 4);                            /* LOCK_PI2 */
    if (op == 5 || op == 11 || op == 12) mr_copy(f->a[4], 4); /* WAKE_OP, WAIT_REQUEUE_PI, CMP_REQUEUE_PI */
    break;
  }
  case K_ARCH: /* asm/prctl.h */
    switch (f->a[0]) {
    case 0x1003: case 0x1004: mr_copy(p, 8); break; /* ARCH_GET_FS, ARCH_GET_GS: refused to 32-bit programs */
    case 0x1021: case 0x1022: case 0x1024: mr_copy(p, 8); break; /* ARCH_GET_XCOMP_SUPP, _PERM, _GUEST_PERM */
    }
    break;
  case K_PRCTL:
    switch (f->a[0]) { /* linux/prctl.h */
    case 2: case 5: case 9: case 11: case 19: case 25: case 37: mr_copy(p, 4); break; /* GET_PDEATHSIG and other ints */
    case 16: mr_copy(p, 16); break;                                                  /* GET_NAME */
    case 40: mr_copy(p, 8); break;                                                   /* GET_TID_ADDRESS */
    }
    break;
  case K_MINCORE: mr_copy(p, UP(f->a[1]) / PG); break;
  case K_MSGRCV: mr_copy(p, (word)r + sizeof(long)); break;
  case K_IPCCTL: {
    long k = ipcctl_size(n, q);
    if (k < 0) mr_unknown(mr_call_name(f->nr), 0, q & 255);
    else mr_copy(p, (word)k);
    break;
  }
  case K_NODES: mr_copy(p, (q + 8 * sizeof(word) - 2) / (8 * sizeof(word)) * sizeof(word)); break; /* q - 1 bits in whole words */
  case K_VMWRITE: if (f->a[0] == S.own_pid) copy_iov((struct iov *)p, f->a[4], (word)r); break;
  case K_XATTR: { /* linux/xattr.h, struct xattr_args: value, size, flags */
    const uint64_t *args = (const uint64_t *)p;
    if ((u32)args[1]) mr_copy((word)args[0], (word)r);
    break;
  }
  case K_PTRACE: mr_after_ptrace(f->a, r); break;
  case K_QUOTACTL: mr_after_quotactl(q, p); break;
  case K_KEYCTL: mr_after_keyctl(f->a, r); break;
  case K_BPF: mr_after_bpf(f->a); break;
  case K_HANDLE: mr_copy(p, 8 + *(u32 *)p); break;
  case K_READDIR: if (r) mr_copy(p, 2 * sizeof(word) + 2 + *(uint16_t *)(p + 2 * sizeof(word)) + 1); break; /* inode, offset, length, name */
  }
}

/* CLONE_CHILD_CLEARTID: the kernel stores 0 there when the thread ends (clone(2)), after our last instruction: so it is stored to the
   mirror ahead. Without PR_GET_TID_ADDRESS, the address last given to clone is used: musl has one for all threads. */
word mr_tid_cleared(void) {
  uint64_t at = 0; /* 8 bytes for 32-bit programs too, under a 64-bit kernel (prctl(2)) */
  if (!mr_may(MAY_PRCTL) || sys(__NR_prctl, 40, &at, 0)) at = S.ctid;
  return S.threads && IN_RANGE(at) ? MVA(at) : 0;
}
void mr_clear_tid(void) {
  word at = mr_tid_cleared();
  if (at) *(volatile u32 *)at = 0;
}

/* Calls whose writes cannot be followed are those of an older kernel: programs know how to do without them. */
static int refused_by_row(const struct frame *f, u32 rule, long *result) {
  word advice = f->a[rule >> 8 & 15];
  switch (rule & 255) {
  case K_REFUSE: *result = -(long)(rule >> 16); break;
  case K_MADVISE: /* linux/mman.h: WILLNEED, COLD, PAGEOUT, COLLAPSE keep what is in memory */
    if (advice == 3 || advice == 20 || advice == 21 || advice == 25) return 0;
    *result = -E_INVAL;
    break;
  default: return 0;
  }
  mr_escape("refused", mr_call_name(f->nr));
  return 1;
}

void mr_after(struct frame *f) {
  struct frame *call = (struct frame *)f->call;
  const struct row *row = &rows[call->nr < MR_ROWS ? call->nr : MR_ROWS];
  for (int i = 0; i < 4 && row->rule[i]; i++) after(call, row->rule[i], (long)f->result, f->before);
}

int mr_output_on(const struct frame *f, word page) {
  struct frame asked = *f, unwrapped, *call = mr_unwrap(&asked, &unwrapped), *kept = mr_current;
  if (!call) return 1;
  if (f->told) return 0; /* it is in both copies */
  asked.done = ASKED_ONLY, asked.masked = 0, asked.mask[0] = page, asked.call = (word)call; /* mr_copy */
  mr_current = &asked;
  mr_after(&asked);
  mr_current = kept;
  return (int)asked.masked;
}

/* What a call needs before each try, or its error. rt_sigprocmask: SIGBUS stays open, a blocked one would end the process (recover.c). The old mask is
   told before the new one is there: it could not be told again. `own` is the runtime's set in the program's place; mr_own_arguments gives both back. */
static long ready(struct frame *f, const struct frame *call, u64 *own) {
  word bytes = S.dynamic ? 0 : MR_MASK_BYTES(f), set = f->a[1], told = f->a[2];
  f->told = 0;
  if (bytes && set) {
    u64 old;
    if (mr_peek(own, set, bytes) || (told && !mr_can_store(told, &old, bytes))) return -E_FAULT;
    if (f->a[0] > SIG_SETMASK) return -E_INVAL;
    long bad = -E_FAULT;
    while (told && (bad = sys4(__NR_rt_sigprocmask, 0, 0, &old, 8)) == -E_FAULT) mr_touch(&old);
    if (told && bad) return bad; /* a sandbox */
    *own &= mr_all_but_bus;
    f->before = set, f->told = told;
    f->a[1] = (word)own, f->a[2] = 0;
    if (told) mr_store(told, &old, bytes); /* last: a signal that comes into it finds where it is (mr_at_boundary) */
    return 0;
  }
  const struct row *row = &rows[call->nr < MR_ROWS ? call->nr : MR_ROWS];
  f->before = 0;
  for (int i = 0; i < 4; i++) {
    u32 k = row->rule[i] & 255;
    word p = call->a[row->rule[i] >> 8 & 15], q = call->a[row->rule[i] >> 12 & 15];
    if (k == K_LENP && q) mr_peek(&f->before, q, 4);
    if (k == K_MSG && p) mr_peek(&f->before, p + offsetof(struct msg, namelen), 4);
  }
  return 0;
}
word mr_own_arguments(struct frame *f) {
  word bytes = MR_MASK_BYTES(f);
  if (!bytes || f->a[1] > (word)f || f->a[1] < (word)f - MR_K) return 0;
  f->a[1] = f->before, f->a[2] = f->told;
  return f->told ? bytes : 0;
}
/* The call, and again where it met a lost page. */
static void call_kernel(struct frame *f, struct frame *call) {
  u64 own;
  for (u32 tries = 0;; tries++) {
    long bad = f->done == NOT_DONE ? ready(f, call, &own) : 0;
    if (bad) mr_keep(&f->result, (word)bad), mr_keep(&f->done, NATIVE_DONE);
    if (f->done == NOT_DONE) mr_native(f);
    int again = (long)f->result == -E_FAULT && mr_again(call, tries);
    mr_own_arguments(f);
    if (!again) return;
  }
}
static struct frame *unwrap(struct frame *f, struct frame *to) {
  for (u32 tries = 0;; tries++) {
    struct frame *call = mr_unwrap(f, to);
    if (call || !mr_again(f, tries)) return call;
  }
}
/* A thread gives back what it has from the runtime. It may begin again, and does not return: so it is no call that has been done (mr_locked). */
static long end_thread(void *unused) {
  (void)unused;
  return (long)mr_leaves_stack();
}

static word dispatch(struct frame *f) {
  word nr = f->nr & 0xffffffff;
  long refused;
  struct frame unwrapped;
  f->nr = nr;
  struct frame *call = unwrap(f, &unwrapped); /* where calls are packed into one, what is inside */
  if (!call) return (word)-E_FAULT;
  if (mr_is_memcall(call)) return (word)mr_locked(mr_memcall, call);
  if (mr_is_sigcall(nr)) {
    mr_handler_in_sandbox(f);
    return (word)mr_locked(mr_sigcall, f);
  }
  if (mr_refused(f, &refused)) return (word)refused;
  switch (nr) {
  case MR_NR_VERIFY: return (word)mr_locked(mr_verify, f);
  case __NR_exit:
    if (S.threads) {
      static const u64 none = ~0ull;
      int may = mr_may(MAY_SIGALTSTACK) && mr_may(MAY_UNMAP) && mr_may(MAY_BLOCK);
      word alternate = may ? (word)mr_under_lock(end_thread, 0) : 0; /* may wait for ever: whoever checks at exit keeps the lock */
      mr_keep(&f->a[1], mr_tid_cleared()), mr_keep(&f->a[2], alternate), mr_keep(&f->a[3], (word)&none);
      mr_exit_thread();
    } /* fall through: the only thread ends the process */
    __attribute__((fallthrough));
  case __NR_exit_group:
    /* A CLONE_VM child that is a process (posix_spawn) shares the lock with its parent, who has to go on; nothing to check there. */
    if ((!S.check && !S.report_set) || (mr_may(MAY_GETPID) && (word)sys(__NR_getpid, 0, 0, 0) != S.own_pid)) return (word)sys(mr_end_call(nr), f->a[0], 0, 0);
    return (word)mr_locked(mr_exit_group, f);
  }
  const struct row *row = &rows[call->nr < MR_ROWS ? call->nr : MR_ROWS];
  if (refused_by_row(call, row->rule[0], &refused)) return (word)refused;
  if (!row->present) mr_unknown("syscall", mr_call_name(nr), nr); /* what is packed into ipc and not known has no number of its own */
  for (int i = 0; i < 4; i++)
    if ((row->rule[i] & 255) == K_IOCTL && S.strict && !mr_ioctl_known(call->a[1])) mr_unknown("ioctl", mr_ioctl_name(call->a[1]), call->a[1]);
  u32 could = mr_before_sandbox(f);
  f->call = (word)call;
  int begins = nr == __NR_execve || nr == __NR_execveat;
  if (begins) mr_told_early(0);
  call_kernel(f, call);
  if (begins) mr_told_early(1);
  mr_after_sandbox(f, could);
  mr_after(f);
  return f->result;
}
/* Comes again where a lost page has taken what was on the stack (mr_start_over): `done` says what is left to do. */
word mr_dispatch(struct frame *f) {
  struct frame *kept = mr_current; /* dynamic/ comes here by a call */
  mr_current = f;
  if (f->done != ALL_DONE) mr_keep(&f->result, dispatch(f)), mr_keep(&f->done, ALL_DONE);
  mr_current = kept;
  return f->result;
}
