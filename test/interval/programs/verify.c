// mirror_verify of all that it can be asked for.
#include "../../recover/programs/lose.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <mirrorasm.h>
#include <sys/prctl.h>
void lose_store(char *); // native.c
static char data[3 * 4096] __attribute__((aligned(4096)));
static const char constant[64] = "constant";
static volatile int stop;
static void *stores(void *own) {
  for (long *p = own; !stop;)
    for (int i = 0; i < 512; i++) p[i]++;
  return 0;
}
static void ask(const char *what, const volatile void *memory, size_t bytes) {
  errno = 0;
  long n = mirror_verify((const void *)memory, bytes);
  printf("%s: %ld%s\n", what, n, n != -1 ? "" : errno == EFAULT ? " EFAULT" : errno == EPERM ? " EPERM" : " another error");
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  char local[5000];
  memset(local, 1, sizeof local), memset(data, 2, sizeof data);
  char *block = malloc(100000);
  memset(block, 3, 100000);
  ask("stack", local, sizeof local);
  ask("what is below the stack pointer", local - 6000, 11000);
  ask("data", data, sizeof data);
  ask("block", block + 1, 99998);
  ask("nothing", block, 0);
  long *busy = calloc(512, sizeof *busy);
  pthread_t thread;
  pthread_create(&thread, 0, stores, busy);
  for (int i = 0; i < 20; i++)
    if (mirror_verify(busy, 512 * sizeof *busy)) puts("a store that was under way counts");
  stop = 1;
  pthread_join(thread, 0);
  lose(data + 4096), lose_mirror(data);
  ask("lost pages", data, sizeof data);
  printf("%d recovered\n", (int)control->recovered);
  lose_store(data + 5001), lose_store(data + 5003), lose_store(data + 8193);
  ask("three stores", data, sizeof data);
  ask("the first and the third", data + 5001, 2);
  ask("between them", data + 5002, 1);
  ask("behind them", data + 8194, 4094);
  data[5001] = data[5003] = data[8193] = 2;
  ask("data", data, sizeof data);
  ask("a constant", constant, sizeof constant);
  ask("null", 0, 1);
  ask("too long", data, -1ul);
  char *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  shared[7] = 7;
  ask("shared", shared, 4096);
  int file = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
  must(!ftruncate(file, 4096), "ftruncate");
  ask("a file that others write, too", mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), 4096);
  struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog filter = {1, &allow};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "seccomp");
  ask("in a sandbox", data, sizeof data);
  return 0;
}
