// One page of one kind of memory is lost, while the program waits for it or by its own doing: all is there as before. Arguments: where mr_control is,
// the kind, which copy, who loses it, whether the kernel is to tell only of pages that are touched (late).
#include "../../recover/programs/lose.h"
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { PAGE = 4096, HUGE = 2 << 20, MADV_HWPOISON_ = 100, SPIN_BYTES = 128 };
static char data[3 * PAGE] __attribute__((aligned(PAGE))) = {1}, zeroed[3 * PAGE] __attribute__((aligned(PAGE)));
static const char constants[3 * PAGE] __attribute__((aligned(PAGE))) = {[0 ... 3 * PAGE - 1] = 7};
static _Thread_local char own[3 * PAGE];
static const char *copy, *by;
static const volatile char *flag;

/* No call and no memory but the flag: an error that comes here comes in user mode, to this thread. */
__attribute__((noinline, aligned(SPIN_BYTES))) static void wait_for_it(void) {
  const volatile char *at = flag;
  while (*at != '1') __builtin_ia32_pause();
}
static u64 before;
/* Every byte of the page again and again, and no more after an error came in between: a copy that it left behind is seen by the check at exit. The emulator
   takes interrupts where a page of code ends, too, so there have to be many. */
#define EIGHT(k) p[k] = n, p[k + 1] = n, p[k + 2] = n, p[k + 3] = n, p[k + 4] = n, p[k + 5] = n, p[k + 6] = n, p[k + 7] = n;
#define MANY(k) EIGHT(k) EIGHT(k + 8) EIGHT(k + 16) EIGHT(k + 24) EIGHT(k + 32) EIGHT(k + 40) EIGHT(k + 48) EIGHT(k + 56)
#define MORE(k) MANY(k) MANY(k + 64) MANY(k + 128) MANY(k + 192) MANY(k + 256) MANY(k + 320) MANY(k + 384) MANY(k + 448)
__attribute__((noinline, aligned(SPIN_BYTES))) static void store_until_lost(volatile char *p) {
  for (char n = 1; control->recovered == before; n++) {
    MORE(0) MORE(512) MORE(1024) MORE(1536) MORE(2048) MORE(2560) MORE(3072) MORE(3584)
  }
}
__attribute__((noinline, aligned(PAGE))) static int answer(int n) { return n * 3 + 1; }
__attribute__((noinline, aligned(PAGE))) static int after_answer(int n) { return n + 1; }

static void fill(char *p, size_t n, int k) {
  for (size_t i = 0; i < n; i++) p[i] = (char)(i * 7 + (size_t)k);
}
static void check(const char *p, size_t n, int k) {
  for (size_t i = 0; i < n; i++) must(p[i] == (char)(i * 7 + (size_t)k), "contents");
}
static char *page_in(char *p, size_t n) { return (char *)((uintptr_t)(p + n / 2) & -PAGE); }

static void tell(const void *page, const void *waits) {
  uintptr_t first = (uintptr_t)page & -PAGE, second = first - DISTANCE;
  before = control->recovered;
  if (!strcmp(copy, "mirror")) first = second;
  if (!strcmp(copy, "both")) dprintf(3, "%lx %lx: %lx\n", (long)first, (long)second, (long)waits);
  else dprintf(3, "%lx: %lx\n", (long)first, (long)waits);
}
/* Tells the page, and waits until it is lost. */
static void announce(const void *page) {
  tell(page, (const void *)wait_for_it);
  wait_for_it();
  uintptr_t first = ((uintptr_t)page & -PAGE) - (strcmp(copy, "mirror") ? 0 : DISTANCE);
  if (!strcmp(by, "madvise")) must(!madvise((void *)first, PAGE, MADV_HWPOISON_), "madvise");
  if (!strcmp(by, "inject")) must(!lose_at(first), "the runtime's injection");
}
/* Another thread may have brought it back, and not counted it so far. */
static void once(void) {
  u64 now = before + (strcmp(by, "none") != 0);
  for (int i = 0; i < 5000 && control->recovered < now; i++) usleep(1000);
  must(control->recovered == now, "recovered once");
}
static void memory(char *p, size_t n) {
  fill(p, n, 3);
  announce(page_in(p, n));
  check(p, n, 3);
  fill(p, n, 5);
  check(p, n, 5);
  once();
}
static void *area(size_t n, int flags) {
  char *p = mmap(0, n, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);
  must(p != MAP_FAILED, "mmap");
  return p;
}

static void anonymous(void) { memory(area(3 * PAGE, MAP_PRIVATE), 3 * PAGE); }
static void initialized(void) { memory(data, sizeof data); }
static void bss(void) { memory(zeroed, sizeof zeroed); }
static void heap(void) {
  char *p = malloc(60000);
  memory(p, 60000);
  free(p);
}
/* The break area, which the C library uses for little. */
static void program_break(void) {
  char *at = (char *)syscall(SYS_brk, 0);
  must(syscall(SYS_brk, at + 5 * PAGE) == (long)(at + 5 * PAGE), "brk");
  memory(at, 5 * PAGE);
}
static void shared(void) { memory(area(3 * PAGE, MAP_SHARED), 3 * PAGE); }
static void file(void) { memory(mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/proc/self/exe", O_RDONLY), 0), 3 * PAGE); }
static void hugetlb(void) { memory(area(2 * HUGE, MAP_PRIVATE | MAP_HUGETLB), 2 * HUGE); }
static void huge(void) {
  char *p = (char *)(((uintptr_t)area(3 * HUGE, MAP_PRIVATE) + HUGE) & -HUGE);
  must(!madvise(p, HUGE, MADV_HUGEPAGE), "MADV_HUGEPAGE");
  memory(p, HUGE);
}
static void stack(void) {
  char here[3 * PAGE];
  memory(here, sizeof here);
}
/* The frame that waits: its return address is there. */
__attribute__((noinline)) static int in_frame(volatile int n) {
  announce(__builtin_frame_address(0));
  return n + 1;
}
__attribute__((noinline)) static int deeper(volatile int n) { return n + 1; }
static void frame(void) {
  must(in_frame(41) == 42 && deeper(1) == 2, "frame");
  once();
}
static void local(void) { memory(own, sizeof own); }
/* What the thread pointer points to: errno and the rest of the C library's. */
static void block(void) {
  pthread_t me = pthread_self();
  errno = 77;
  announce((void *)me);
  must(errno == 77 && pthread_equal(pthread_self(), me), "errno");
  errno = 78;
  must(errno == 78, "errno, written");
  once();
}
/* Streams of the C library. */
static void library(void) {
  fflush(stdout);
  announce(stdout);
  printf("through a stream that was lost\n");
  fflush(stdout);
  once();
}
static void code(void) {
  int (*volatile f)(int) = answer;
  must(f(1) == 4 && after_answer(1) == 2, "before");
  announce((void *)f);
  must(f(2) == 7, "code");
  once();
}
static void constant(void) {
  const volatile char *p = constants;
  announce((const void *)(p + PAGE));
  for (int i = 0; i < 3 * PAGE; i++) must(p[i] == 7, "constants");
  once();
}
/* A system call meets it first. */
static void call(void) {
  char *p = area(3 * PAGE, MAP_PRIVATE), got[100];
  int ends[2];
  must(!pipe(ends), "pipe");
  fill(p, 3 * PAGE, 3);
  announce(p + PAGE);
  must(write(ends[1], p + PAGE, 100) == 100 && read(ends[0], got, 100) == 100 && !memcmp(got, p + PAGE, 100), "write");
  check(p, 3 * PAGE, 3);
  fill(p, 3 * PAGE, 5);
  once();
}
static void storing(void) {
  char *p = area(3 * PAGE, MAP_PRIVATE);
  fill(p, 3 * PAGE, 3);
  tell(p + PAGE, (const void *)store_until_lost);
  store_until_lost(p + PAGE);
  once();
}
/* The same frame in two processes. */
static void child(void) {
  char *p = area(3 * PAGE, MAP_PRIVATE);
  fill(p, 3 * PAGE, 3);
  before = control->recovered;
  pid_t pid = fork();
  if (!pid) {
    wait_for_it();
    check(p, 3 * PAGE, 3);
    fill(p, 3 * PAGE, 9);
    check(p, 3 * PAGE, 9);
    once();
    exit(0);
  }
  announce(p + PAGE);
  check(p, 3 * PAGE, 3);
  fill(p, 3 * PAGE, 5);
  int status = 1;
  must(waitpid(pid, &status, 0) == pid && status == 0, "the child");
  check(p, 3 * PAGE, 5);
  once();
}
static void (*volatile in_thread)(void);
static void *thread(void *unused) {
  in_thread();
  return unused;
}

static const struct { const char *name; int threaded; void (*test)(void); } kinds[] = {
  {"anonymous", 0, anonymous}, {"break", 0, program_break}, {"bss", 0, bss},           {"call", 0, call},         {"child", 0, child},         {"code", 0, code},
  {"constants", 0, constant},  {"data", 0, initialized},  {"file", 0, file},         {"frame", 0, frame},         {"heap", 0, heap},
  {"hugetlb", 0, hugetlb},     {"library", 0, library},   {"local", 0, local},       {"shared", 0, shared},       {"stack", 0, stack},
  {"storing", 0, storing},
  {"thp", 0, huge},            {"thread-block", 1, block}, {"thread-frame", 1, frame}, {"thread-local", 1, local}, {"thread-stack", 1, stack},
};

int main(int argc, char **argv) {
  must(argc == 6, "arguments");
  find_control(argv);
  copy = argv[3], by = argv[4];
  if (!strcmp(argv[5], "late")) must(!prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0), "PR_MCE_KILL");
  flag = mmap(0, PAGE, PROT_READ, MAP_SHARED, open("/flag", O_RDONLY), 0);
  must(flag != MAP_FAILED, "the flag");
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i].name, argv[2])) continue;
    if (kinds[i].threaded) {
      pthread_t t;
      in_thread = kinds[i].test;
      must(!pthread_create(&t, 0, thread, 0) && !pthread_join(t, 0), "thread");
    } else kinds[i].test();
    printf("%s: whole\n", argv[2]);
    return 0;
  }
  must(0, "kind");
}
