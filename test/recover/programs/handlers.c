// The program's own SIGBUS, as without the runtime: what its handlers see, where they run, what it reads back of its settings.
#include "lose.h"
#include <sys/resource.h>

static sigjmp_buf back;
static volatile int code, seen;
static void *volatile address;
static char *volatile stack_at;

static void handler(int signal, siginfo_t *info, void *context) {
  (void)context;
  char here;
  must(signal == SIGBUS, "signal");
  seen++, code = info->si_code, address = info->si_addr, stack_at = &here;
  if (info->si_code > 0) siglongjmp(back, 1);
}
/* A thread's SIGBUS is sent to it: its handler runs on its stack. */
static void *raises(void *unused) {
  char here;
  raise(SIGBUS);
  must(code == SI_TKILL && labs(&here - stack_at) < 20000, "on the stack of another thread");
  return unused;
}
static void leaves(int signal) {
  char here;
  seen += signal == SIGBUS, stack_at = &here;
  siglongjmp(back, 1);
}
static FILE *file;
static volatile char *hole;
/* Makes the file longer: the access that met its end is made again. */
static void fill(int signal) {
  double none = 0.5;
  must(signal == SIGBUS && !ftruncate(fileno(file), 12288) && pwrite(fileno(file), "\7", 1, 8193) == 1 && none * 2 == 1, "the file");
}
static void fill_info(int signal, siginfo_t *info, void *context) {
  (void)context;
  must(info->si_addr == hole + 1, "where");
  fill(signal);
}
static void plain(int signal) { seen += 100 + (signal != SIGBUS); }
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  struct sigaction old = {.sa_handler = plain};
  must(!sigaction(SIGBUS, 0, &old) && old.sa_handler == SIG_DFL && !(old.sa_flags & SA_ONSTACK), "the default at the start");
  stack_t stack;
  must(!sigaltstack(0, &stack) && stack.ss_flags == SS_DISABLE, "no alternate stack at the start");
  sigset_t mask;
  sigemptyset(&mask), sigaddset(&mask, SIGUSR2);
  must(!sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART, .sa_mask = mask}, 0), "sigaction");
  must(!sigaction(SIGBUS, 0, &old) && old.sa_sigaction == handler && old.sa_flags & SA_RESTART && !(old.sa_flags & SA_ONSTACK), "read back");
  must(sigismember(&old.sa_mask, SIGUSR2) == 1 && sigismember(&old.sa_mask, SIGUSR1) == 0, "its mask");
  // Behind the end of a file, as often as it happens, with lost pages in between.
  file = tmpfile();
  must(file && !ftruncate(fileno(file), 10), "a file");
  char *map = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
  char *memory = malloc(10000);
  memset(memory, 5, 10000);
  for (int i = 1; i <= 5; i++) {
    if (!sigsetjmp(back, 1)) map[4096 + i] = 1;
    must(seen == i && code == BUS_ADRERR && address == map + 4096 + i, "behind the end of a file");
    must(labs((char *)&i - stack_at) < 20000, "on the stack of the thread");
    lose(memory + 5000);
    must(memory[5000] == 5, "a lost page in between");
  }
  raise(SIGBUS);
  must(seen == 6 && code == SI_TKILL, "raise");
  pthread_t other;
  must(!pthread_create(&other, 0, raises, 0) && !pthread_join(other, 0) && seen == 7, "raise in a thread");
  kill(getpid(), SIGBUS);
  must(seen == 8 && code == SI_USER, "kill");
  union sigval value = {.sival_int = 42};
  sigqueue(getpid(), SIGBUS, value);
  must(seen == 9 && code == SI_QUEUE, "sigqueue");
  // On the stack that the program has for signals, with siginfo and without.
  char *own = malloc(65536);
  must(!sigaltstack(&(stack_t){.ss_sp = own, .ss_size = 65536}, 0), "sigaltstack");
  for (int flags = 0; flags <= SA_SIGINFO; flags += SA_SIGINFO) {
    struct sigaction on = {.sa_flags = SA_ONSTACK | flags, .sa_mask = mask};
    if (flags) on.sa_sigaction = handler;
    else on.sa_handler = leaves;
    must(!sigaction(SIGBUS, &on, 0), "sigaction");
    if (!sigsetjmp(back, 1)) map[4096] = 1;
    must(stack_at > own && stack_at < own + 65536, "on its own stack");
    lose(memory + 5000);
    must(memory[5000] == 5, "a lost page in between");
  }
  must(!sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, 0) && seen == 11, "its own stack no more");
  // What runs goes on behind its handler as it was: vector registers, flags, the mask of signals.
  double d = strtod("1.5", 0), e = strtod("0.25", 0);
  for (int flags = 0; flags <= SA_SIGINFO; flags += SA_SIGINFO) {
    struct sigaction fills = {.sa_flags = flags};
    if (flags) fills.sa_sigaction = fill_info;
    else fills.sa_handler = fill;
    must(!sigaction(SIGBUS, &fills, 0), "sigaction");
    hole = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 8192);
    d = d * 3 + e;
    must(hole[1] == 7 && d == (flags ? 14.5 : 4.75), "goes on");
    munmap((void *)hole, 4096);
    ftruncate(fileno(file), 10);
    must(!sigprocmask(SIG_SETMASK, 0, &old.sa_mask) && !sigismember(&old.sa_mask, SIGBUS) && !sigismember(&old.sa_mask, SIGUSR2), "its mask");
  }
  sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART, .sa_mask = mask}, 0), seen = 9;
  // A handler without SA_RESTART ends a call that waits.
  struct sigaction ends = {.sa_handler = plain};
  must(!sigaction(SIGBUS, &ends, &old), "sigaction");
  int ends_of[2];
  must(!pipe(ends_of), "pipe");
  pid_t main_process = getpid(), child = fork();
  if (!child)
    for (;;) usleep(20000), kill(main_process, SIGBUS);
  must(read(ends_of[0], memory, 1) == -1 && errno == EINTR, "a read that waits");
  kill(child, SIGKILL), waitpid(child, 0, 0);
  sigaction(SIGBUS, &old, 0), seen = 9;
  lose(memory + 5000);
  must(memory[5000] == 5, "a lost page after them");
  must(!sigaction(SIGBUS, &(struct sigaction){.sa_handler = plain, .sa_flags = SA_RESETHAND}, 0), "SA_RESETHAND");
  raise(SIGBUS);
  must(seen == 109 && !sigaction(SIGBUS, 0, &old) && old.sa_handler == SIG_DFL, "once");
  signal(SIGBUS, SIG_IGN);
  raise(SIGBUS);
  must(seen == 109, "ignored");
  // It cannot be blocked, as SIGKILL cannot: a thread that touches a lost page has to hear of it.
  sigfillset(&mask);
  sigprocmask(SIG_SETMASK, &mask, 0);
  lose(memory);
  must(memory[0] == 5, "with all signals blocked");
  sigset_t is;
  sigprocmask(SIG_SETMASK, 0, &is);
  must(sigismember(&is, SIGUSR1) == 1 && sigismember(&is, SIGBUS) == 0, "the mask");
  signal(SIGBUS, SIG_DFL);
  printf("as without the runtime\n");
  fflush(stdout);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  if (argc > 2 && argv[2][0] == 'b') { // both copies
    lose(memory);
    lose_mirror(memory);
    return memory[0];
  }
  map[4096] = 1;
  return 0;
}
