/* The table of native ranges (sorted, disjoint) and their mirror mappings. Called with the lock held, on the runtime stack. */
#include "mr.h"

/* Last in the section, page-padded by its type: __start_/__stop_mirror_state then bound whole pages. */
#define IN_STATE __attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096)))
IN_STATE struct state mr_state;
IN_STATE char mr_stack[MR_STACK];
IN_STATE char mr_locks[MR_LOCKS];

word mr_find(word addr) {
  word lo = 0, hi = S.n_ranges;
  while (lo < hi) {
    word mid = (lo + hi) / 2;
    if (S.ranges[mid].hi <= addr) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/* Room for two more. New tables are never freed: each doubles, so the waste is below the last one's size. Behind each is room for its twin (own.c). */
static void reserve_rows(void) {
  if (S.n_ranges + 2 <= S.cap_ranges) return;
  word cap = S.cap_ranges * 2;
  long p = sys6(MR_NR_mmap, 0, 2 * UP(cap * sizeof(struct range)), P_R | P_W, M_PRIVATE | M_ANON, -1ul, 0);
  if (IS_ERR(p)) mr_die("no memory for the table of mapped ranges", "raise the memory limit (ulimit -v)");
  memcpy((void *)p, S.ranges, S.n_ranges * sizeof(struct range));
  S.ranges = (struct range *)p, S.cap_ranges = cap;
}
static void insert(word i, struct range r) {
  mr_state_changes();
  reserve_rows();
  memmove(&S.ranges[i + 1], &S.ranges[i], (S.n_ranges - i) * sizeof r);
  S.ranges[i] = r, S.n_ranges++;
}
static void delete(word i, word n) {
  mr_state_changes();
  memmove(&S.ranges[i], &S.ranges[i + n], (S.n_ranges - i - n) * sizeof(struct range));
  S.n_ranges -= n;
}

void mr_split(word at) {
  word i = mr_find(at);
  if (i == S.n_ranges || S.ranges[i].lo >= at) return;
  struct range right = S.ranges[i];
  right.lo = at;
  mr_state_changes();
  S.ranges[i].hi = at;
  insert(i + 1, right);
}
/* Rows are moved only where there is one more or one less: that costs most in a long table. */
void mr_remove(word lo, word hi) {
  word i = mr_find(lo), n = 0;
  if (lo >= hi || i == S.n_ranges || S.ranges[i].lo >= hi) return;
  mr_state_changes();
  if (S.ranges[i].lo < lo) {
    if (S.ranges[i].hi > hi) mr_split(hi);
    S.ranges[i++].hi = lo;
  }
  while (i + n < S.n_ranges && S.ranges[i + n].hi <= hi) n++;
  if (i + n < S.n_ranges && S.ranges[i + n].lo < hi) S.ranges[i + n].lo = hi;
  if (n) delete(i, n);
}
static int same(const struct range *a, const struct range *b) { return a->hi == b->lo && a->prot == b->prot && a->flags == b->flags; }
void mr_add(word lo, word hi, u32 prot, u32 flags) {
  mr_remove(lo, hi);
  word i = mr_find(lo);
  struct range r = {lo, hi, prot, flags};
  int joins = !(flags & R_SHM); /* shmdt ends one attachment: keep its bounds */
  int below = joins && i && same(&S.ranges[i - 1], &r), above = joins && i < S.n_ranges && same(&r, &S.ranges[i]);
  mr_state_changes();
  if (below) S.ranges[i - 1].hi = above ? S.ranges[i].hi : hi;
  else if (above) S.ranges[i].lo = lo;
  else insert(i, r);
  if (below && above) delete(i, 1);
}

/* A fresh zero mirror. PROT_EXEC is never wanted there. */
int mr_mirror_anon(word lo, word hi, u32 prot, u32 shared) {
  if (mr_no_mirror_here()) return -1;
  long r = sys6(MR_NR_mmap, MVA(lo), hi - lo, prot & (P_R | P_W), (shared ? M_SHARED : M_PRIVATE) | M_ANON | M_FIXED | M_NORESERVE, -1ul, 0);
  return IS_ERR(r) ? -1 : 0;
}
/* Back to the reservation where the kernel might place something else there: x86-64 has a half of the address space for mirrors that it comes to last, and a
   hole costs half as much. With unrewritten libraries all of it stays writable, see dynamic/. */
void mr_mirror_drop(word lo, word hi) {
  if (lo >= hi) return;
  int hole = !S.reserved_space || (!MR_MIRRORS_NEAR && !S.dynamic);
  if (hole || IS_ERR(mr_mirror_anon(lo, hi, S.dynamic ? P_R | P_W : 0, 0))) sys(__NR_munmap, MVA(lo), hi - lo, 0);
}
/* Copies what is there to a fresh zero mirror. process_vm_readv on ourselves never faults: pages beyond a file's end are skipped.
   Zero pages are not written, so that untouched .bss costs nothing. */
void mr_copy_present(word lo, word hi) {
  for (word p = lo; p < hi; p += PG) {
    const char *from = S.buf_native;
    if (mr_read_native((word)from, p, PG) != (long)PG) continue;
    const word *w = (const word *)from;
    word k = 0;
    while (k < PG / sizeof *w && !w[k]) k++;
    if (k < PG / sizeof *w) memcpy((void *)MVA(p), from, PG);
  }
}
