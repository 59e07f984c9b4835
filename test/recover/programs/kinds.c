// Each kind of memory loses a page, of either copy, and is read and written again: nothing is missing.
#include "lose.h"

enum { PAGE = 4096 };
static char data[3 * PAGE] = {1}, zeroed[3 * PAGE];
static _Thread_local char own[2 * PAGE];
static const char *volatile relocated[600];
static int kinds;

static void fill(char *p, size_t n) {
  for (size_t i = 0; i < n; i++) p[i] = (char)(i * 7 + 3);
}
static void check(const char *p, size_t n, const char *what) {
  for (size_t i = 0; i < n; i++) must(p[i] == (char)(i * 7 + 3), what);
}
/* Two pages at once, read; then one of each copy in turn, written. */
static void both_ways(char *p, size_t n, const char *what) {
  u64 before = control->recovered;
  fill(p, n);
  lose(p);
  lose(p + n - 1);
  check(p, n, what);
  lose(p + 1);
  fill(p, n);
  check(p, n, what);
  lose_mirror(p + 2);
  fill(p, n);
  lose(p + 3);
  check(p, n, what);
  must(control->recovered >= before + 4, what);
  kinds++;
}
static void *thread(void *unused) {
  (void)unused;
  char here[2 * PAGE];
  both_ways(here, sizeof here, "thread stack");
  both_ways(own, sizeof own, "thread-local storage");
  lose(__builtin_frame_address(0));
  return own;
}
static int deep(int n) {
  volatile char room[1000];
  room[n % 1000] = (char)n;
  if (n == 0) {
    for (char *p = __builtin_frame_address(0); p < (char *)__builtin_frame_address(0) + 20 * PAGE; p += PAGE) lose(p);
    return 0;
  }
  return deep(n - 1) + (room[n % 1000] == (char)n);
}
static void handler(int signal) {
  (void)signal;
  char here[3 * PAGE]; // the handler for SIGBUS stands on the same stack, below
  fill(here, sizeof here);
  lose(here + PAGE);
  check(here, sizeof here, "alternate stack");
}
// What the kernel reads when a handler ends: the last byte of the frame that it made, which is that of the state of the vector registers.
#ifdef __x86_64__
enum { BEFORE = 0 };
#else
enum { BEFORE = 112 }; // the layout of fsave
#endif
static char *frame_ends(char *state) {
  struct { uint32_t magic, size; } sizes;
  memcpy(&sizes, state + BEFORE + 464, sizeof sizes);
  must(sizes.magic == 0x46505853, "FP_XSTATE_MAGIC1");
  return state + sizes.size - 1;
}
static int ended;
static void ends(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  lose(frame_ends((char *)((ucontext_t *)context)->uc_mcontext.fpregs));
  ended++;
}
#ifdef __i386__
static void ends_without_siginfo(int signal) { // behind the number is struct sigcontext
  (void)signal;
  lose(frame_ends(*(char **)((char *)__builtin_frame_address(0) + 12 + 76)));
  ended++;
}
#else
#define ends_without_siginfo ends
#endif
static void raise_deeper(int steps) {
  volatile char *room = __builtin_alloca(64 * steps + 1);
  room[0] = 1;
  raise(SIGUSR2);
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  must(lose_at((uintptr_t)control), "the runtime's own memory, which is not protected, cannot be lost");
  both_ways(data, sizeof data, "data");
  both_ways(zeroed, sizeof zeroed, "bss");
  char *heap = malloc(60000);
  both_ways(heap, 60000, "heap");
  char *map = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  both_ways(map, 8 * PAGE, "mmap");
  char *shared = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  both_ways(shared, 8 * PAGE, "shared");
  char *file = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/proc/self/exe", O_RDONLY), 0);
  both_ways(file, 2 * PAGE, "file");
  char here[2 * PAGE];
  both_ways(here, sizeof here, "stack");
  both_ways(own, sizeof own, "thread-local storage");
  must(deep(100) == 100, "stack frames");
  // Read-only now, written before.
  fill(map, 8 * PAGE);
  mprotect(map, 8 * PAGE, PROT_READ);
  lose(map + PAGE);
  check(map, 8 * PAGE, "read-only");
  mprotect(map, 8 * PAGE, PROT_READ | PROT_WRITE);
  // Pointers that the loader relocated; the C library's own data: its streams, its allocator.
  for (int i = 0; i < 600; i++) relocated[i] = "text";
  lose(&relocated[0]);
  must(strcmp(relocated[0], "text") == 0, "pointers");
  lose(stdout);
  printf("written through a stream that was lost\n");
  free(malloc(100));
  // The program's own alternate stack, and the runtime's again.
  char *alternate = malloc(65536);
  sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = 65536}, 0);
  sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK}, 0);
  raise(SIGUSR1);
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, 0);
  sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler}, 0);
  raise(SIGUSR1);
  // The frame of a signal whose handler has ended, at each place of a page.
  for (int flags = 0; flags <= SA_SIGINFO; flags += SA_SIGINFO) {
    struct sigaction action = {.sa_flags = flags};
    action.sa_sigaction = ends;
    if (!flags) action.sa_handler = (void (*)(int))ends_without_siginfo;
    sigaction(SIGUSR2, &action, 0);
    for (int i = 0; i < PAGE / 64; i++) raise_deeper(i);
  }
  must(ended == 2 * PAGE / 64, "handlers that end");
  for (int i = 0; i < 3; i++) {
    pthread_t t;
    pthread_create(&t, 0, thread, 0);
    pthread_join(t, 0);
  }
  // A child of fork, whose pages are its own.
  fill(map, PAGE);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    lose(map);
    check(map, PAGE, "in a child");
    lose(__builtin_frame_address(0));
    exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  must(status == 0, "a child");
  printf("%d kinds\n", kinds);
  return 0;
}
