// Sandboxes (seccomp) as programs make them: what goes on in them goes on mirrored, too. argv[1] says which.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, what))
#define IF(op, k, yes, no) BPF_JUMP(BPF_JMP | op | BPF_K, k, yes, no)
#define END(what) BPF_STMT(BPF_RET, what)
enum { KILL = (int)0x80000000, ALLOW = 0x7fff0000, ARCH = sizeof(long) == 8 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386 };
#ifdef __x86_64__
#define MMAP SYS_mmap
#else
#define MMAP SYS_mmap2
#endif

static void install(struct sock_filter *code, unsigned n) {
  struct sock_fprog program = {n, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(3);
}
// A list of calls that are let through, or end the process, and what becomes of the others.
static void list(const int *calls, unsigned n, int listed, int others) {
  struct sock_filter code[64] = {LOAD(arch), IF(BPF_JEQ, ARCH, 1, 0), END(KILL), LOAD(nr)};
  unsigned at = 4;
  for (unsigned i = 0; i < n; i++) code[at++] = (struct sock_filter)IF(BPF_JEQ, calls[i], n - i, 0);
  code[at++] = (struct sock_filter)END(others);
  code[at++] = (struct sock_filter)END(listed);
  install(code, at);
}
#define ONLY(...) list((const int[]){__VA_ARGS__}, sizeof(int[]){__VA_ARGS__} / sizeof(int), ALLOW, KILL)
#define WITHOUT(...) list((const int[]){__VA_ARGS__}, sizeof(int[]){__VA_ARGS__} / sizeof(int), KILL, ALLOW)

static char *heap, data[5000];
static char told[100];
static void say(const char *text) { if (write(1, text, strlen(text)) < 0) _exit(4); }
// Reads into all kinds of memory, works there, and writes: no other call.
static void work(void) {
  char stack[300], c;
  unsigned sum = 0;
  for (unsigned i = 0; read(0, &c, 1) == 1; i++) {
    stack[i % sizeof stack] = c, heap[i] = c, data[i] = (char)(c ^ stack[i / 2 % sizeof stack]);
    sum = sum * 31 + (unsigned char)data[i];
  }
  read(0, heap, 1);
  snprintf(told, sizeof told, "worked: %u\n", sum);
  say(told);
}
static void *worker(void *how) {
  if (how) prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  work();
  syscall(SYS_exit, 0);
  return 0;
}
static void *busy(void *unused) {
  for (int i = 0; i < 60; i++) free(memset(malloc(200000), 1, 200000));
  return unused;
}
static volatile int handled;
static void handler(int sig) { handled += sig; }
static int is(const char *a, const char *b) { return !strcmp(a, b); }

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  heap = malloc(100000);
  memset(heap, 1, 100000);
  if (is(how, "strict") || is(how, "strict by seccomp") || is(how, "strict, exit_group")) {
    if (is(how, "strict") ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) : syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0)) return 3;
    work();
    if (is(how, "strict, exit_group")) _exit(5);
    syscall(SYS_exit, 5);
  }
  if (is(how, "strict thread")) {
    pthread_t thread;
    pthread_create(&thread, 0, worker, "");
    pthread_detach(thread);
    while (!__atomic_load_n(&told[0], __ATOMIC_ACQUIRE)) usleep(1000);
    usleep(100000);
    say("and on\n");
  }
  if (is(how, "read, write, exit_group")) {
    ONLY(SYS_read, SYS_write, SYS_exit_group);
    work();
    _exit(6);
  }
  if (is(how, "streams only")) {
    struct sock_filter code[] = {LOAD(nr), IF(BPF_JEQ, SYS_exit_group, 6, 0), IF(BPF_JEQ, SYS_read, 5, 0), IF(BPF_JEQ, SYS_write, 1, 0), END(KILL),
                                 LOAD(args[0]), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfffffffc), IF(BPF_JEQ, 0, 0, 1), END(ALLOW), END(KILL)};
    install(code, sizeof code / sizeof *code);
    work();
    _exit(7);
  }
  if (is(how, "two filters")) {
    WITHOUT(SYS_openat, SYS_getpid);
    WITHOUT(SYS_process_vm_readv, SYS_pread64, SYS_sigaltstack, SYS_close, SYS_gettid);
    work();
    munmap(mmap(0, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 50000);
    _exit(8);
  }
  if (is(how, "threads")) {
    pthread_t threads[3];
    WITHOUT(SYS_openat, SYS_sched_yield, SYS_gettid, SYS_prctl, SYS_process_vm_readv, SYS_nanosleep, SYS_sigaltstack, SYS_getpid);
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, busy, 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
    work();
  }
  if (is(how, "fork")) {
    WITHOUT(SYS_openat, SYS_prctl, SYS_process_vm_readv);
    int status = 0;
    if (!fork()) work(), exit(9);
    wait(&status);
    printf("child %d\n", WEXITSTATUS(status));
  }
  if (is(how, "no masks")) { // memory calls without rt_sigprocmask, while no handler is there
    WITHOUT(SYS_rt_sigprocmask, SYS_openat);
    char *p = mmap(0, 300000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 7, 300000);
    p = mremap(p, 300000, 600000, MREMAP_MAYMOVE);
    memset(p + 300000, 8, 300000);
    work();
  }
  if (is(how, "handler before") || is(how, "handler after")) {
    signal(SIGUSR1, handler); // musl asks for a mask at the first one
    if (is(how, "handler after")) signal(SIGUSR1, SIG_IGN);
    WITHOUT(SYS_rt_sigprocmask);
    signal(SIGUSR1, handler);
    syscall(SYS_kill, getpid(), SIGUSR1);
    printf("handled %d\n", handled);
  }
  if (is(how, "brk without mmap")) {
    ONLY(SYS_read, SYS_write, SYS_exit_group, SYS_brk, SYS_munmap);
    char *end = (char *)syscall(SYS_brk, 0);
    if (sizeof(long) == 4) work();
    else if ((char *)syscall(SYS_brk, end + 8192) == end) say("no memory\n");
    else memset(end, 1, 8192), say("memory\n");
    _exit(0);
  }
  if (is(how, "refused")) { // a filter that the kernel does not take leaves all as it was
    struct sock_filter bad = END(KILL);
    struct sock_fprog program = {0, &bad};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    printf("%d", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
    printf(" %d", errno == EINVAL);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    printf(" %d\n", handled);
  }
  return 0;
}
