/* Hand-mirrored test program: its stack and variables stand in mirror_state (exempt), so plain C can drive; every store to protected
   memory goes through put(), and every system call through the sequence that the rewriter emits. argv[1] names the scenario. */
#include <stdint.h>
typedef unsigned long word;
#define EXEMPT __attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096)))
#include "../../runtime/limits.h"
#define D ((unsigned long)MR_DISTANCE)
#ifdef __i386__
#include "i386.h"
#else
#include "x86_64.h"
#endif

EXEMPT char test_stack[65536];
EXEMPT volatile word kept; /* a stack pointer, where every register is taken */
EXEMPT volatile word unmap_base; /* the child unmaps its own stack there, as musl's __unmapself does */
char shown[4096] = "protected";   /* protected .data */
long victim[4] = {1, 2, 3, 4};    /* loses a mirror store */
static volatile int tid_word;

long sc(long, word, word, word, word, word, word);
long probe(void);
long spawn3(void *args, word size);
long spawn(word flags, word top, volatile int *ptid, volatile int *ctid);
void handler(int);
void restorer(void);
long getpid_on(word top);
void mem_on(word top) __attribute__((noinline));
#define C(n, a, b, c, d, e, f) sc((long)(n), (word)(a), (word)(b), (word)(c), (word)(d), (word)(e), (word)(f))

static void put(volatile char *p, char v) { p[-(long)D] = v, *p = v; }
static int eq(const volatile char *p, word n) {
  for (word i = 0; i < n; i++)
    if (p[i] != p[(long)i - (long)D]) return 0;
  return 1;
}
static void quit(int code) { C(__NR_exit_group, code, 0, 0, 0, 0, 0); }
static void fail(int line) {
  char b[8] = "line    ";
  for (int i = 7; line; line /= 10) b[i--] = (char)('0' + line % 10);
  C(__NR_write, 2, b, 8, 0, 0, 0);
  quit(99);
}
#define OK(x) do { if (!(x)) fail(__LINE__); } while (0)
static int is(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
#define GOOD(r) ((word)(r) < -4095ul)
static volatile char *map(word n) {
  long p = C(NR_mmap, 0, n, 3, 0x22, -1, 0);
  OK(GOOD(p) && p);
  return (volatile char *)p;
}

static void memory(void) {
  volatile char *p = map(16384), *q;
  put(p, 1), put(p + 16383, 2);
  OK(eq(p, 16384));
  q = (char *)C(__NR_mremap, p, 16384, 1 << 20, 1, 0, 0); /* mremap, may move */
  OK(GOOD(q) && q[0] == 1 && q[16383] == 2 && eq(q, 1 << 20));
  put(q + (1 << 20) - 1, 3);
  volatile char *to = map(1 << 20);
  q = (char *)C(__NR_mremap, q, 1 << 20, 1 << 20, 3, to, 0); /* MREMAP_FIXED */
  OK(q == to && q[16383] == 2 && eq(q, 1 << 20));
  OK(C(__NR_mremap, q, 1 << 20, 8192, 0, 0, 0) == (long)q && eq(q, 8192)); /* shrink */
  OK(C(__NR_mprotect, q, 4096, 1, 0, 0, 0) == 0 && eq(q, 8192));             /* read only */
  OK(C(__NR_mprotect, q, 4096, 3, 0, 0, 0) == 0);
  put(q + 9, 4);
  OK(C(__NR_madvise, q, 8192, 8, 0, 0, 0) == 0 && eq(q, 8192) && q[9] == 0); /* MADV_FREE */
  OK(C(__NR_munmap, q + 4096, 4096, 0, 0, 0, 0) == 0);
  p = (char *)C(NR_mmap, 0, 65536, 0, 0x22, -1, 0); /* PROT_NONE, then writable: as a thread's stack is made */
  OK(C(__NR_mprotect, p + 4096, 61440, 3, 0, 0, 0) == 0);
  put(p + 5000, 5);
  OK(eq(p + 4096, 61440));
  long b = C(__NR_brk, 0, 0, 0, 0, 0, 0);
  OK(C(__NR_brk, b + 100000, 0, 0, 0, 0, 0) == b + 100000);
  put((char *)b, 6), put((char *)b + 99999, 7);
  OK(eq((char *)b, 100000));
  OK(C(__NR_brk, b + 5000, 0, 0, 0, 0, 0) == b + 5000 && C(__NR_brk, b + 90000, 0, 0, 0, 0, 0) == b + 90000);
  OK(((char *)b)[80000] == 0 && eq((char *)b, 90000));
  OK(C(NR_mmap, OUTSIDE, 4096, 3, 0x32, -1, 0) == -12); /* no mirror possible there */
  p = (char *)C(NR_mmap, OUTSIDE, 4096, 3, 0x22, -1, 0); /* wished for only */
  OK(GOOD(p) && eq(p, 4096));
  long fd = C(__NR_open, "/proc/self/exe", 0, 0, 0, 0, 0);
  p = (char *)C(NR_mmap, 0, 8192, 3, 2, fd, 0);
  OK(GOOD(p) && p[1] == 'E' && eq(p, 8192));
  put(p, 9);
  q = (char *)C(NR_mmap, 0, 4096, 1, 2, fd, 0);
  OK(C(__NR_mprotect, q, 4096, 3, 0, 0, 0) == 0 && eq(q, 4096));
}
static void boundary(void) {
  volatile char *p = map(8192);
  OK(C(__NR_pipe, p, 0, 0, 0, 0, 0) == 0 && eq(p, 8));
  volatile int *fd = (int *)p;
  OK(C(__NR_write, fd[1], "hello mirror", 12, 0, 0, 0) == 12);
  OK(C(__NR_read, fd[0], p + 100, 500, 0, 0, 0) == 12 && p[100] == 'h' && eq(p, 8192));
  OK(C(__NR_uname, p + 1000, 0, 0, 0, 0, 0) == 0 && p[1000] && eq(p, 8192));
  OK(C(__NR_clock_gettime, 1, p + 2000, 0, 0, 0, 0) == 0 && eq(p, 8192));
  OK(C(__NR_getcwd, p + 2100, 1000, 0, 0, 0, 0) > 0 && eq(p, 8192));
  OK(C(NR_fstatat, -100, "/", p + 3200, 0, 0, 0) == 0 && eq(p, 8192));
  OK(C(__NR_getrandom, p + 4000, 64, 0, 0, 0, 0) == 64 && eq(p, 8192));
  OK(C(__NR_socketpair, 1, 1, 0, p + 4100, 0, 0) == 0 && eq(p, 8192));
  put(p + 4200, 110), put(p + 4201, 0);
  OK(C(__NR_getsockname, fd[1025], p + 4300, p + 4200, 0, 0, 0) == 0 && eq(p, 8192));
  OK(C(__NR_fstat, fd[0], p + 4400, 0, 0, 0, 0) == 0 && eq(p, 8192));
  OK(C(__NR_fstat, fd[0], 0, 0, 0, 0, 0) == -14 && C(__NR_fstat, -1, p + 4400, 0, 0, 0, 0) == -9 && eq(p, 8192));
  OK(C(__NR_write, fd[1], "more", 4, 0, 0, 0) == 4 && C(__NR_read, fd[0], 0, 4, 0, 0, 0) == -14 && eq(p, 8192));
  put(p + 6100, 1), put(p + 6104, 77); /* EPOLLIN */
  long events = C(__NR_epoll_create1, 0, 0, 0, 0, 0, 0);
  OK(C(__NR_epoll_ctl, events, 1, fd[0], p + 6100, 0, 0) == 0 && C(__NR_epoll_pwait, events, p + 6200, 5, 0, 0, 0) == 1 && p[6204] == 77 && eq(p, 8192));
  OK(C(__NR_write, fd[1026], "abc", 3, 0, 0, 0) == 3 && C(NR_recv, fd[1025], p + 6300, 2, 0, 0, 0) == 2 && p[6301] == 'b' && eq(p, 8192));
  put(p + 6400, 110), put(p + 6401, 0), put(p + 6402, 0), put(p + 6403, 0);
  OK(C(NR_recv, fd[1025], p + 6300, 2, 0, p + 6500, p + 6400) == 1 && p[6300] == 'c' && !p[6400] && eq(p, 8192));
  long file = C(__NR_open, "/proc/self/exe", 0, 0, 0, 0, 0);
  OK(C(__NR_fcntl, file, 5, p + 6000, 0, 0, 0) == 0 && p[6000] == 2 && eq(p, 8192)); /* F_GETLK: F_UNLCK */
  OK(C(__NR_fcntl, file, 1, 0, 0, 0, 0) == 0 && C(__NR_lseek, file, 4, 0, 0, 0, 0) == 4 && C(__NR_read, file, p + 7000, 1, 0, 0, 0) == 1 && eq(p, 8192));
  OK(C(999, 0, 0, 0, 0, 0, 0) == -38);
}
static void signals(void) {
  volatile char *alt = map(32768); /* the int frame goes to protected memory */
  word ss[3] = {(word)alt, 0, 32768};
  OK(C(__NR_sigaltstack, ss, 0, 0, 0, 0, 0) == 0);
  word act[5] = {(word)handler, 0x0c000000, (word)restorer}, old[5];
  OK(C(__NR_rt_sigaction, 10, act, 0, 8, 0, 0) == 0 && C(__NR_rt_sigaction, 10, act, old, 8, 0, 0) == 0 && old[0] == (word)handler);
  OK(C(__NR_tkill, C(__NR_gettid, 0, 0, 0, 0, 0, 0), 10, 0, 0, 0, 0) == 0);
  OK(*(long *)(shown + 72) == 10 && eq(shown, 4096) && eq(alt, 32768));
}
static void threads(void) {
  volatile char *stack = map(65536);
  /* flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls */
  uint64_t args[8] = {0x350f00, 0, (word)&tid_word, (word)&tid_word, 0, (word)stack, 65536, 0};
  for (int i = 0; i < 30; i++) {
    if (i == 29) unmap_base = (word)stack;
    *(volatile long *)(shown + 64) = 0, *(volatile long *)((word)shown + 64 - D) = 0;
    /* VM FS FILES SIGHAND THREAD SYSVSEM PARENT_SETTID CHILD_CLEARTID, as musl has it without TLS */
    long t = i < 10 ? spawn3(args, sizeof args) : spawn(0x350f00, (word)stack + 65536, &tid_word, &tid_word);
    OK(t > 0);
    while (tid_word) C(__NR_futex, &tid_word, 0, tid_word, 0, 0, 0);
    OK(*(volatile long *)(shown + 64) == 77 && eq((char *)&tid_word, 4) && (unmap_base || eq(stack, 65536)) && eq(shown, 4096));
  }
  OK(C(__NR_madvise, stack, 65536, 4, 0, 0, 0) == -12); /* unmapped */
  OK(C(__NR_mprotect, stack, 65536, 3, 0, 0, 0) == -12);
  OK(map(65536) != 0);
}
static int forks(int nr) {
  volatile char *p = map(4096);
  int st = 0;
  long pid = C(nr, 0, 0, 0, 0, 0, 0);
  if (!pid) {
    put(p, 5), put(shown + 7, 6);
    OK(eq(p, 4096));
    memory();
    quit(5);
  }
  OK(C(__NR_wait4, pid, p + 64, 0, 0, 0, 0) == pid && eq(p, 4096));
  st = *(volatile int *)(p + 64);
  return st >> 8;
}
/* How far below the red zone the runtime writes; and what it wrote must be mirrored. */
static long painted(int mem) {
  volatile char *p = map(65536);
  for (int i = 0; i < 65536; i++) put(p + i, 0x5c);
  if (mem) mem_on((word)p + 65536);
  else getpid_on((word)p + 65536);
  OK(eq(p, 65536));
  long i = 0;
  while (p[i] == 0x5c) i++;
  for (long k = 65536 - RED_ZONE; k < 65536; k++) OK(p[k] == 0x5c); /* the red zone */
  return 65536 - RED_ZONE - i;
}
static void number(long v) {
  char b[8] = "       \n";
  for (int i = 6; v; v /= 10) b[i--] = (char)('0' + v % 10);
  C(__NR_write, 1, b, 8, 0, 0, 0);
}

#ifdef __i386__
#include "forms.h"
#else
static void forms(void) {}
#endif

__attribute__((used)) void test_main(word *sp) {
  const char *what = sp[0] > 1 ? (const char *)sp[2] : "";
  OK(eq(shown, 4096));
  put(shown, 'P');
  if (is(what, "memory")) memory();
  if (is(what, "boundary")) boundary();
  if (is(what, "forms")) forms();
  if (is(what, "signals")) signals();
  if (is(what, "threads")) threads();
  if (is(what, "fork")) OK(forks(__NR_fork) == 5 && forks(__NR_vfork) == 5);
  if (is(what, "registers")) OK(probe() == 0);
  if (is(what, "painted")) number(painted(0)), number(painted(1));
  if (is(what, "lost")) victim[2] = 99; /* no mirror store */
  quit(is(what, "seven") ? 7 : 0);
}
