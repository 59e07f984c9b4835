/* Sandboxes (seccomp(2)). A filter that lets the program's calls through need not let the runtime's own: before it is set, each of these is looked up in it,
   and what may end the program is done without from then on, or refused by name. Arguments that are not known beforehand count as any. */
#include "mr.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

enum { ANY = -1, INSTRUCTIONS = 4096 /* linux/filter.h, BPF_MAXINSNS */, ARCH = BY_WORD(AUDIT_ARCH_I386, AUDIT_ARCH_X86_64) };
enum { THROUGH = 1, ENDS = 2 };
enum { NR_AT = 0, ARCH_AT = 4, ARGS_AT = 16, SIGNALS = 64, SET_AT = 1024 };

/* In the order of mr.h; the first argument where a filter may well ask for it. */
static const struct { int nr, first; } own[MAY_END] = {
    [MAY_BLOCK] = {__NR_rt_sigprocmask, ANY}, [MAY_CLOCK] = {__NR_clock_gettime, ANY}, [MAY_CLOSE] = {__NR_close, ANY},
    [MAY_EXIT] = {__NR_exit, ANY},            [MAY_EXIT_GROUP] = {__NR_exit_group, ANY}, [MAY_GETPID] = {__NR_getpid, ANY},
    [MAY_GETTID] = {__NR_gettid, ANY},        [MAY_LSEEK] = {__NR_lseek, ANY},         [MAY_MAP] = {MR_NR_mmap, ANY},
    [MAY_OPEN] = {__NR_openat, ANY},          [MAY_PRCTL] = {__NR_prctl, ANY},         [MAY_PREAD] = {__NR_pread64, ANY},
    [MAY_REPORT] = {__NR_write, ANY},         [MAY_SIGALTSTACK] = {__NR_sigaltstack, ANY}, [MAY_SLEEP] = {__NR_nanosleep, ANY},
    [MAY_UNMAP] = {__NR_munmap, ANY},         [MAY_WRITE] = {__NR_write, 2},           [MAY_YIELD] = {__NR_sched_yield, ANY},
};
static u32 bit(int what) { return 1u << what; }

/* What the accumulator has before an instruction, over all ways there: jumps only go forward. */
struct accumulator { unsigned char reached, known; u32 value; };
struct filter { u32 n; struct sock_filter at[INSTRUCTIONS]; struct accumulator before[INSTRUCTIONS]; };
__attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096))) static struct filter filter;

static void reach(u32 i, struct accumulator a) {
  if (i >= filter.n) return; /* the kernel refuses it */
  struct accumulator *b = &filter.before[i];
  if (b->reached && (!b->known || !a.known || a.value != b->value)) a.known = 0;
  a.reached = 1, *b = a;
}
static struct accumulator load(u32 at, int nr, long first) {
  struct accumulator a = {1, 1, 0};
  if (at == NR_AT) a.value = (u32)nr;
  else if (at == ARCH_AT) a.value = (u32)ARCH;
  else if (at == ARGS_AT && first != ANY) a.value = (u32)first;
  else if (at != ARGS_AT + 4 || first == ANY) a.known = 0;
  return a;
}
static int holds(u32 op, u32 a, u32 k) { return op == BPF_JEQ ? a == k : op == BPF_JGT ? a > k : op == BPF_JGE ? a >= k : (a & k) != 0; }
static void jump(u32 i, const struct sock_filter *x, struct accumulator a) {
  if (BPF_OP(x->code) == BPF_JA) {
    if (x->k < INSTRUCTIONS) reach(i + 1 + x->k, a);
    return;
  }
  int known = a.known && BPF_SRC(x->code) == BPF_K, yes = known && holds(BPF_OP(x->code), a.value, x->k);
  if (!known || yes) reach(i + 1 + x->jt, a);
  if (!known || !yes) reach(i + 1 + x->jf, a);
}
static int lets_through(const struct sock_filter *x) {
  u32 action = x->k & SECCOMP_RET_ACTION_FULL;
  return BPF_RVAL(x->code) == BPF_K && (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG);
}
/* What may become of a call; `first` is its first argument. */
static u32 outcomes(int nr, long first) {
  u32 all = 0;
  for (u32 i = 0; i < filter.n; i++) filter.before[i].reached = 0;
  reach(0, (struct accumulator){1, 1, 0});
  for (u32 i = 0; i < filter.n; i++) {
    const struct sock_filter *x = &filter.at[i];
    struct accumulator a = filter.before[i];
    if (!a.reached) continue;
    switch (BPF_CLASS(x->code)) {
    case BPF_RET: all |= lets_through(x) ? THROUGH : ENDS; continue;
    case BPF_JMP: jump(i, x, a); continue;
    case BPF_LD:
      if (BPF_MODE(x->code) == BPF_ABS) a = load(x->k, nr, first);
      else a.known = BPF_MODE(x->code) == BPF_IMM, a.value = x->k;
      break;
    case BPF_ALU:
      if (x->code == (BPF_ALU | BPF_AND | BPF_K)) a.value &= x->k;
      else a.known = 0;
      break;
    case BPF_MISC:
      if (BPF_MISCOP(x->code) == BPF_TXA) a.known = 0;
      break;
    }
    reach(i + 1, a);
  }
  return all;
}
static u32 forbidden_by_filter(void) {
  u32 all = 0;
  for (int i = 0; i < MAY_END; i++)
    if (outcomes(own[i].nr, i == MAY_REPORT && S.report_fd ? (long)S.report_fd : own[i].first) & ENDS) all |= bit(i);
  return all;
}
/* A pointer to struct sock_fprog. What cannot be read, the kernel cannot either. */
static int read_filter(word at) {
  struct sock_fprog program;
  if (mr_peek(&program, at, sizeof program) || program.len > INSTRUCTIONS) return 0;
  filter.n = program.len;
  return !mr_peek(filter.at, (word)program.filter, program.len * sizeof *filter.at);
}

/* Of a process whose only thread asks for `wanted`: a thread of ours may be there, too. Strict mode knows `exit` only. */
word mr_end_call(word wanted) { return wanted == __NR_exit && !mr_may(MAY_EXIT_GROUP) ? __NR_exit : __NR_exit_group; }
int mr_may(int what) { return !(S.forbidden & bit(what)); }

/* A file that a program does not come across: it may count on the numbers that open gives. */
static void open_report(void) {
  enum { DUPFD_CLOEXEC = 1030 };
  word limit[2];
  if (!S.report_set || S.report_fd || !mr_may(MAY_OPEN) || sys4(MR_NR_getrlimit, 7, limit, 0, 0)) return;
  long low = mr_create_report(), high = low < 0 ? low : sys(__NR_fcntl, low, DUPFD_CLOEXEC, (limit[0] < SET_AT ? limit[0] : SET_AT) - 16);
  if (low >= 0) sys(__NR_close, low, 0, 0);
  if (high > 0) S.report_fd = (u32)high, S.report_pid = S.own_pid;
}
static void close_report(void) {
  if (S.report_fd) sys(__NR_close, S.report_fd, 0, 0);
  S.report_fd = 0;
}

static void handlers_end(void) {
  mr_die("it has signal handlers in a sandbox (seccomp) that forbids rt_sigprocmask, with which they are entered",
         "let the filter allow rt_sigprocmask, or build the program natively");
}
static void no_handlers(void) {
  word act[SIGACTION_WORDS];
  for (int i = 1; i <= SIGNALS; i++)
    if (S.handlers[i] > 1 && !sys4(__NR_rt_sigaction, i, 0, act, 8) && (i == SIGBUS_NR && !S.dynamic ? S.bus_action[0] : act[0]) > 1) handlers_end();
}
/* A handler that is set later. */
void mr_handler_in_sandbox(const struct frame *f) {
  word handler = f->a[1];
  int action = f->nr == __NR_rt_sigaction;
#ifdef __NR_signal
  action |= f->nr == __NR_sigaction;
#endif
  if (f->nr == __NR_sigaltstack || (action && (!handler || mr_peek(&handler, f->a[1], sizeof handler)))) return;
  if (handler > 1 && !mr_may(MAY_BLOCK)) handlers_end();
}
/* Once is enough. */
int mr_no_mirror_here(void) {
  if (S.never_maps && S.never_maps++ == 1)
    mr_open_out(2), mr_put("mirrorasm: the sandbox (seccomp) forbids mmap, which more memory needs for its mirror: ENOMEM\n"), mr_flush();
  return S.never_maps != 0;
}

enum { NO, STRICT, FILTER };
static int kind_of(const struct frame *f) {
  if (f->nr == __NR_prctl && f->a[0] == PR_SET_SECCOMP) return f->a[1] == SECCOMP_MODE_STRICT ? STRICT : f->a[1] == SECCOMP_MODE_FILTER ? FILTER : NO;
  if (f->nr == __NR_seccomp) return f->a[0] == SECCOMP_SET_MODE_STRICT ? STRICT : f->a[0] == SECCOMP_SET_MODE_FILTER ? FILTER : NO;
  return NO;
}
static void enter(const struct frame *f, int kind) {
  u32 more = ~(bit(MAY_EXIT) | bit(MAY_WRITE) | bit(MAY_REPORT)); /* seccomp(2): read, write, exit, sigreturn */
  if (kind == FILTER && !read_filter(f->a[2])) return;
  if (kind == FILTER) more = forbidden_by_filter();
  S.sandboxed = 1;
  if (!more) return;
  if (more & bit(MAY_BLOCK)) no_handlers();
  if (more & bit(MAY_OPEN)) {
    open_report();
    if (kind == FILTER) more = forbidden_by_filter(); /* which asks for its number */
    if (S.report_set && (!S.report_fd || more & bit(MAY_REPORT))) {
      close_report();
      mr_open_out(2), mr_put("mirrorasm: the program enters a sandbox (seccomp) in which no report can be written\n"), mr_flush();
    }
  }
  S.forbidden |= more;
  if (!mr_may(MAY_SIGALTSTACK)) mr_no_spare();
  if (!S.never_maps) S.never_maps = kind == STRICT || !(outcomes(MR_NR_mmap, ANY) & THROUGH);
}
static long begin(void *f) {
  enter(f, kind_of(f));
  return 0;
}
/* Before the call, as nothing can be asked for after it. */
u32 mr_before_sandbox(struct frame *f) {
  u32 was = S.forbidden;
  if (kind_of(f) == NO) return was;
  mr_under_lock(begin, f);
  /* Our own thread, where it would be in the sandbox, too, or `exit` would not end the process. */
  int all_threads = f->nr == __NR_seccomp && f->a[1] & SECCOMP_FILTER_FLAG_TSYNC;
  if (S.forbidden != was && (all_threads || !mr_may(MAY_EXIT_GROUP))) mr_stop_checker();
  return was;
}
void mr_after_sandbox(const struct frame *f, u32 was) {
  if (kind_of(f) != NO && IS_ERR(f->result)) S.forbidden = was, S.never_maps = 0;
}
