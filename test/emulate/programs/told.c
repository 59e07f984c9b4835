// A thread's number is told to its parent in a word that the kernel clears when the thread ends: the parent, when it comes late, must not undo that in the mirror.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __x86_64__
#define DISTANCE 0x4000003000
#else
#define DISTANCE 0x7fe00000
#endif
static volatile int tid;
/* Ends at once. */
static int child(void *x) { (void)x; return 0; }
int main(int argc, char **argv) {
  int wrong = 0, n = argc > 1 ? atoi(argv[1]) : 300;
  char *stack = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < n; i++) {
    int was;
    clone(child, stack + 65536, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, 0, &tid, 0, &tid);
    while ((was = tid)) syscall(SYS_futex, &tid, FUTEX_WAIT, was, 0, 0, 0);
    if (*(volatile int *)((char *)&tid - DISTANCE) != tid) wrong++;
  }
  printf("%d wrong\n", wrong);
  return wrong != 0;
}
