/* fork: the C library calls these next to the fork itself, inside of all other handlers. */
#include "after.h"

extern void mr_heap_fork(int after);
void mr_fork_prepare(void) {
  if (!__libc_single_threaded) S.threads = 1;
  mr_heap_fork(0);
  while (__atomic_exchange_n(&S.lock, 1, __ATOMIC_ACQUIRE))
    if (mr_may(MAY_YIELD)) sys(__NR_sched_yield, 0, 0, 0);
}
void mr_fork_parent(void) {
  __atomic_store_n(&S.lock, 0, __ATOMIC_RELEASE);
  mr_heap_fork(1);
}
void mr_fork_child(void) {
  if (mr_may(MAY_GETPID)) S.own_pid = (word)sys(__NR_getpid, 0, 0, 0);
  if (S.threads) {
    S.pending = 1;
    mr_escape("pending", "fork");
    mr_forked();
  }
  mr_other_variables_end();
  struct thread *self = mr_self();
  for (word i = 0; i < MAX_THREADS; i++) {
    if (&mr_threads[i] == self || !mr_threads[i].used) continue;
    mr_copy_calls(&mr_threads[i]);
    mr_threads[i].used = mr_threads[i].depth = 0;
  }
  __atomic_store_n(&S.lock, 0, __ATOMIC_RELEASE);
  mr_heap_fork(1);
}

int __fork(void);
/* Parent and child of vfork share memory and stack; a fork keeps them apart (POSIX allows it). */
int __wrap_vfork(void) { return __fork(); }
