/* Hand-mirrored test program: its stack and variables stand in mirror_state (exempt), so plain C can drive; every store to protected
   memory goes through put(), and every system call through the sequence that the rewriter emits. argv[1] names the scenario. */
typedef unsigned long u64;
#define EXEMPT __attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096)))
#include "../../runtime/limits.h"
#define D ((unsigned long)MR_DISTANCE)

EXEMPT char test_stack[65536];
EXEMPT volatile u64 unmap_base; /* the child unmaps its own stack there, as musl's __unmapself does */
char shown[4096] = "protected";   /* protected .data */
long victim[4] = {1, 2, 3, 4};    /* loses a mirror store */
static volatile int tid_word;

__asm__(".globl _start\n_start: mov %rsp,%rdi\n lea test_stack+65536(%rip),%rsp\n call test_main\n ud2\n"
        ".globl sc\n.type sc,@function\nsc:\n" /* sc(nr, a..f) */
        " mov %rdi,%rax\n mov %rsi,%rdi\n mov %rdx,%rsi\n mov %rcx,%rdx\n mov %r8,%r10\n mov %r9,%r8\n mov 8(%rsp),%r9\n"
        " lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: ret\n"
        /* probe(): all registers and the flags survive a call; 0 is good */
        ".globl probe\nprobe:\n push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        " movq $0x5a5a,-64(%rsp)\n movq $0x1234,-128(%rsp)\n mov $39,%eax\n mov $1,%edi\n mov $2,%esi\n mov $3,%edx\n mov $4,%r8d\n mov $5,%r9d\n mov $6,%r10d\n"
        " mov $7,%ebx\n mov $8,%ebp\n mov $9,%r12d\n mov $10,%r13d\n mov $11,%r14d\n mov $12,%r15d\n stc\n"
        " lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: mov $1,%eax\n jnc 9f\n lea (%rdi,%rsi),%rcx\n add %rdx,%rcx\n add %r8,%rcx\n add %r9,%rcx\n add %r10,%rcx\n"
        " add %rbx,%rcx\n add %rbp,%rcx\n add %r12,%rcx\n add %r13,%rcx\n add %r14,%rcx\n add %r15,%rcx\n cmp $78,%rcx\n jne 9f\n"
        " cmpq $0x5a5a,-64(%rsp)\n jne 9f\n cmpq $0x1234,-128(%rsp)\n jne 9f\n xor %eax,%eax\n9: pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
        /* spawn(flags, top, ptid, ctid): the child stores mirrored, then exits */
        ".globl spawn\nspawn: mov %rcx,%r10\n mov $56,%eax\n lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: test %rax,%rax\n jz 2f\n ret\n"
        "2: movq $77,%gs:shown+64(%rip)\n movq $77,shown+64(%rip)\n mov $60,%eax\n mov unmap_base(%rip),%rdi\n test %rdi,%rdi\n jz 4f\n mov $65536,%esi\n mov $11,%eax\n4: lea 3f(%rip),%rcx\n jmp __mirror_syscall\n3: ud2\n"
        /* handler: a mirrored store, as rewritten code would make it */
        ".globl handler\nhandler: movslq %edi,%rax\n mov %rax,%gs:shown+72(%rip)\n mov %rax,shown+72(%rip)\n ret\n"
        ".globl restorer\nrestorer: mov $15,%eax\n lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: ud2\n"
        /* on(top, fn): runs fn on a stack in protected memory; only painted memory and the call are on it */
        ".globl getpid_on\ngetpid_on: mov %rsp,%r8\n mov %rdi,%rsp\n mov $39,%eax\n lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: mov %r8,%rsp\n ret\n"
        ".globl mem_on\nmem_on: mov %rsp,%r12\n mov %rdi,%rsp\n mov $9,%eax\n xor %edi,%edi\n mov $8192,%esi\n mov $3,%edx\n mov $0x22,%r10d\n mov $-1,%r8\n xor %r9d,%r9d\n"
        " lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: mov %r12,%rsp\n ret\n");
long sc(long, u64, u64, u64, u64, u64, u64);
long probe(void);
long spawn(u64 flags, u64 top, volatile int *ptid, volatile int *ctid);
void handler(int);
void restorer(void);
long getpid_on(u64 top);
void mem_on(u64 top) __attribute__((noinline));
#define C(n, a, b, c, d, e, f) sc(n, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), (u64)(f))

static void put(volatile char *p, char v) { p[-(long)D] = v, *p = v; }
static int eq(const volatile char *p, u64 n) {
  for (u64 i = 0; i < n; i++)
    if (p[i] != p[(long)i - (long)D]) return 0;
  return 1;
}
static void quit(int code) { C(231, code, 0, 0, 0, 0, 0); }
static void fail(int line) {
  char b[8] = "line    ";
  for (int i = 7; line; line /= 10) b[i--] = (char)('0' + line % 10);
  C(1, 2, b, 8, 0, 0, 0);
  quit(99);
}
#define OK(x) do { if (!(x)) fail(__LINE__); } while (0)
static int is(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static volatile char *map(u64 n) {
  long p = C(9, 0, n, 3, 0x22, -1, 0);
  OK(p > 0);
  return (volatile char *)p;
}

static void memory(void) {
  volatile char *p = map(16384), *q;
  put(p, 1), put(p + 16383, 2);
  OK(eq(p, 16384));
  q = (char *)C(25, p, 16384, 1 << 20, 1, 0, 0); /* mremap, may move */
  OK((long)q > 0 && q[0] == 1 && q[16383] == 2 && eq(q, 1 << 20));
  put(q + (1 << 20) - 1, 3);
  volatile char *to = map(1 << 20);
  q = (char *)C(25, q, 1 << 20, 1 << 20, 3, to, 0); /* MREMAP_FIXED */
  OK(q == to && q[16383] == 2 && eq(q, 1 << 20));
  OK(C(25, q, 1 << 20, 8192, 0, 0, 0) == (long)q && eq(q, 8192)); /* shrink */
  OK(C(10, q, 4096, 1, 0, 0, 0) == 0 && eq(q, 8192));             /* read only */
  OK(C(10, q, 4096, 3, 0, 0, 0) == 0);
  put(q + 9, 4);
  OK(C(28, q, 8192, 8, 0, 0, 0) == 0 && eq(q, 8192) && q[9] == 0); /* MADV_FREE */
  OK(C(11, q + 4096, 4096, 0, 0, 0, 0) == 0);
  p = (char *)C(9, 0, 65536, 0, 0x22, -1, 0); /* PROT_NONE, then writable: as a thread's stack is made */
  OK(C(10, p + 4096, 61440, 3, 0, 0, 0) == 0);
  put(p + 5000, 5);
  OK(eq(p + 4096, 61440));
  long b = C(12, 0, 0, 0, 0, 0, 0);
  OK(C(12, b + 100000, 0, 0, 0, 0, 0) == b + 100000);
  put((char *)b, 6), put((char *)b + 99999, 7);
  OK(eq((char *)b, 100000));
  OK(C(12, b + 5000, 0, 0, 0, 0, 0) == b + 5000 && C(12, b + 90000, 0, 0, 0, 0, 0) == b + 90000);
  OK(((char *)b)[80000] == 0 && eq((char *)b, 90000));
  OK(C(9, 0x10000000, 4096, 3, 0x32, -1, 0) == -12); /* no mirror possible there */
  long fd = C(2, "/proc/self/exe", 0, 0, 0, 0, 0);
  p = (char *)C(9, 0, 8192, 3, 2, fd, 0);
  OK((long)p > 0 && p[1] == 'E' && eq(p, 8192));
  put(p, 9);
  q = (char *)C(9, 0, 4096, 1, 2, fd, 0);
  OK(C(10, q, 4096, 3, 0, 0, 0) == 0 && eq(q, 4096));
}
static void boundary(void) {
  volatile char *p = map(8192);
  OK(C(22, p, 0, 0, 0, 0, 0) == 0 && eq(p, 8));
  volatile int *fd = (int *)p;
  OK(C(1, fd[1], "hello mirror", 12, 0, 0, 0) == 12);
  OK(C(0, fd[0], p + 100, 500, 0, 0, 0) == 12 && p[100] == 'h' && eq(p, 8192));
  OK(C(63, p + 1000, 0, 0, 0, 0, 0) == 0 && p[1000] && eq(p, 8192));
  OK(C(228, 1, p + 2000, 0, 0, 0, 0) == 0 && eq(p, 8192));
  OK(C(79, p + 2100, 1000, 0, 0, 0, 0) > 0 && eq(p, 8192));
  OK(C(262, -100, "/", p + 3200, 0, 0, 0) == 0 && eq(p, 8192));
  OK(C(318, p + 4000, 64, 0, 0, 0, 0) == 64 && eq(p, 8192));
  OK(C(53, 1, 1, 0, p + 4100, 0, 0) == 0 && eq(p, 8192));
  put(p + 4200, 110), put(p + 4201, 0);
  OK(C(51, fd[1025], p + 4300, p + 4200, 0, 0, 0) == 0 && eq(p, 8192));
  OK(C(999, 0, 0, 0, 0, 0, 0) == -38);
}
static void signals(void) {
  volatile char *alt = map(32768); /* the int frame goes to protected memory */
  u64 ss[3] = {(u64)alt, 0, 32768};
  OK(C(131, ss, 0, 0, 0, 0, 0) == 0);
  u64 act[4] = {(u64)handler, 0x0c000000, (u64)restorer, 0}, old[4];
  OK(C(13, 10, act, 0, 8, 0, 0) == 0 && C(13, 10, act, old, 8, 0, 0) == 0 && old[0] == (u64)handler);
  OK(C(200, C(186, 0, 0, 0, 0, 0, 0), 10, 0, 0, 0, 0) == 0);
  OK(*(long *)(shown + 72) == 10 && eq(shown, 4096) && eq(alt, 32768));
}
static void threads(void) {
  volatile char *stack = map(65536);
  for (int i = 0; i < 20; i++) {
    if (i == 19) unmap_base = (u64)stack;
    *(volatile long *)(shown + 64) = 0, *(volatile long *)(shown + 64 - D) = 0;
    /* VM FS FILES SIGHAND THREAD SYSVSEM PARENT_SETTID CHILD_CLEARTID, as musl has it without TLS */
    long t = spawn(0x350f00, (u64)stack + 65536, &tid_word, &tid_word);
    OK(t > 0);
    while (tid_word) C(202, &tid_word, 0, tid_word, 0, 0, 0);
    OK(*(volatile long *)(shown + 64) == 77 && eq((char *)&tid_word, 4) && (unmap_base || eq(stack, 65536)) && eq(shown, 4096));
  }
  OK(C(28, stack, 65536, 4, 0, 0, 0) == -12); /* unmapped */
  OK(C(10, stack, 65536, 3, 0, 0, 0) == -12);
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
  OK(C(61, pid, p + 64, 0, 0, 0, 0) == pid && eq(p, 4096));
  st = *(volatile int *)(p + 64);
  return st >> 8;
}
/* How far below the red zone the runtime writes; and what it wrote must be mirrored. */
static long painted(int mem) {
  volatile char *p = map(65536);
  for (int i = 0; i < 65536; i++) put(p + i, 0x5c);
  if (mem) mem_on((u64)p + 65536);
  else getpid_on((u64)p + 65536);
  OK(eq(p, 65536));
  long i = 0;
  while (p[i] == 0x5c) i++;
  for (long k = 65536 - 128; k < 65536; k++) OK(p[k] == 0x5c); /* the red zone */
  return 65536 - 128 - i;
}
static void number(long v) {
  char b[8] = "       \n";
  for (int i = 6; v; v /= 10) b[i--] = (char)('0' + v % 10);
  C(1, 1, b, 8, 0, 0, 0);
}

__attribute__((used)) void test_main(u64 *sp) {
  const char *what = sp[0] > 1 ? (const char *)sp[2] : "";
  OK(eq(shown, 4096));
  put(shown, 'P');
  if (is(what, "memory")) memory();
  if (is(what, "boundary")) boundary();
  if (is(what, "signals")) signals();
  if (is(what, "threads")) threads();
  if (is(what, "fork")) OK(forks(57) == 5 && forks(58) == 5);
  if (is(what, "registers")) OK(probe() == 0);
  if (is(what, "painted")) number(painted(0)), number(painted(1));
  if (is(what, "lost")) victim[2] = 99; /* no mirror store */
  quit(is(what, "seven") ? 7 : 0);
}
