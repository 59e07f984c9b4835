/* System calls that met a lost page: the kernel gives EFAULT. The page is made whole, and the call is done again if nothing of it was done. */
#include "mr.h"

enum { CHUNK = 512 /* pages a time */, TRIES = 16 };
enum { S_IFMT = 0170000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFBLK = 0060000, S_IFIFO = 0010000, S_IFSOCK = 0140000 };
enum { SOL_SOCKET = 1, SO_TYPE = 3, SOCK_STREAM = 1 };

/* A stream keeps what it could not hand over. Others (datagrams, eventfd, signalfd, inotify, terminals) may have let go of it. */
static int keeps(word fd) {
  u32 stat[36];
  int type = 0, size = sizeof type;
  if (sys(MR_NR_fstat, fd, stat, 0)) return 0;
  switch (stat[MR_STAT_MODE] & S_IFMT) {
  case S_IFREG: case S_IFDIR: case S_IFBLK: case S_IFIFO: return 1;
  case S_IFSOCK: return !sys6(__NR_getsockopt, fd, SOL_SOCKET, SO_TYPE, (word)&type, (word)&size, 0) && type == SOCK_STREAM;
  }
  return 0;
}
/* Whether a call that gave EFAULT has changed nothing: most calls read their arguments first and only tell something in the end. Those that take
   something away, or do something, before they write what they tell are named here. */
static int may_retry(const struct frame *f) {
  switch (f->nr) {
  case __NR_read: case __NR_readv: case __NR_pread64: case __NR_preadv: case __NR_preadv2: MR_RECEIVES return keeps(f->a[0]);
  /* What was is told last, when it is so no more. A set of the runtime's own was read without fault (boundary.c, ready). */
  case __NR_rt_sigprocmask: return !f->a[2] || f->a[1] == f->before;
  case __NR_prlimit64: return !f->a[2] || !f->a[3];
  case __NR_setitimer: return !f->a[1] || !f->a[2];
  case __NR_timer_settime: case __NR_adjtimex: case __NR_clock_adjtime:
  MR_TAKES
  case __NR_wait4: case __NR_waitid: case __NR_mq_timedreceive: case __NR_rt_sigtimedwait: case __NR_ioctl: case __NR_ptrace: case __NR_clone:
  case __NR_clone3: case __NR_nanosleep: case __NR_clock_nanosleep: case __NR_io_submit: case __NR_io_getevents: case __NR_timer_create: case __NR_keyctl:
  case __NR_bpf: return 0;
  }
  return 1;
}

/* Lost pages have an entry in the page table that is not a page: Documentation/admin-guide/mm/pagemap.rst, bit 62. */
static word repair_all(void) {
  word before = mr_control.recovered;
  long pagemap = sys4(__NR_openat, -100, "/proc/self/pagemap", 0x80000, 0);
  if (pagemap < 0) return 0;
  for (word i = 0; i < S.n_ranges; i++) {
    struct range r = S.ranges[i];
    if (!(r.flags & R_MIRRORED) || !(r.prot & P_R)) continue;
    for (word at = r.lo; at < r.hi; at += CHUNK * PG) {
      word n = (r.hi - at) / PG < CHUNK ? (r.hi - at) / PG : CHUNK;
      if (sys4(__NR_pread64, pagemap, S.pm_native, n * 8, at / PG * 8) != (long)n * 8) break;
      for (word k = 0; k < n; k++)
        if (S.pm_native[k] >> 62 == 1 && !mr_readable(at + k * PG)) mr_repair(at + k * PG, PG, "EFAULT");
    }
  }
  sys(__NR_close, pagemap, 0, 0);
  return mr_control.recovered - before;
}

/* Whether to do the call again. */
int mr_again(struct frame *call, u32 tries) {
  u64 all, old = 0;
  if (S.dynamic || S.sandboxed || tries >= TRIES) return 0;
  mr_all_but_bus(&all);
  sys4(__NR_rt_sigprocmask, 2, &all, &old, 8);
  mr_lock();
  word repaired = repair_all();
  int again = repaired && may_retry(call);
  if (repaired && !again) mr_control.not_retried++;
  mr_control.retried += (u32)again;
  mr_unlock();
  sys4(__NR_rt_sigprocmask, 2, &old, 0, 8);
  return again;
}
