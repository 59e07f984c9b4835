// What a program can see of its signals: masks, nesting, alternate stacks, one-shot and restarting handlers, the address of a fault, contexts that a
// handler changes, waits with a mask of their own, cancellation.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
static volatile int depth, deepest, seen;
static sigjmp_buf out;
static volatile char *volatile page;
static volatile uintptr_t fault;
static volatile int code;
static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags, int also) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  sigemptyset(&action.sa_mask);
  if (also) sigaddset(&action.sa_mask, also);
  sigaction(signal, &action, 0);
}
static const char *blocked_now(void) {
  static char text[8];
  sigset_t set;
  sigprocmask(SIG_SETMASK, 0, &set);
  int n = 0;
  if (sigismember(&set, SIGUSR1)) text[n++] = '1';
  if (sigismember(&set, SIGUSR2)) text[n++] = '2';
  if (sigismember(&set, SIGHUP)) text[n++] = 'h';
  text[n] = 0;
  return text;
}
static void nested(int signal, siginfo_t *info, void *context) {
  (void)info, (void)context;
  if (++depth > deepest) deepest = depth;
  printf("in %s: blocked '%s'\n", signal == SIGUSR1 ? "USR1" : "USR2", blocked_now());
  if (++seen < 4) raise(seen & 1 ? SIGUSR2 : SIGUSR1);
  depth--;
}
static void count(int signal, siginfo_t *info, void *context) { (void)signal, (void)info, (void)context, seen++; }
static void tell(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  printf("value %d from us %d, blocked '%s'\n", info->si_value.sival_int, info->si_pid == getpid(), blocked_now());
}
static void where(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  int here;
  stack_t stack;
  sigaltstack(0, &stack);
  printf("on the alternate stack %d, %d\n", (char *)&here > (char *)stack.ss_sp && (char *)&here < (char *)stack.ss_sp + stack.ss_size, stack.ss_flags == SS_ONSTACK);
  (void)info;
}
static void faulted(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  fault = (uintptr_t)info->si_addr, code = info->si_code;
  if (page && fault - (uintptr_t)page < 4096) mprotect((char *)page, 4096, PROT_READ | PROT_WRITE);
  else siglongjmp(out, 1);
}
static void skip(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  ucontext_t *c = context;
#ifdef __x86_64__
  c->uc_mcontext.gregs[REG_RAX] = 42, c->uc_mcontext.gregs[REG_RIP] += 2;
#else
  c->uc_mcontext.gregs[REG_EAX] = 42, c->uc_mcontext.gregs[REG_EIP] += 2;
#endif
  sigaddset(&c->uc_sigmask, SIGHUP);
}
static void *blocked(void *fd) {
  char c;
  (void)!read(*(int *)fd, &c, 1);
  return 0;
}
static void *endless(void *unused) {
  static volatile long n;
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0);
  for (;;) n++;
  return unused;
}
static void alarm_in(long microseconds) {
  struct itimerval timer = {{0, 0}, {0, microseconds}};
  setitimer(ITIMER_REAL, &timer, 0);
}
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  install(SIGUSR1, nested, 0, SIGHUP), install(SIGUSR2, nested, SA_NODEFER, 0);
  raise(SIGUSR1);
  printf("deepest %d, after '%s'\n", deepest, blocked_now());
  struct sigaction old;
  sigaction(SIGUSR1, 0, &old);
  printf("handler %d, flags %x, mask %d %d %d\n", old.sa_sigaction == nested, old.sa_flags & ~0x04000000, sigismember(&old.sa_mask, SIGHUP), sigismember(&old.sa_mask, SIGUSR2), sigismember(&old.sa_mask, SIGTERM));

  install(SIGUSR1, count, SA_RESETHAND, 0), seen = 0;
  raise(SIGUSR1);
  sigaction(SIGUSR1, 0, &old);
  printf("once %d, then default %d\n", seen, old.sa_handler == SIG_DFL);

  install(SIGRTMIN, tell, 0, SIGUSR2);
  union sigval value = {.sival_int = 77};
  sigqueue(getpid(), SIGRTMIN, value);

  static char stack[32768];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, 0);
  install(SIGUSR1, where, SA_ONSTACK, 0);
  raise(SIGUSR1);

  // A fault's address is that of the program's store.
  install(SIGSEGV, faulted, SA_ONSTACK | SA_NODEFER, 0), install(SIGBUS, faulted, SA_ONSTACK, 0);
  page = mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[100] = 5;
  printf("written %d, at %d, accerr %d\n", page[100], (int)(fault - (uintptr_t)page), code == SEGV_ACCERR);
  munmap((char *)page + 4096, 4096);
  if (!sigsetjmp(out, 1)) page[5000] = 1;
  printf("unmapped: at %d, maperr %d\n", (int)(fault - (uintptr_t)page), code == SEGV_MAPERR);
  if (!sigsetjmp(out, 1)) memset((char *)page + 4000, 1, 5000);
  // Some write the end first.
  printf("memset: %d\n", fault - (uintptr_t)page >= 4096 && fault - (uintptr_t)page < 9000);
  if (!sigsetjmp(out, 1)) *(volatile int *)24 = 1;
  printf("null: at %d, maperr %d\n", (int)fault, code == SEGV_MAPERR);
  if (!sigsetjmp(out, 1)) ++*(volatile int *)24;
  printf("null, read: at %d\n", (int)fault);

  install(SIGILL, skip, 0, 0);
  long result = 1;
  __asm__ volatile("ud2" : "+a"(result));
  printf("skipped %ld, blocked '%s'\n", result, blocked_now());
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);

  // Waits: interrupted, restarted, with a mask of their own.
  int fd[2];
  char c;
  if (pipe(fd)) return 1;
  install(SIGALRM, count, 0, 0), seen = 0;
  alarm_in(20000);
  ssize_t got = read(fd[0], &c, 1);
  printf("read %d, interrupted %d, handled %d\n", (int)got, errno == EINTR, seen);
  install(SIGALRM, count, SA_RESTART, 0);
  pid_t pid = fork();
  if (pid == 0) {
    usleep(100000);
    _exit(write(fd[1], "x", 1) != 1);
  }
  alarm_in(20000);
  got = read(fd[0], &c, 1);
  printf("read %d '%c', handled %d\n", (int)got, c, seen);
  waitpid(pid, 0, 0);
  struct timespec long_time = {0, 50000000}, left = {0, 0};
  alarm_in(10000);
  int slept = nanosleep(&long_time, &left);
  printf("slept %d, left %d\n", slept, left.tv_nsec > 1000000 && left.tv_nsec < 45000000);
  sigset_t both, only;
  sigemptyset(&both), sigaddset(&both, SIGUSR1), sigaddset(&both, SIGUSR2);
  sigprocmask(SIG_BLOCK, &both, 0);
  install(SIGUSR2, tell, 0, 0), install(SIGUSR1, tell, 0, 0);
  sigemptyset(&only), sigaddset(&only, SIGUSR1);
  raise(SIGUSR2), raise(SIGUSR1);
  printf("sigsuspend %d", sigsuspend(&only));
  printf(", after '%s'\n", blocked_now());
  sigaddset(&only, SIGHUP);
  raise(SIGUSR2);
  struct timespec second = {1, 0};
  printf("ppoll %d", ppoll(0, 0, &second, &only));
  printf(", after '%s'\n", blocked_now());
  raise(SIGUSR2);
  printf("pselect %d", pselect(0, 0, 0, 0, &second, &only));
  printf(", after '%s'\n", blocked_now());

  pthread_t thread;
  void *how;
  pthread_create(&thread, 0, blocked, &fd[0]);
  usleep(50000);
  pthread_cancel(thread), pthread_join(thread, &how);
  printf("cancelled in read %d\n", how == PTHREAD_CANCELED);
  pthread_create(&thread, 0, endless, 0);
  usleep(20000);
  pthread_cancel(thread), pthread_join(thread, &how);
  printf("cancelled in a loop %d\n", how == PTHREAD_CANCELED);
  return 0;
}
