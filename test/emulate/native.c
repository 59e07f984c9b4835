// Executes one instruction a record on the real CPU: reads struct input from stdin, writes struct output to stdout (check.ts has both shapes). With -m32
// it is 32-bit code with eight registers of each kind.
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define ARENA 0x10000000ul
#define CODE 0x20000000ul
/* The last of a page: what lies behind is no memory. */
#define WINDOW 0x400ul
#define BYTES 3072

#ifdef __i386__
#define IP REG_EIP
#else
#define IP REG_RIP
#endif

/* What xsave writes for x87, SSE, AVX and AVX-512, with each component where AMD's CPUs have it. */
#define EXTENDED 2432
struct state {
  uint64_t gpr[16], flags, pad;
  uint8_t extended[EXTENDED] __attribute__((aligned(64)));
};
/* As this CPU has it. */
struct area {
  uint8_t bytes[4096];
} __attribute__((aligned(64)));
struct input {
  uint8_t code[16];
  uint32_t length, pad[11];
  struct state state;
  uint8_t memory[BYTES];
};
struct output {
  uint32_t signal, pad[15];
  struct state state;
  uint8_t memory[BYTES];
};

struct state given, result;
struct area given_area, result_area;
/* Those of the above that there are; 0: no xsave. */
unsigned features;
static const struct component {
  unsigned bit, at, bytes;
} components[] = {{2, 576, 256}, {5, 832, 64}, {6, 896, 512}, {7, 1408, 1024}};
static unsigned places[8];
unsigned long host_stack;
extern char leave_case[];
void run_case(void);
static volatile int fault;

static void handler(int number, siginfo_t *info, void *pointer) {
  (void)info;
  ucontext_t *context = pointer;
  if ((context->uc_mcontext.gregs[IP] & ~0xfful) != CODE) signal(number, SIG_DFL); // the harness' own
  fault = number;
  context->uc_mcontext.gregs[IP] = (greg_t)leave_case;
}

#ifdef __i386__
asm(".text\n.globl run_case, leave_case\nrun_case:\n"
    "push %ebx; push %ebp; push %esi; push %edi\n"
    "mov %esp, host_stack\nxor %eax, %eax\nmov %eax, %fs\n"
    "fninit\nmov features, %eax; test %eax, %eax; je 1f\nxor %edx, %edx; xrstor given_area; jmp 2f\n1: fxrstor given_area\n2:\n"
    "pushl given+128\npopf\n"
    "mov given, %eax; mov given+8, %ecx; mov given+16, %edx; mov given+24, %ebx; mov given+40, %ebp; mov given+48, %esi\n"
    "mov given+56, %edi; mov given+32, %esp\n"
    "jmp *target\n"
    "leave_case:\n"
    "mov %eax, result; mov %ecx, result+8; mov %edx, result+16; mov %ebx, result+24; mov %esp, result+32; mov %ebp, result+40\n"
    "mov %esi, result+48; mov %edi, result+56\n"
    "mov host_stack, %esp\npushf\npopl result+128\ncld\n"
    "mov features, %eax; test %eax, %eax; je 1f\nxor %edx, %edx; xsave result_area; vzeroupper; jmp 2f\n1: fxsave result_area\n2: fninit\nldmxcsr default_mxcsr\n"
    "pop %edi; pop %esi; pop %ebp; pop %ebx\nret\n"
    ".data\n.globl target\ntarget: .long 0x20000000\ndefault_mxcsr: .long 0x1f80\n.text\n");
#else
asm(".text\n.globl run_case, leave_case\nrun_case:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp, host_stack\n"
    "fninit\nmov features, %eax; test %eax, %eax; je 1f\nxor %edx, %edx; xrstor64 given_area; jmp 2f\n1: fxrstor64 given_area\n2:\n"
    "pushq given+128\npopfq\n"
    "mov given, %rax; mov given+8, %rcx; mov given+16, %rdx; mov given+24, %rbx; mov given+40, %rbp; mov given+48, %rsi\n"
    "mov given+56, %rdi; mov given+64, %r8; mov given+72, %r9; mov given+80, %r10; mov given+88, %r11; mov given+96, %r12\n"
    "mov given+104, %r13; mov given+112, %r14; mov given+120, %r15; mov given+32, %rsp\n"
    "jmp *target\n"
    "leave_case:\n"
    "mov %rax, result; mov %rcx, result+8; mov %rdx, result+16; mov %rbx, result+24; mov %rsp, result+32; mov %rbp, result+40\n"
    "mov %rsi, result+48; mov %rdi, result+56; mov %r8, result+64; mov %r9, result+72; mov %r10, result+80; mov %r11, result+88\n"
    "mov %r12, result+96; mov %r13, result+104; mov %r14, result+112; mov %r15, result+120\n"
    "mov host_stack, %rsp\npushfq\npopq result+128\ncld\n"
    "mov features, %eax; test %eax, %eax; je 1f\nxor %edx, %edx; xsave64 result_area; vzeroupper; jmp 2f\n1: fxsave64 result_area\n2: fninit\nldmxcsr default_mxcsr\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\nret\n"
    ".data\n.globl target\ntarget: .quad 0x20000000\ndefault_mxcsr: .long 0x1f80\n.text\n");
#endif
_Static_assert(__builtin_offsetof(struct state, flags) == 128, "the offsets above");

static void find_features(void) {
  unsigned a, b, c, d;
  if (!__builtin_cpu_supports("avx")) return;
  __cpuid_count(13, 0, features, b, c, d);
  features &= 0xe7;
  for (unsigned i = 0; i < sizeof components / sizeof *components; i++) {
    __cpuid_count(13, components[i].bit, a, b, c, d);
    places[components[i].bit] = b;
  }
}

static int has(const struct component *c) { return features >> c->bit & 1; }
#define EACH(c) (const struct component *c = components; c < components + sizeof components / sizeof *components; c++)

static void map(unsigned long at, int protection) {
  if (mmap((void *)at, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
}

int main(void) {
  find_features();
  static uint8_t stack[1 << 16];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  map(ARENA, PROT_READ | PROT_WRITE);
  map(CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
  sigaltstack(&alternate, NULL);
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGBUS, SIGFPE};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  // No heap: it may begin anywhere in the first gigabyte, where what a case reads and writes beyond its memory is to fault.
  static char incoming[1 << 16], outgoing[1 << 16];
  setvbuf(stdin, incoming, _IOFBF, sizeof incoming);
  setvbuf(stdout, outgoing, _IOFBF, sizeof outgoing);
  static struct input input;
  static struct output output;
  uint8_t *code = (uint8_t *)CODE, *window = (uint8_t *)(ARENA + WINDOW);
  while (fread(&input, sizeof input, 1, stdin) == 1) {
    memset(code, 0xcc, 64);
    memcpy(code, input.code, input.length);
    // jmp *0(%rip), or with the address itself: to leave_case
    uint8_t leave[6] = {0xff, 0x25};
    unsigned long to = (unsigned long)leave_case;
#ifdef __i386__
    uint32_t from = CODE + input.length + sizeof leave;
    memcpy(leave + 2, &from, 4);
#endif
    memcpy(code + input.length, leave, sizeof leave);
    memcpy(code + input.length + sizeof leave, &to, sizeof to);
    memcpy(window, input.memory, BYTES);
    given = input.state;
    memset(&result, 0, sizeof result);
    memset(&result_area, 0, sizeof result_area);
    memcpy(given_area.bytes, given.extended, 576);
    for EACH(c) if (has(c)) memcpy(given_area.bytes + places[c->bit], given.extended + c->at, c->bytes);
    fault = 0;
    run_case();
    memcpy(result.extended, result_area.bytes, 576);
    for EACH(c) if (has(c)) memcpy(result.extended + c->at, result_area.bytes + places[c->bit], c->bytes);
    output.signal = fault;
    output.state = result;
    memcpy(output.memory, window, BYTES);
    if (fwrite(&output, sizeof output, 1, stdout) != 1) return 1;
  }
  return fflush(stdout) != 0;
}
