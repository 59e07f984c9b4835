// Another process loses pages of this one, and tells the threads in turn, wherever they are: in calls that hold the runtime's lock, in fork, in atomic
// operations. Every other time it asks for a page that there is not, which is quicker.
#include "lose.h"
#include <stdatomic.h>
#include <sys/syscall.h>

enum { WORKERS = 2, PAGE = 4096, PAGES = 4, ROUNDS = 400 };
static atomic_long counters[PAGES * PAGE / sizeof(atomic_long)];
static atomic_int done;
static struct { atomic_int tids[WORKERS + 1]; atomic_int go; } *told;

static void *work(void *own) {
  long *sum = own;
  told->tids[sum[0]] = (int)syscall(SYS_gettid);
  for (sum[0] = 0; !atomic_load(&done); sum[0]++)
    for (unsigned i = 0; i < PAGES * PAGE / sizeof(long); i += 64) atomic_fetch_add(&counters[i], 1);
  return 0;
}
/* The control block of the other process: it stands where ours does. */
static void lose_in(pid_t to, int tid, uintptr_t at) {
  u64 asked[3] = {1, at, 0};
  struct iovec here = {asked, sizeof asked}, there = {(void *)&control->request, sizeof asked};
  if (process_vm_writev(to, &here, 1, &there, 1, 0) != sizeof asked) _exit(0);
  for (unsigned tries = 0; asked[0] == 1; tries++) {
    if (tries % 1000 == 0 && syscall(SYS_tgkill, to, tid, SIGBUS)) _exit(0); // again: of two signals that wait for a thread the second is gone. All are the runtime's: the answer is never taken
    if (process_vm_readv(to, &here, 1, &there, 1, 0) != sizeof asked) _exit(0);
  }
}
static void lose_all(pid_t to) {
  while (!told->go) usleep(100);
  for (unsigned i = 0;; i++) lose_in(to, told->tids[i % (WORKERS + 1)], i % 2 ? 0 : (uintptr_t)counters + i / 2 * 1000 % (PAGES * PAGE));
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  told = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t me = getpid(), other = fork();
  if (!other) lose_all(me);
  pthread_t t[WORKERS];
  static long sums[WORKERS][64];
  told->tids[WORKERS] = (int)syscall(SYS_gettid);
  for (int i = 0; i < WORKERS; i++) sums[i][0] = i, pthread_create(&t[i], 0, work, sums[i]);
  for (int i = 0; i < WORKERS; i++)
    while (!told->tids[i]) usleep(100);
  told->go = 1;
  for (int round = 0; round < ROUNDS; round++) {
    char *p = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p[PAGE] = (char)round;
    mprotect(p + PAGE, PAGE, PROT_READ);
    must(p[PAGE] == (char)round, "mmap");
    munmap(p, 3 * PAGE);
    if (round % 8 == 0) {
      int status = 1;
      pid_t pid = fork();
      if (!pid) _exit(7);
      must(waitpid(pid, &status, 0) == pid, "no call is interrupted");
      must(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a child");
    }
  }
  kill(other, SIGKILL);
  waitpid(other, 0, 0);
  done = 1;
  long wrong = 0, all = 0;
  for (int i = 0; i < WORKERS; i++) pthread_join(t[i], 0), all += sums[i][0];
  for (unsigned i = 0; i < PAGES * PAGE / sizeof(long); i += 64) wrong += counters[i] != all;
  fprintf(stderr, "%llu recovered\n", (unsigned long long)control->recovered);
  printf("%s, %ld wrong\n", control->recovered > 10 ? "many lost" : "few lost", wrong);
  return wrong != 0;
}
