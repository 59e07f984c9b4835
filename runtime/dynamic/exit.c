/* The end of a dynamically linked program, after its own handlers and those of the libraries: what is claimed is compared. Only the C
   library's flush of its streams comes later. */
#include "after.h"

/* Sorted and disjoint. */
void mr_exclude(word lo, word hi) {
  word i = 0, n = 0;
  while (i < S.n_excluded && S.excluded[i].hi < lo) i++;
  for (; i + n < S.n_excluded && S.excluded[i + n].lo <= hi; n++) {
    if (S.excluded[i + n].lo < lo) lo = S.excluded[i + n].lo;
    if (S.excluded[i + n].hi > hi) hi = S.excluded[i + n].hi;
  }
  if (S.n_excluded - n == MAX_EXCLUDED) {
    mr_escape("pending", "too-many-calls");
    return;
  }
  memmove(&S.excluded[i + 1], &S.excluded[i + n], (S.n_excluded - i - n) * sizeof *S.excluded);
  S.excluded[i] = (struct span){lo, hi}, S.n_excluded += 1 - n;
}

/* What a call in progress is writing: nothing is copied before it returns. */
static void each_span(const struct progress *c, void (*what)(word lo, word hi)) {
  for (const u32 *rules = c->rules; *rules; rules++) {
    u32 rule = *rules;
    word p = rule >> 8 & 15, q = rule >> 12 & 15, n = rule >> 16;
    if (p > 5 || !c->a[p]) continue;
    switch (rule & 255) {
    case K_FIX: case K_FIXOK: case K_SYNC: case K_SYNCGONE: what(c->a[p], c->a[p] + n); break;
    case K_MUL: case K_MULOK: what(c->a[p], c->a[p] + c->a[q] * n); break;
    case K_MULMUL: what(c->a[p], c->a[p] + c->a[q] * c->a[n]); break;
    case K_RET: what(c->a[p], c->a[p] + c->a[p + 1]); break;
    case K_RETN: what(c->a[p], c->a[p] + c->a[p + 1] * n); break;
    case K_UNLOCK: what(c->a[p], c->a[p] + 40); break;
    default: mr_escape("pending", "call"); /* no thread waits in such a call for long */
    }
  }
}
/* Other threads go on meanwhile: a row is read as it is just then. */
static void exclude_calls(const struct thread *t, word over) {
  u32 n = __atomic_load_n(&t->depth, __ATOMIC_ACQUIRE);
  for (u32 i = 0; i < n; i++)
    if (t->calls[i].at >= over) each_span(&t->calls[i], mr_exclude);
}
static void copy_span(word lo, word hi) {
  if (IN_RANGE(lo)) mr_peek((void *)MVA(lo), lo, hi - lo);
}
/* In a forked child the calls of other threads never end. */
void mr_copy_calls(const struct thread *t) {
  for (u32 i = 0; i < t->depth; i++) each_span(&t->calls[i], copy_span);
}

void mr_before_check(word sp) {
  struct thread *self = mr_self();
  S.n_excluded = 0;
  mr_exclude_copies();
  for (word i = 0; i < MAX_THREADS; i++) {
    struct thread *t = &mr_threads[i];
    if (__atomic_load_n(&t->used, __ATOMIC_ACQUIRE)) exclude_calls(t, t == self ? sp : 0);
  }
}

static long check(struct frame *f) {
  mr_check_and_report(f);
  return 0;
}
/* The process may go on for a while, so the lock is given back. */
void mr_end(void) {
  if ((!S.check && !S.report_set) || S.ended || (mr_may(MAY_GETPID) && (word)sys(__NR_getpid, 0, 0, 0) != S.own_pid)) return;
  S.ended = 1;
  if (!__libc_single_threaded) S.threads = 1;
  struct frame f = {0}, *kept = mr_current;
  mr_current = &f;
  mr_locked(check, &f);
  mr_current = kept;
}
static int failed(void) { return S.differing && !S.pending && !mr_unknown_count; }

int fflush(void *stream);
void mr_finish(void) {
  if (mr_libraries_end) mr_libraries_end();
  mr_end();
  if (!failed()) return;
  fflush(0);
  sys(__NR_exit_group, 121, 0, 0);
}

/* _exit and its like: no handlers, no streams. */
void mr_exit_now(word status) {
  mr_end();
  for (;;) sys(__NR_exit_group, failed() ? 121 : status, 0, 0);
}
