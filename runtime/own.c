/* The runtime's own memory. What it has to know of the program is kept twice: mr_twin has what mr_state had when the lock was last given back. Whoever takes
   the lock touches all that it may need first, so a page that was lost before is met where nothing is half done, and comes back from the twin; later ones do
   until something is changed. The rest holds nothing between two calls. Nothing here may touch a page that may be the lost one while SIGBUS is blocked: the
   kernel would end the process. */
#include "mr.h"

/* A page of its own each, and page-padded by its type (ranges.c). */
#define IN_STATE __attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096)))
#define KEPT offsetof(struct state, kept_end)
/* The table of ranges has its twin behind it where it is not in mr_state (ranges.c). */
IN_STATE struct state mr_twin; /* up to kept_end: the rest is never touched */
IN_STATE static struct control control_twin;
IN_STATE static struct guard { u32 busy; char rest[PG - 4]; } guards[2];

enum { MAYMOVE = 1, FIXED = 2, ATOMIC_MS = 20 };

int mr_is_own(word at) { return at >= (word)__start_mirror_state && at < (word)__stop_mirror_state; }
static word table_bytes(word rows) { return UP(rows * sizeof(struct range)); }

static void touch(const void *from, word bytes) {
  for (word at = 0; at < bytes; at += PG) (void)*((const volatile char *)from + at);
}
int mr_state_ready(u32 mine) {
  if (S.dynamic) return 1;
  touch(&S, sizeof S), touch(&mr_twin, KEPT), touch(mr_stack, sizeof mr_stack), touch(guards, sizeof guards);
  if (S.ranges != S.fixed_ranges) touch(S.ranges, S.n_ranges * sizeof(struct range));
  __atomic_store_n(&mr_twin.lock, mine, __ATOMIC_SEQ_CST);
  return __atomic_load_n(&S.lock, __ATOMIC_SEQ_CST) == mine;
}
void mr_state_changes(void) { mr_twin.changing = S.changing = 1; }
void mr_state_keep(void) {
  if (S.dynamic) return;
  memcpy(&mr_twin, &S, offsetof(struct state, fixed_ranges));
  memcpy(&control_twin, &mr_control, sizeof control_twin);
  memcpy(S.ranges == S.fixed_ranges ? (char *)mr_twin.fixed_ranges : (char *)S.ranges + table_bytes(S.cap_ranges), S.ranges, S.n_ranges * sizeof(struct range));
  __atomic_store_n(&S.changing, 0, __ATOMIC_RELEASE), __atomic_store_n(&mr_twin.changing, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&mr_twin.lock, 0, __ATOMIC_RELEASE);
}

/* As mr_readable and mr_read_native, without mr_state. */
static int got(word to, word from, word bytes) {
  word local[2] = {to, bytes}, remote[2] = {from, bytes};
  return sys6(__NR_process_vm_readv, (word)sys(__NR_getpid, 0, 0, 0), (word)local, 1, (word)remote, 1, 0) == (long)bytes;
}
static int within(word page, const void *from, word bytes) { return page >= (word)from && page - (word)from < bytes; }
static void pause(word ms) {
  word time[2] = {0, ms * 1000000};
  sys(__NR_nanosleep, time, 0, 0);
}
/* Whether that can be told, and is 0. */
static int is_off(const u32 *flag) {
  u32 is;
  return got((word)&is, (word)flag, sizeof is) && !is;
}
/* What the page has to have, into `to`, which is zero; 0 where nobody knows. `sp`: of the thread that met it. */
static int contents(word to, word page, word sp) {
  if (within(page, &mr_twin, sizeof mr_twin)) return got(to, (word)&S + (page - (word)&mr_twin), PG);
  if (within(page, &S, sizeof S)) {
    word at = page - (word)&S, n = at > KEPT ? 0 : KEPT - at < PG ? KEPT - at : PG;
    return (n == PG || is_off(&mr_twin.lock)) && (!n || (is_off(&mr_twin.changing) && got(to, (word)&mr_twin + at, n)));
  }
  if (within(page, &mr_control, sizeof mr_control)) return got(to, (word)&control_twin, sizeof control_twin);
  if (within(page, &control_twin, sizeof control_twin)) return got(to, (word)&mr_control, sizeof mr_control);
  if (within(page, mr_locks, sizeof mr_locks)) return pause(ATOMIC_MS), 1; /* whoever holds one ends, or meets the page when it gives the lock back */
  if (within(page, mr_stack, sizeof mr_stack)) return (within(sp, mr_stack, sizeof mr_stack) && page + PG <= sp) || is_off(&mr_twin.lock);
  return !within(page, mr_checker_stack, sizeof mr_checker_stack);
}
static int table_contents(word to, word page, word sp) {
  (void)sp;
  word rows = (word)mr_twin.ranges, bytes = table_bytes(mr_twin.cap_ranges);
  if (page >= rows + bytes) return got(to, page - bytes, PG);
  return !mr_twin.changing && got(to, page + bytes, PG);
}
static int of_table(word page) { return mr_twin.ranges != S.fixed_ranges && within(page, (const void *)mr_twin.ranges, 2 * table_bytes(mr_twin.cap_ranges)); }

/* Makes a page of the runtime's whole; 0 where that cannot be. From mr_bus, with SIGBUS blocked. */
int mr_repair_own(word address, word sp) {
  word page = DOWN(address);
  u32 *busy = &guards[page == (word)&guards[0]].busy;
  while (__atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE)) sys(__NR_sched_yield, 0, 0, 0);
  char byte;
  int whole = got((word)&byte, page, 1); /* another thread was faster */
  if (!whole) {
    long aside = sys6(MR_NR_mmap, 0, PG, P_R | P_W, M_PRIVATE | M_ANON, -1ul, 0);
    whole = !IS_ERR(aside) && (mr_is_own(page) ? contents : table_contents)((word)aside, page, sp) &&
            sys6(__NR_mremap, (word)aside, PG, PG, MAYMOVE | FIXED, page, 0) == (long)page;
    if (whole) {
      mr_twin.own_recovered = ++S.own_recovered;
      static const char text[] = "mirrorasm: a page of the runtime's own memory was lost and is recovered\n";
      sys(__NR_write, 2, text, sizeof text - 1);
    } else if (!IS_ERR(aside)) sys(__NR_munmap, aside, PG, 0);
  }
  __atomic_store_n(busy, 0, __ATOMIC_RELEASE);
  return whole;
}
/* Whether the address belongs to the runtime. */
int mr_owns(word address) { return mr_is_own(address) || of_table(DOWN(address)); }
