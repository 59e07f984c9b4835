/* MIRROR_CHECK=<interval>: a thread of the runtime's own compares all protected memory again and again while the program runs. It stops nobody and
   sends no signals, so the program's system calls and handlers are as without it. What differs may be a store that is under way: it is looked at
   again after the program's threads have run on, and counts only if neither copy has changed in all looks. */
#include "mr.h"

enum { LOOKS = 16, FIRST_PAUSE = 1, LONGEST_PAUSE = 100, CHUNK = 64 /* pages a time: how long a memory call may have to wait */ };
/* Last in the section, page-padded by its type (ranges.c). */
__attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096))) char mr_checker_stack[MR_STACK];

static void pause_ms(word ms) {
  word time[2] = {ms / 1000, ms % 1000 * 1000000};
  sys(__NR_nanosleep, time, 0, 0);
}
static word used_ms(void) {
  word time[2] = {0, 0};
  sys(__NR_clock_gettime, 3, time, 0); /* CLOCK_THREAD_CPUTIME_ID */
  return time[0] * 1000 + time[1] / 1000000;
}

/* The page's two copies, read without a fault; 0 where there is nothing to compare. */
static int page_copies(word at, u32 flags) {
  if (S.sandboxed && !(flags & R_ANON)) return 0;
  return mr_read_native((word)S.buf_native, at, PG) == (long)PG && mr_read_native((word)S.buf_mirror, MVA(at), PG) == (long)PG;
}
static int comparable(const struct range *r) { return r->flags & R_MIRRORED && !(r->flags & R_ESCAPED) && r->prot & P_R; }
static int exempt(word at) { return at >= (word)__start_mirror_state && at < (word)__stop_mirror_state; }

static void keep(word at, word native, word mirror) {
  if (S.n_suspects < MAX_SUSPECTS) S.suspects[S.n_suspects++] = (struct suspect){at, native, mirror};
}
static void compare_page(word at, word lo, word hi, u32 flags) {
  if (!page_copies(at, flags)) return;
  const word *a = (const word *)S.buf_native, *b = (const word *)S.buf_mirror;
  for (word i = 0; i < PG / sizeof *a; i++) {
    word p = at + i * sizeof *a;
    if (p < lo || p >= hi || exempt(p)) continue;
    S.interval_bytes += sizeof *a;
    if (a[i] != b[i]) keep(p, a[i], b[i]);
  }
}
/* From `from` on, some pages of one range; gives where to go on. */
static word some_pages(word from, long pagemap) {
  word i = mr_find(from);
  if (i == S.n_ranges) return 0;
  struct range r = S.ranges[i];
  word at = DOWN(r.lo > from ? r.lo : from), n = (UP(r.hi) - at) / PG;
  if (!comparable(&r)) return r.hi;
  if (n > CHUNK) n = CHUNK;
  /* Pages in neither copy are zero in both, and the stack has to grow before there is anything. */
  int known = sys4(__NR_pread64, pagemap, S.pm_native, n * 8, at / PG * 8) == (long)n * 8 &&
              sys4(__NR_pread64, pagemap, S.pm_mirror, n * 8, MVA(at) / PG * 8) == (long)n * 8;
  for (word k = 0; k < n; k++)
    if (known && !((S.pm_native[k] | S.pm_mirror[k]) >> 62)) {
      if (r.flags & R_ANON) S.interval_bytes += PG;
    } else if (known || !(r.flags & R_STACK)) compare_page(at + k * PG, r.lo, r.hi, r.flags);
  return at + n * PG < r.hi ? at + n * PG : r.hi;
}

/* Whether it differs still, in the same way. */
static int unchanged(const struct suspect *s) {
  word i = mr_find(s->address), at = DOWN(s->address), offset = s->address - at, native, mirror;
  if (i == S.n_ranges || S.ranges[i].lo > s->address || !comparable(&S.ranges[i]) || !page_copies(at, S.ranges[i].flags)) return 0;
  memcpy(&native, S.buf_native + offset, sizeof native);
  memcpy(&mirror, S.buf_mirror + offset, sizeof mirror);
  return native == s->native && mirror == s->mirror;
}
static void tell(const struct suspect *s) {
  char name[200];
  word offset;
  for (word k = 0; k < sizeof(word); k++)
    if ((s->native ^ s->mirror) >> 8 * k & 255) S.interval_differing++;
  if (S.interval_told++ >= 8) return;
  mr_symbol(s->address, name, sizeof name, &offset);
  mr_open_out(2);
  mr_put("mirrorasm: interval check "), mr_num(S.interval_checks), mr_put(": "), mr_hex(s->address), mr_put(" "), mr_put(name), mr_put("+"), mr_num(offset);
  mr_put(" differs, and has not changed while the program ran on\n");
  mr_flush();
}
static int known_already(word address) {
  for (word i = 0; i < S.n_lost; i++)
    if (S.lost[i] == address) return 1;
  return 0;
}

static void one_check(void) {
  long pagemap = sys4(__NR_openat, -100, "/proc/self/pagemap", 0x80000, 0);
  S.n_suspects = 0;
  for (word at = PG; at;) {
    mr_lock();
    at = some_pages(at, pagemap);
    mr_unlock();
  }
  if (pagemap >= 0) sys(__NR_close, pagemap, 0, 0);
  for (word look = 0, wait = FIRST_PAUSE; look < LOOKS && S.n_suspects; look++) {
    pause_ms(wait);
    wait = wait * 2 < LONGEST_PAUSE ? wait * 2 : LONGEST_PAUSE;
    mr_lock();
    word left = 0;
    for (word i = 0; i < S.n_suspects; i++)
      if (unchanged(&S.suspects[i])) S.suspects[left++] = S.suspects[i];
    mr_unlock();
    S.interval_settled += S.n_suspects - left;
    S.n_suspects = left;
  }
  S.interval_checks++;
  mr_lock(); /* symbols and output are shared with the check at exit */
  for (word i = 0; i < S.n_suspects; i++) {
    if (known_already(S.suspects[i].address)) continue;
    if (S.n_lost < MAX_SUSPECTS) S.lost[S.n_lost++] = S.suspects[i].address;
    tell(&S.suspects[i]);
  }
  mr_unlock();
}

/* The thread. However large the program is, it takes a fifth of one CPU's time at most. */
void mr_checker(void) {
  word spent = 0;
  for (;;) {
    pause_ms(spent * 4 > S.interval ? spent * 4 : S.interval);
    word from = used_ms();
    one_check();
    spent = used_ms() - from;
  }
}
/* In a new process, and in a forked child, which has none of its parent's threads. All signals are blocked in it: they are the program's. */
void mr_start_checker(void) {
  if (!S.interval) return;
  if (S.dynamic) mr_die("MIRROR_CHECK=<interval> needs a static program", "use MIRROR_CHECK=exit");
  u64 all = ~0ull, old = 0; /* SIGBUS, too: it reads both copies without touching them */
  sys4(__NR_rt_sigprocmask, 2, &all, &old, 8);
  long r = mr_spawn(mr_checker, mr_checker_stack + sizeof mr_checker_stack);
  sys4(__NR_rt_sigprocmask, 2, &old, 0, 8);
  if (r < 0) mr_die("no thread for MIRROR_CHECK", "raise the limit of processes (ulimit -u), or use MIRROR_CHECK=exit");
}

/* 250ms, 1s, 5m; 0: something else. */
word mr_interval(const char *s) {
  word n = 0, digits = 0;
  for (; *s >= '0' && *s <= '9' && digits < 6; s++, digits++) n = n * 10 + (word)(*s - '0');
  if (!digits) return 0;
  if (mr_streq(s, "ms")) return n;
  if (mr_streq(s, "s")) return n * 1000;
  return mr_streq(s, "m") && n < 70000 ? n * 60000 : 0;
}

/* In the child of a process with threads: what another thread had begun there and nobody ends here, the mirror gets from native memory. Only
   the check needs it: a recovery may take either value, as the store may have been done or not. */
void mr_settle_fork(void) {
  long pagemap = sys4(__NR_openat, -100, "/proc/self/pagemap", 0x80000, 0);
  S.pending_bytes = 0;
  do {
    S.n_suspects = 0;
    word bytes = S.interval_bytes;
    for (word at = PG; at;) at = some_pages(at, pagemap);
    S.interval_bytes = bytes;
    for (word i = 0; i < S.n_suspects; i++) {
      const struct suspect *s = &S.suspects[i];
      memcpy((void *)MVA(s->address), (const void *)s->address, sizeof(word));
      for (word k = 0; k < sizeof(word); k++) S.pending_bytes += (s->native ^ s->mirror) >> 8 * k & 255 ? 1 : 0;
    }
  } while (S.n_suspects == MAX_SUSPECTS);
  if (pagemap >= 0) sys(__NR_close, pagemap, 0, 0);
}
