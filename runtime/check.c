/* The check (every protected byte against its mirror) and the report, at exit_group. Runs under the lock, on the runtime's stack. */
#include "mr.h"

static void record(word addr) {
  S.differing++;
  struct diff *d = S.n_diffs ? &S.diffs[S.n_diffs - 1] : 0;
  if (d && d->address + d->length == addr) d->length++;
  else if (S.n_diffs < MAX_DIFFS) S.diffs[S.n_diffs++] = (struct diff){addr, 1};
}
static int equal(const char *n, const char *m, word bytes) {
  const volatile word *a = (const volatile word *)n, *b = (const volatile word *)m;
  word words = bytes / sizeof(word);
  for (word i = 0; i < words; i++)
    if (a[i] != b[i]) return 0;
  for (word i = words * sizeof(word); i < bytes; i++) /* a section need not end on a word */
    if (((const volatile char *)n)[i] != ((const volatile char *)m)[i]) return 0;
  return 1;
}
/* Files, whose mappings may end behind them. In a sandbox there is no way to ask, and they are left out. */
static int readable(word at, word n, char *buf) { return !S.sandboxed && mr_read_native((word)buf, at, n) == (long)n; }
/* The two copies, of files as the kernel reads them (past the end a plain load would be a SIGBUS): one after the other, so threads may write in between. */
static int copies(word lo, word hi, u32 flags, const char **n, const char **m) {
  *n = (const char *)lo, *m = (const char *)MVA(lo);
  if (mr_loadable(flags)) return 1;
  *n = S.buf_native, *m = S.buf_mirror;
  return readable(lo, hi - lo, S.buf_native) && readable(MVA(lo), hi - lo, S.buf_mirror);
}
/* Other threads still run: what is found equal once is not looked at again, and a difference that goes away is their pending write, not a lost one. On a
   busy machine a thread may have to wait for a CPU: three seconds for all pages together. */
static void compare(word lo, word hi, u32 flags) {
  const char *n, *m;
  if (!copies(lo, hi, flags, &n, &m)) return;
  S.checked += hi - lo;
  for (u32 i = 0; !equal(n, m, hi - lo); i++) {
    static const word millisecond[] = {0, 1000000};
    if (!S.threads || (i >= 50 && (S.sandboxed || S.settling > 3000))) {
      for (word at = 0; at < hi - lo; at++)
        if (((const volatile char *)n)[at] != ((const volatile char *)m)[at]) record(lo + at);
      return;
    }
    if (!mr_may(MAY_YIELD)) __asm__ volatile("pause");
    else if (i < 50 || S.sandboxed) sys(__NR_sched_yield, 0, 0, 0);
    else sys(__NR_nanosleep, millisecond, 0, 0), S.settling++;
    if (!copies(lo, hi, flags, &n, &m)) return;
  }
}
static void check_whole(word lo, word hi, u32 flags, long pagemap) {
  for (word at = lo; at < hi;) {
    word first = DOWN(at), n = (UP(hi) - first) / PG;
    if (n > 512) n = 512;
    int known = pagemap >= 0 && flags & R_ANON && sys4(__NR_pread64, pagemap, S.pm_native, n * 8, first / PG * 8) == (long)n * 8 &&
                sys4(__NR_pread64, pagemap, S.pm_mirror, n * 8, MVA(first) / PG * 8) == (long)n * 8;
    for (word i = 0; i < n && at < hi; i++) {
      word end = first + (i + 1) * PG < hi ? first + (i + 1) * PG : hi;
      /* Bits 63 and 62: present, swapped (Documentation/admin-guide/mm/pagemap.rst). Neither in both: zero in both. */
      if (known && !((S.pm_native[i] | S.pm_mirror[i]) >> 62)) S.checked += end - at;
      else compare(at, end, flags);
      at = end;
    }
  }
}
/* Without what belongs to libraries. */
static void check_part(word lo, word hi, u32 flags, long pagemap) {
  for (word i = 0; i < S.n_excluded && lo < hi; i++) {
    const struct span *x = &S.excluded[i];
    if (x->hi <= lo || x->lo >= hi) continue;
    if (x->lo > lo) check_whole(lo, x->lo, flags, pagemap);
    lo = x->hi;
  }
  if (lo < hi) check_whole(lo, hi, flags, pagemap);
}
static word excluded(word lo, word hi) {
  word n = 0;
  for (word i = 0; i < S.n_excluded; i++) {
    const struct span *x = &S.excluded[i];
    if (x->hi > lo && x->lo < hi) n += (x->hi < hi ? x->hi : hi) - (x->lo > lo ? x->lo : lo);
  }
  return n;
}
static void cut(word lo, word hi, word out_lo, word out_hi, u32 flags, long pagemap) {
  if (out_hi <= lo || out_lo >= hi) check_part(lo, hi, flags, pagemap);
  else {
    if (lo < out_lo) check_part(lo, out_lo, flags, pagemap);
    if (out_hi < hi) check_part(out_hi, hi, flags, pagemap);
  }
}
static void check(struct frame *f, int compare_too) {
  word sp = APP_SP(f) - MR_RED_ZONE;
  long pagemap = mr_may(MAY_OPEN) && mr_may(MAY_PREAD) ? sys4(__NR_openat, -100, "/proc/self/pagemap", 0x80000, 0) : -1;
  if (S.before_check) S.before_check(sp);
  for (word i = 0; i < S.n_ranges; i++) {
    struct range r = S.ranges[i];
    if (!(r.flags & R_MIRRORED) || r.flags & R_ESCAPED || !(r.prot & P_R)) continue;
    word lo = r.lo, out_lo = sp - MR_K, out_hi = sp;
    if (r.flags & R_STACK && S.dynamic) lo = out_lo = out_hi = S.args_low; /* libraries leave their frames in bytes that no other writes */
    else if (r.flags & R_STACK) { /* below sp nothing is alive; from another thread its sp is not known: skipped */
      lo = sp > r.lo && sp < r.hi ? sp : r.hi;
      out_hi = lo;
    }
    if (r.flags & R_IMAGE) out_lo = (word)__start_mirror_state, out_hi = (word)__stop_mirror_state;
    S.mirrored += r.hi - lo - excluded(lo, r.hi);
    if (out_lo >= lo && out_hi <= r.hi && out_lo < out_hi) S.mirrored -= out_hi - out_lo;
    if (compare_too) cut(lo, r.hi, out_lo, out_hi, r.flags, pagemap);
  }
  if (pagemap >= 0 && mr_may(MAY_CLOSE)) sys(__NR_close, pagemap, 0, 0);
}

static void say(void) {
  char name[200];
  word offset;
  mr_open_out(2);
  if (S.interval) {
    mr_put("mirrorasm: "), mr_num(S.interval_checks), mr_put(" interval checks of "), mr_num(S.interval_bytes), mr_put(" bytes, ");
    mr_num(S.interval_differing), mr_put(" differ\n");
  }
  word e = S.n_escapes < MAX_ESCAPES ? S.n_escapes : MAX_ESCAPES;
  for (word i = 0; i < e; i++) {
    const struct escape *x = &S.escapes[i];
    int refused = mr_streq(x->kind, "refused");
    mr_put(refused ? "mirrorasm: refused: " : "mirrorasm: escape: ");
    if (!refused) mr_put(x->kind), mr_put(" ");
    mr_put(x->name), mr_put(" ("), mr_num(x->count), mr_put(")\n");
  }
  mr_put("mirrorasm: checked "), mr_num(S.checked), mr_put(" bytes, "), mr_num(S.differing), mr_put(" differ\n");
  for (word i = 0; i < S.n_diffs && i < 8; i++) {
    struct diff *d = &S.diffs[i];
    mr_symbol(d->address, name, sizeof name, &offset);
    mr_put("mirrorasm:   "), mr_hex(d->address), mr_put(" "), mr_put(name), mr_put("+"), mr_num(offset);
    mr_put(", "), mr_num(d->length), mr_put(" bytes\n");
  }
  mr_flush();
}
void mr_key(const char *k) { mr_put(",\n  "), mr_json(k), mr_put(": "); }
static void recoveries(void) {
  word n = mr_control.recovered < MAX_RECOVERED ? (word)mr_control.recovered : MAX_RECOVERED;
  mr_key("pagesLost"), mr_num((word)mr_control.lost), mr_key("callsRetried"), mr_num((word)mr_control.retried);
  mr_key("callsNotRetried"), mr_num((word)mr_control.not_retried), mr_key("ownPagesRecovered"), mr_num(S.own_recovered), mr_key("recovered"), mr_put("[");
  for (word i = 0; i < n; i++) {
    const struct recovered *r = &S.recovered[i];
    mr_put(i ? ", " : ""), mr_put("{\"address\": \""), mr_hex(r->address), mr_put("\", \"kind\": "), mr_json(mr_kind(r->flags));
    mr_put(", \"copy\": "), mr_json(r->mirror ? "mirror" : "native"), mr_put(", \"cause\": "), mr_json(r->cause), mr_put(", \"microseconds\": "), mr_num(r->us), mr_put("}");
  }
  mr_put("]");
}
/* The file, or an error. */
long mr_create_report(void) {
  char path[600];
  word n = 0;
  for (const char *p = S.report; *p && n < sizeof path - 24; p++)
    if (p[0] == '%' && p[1] == 'p') {
      char b[20];
      int k = 0;
      word v = S.own_pid;
      do b[k++] = (char)('0' + v % 10);
      while (v /= 10);
      while (k) path[n++] = b[--k];
      p++;
    } else path[n++] = *p;
  path[n] = 0;
  long fd = sys4(__NR_openat, -100, path, 01 | 0100 | 01000 | 0x80000, 0644);
  if (fd < 0) mr_open_out(2), mr_put("mirrorasm: cannot write the report "), mr_put(path), mr_put("\n"), mr_flush();
  return fd;
}
static void report(void) {
  char name[200];
  word offset, pid = S.own_pid;
  /* A forked child would overwrite its parent's report. */
  if (pid != S.first_pid && !S.report_has_pid) return;
  long fd = S.report_fd && S.report_pid == pid ? (long)S.report_fd : mr_may(MAY_OPEN) ? mr_create_report() : -1;
  if (fd < 0) return;
  mr_open_out((int)fd);
  mr_put("{\n  \"version\": "), mr_json(MR_VERSION);
  mr_key("program"), mr_json(S.program);
  mr_key("pid"), mr_num(pid);
  mr_key("mirrorOffset"), mr_json("-" STRINGIFY(MR_DISTANCE));
  mr_key("checked"), mr_put(S.check ? "true" : "false");
  mr_key("bytesMirrored"), mr_num(S.mirrored);
  mr_key("bytesChecked"), mr_num(S.checked);
  mr_key("bytesDiffering"), mr_num(S.differing);
  mr_key("differences"), mr_put("[");
  for (word i = 0; i < S.n_diffs; i++) {
    struct diff *d = &S.diffs[i];
    mr_symbol(d->address, name, sizeof name, &offset);
    mr_put(i ? ", " : ""), mr_put("{\"address\": \""), mr_hex(d->address), mr_put("\", \"symbol\": "), mr_json(name);
    mr_put(", \"offset\": "), mr_num(offset), mr_put(", \"length\": "), mr_num(d->length), mr_put("}");
  }
  mr_put("]"), mr_key("escapes"), mr_put("[");
  word e = S.n_escapes < MAX_ESCAPES ? S.n_escapes : MAX_ESCAPES;
  for (word i = 0; i < e; i++) {
    mr_put(i ? ", " : ""), mr_put("{\"kind\": "), mr_json(S.escapes[i].kind), mr_put(", \"name\": "), mr_json(S.escapes[i].name);
    mr_put(", \"count\": "), mr_num(S.escapes[i].count), mr_put("}");
  }
  mr_put("]");
  if (S.interval) {
    mr_key("intervalChecks"), mr_num(S.interval_checks), mr_key("intervalBytesChecked"), mr_num(S.interval_bytes);
    mr_key("intervalBytesDiffering"), mr_num(S.interval_differing), mr_key("intervalWordsSettled"), mr_num(S.interval_settled);
  }
  if (S.scrub) {
    mr_key("scrubs"), mr_num(S.interval_checks), mr_key("scrubBytesChecked"), mr_num(S.interval_bytes);
    mr_key("scrubBytesDiffering"), mr_num(S.interval_differing), mr_key("scrubWordsSettled"), mr_num(S.interval_settled);
  }
  if (S.pending_bytes) mr_key("bytesPendingAtFork"), mr_num(S.pending_bytes);
  mr_key("ranges"), mr_num(S.n_ranges), mr_key("recoveries"), mr_num((word)mr_control.recovered);
  recoveries();
  if (S.more_report) S.more_report();
  mr_put("\n}\n");
  mr_flush();
  if (mr_may(MAY_CLOSE)) sys(__NR_close, fd, 0, 0);
}

void mr_check_and_report(struct frame *f) {
  if (S.check || S.report_set) check(f, S.check != 0);
  /* Where a report is written, stderr belongs to the program, unless something is wrong. */
  if (S.check && (!S.report_set || S.differing)) say();
  if (S.report_set) report();
}

/* The lock is kept: no mapping may change any more. */
long mr_exit_group(struct frame *f) {
  word status = f->a[0];
  mr_check_and_report(f);
  if (S.differing || (S.interval && S.interval_differing)) status = 121;
  for (;;) sys(mr_end_call(f->nr), status, 0, 0);
}
