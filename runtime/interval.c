/* MIRROR_CHECK=<interval> and MIRROR_SCRUB=<interval>: a thread of the runtime's own compares all protected memory again and again while the program
   runs (differences.c). It stops nobody and sends no signals, so the program's system calls and handlers are as without it. */
#include "mr.h"

enum { WAIT_PRIVATE = 128, WAKE_PRIVATE = 129 };
enum { CHECK_SHARE = 20, SCRUB_SHARE = 5 /* percent of one CPU */, SPELL = 1000 /* microseconds of work between two pauses */ };
/* Last in the section, page-padded by its type (ranges.c). Its lower end is for SIGBUS: it touches what it compares. */
__attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096))) char mr_checker_stack[MR_ALTERNATE + MR_STACK];

static word used_us(void) {
  word time[2] = {0, 0};
  sys(__NR_clock_gettime, 3, time, 0); /* CLOCK_THREAD_CPUTIME_ID */
  return time[0] * 1000000 + time[1] / 1000;
}
static word period_ms(void) { return S.scrub ? S.scrub : S.interval; }
static int known_already(word address) {
  for (word i = 0; i < S.n_lost; i++)
    if (S.lost[i] == address) return 1;
  return 0;
}
static void report(const struct suspects *found) {
  mr_lock(); /* symbols and output are shared with the check at exit */
  for (word i = 0; i < found->n; i++) {
    const struct suspect *s = &found->at[i];
    if (known_already(s->address)) continue;
    if (S.n_lost < MAX_SUSPECTS) S.lost[S.n_lost++] = s->address;
    word bytes = mr_differing_bytes(s, s->address, s->address + sizeof(word));
    S.interval_differing += bytes, mr_control.differing += bytes;
    if (S.interval_told++ < 8) mr_tell_suspect(s, S.scrub ? "scrub" : "interval check", S.interval_checks + 1);
  }
  mr_unlock();
}
/* However large the program is, this takes its share of one CPU's time at most. */
static void one_check(void) {
  const word share = S.scrub ? SCRUB_SHARE : CHECK_SHARE;
  long pagemap = sys4(__NR_openat, -100, "/proc/self/pagemap", 0x80000, 0);
  word from = used_us();
  for (word at = PG, end = MR_USER_END; at < end;) {
    mr_lock();
    at = mr_compare(&S.suspects, at, end, pagemap, &S.interval_bytes);
    mr_unlock();
    if (S.suspects.n == MAX_SUSPECTS || at >= end) {
      S.interval_settled += mr_settle(&S.suspects, 0);
      report(&S.suspects);
      S.suspects.n = 0;
    }
    if (S.checker_stops) break;
    word spent = used_us() - from;
    if (spent < SPELL) continue;
    mr_pause(spent * (100 - share) / share / 1000);
    from = used_us();
  }
  if (pagemap >= 0) sys(__NR_close, pagemap, 0, 0);
  S.interval_checks++, mr_control.checks++;
}

/* A page that the scrub finds lost is rebuilt, for which a sandbox leaves no way: it would only be the first to touch it. */
static void scrub_ends(void) {
  mr_lock();
  mr_open_out(2);
  mr_put("mirrorasm: MIRROR_SCRUB ends here: the program has entered a sandbox (seccomp), in which a lost page cannot be told from a whole one\n");
  mr_flush();
  mr_unlock();
  for (;;) sys(__NR_exit, 0, 0, 0);
}
/* The thread. */
void mr_checker(void) {
  mr_use_stack((word)mr_checker_stack, MR_ALTERNATE);
  S.checker = (word)sys(__NR_gettid, 0, 0, 0);
  for (;;) {
    word time[2] = {period_ms() / 1000, period_ms() % 1000 * 1000000};
    sys4(__NR_futex, &S.checker_stops, WAIT_PRIVATE, 0, time);
    if (S.checker_stops) sys(__NR_exit, 0, 0, 0);
    if (S.scrub && S.sandboxed) scrub_ends();
    one_check();
  }
}
/* Gives back when the thread is no more. What it was to do from now on is not done. */
void mr_stop_checker(void) {
  word pid = S.own_pid;
  if (!S.checker) return;
  __atomic_store_n(&S.checker_stops, 1, __ATOMIC_SEQ_CST);
  sys(__NR_futex, &S.checker_stops, WAKE_PRIVATE, 1);
  while (!sys(__NR_tgkill, pid, S.checker, 0)) mr_pause(1);
  S.checker = 0;
}
/* In a new process, and in a forked child, which has none of its parent's threads. All signals but SIGBUS are blocked in it: they are the program's. */
void mr_start_checker(void) {
  if (S.scrub && S.interval) mr_die("MIRROR_SCRUB and MIRROR_CHECK=<interval> want the same thread", "use one of them; MIRROR_CHECK=exit goes with both");
  if (!period_ms() || S.checker_stops || !mr_may(MAY_BLOCK) || !mr_may(MAY_CLOCK) || !mr_may(MAY_OPEN) || !mr_may(MAY_PREAD) || !mr_may(MAY_SLEEP)) return;
  if (S.dynamic) mr_die("MIRROR_SCRUB and MIRROR_CHECK=<interval> need a static program", "use MIRROR_CHECK=exit");
  u64 old = 0;
  sys4(__NR_rt_sigprocmask, SIG_SETMASK, &mr_all_but_bus, &old, 8);
  S.suspects.n = 0;
  long r = mr_spawn(mr_checker, mr_checker_stack + sizeof mr_checker_stack);
  S.checker = (word)r; /* the program may stop it before its first instruction (mr_stop_checker) */
  sys4(__NR_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
  if (r < 0) mr_die("no thread for MIRROR_SCRUB or MIRROR_CHECK=<interval>", "raise the limit of processes (ulimit -u), or use MIRROR_CHECK=exit");
}

/* 250ms, 1s, 5m, 2h in milliseconds; 0: something else. */
word mr_interval(const char *s) {
  static const struct { char unit[3]; u32 ms; } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
  word n = 0, digits = 0;
  for (; *s >= '0' && *s <= '9' && digits < 6; s++, digits++) n = n * 10 + (word)(*s - '0');
  for (word i = 0; digits && i < sizeof units / sizeof *units; i++)
    if (mr_streq(s, units[i].unit)) return n <= 2000000000 / units[i].ms ? n * units[i].ms : 0;
  return 0;
}

/* In the child of a process with threads: what another thread had begun there and nobody ends here, the mirror gets from native memory. Only
   a comparison needs it: a recovery may take either value, as the store may have been done or not. */
void mr_settle_fork(void) {
  long pagemap = sys4(__NR_openat, -100, "/proc/self/pagemap", 0x80000, 0);
  word ignored = 0;
  S.pending_bytes = 0;
  for (word at = PG; at < MR_USER_END;) {
    S.suspects.n = 0;
    at = mr_compare(&S.suspects, at, MR_USER_END, pagemap, &ignored);
    for (word i = 0; i < S.suspects.n; i++) {
      const struct suspect *s = &S.suspects.at[i];
      memcpy((void *)MVA(s->address), (const void *)s->address, sizeof(word));
      S.pending_bytes += mr_differing_bytes(s, s->address, s->address + sizeof(word));
    }
  }
  if (pagemap >= 0) sys(__NR_close, pagemap, 0, 0);
}
