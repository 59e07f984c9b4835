/* Alternate stacks: one of the runtime's for each thread, for SIGBUS, where the program has not set one of its own. What the program is told is as if ours
   was not there. Ours hold nothing between two signals and are no memory of the program's: they have no mirror. Linux tells of a page of them that is lost
   (BUS_MCEERR_AO) before it puts a signal there, which it could not. */
#include "mr.h"

enum { SS_ONSTACK = 1, SS_DISABLE = 2, E_ALREADY_ON = E_PERM };
struct stack { word sp; int flags; word size; }; /* stack_t */
#define IN_STATE __attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096)))
/* What the next new thread has for SIGBUS before it touches its own stack (entry.S), or 0: then it makes one itself, like those that are not made by `clone`. */
IN_STATE struct { word stack; char rest[PG - sizeof(word)]; } mr_spare;
/* Last in the section, page-padded by its type (ranges.c). The second is the first thread's that is made; none gets it again. */
IN_STATE static char fixed_stacks[2][MR_ALTERNATE];
static int is_fixed(word at) { return at - (word)fixed_stacks < sizeof fixed_stacks; }

static struct stack current(void) {
  struct stack s = {0, SS_DISABLE, 0};
  sys(__NR_sigaltstack, 0, &s, 0);
  return s;
}
static int of_program(const struct stack *s) {
  word i = mr_find(s->sp);
  return s->size && i < S.n_ranges && S.ranges[i].lo <= s->sp && !is_fixed(s->sp);
}

void mr_use_stack(word at, word bytes) {
  struct stack s = {at, 0, bytes};
  sys(__NR_sigaltstack, &s, 0, 0);
}
/* Without the lock; more threads than there is room for are as well off, but for a lost page of their stack. */
static void note(word was, word is) {
  for (word i = 0; i < MAX_ALTERNATES; i++) {
    word old = was;
    if (__atomic_compare_exchange_n(&S.alternates[i], &old, is, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return;
  }
}
int mr_renew_stack(word address) {
  enum { MAYMOVE = 1, FIXED = 2 };
  for (word i = 0; i < MAX_ALTERNATES; i++) {
    word at = __atomic_load_n(&S.alternates[i], __ATOMIC_ACQUIRE);
    if (!at || address - at >= MR_ALTERNATE) continue;
    if (S.handling > 1) return 1; /* it may be in use */
    long aside = sys6(MR_NR_mmap, 0, PG, P_R | P_W, M_PRIVATE | M_ANON, -1ul, 0);
    if (!IS_ERR(aside)) sys6(__NR_mremap, (word)aside, PG, PG, MAYMOVE | FIXED, DOWN(address), 0);
    return 1;
  }
  return 0;
}
static word made(void) {
  long r = sys6(MR_NR_mmap, 0, MR_ALTERNATE, P_R | P_W, M_PRIVATE | M_ANON | M_NORESERVE, -1ul, 0);
  if (IS_ERR(r)) return 0;
  note(0, (word)r);
  return (word)r;
}
static void unmake(word at, word bytes) {
  note(at, 0);
  sys(__NR_munmap, at, bytes, 0);
}
/* A thread without one can be recovered as long as the page below its stack pointer is whole. */
void mr_own_stack(void) {
  int first = sys(__NR_gettid, 0, 0, 0) == sys(__NR_getpid, 0, 0, 0);
  word at = first ? (word)fixed_stacks[0] : made();
  if (at) mr_use_stack(at, MR_ALTERNATE);
}
void mr_first_spare(void) { mr_spare.stack = (word)fixed_stacks[1]; }
void mr_no_spare(void) { __atomic_store_n(&mr_spare.stack, 0, __ATOMIC_RELEASE); }
static void next_spare(void) {
  word none = 0, at = __atomic_load_n(&mr_spare.stack, __ATOMIC_ACQUIRE) ? 0 : made();
  if (at && !__atomic_compare_exchange_n(&mr_spare.stack, &none, at, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) unmake(at, MR_ALTERNATE);
}
static void give_back(const struct stack *own) {
  if (own->size && !is_fixed(own->sp)) unmake(own->sp, own->size);
}
/* With the lock held. */
void mr_thread_ends(void) {
  struct stack s = current(), none = {0, SS_DISABLE, 0};
  if (S.dynamic || of_program(&s)) return;
  sys(__NR_sigaltstack, &none, 0, 0);
  give_back(&s);
}
word mr_leaves_stack(void) {
  struct stack s = current();
  if (S.dynamic || of_program(&s) || !s.size || is_fixed(s.sp)) return 0;
  note(s.sp, 0);
  return s.sp;
}
/* From entry.S, in a new thread whose stack pointer is `sp`: the bytes that this dirties below it reach the mirror. A child of vfork has its
   parent's. */
void mr_thread_begins(word sp) {
  if (!S.dynamic && mr_may(MAY_SIGALTSTACK) && mr_may(MAY_MAP)) {
    if (!current().size) mr_own_stack();
    if (mr_may(MAY_UNMAP)) next_spare();
  }
  mr_copy(sp - MR_K, MR_K);
}

long mr_sigaltstack(const struct frame *f) {
  struct stack wanted, was = current(), told = was;
  word sp = APP_SP(f);
  int own = !of_program(&was);
  if (f->a[1] && !mr_can_store(f->a[1], &wanted, sizeof wanted)) return -E_FAULT; /* before anything is done */
  if (own) told = (struct stack){0, SS_DISABLE, 0};
  else told.flags = (was.flags & ~SS_ONSTACK) | (sp > was.sp && sp - was.sp <= was.size ? SS_ONSTACK : 0);
  if (f->a[0]) {
    if (mr_peek(&wanted, f->a[0], sizeof wanted)) return -E_FAULT;
    if (told.flags & SS_ONSTACK) return -E_ALREADY_ON;
    int off = (wanted.flags & 0x7fffffff) == SS_DISABLE;
    long r = off ? 0 : sys(__NR_sigaltstack, &wanted, 0, 0);
    if (r) return r;
    if (off && !own) mr_own_stack();
    if (!off && own) give_back(&was);
  }
  if (f->a[1]) {
    mr_store(f->a[1], &told, sizeof told);
  }
  return 0;
}
