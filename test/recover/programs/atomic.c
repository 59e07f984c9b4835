// An atomic operation in a page that is lost (argv[2] n), or whose mirror is (m), of which the kernel tells before it is touched: test/signals/at comes at every instruction up to there.
#include "lose.h"
#include <stdatomic.h>
static char page[4096] __attribute__((aligned(4096)));
int main(int argc, char **argv) {
  (void)argc;
  uintptr_t lost = (uintptr_t)page - (argv[2][0] == 'm' ? DISTANCE : 0);
  find_control(argv);
  atomic_int *counter = (atomic_int *)(page + 64);
  *counter = 41;
  must(!lose_at(lost), "lose");
  __asm__ volatile("int3" : : "a"(lost));
  atomic_fetch_add(counter, 1);
  __asm__ volatile("int3");
  must(*counter == 42, "the counter");
  must(control->recovered == 1 && !control->lost, "recovered");
  return 0;
}
