/* Signals as a program sees them: frames, masks, alternate stacks, registers before and after. Prints the same on every Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#ifdef __i386__
#define REG_IP REG_EIP
#define REG_CX REG_ECX
#define CR2(u) (u)->uc_mcontext.cr2
#define HIGH "xmm6"
#define EXTENDED 112 /* the fxsave image stands behind one of fnsave */
#else
#define REG_IP REG_RIP
#define REG_CX REG_RCX
#define CR2(u) (u)->uc_mcontext.gregs[REG_CR2]
#define HIGH "xmm15"
#define EXTENDED 0
#endif

static char *page;
static char stack[65536];
static volatile int order[16], at;

static void segv(int sig, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  stack_t now;
  sigaltstack(0, &now);
  int local;
  printf("%d code %d address %td trap %lld cr2 %d error %llx here %d stack %d kept %d rounding %d\n", sig, info->si_code,
         (char *)info->si_addr - page, (long long)u->uc_mcontext.gregs[REG_TRAPNO],
         (uintptr_t)CR2(u) == (uintptr_t)info->si_addr, (long long)u->uc_mcontext.gregs[REG_ERR] & 6,
         (char *)&local >= stack && (char *)&local < stack + sizeof stack, now.ss_flags, u->uc_stack.ss_size == sizeof stack, fegetround());
  char *state = (char *)u->uc_mcontext.fpregs + EXTENDED;
  uint32_t magic;
  memcpy(&magic, state + 464, 4);
  printf("state %zu %x\n", (size_t)((uintptr_t)state % 64), magic);
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
}
static void twice(int sig) {
  order[at++] = sig;
  if (sig == SIGUSR1) {
    raise(SIGUSR2);
    sigset_t set;
    sigpending(&set);
    order[at++] = 100 + sigismember(&set, SIGUSR2);
  }
}
static void divide(int sig, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  printf("%d code %d here %d\n", sig, info->si_code, (uintptr_t)info->si_addr == (uintptr_t)u->uc_mcontext.gregs[REG_IP]);
  u->uc_mcontext.gregs[REG_CX] = 3;
}
static void told(int sig, siginfo_t *info, void *context) {
  (void)context;
  order[at++] = sig;
  order[at++] = info->si_code;
  order[at++] = info->si_pid == getpid();
}
static void set(int sig, void (*f)(int, siginfo_t *, void *), int flags) {
  struct sigaction act;
  memset(&act, 0, sizeof act);
  act.sa_sigaction = f, act.sa_flags = SA_SIGINFO | flags;
  sigaction(sig, &act, 0);
}

int main(void) {
  page = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t s = {stack, 0, sizeof stack}, was;
  printf("%d\n", sigaltstack(&s, &was));
  printf("%d\n", was.ss_flags);
  set(SIGSEGV, segv, SA_ONSTACK);
  fesetround(FE_UPWARD);
  double x = 1.5, kept = 0;
  long double y = 2.25L;
  __asm__ volatile("movsd %1, %%xmm7\n\tmovsd %1, %%" HIGH "\n\tmovb $5, 9(%2)\n\taddsd %%" HIGH ", %%xmm7\n\tmovsd %%xmm7, %0"
                   : "=m"(kept) : "m"(x), "r"(page) : "xmm7", HIGH, "memory");
  printf("%g %Lg %d %d\n", kept, y, page[9], fegetround());
  fesetround(FE_TONEAREST);

  struct sigaction act = {.sa_handler = twice};
  sigaction(SIGUSR1, &act, 0), sigaction(SIGUSR2, &act, 0);
  sigaddset(&act.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &act, 0);
  raise(SIGUSR1);
  for (int i = 0; i < at; i++) printf("%d ", order[i]);
  printf("\n");

  at = 0;
  set(SIGUSR1, told, 0);
  sigset_t block, old;
  sigemptyset(&block), sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, &old);
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGUSR1);
  printf("%d ", at);
  sigprocmask(SIG_SETMASK, &old, 0);
  for (int i = 0; i < at; i++) printf("%d ", order[i]);
  printf("\n");

  set(SIGFPE, divide, 0);
  int quotient;
  __asm__ volatile("mov $12, %%eax\n\txor %%edx, %%edx\n\txor %%ecx, %%ecx\n\tidivl %%ecx" : "=a"(quotient) : : "ecx", "edx", "cc");
  printf("%d\n", quotient);

  at = 0;
  set(SIGTRAP, told, SA_RESETHAND);
  __asm__ volatile("int3");
  printf("%d %d\n", order[0], order[1]);
  stack_t none = {0, SS_DISABLE, 0}, small = {stack, 0, 100};
  printf("%d\n", sigaltstack(&small, 0) == -1 && errno == ENOMEM);
  printf("%d\n", sigaltstack(&none, 0));
  fflush(stdout);
  raise(SIGTRAP);
  return 1;
}
