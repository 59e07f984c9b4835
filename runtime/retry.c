/* System calls that met a lost page: the kernel gives EFAULT. The page is made whole, and the call is done again if nothing of it was done. */
#include "mr.h"

enum { CHUNK = 512 /* pages a time */ };
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
  /* What was is told last, when it is so no more. */
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

/* Whether a call that has succeeded can be done again for what it has told: it only tells. */
static int may_repeat(const struct frame *f) {
  switch (f->nr) {
  MR_TELLS
  case __NR_stat: case __NR_lstat: case __NR_fstat: case __NR_statx: case __NR_statfs: case __NR_fstatfs: case __NR_readlink: case __NR_readlinkat:
  case __NR_getcwd: case __NR_uname: case __NR_sysinfo: case __NR_getrlimit: case __NR_getrusage: case __NR_times: case __NR_getgroups:
  case __NR_getresuid: case __NR_getresgid: case __NR_capget: case __NR_getcpu: case __NR_mincore: case __NR_ustat:
  case __NR_clock_gettime: case __NR_clock_getres: case __NR_gettimeofday: case __NR_time: case __NR_getitimer: case __NR_timer_gettime:
  case __NR_getsockname: case __NR_getpeername: case __NR_getsockopt: case __NR_pread64: case __NR_preadv: case __NR_poll:
  case __NR_getxattr: case __NR_lgetxattr: case __NR_fgetxattr: case __NR_listxattr: case __NR_llistxattr: case __NR_flistxattr:
  case __NR_sched_getaffinity: case __NR_sched_getparam: case __NR_sched_getattr: case __NR_sched_rr_get_interval: case __NR_rt_sigpending:
  case __NR_getrandom: case __NR_get_mempolicy: case __NR_get_robust_list: case __NR_process_vm_readv: return 1;
  case __NR_rt_sigprocmask: case MR_NR_sigprocmask: return !f->a[1];
  case __NR_prlimit64: return !f->a[2];
  }
  return 0;
}

int mr_met(struct frame *f, word page) {
  struct frame unwrapped, *call = mr_unwrap(f, &unwrapped);
  int bad = (long)f->result == -E_FAULT;
  if (!bad && !mr_output_on(f, page)) return GOES_ON;
  int again = call && (bad ? may_retry(call) : may_repeat(call));
  if (again) mr_control.retried++, mr_keep(&f->done, NOT_DONE);
  else if (bad) mr_control.not_retried++;
  return again ? AGAIN : bad ? GOES_ON : IS_GONE;
}

/* Lost pages have an entry in the page table that is not a page: Documentation/admin-guide/mm/pagemap.rst, bit 62. */
word mr_repair_all(void) {
  if (S.dynamic || S.sandboxed) return 0;
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

static long again(void *call) {
  mr_state_changes();
  if (!mr_repair_all()) return 0;
  if (!may_retry(call)) {
    mr_control.not_retried++;
    return 0;
  }
  mr_control.retried++;
  if ((long)mr_current->result == -E_FAULT) mr_keep(&mr_current->done, NOT_DONE); /* here: whoever comes again finds nothing to repair */
  return 1;
}
/* Whether to do the call again. */
int mr_again(struct frame *call, u32 tries) { return !S.dynamic && !S.sandboxed && tries < MR_TRIES && mr_under_lock(again, call); }
