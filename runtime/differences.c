/* What differs between the two copies while the program runs, which nobody stops: a word may be in the middle of a store. It is looked at again after the
   program's threads have run on, and counts only if neither copy has changed in all looks. Lost pages that are met are rebuilt. */
#include "mr.h"

enum { LOOKS = 16, FIRST_PAUSE = 1, LONGEST_PAUSE = 100 };
enum { CHUNK = 64 /* pages a time: how long a memory call may have to wait */ };

void mr_pause(word ms) {
  word time[2] = {ms / 1000, ms % 1000 * 1000000};
  sys(__NR_nanosleep, time, 0, 0);
}
int mr_comparable(const struct range *r) { return r->flags & R_MIRRORED && !(r->flags & R_ESCAPED) && r->prot & P_R; }
/* Memory that a load can always reach. The kernel, asked to read a page whose error nobody knows of yet, would not survive it (a machine check in
   its own code); a load of ours is a SIGBUS, and the page is rebuilt. */
int mr_loadable(u32 flags) { return (flags & (R_ANON | R_STACK | R_HEAP | R_IMAGE)) != 0; }

/* The two copies of a page; 0 where there is nothing to compare: files may end before their mapping. */
static int page_copies(word at, u32 flags, const volatile word **native, const volatile word **mirror) {
  *native = (const volatile word *)at, *mirror = (const volatile word *)MVA(at);
  if (mr_loadable(flags)) return 1;
  *native = (const volatile word *)S.buf_native, *mirror = (const volatile word *)S.buf_mirror;
  return !S.sandboxed && mr_read_native((word)S.buf_native, at, PG) == (long)PG && mr_read_native((word)S.buf_mirror, MVA(at), PG) == (long)PG;
}
/* Words of one page between `lo` and `hi`; gives where to go on. */
static word compare_page(struct suspects *found, word lo, word hi, u32 flags, word *bytes) {
  word at = DOWN(lo);
  const volatile word *native, *mirror;
  if (!page_copies(at, flags, &native, &mirror)) return hi;
  for (word i = (lo - at) / sizeof(word); at + i * sizeof(word) < hi; i++) {
    word p = at + i * sizeof(word), a = native[i], b = mirror[i];
    if (mr_is_own(p)) continue;
    if (a != b && found->n == MAX_SUSPECTS) return p;
    if (a != b) found->at[found->n++] = (struct suspect){p, a, b};
    *bytes += sizeof(word);
  }
  return hi;
}
/* Not a page, but an entry in the page table: lost, or swapped out (Documentation/admin-guide/mm/pagemap.rst, bits 63 and 62). */
static void rebuild_lost(word page, uint64_t entry) {
  if (entry >> 62 == 1 && !S.dynamic && !S.sandboxed && !mr_readable(page)) mr_repair(page, PG, "comparison");
}

word mr_compare(struct suspects *found, word from, word to, long pagemap, word *bytes) {
  word i = mr_find(from);
  if (i == S.n_ranges || S.ranges[i].lo >= to) return to;
  struct range r = S.ranges[i];
  word at = r.lo > from ? r.lo : from, hi = r.hi < to ? r.hi : to, first = DOWN(at), n = (UP(hi) - first) / PG;
  if (!mr_comparable(&r)) return hi;
  if (n > CHUNK) n = CHUNK;
  int known = pagemap >= 0 && sys4(__NR_pread64, pagemap, S.pm_native, n * 8, first / PG * 8) == (long)n * 8 &&
              sys4(__NR_pread64, pagemap, S.pm_mirror, n * 8, MVA(first) / PG * 8) == (long)n * 8;
  for (word k = 0; k < n; k++) {
    word end = first + (k + 1) * PG < hi ? first + (k + 1) * PG : hi;
    /* Pages in neither copy are zero in both, and the stack has to grow before there is anything. */
    if (known && !((S.pm_native[k] | S.pm_mirror[k]) >> 62)) {
      if (r.flags & R_ANON) *bytes += end - at;
    } else if (known || !(r.flags & R_STACK)) {
      if (known) rebuild_lost(first + k * PG, S.pm_native[k]), rebuild_lost(MVA(first + k * PG), S.pm_mirror[k]);
      word stop = compare_page(found, at, end, r.flags, bytes);
      if (stop < end) return stop;
    }
    at = end;
  }
  return at;
}

/* Whether it differs still, in the same way. */
static int unchanged(const struct suspect *s) {
  word i = mr_find(s->address), at = DOWN(s->address);
  const volatile word *native, *mirror;
  if (i == S.n_ranges || S.ranges[i].lo > s->address || !mr_comparable(&S.ranges[i]) || !page_copies(at, S.ranges[i].flags, &native, &mirror)) return 0;
  word k = (s->address - at) / sizeof(word);
  return native[k] == s->native && mirror[k] == s->mirror;
}
/* What became equal, changed, or was unmapped leaves the list. `locked`: the lock is held all the time, otherwise it is taken for each look. */
word mr_settle(struct suspects *found, int locked) {
  word all = found->n;
  for (word look = 0, wait = FIRST_PAUSE; look < LOOKS && found->n; look++) {
    mr_pause(wait);
    wait = wait * 2 < LONGEST_PAUSE ? wait * 2 : LONGEST_PAUSE;
    if (!locked) mr_lock();
    word left = 0;
    for (word i = 0; i < found->n; i++)
      if (unchanged(&found->at[i])) found->at[left++] = found->at[i];
    if (!locked) mr_unlock();
    found->n = left;
  }
  return all - found->n;
}
/* Bytes of a word that differ, of those between `lo` and `hi`. */
word mr_differing_bytes(const struct suspect *s, word lo, word hi) {
  word n = 0;
  for (word k = 0; k < sizeof(word); k++)
    if ((s->native ^ s->mirror) >> 8 * k & 255 && s->address + k >= lo && s->address + k < hi) n++;
  return n;
}
/* One line: `when` names the comparison. Which of the two is right nobody knows: nothing is changed. */
void mr_tell_suspect(const struct suspect *s, const char *when, word number) {
  char name[200];
  word offset, i = mr_find(s->address);
  mr_symbol(s->address, name, sizeof name, &offset);
  mr_open_out(2);
  mr_put("mirrorasm: "), mr_put(when), mr_put(" "), mr_num(number), mr_put(": "), mr_hex(s->address), mr_put(" "), mr_put(name), mr_put("+"), mr_num(offset);
  mr_put(" ("), mr_put(i < S.n_ranges ? mr_kind(S.ranges[i].flags) : "unmapped"), mr_put(") differs: memory has "), mr_hex(s->native);
  mr_put(", its mirror "), mr_hex(s->mirror), mr_put(", and neither has changed while the program ran on\n");
  mr_flush();
}

/* mirror_verify(memory, bytes) of a program. On the runtime's stack, which is too small for the list. */
long mr_verify(struct frame *f) {
  word lo = f->a[0], hi = lo + f->a[1], differ = 0, at = lo, ignored = 0;
  if (S.sandboxed) return -E_PERM;
  if (hi < lo) return -E_FAULT;
  while (at < hi) { /* all of it must be protected */
    word i = mr_find(at);
    if (i == S.n_ranges || S.ranges[i].lo > at || !mr_comparable(&S.ranges[i])) return -E_FAULT;
    at = S.ranges[i].hi;
  }
  mr_copy(APP_SP(f) - MR_RED_ZONE - MR_K, MR_K); /* what this call has written there so far */
  long pagemap = sys4(__NR_openat, -100, "/proc/self/pagemap", 0x80000, 0);
  for (at = lo; at < hi;) {
    S.verified.n = 0;
    at = mr_compare(&S.verified, at, hi, pagemap, &ignored);
    mr_settle(&S.verified, 1);
    for (word i = 0; i < S.verified.n; i++) {
      word bytes = mr_differing_bytes(&S.verified.at[i], lo, hi);
      if (bytes && !differ) mr_tell_suspect(&S.verified.at[i], "mirror_verify", 1);
      differ += bytes;
    }
  }
  if (pagemap >= 0) sys(__NR_close, pagemap, 0, 0);
  mr_control.differing += differ;
  return (long)differ;
}
