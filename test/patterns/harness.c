// Runs each case as it stands and mirrored, in the same state, and compares registers, flags, x87 and vector state and memory of both
// runs, and mirror with native memory behind the second one. The cases are made by cases.ts; the pages and places are its, too. Built for
// 64-bit and for 32-bit code; what differs stands under #ifdef __x86_64__.
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define ARENA 0x10000000ul
#define SIZE 0x4000ul
#define THREAD (ARENA + 0x3800)
#ifndef SEEDS
#define SEEDS 4
#endif
#define MAX_PATCHES 4
#define MAX_VECTORS 2
#define FLAGS 0xcd5u /* CF PF AF ZF SF DF OF */

#ifdef __x86_64__
#define DISTANCE 0x200000000000ul
#define REGISTERS 16
#define IP REG_RIP
static const char *const tail_names[] = {"all live", "general dead", "vectors dead"};
#else
#define DISTANCE 0x80200000ul // src/profile/linux-i386.ts
#define REGISTERS 8
#define IP REG_EIP
static const char *const tail_names[] = {"all live", "general dead", "ebp, esi, edi dead"};
#endif

#include "interrupted.h"

struct item {
  // Addresses; these and the next three by what stands behind the instruction (tail_names).
  uint32_t text, native[3], mirrored[3], pad;
  uint64_t gpr[16];
  uint32_t fixed, patches, vectors;
  uint32_t bit_register, bit_bytes; // a bit offset; bytes 0: none
  uint32_t compare_bytes;           // cmpxchg: make it succeed in every other run
  uint32_t call;                    // what it pushes depends on where it stands
  uint32_t pad2;
  struct {
    uint32_t offset, length;
    uint64_t value;
  } patch[MAX_PATCHES];
  struct {
    uint64_t number, lane[8];
  } vector[MAX_VECTORS];
};

struct state {
  uint64_t gpr[16], flags;
  uint8_t extended[4096] __attribute__((aligned(64)));
};

extern const struct item items[];
extern const uint32_t item_count;
struct state given, result;
unsigned long host_stack, host_thread, target;
extern char leave_case[];
void run_case(void);
static uint8_t first[SIZE];
static struct state plain;
static uint8_t *native(unsigned long at) { return (uint8_t *)at; }
static volatile int fault;
static volatile unsigned long runs;
static uint64_t seed;

// Components of the XSAVE area: x87, SSE, AVX (upper halves of ymm); with AVX-512 the masks, the upper halves of zmm0 to 15, zmm16 to 31.
enum { AVX = 2, OPMASK = 5, UPPER_ZMM, HIGH_ZMM };
uint32_t components;
static struct {
  uint32_t at, size; // 0: the CPU, or code of this word size, has no such component
} place[8];

/** Where the components stand differs between processors. */
static void find_components(void) {
  uint32_t a, b, c, d, low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  components = (low & 0xe0) == 0xe0 ? 0xe7 : 7;
  for (uint32_t i = AVX; i <= HIGH_ZMM; i++) {
    if (!(components & 1u << i) || (i == HIGH_ZMM && REGISTERS == 8)) continue;
    __cpuid_count(0xd, i, a, b, c, d);
    place[i].at = b;
    // Outside of 64-bit code only the first half of the registers is loaded and stored.
    place[i].size = i == OPMASK ? 64 : a * REGISTERS / 16;
  }
}

static uint64_t next(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}

#define TRAP_FLAG 0x100
/** A mirrored run by steps, a signal at each: `at` 0 looks at what a handler that never returns would leave, else the program goes on from there. */
static struct {
  int on, count, at;
  int differs; // the first step where it does, and what
  unsigned long where;
  uint8_t native, mirror;
} steps;
extern const char mirrored_begin[], mirrored_end[];
static uint8_t kept[2][SIZE];

static void interrupt(greg_t *gregs) {
  word regs[24] = {0};
  memcpy(regs, gregs, sizeof(gregset_t) + sizeof(word)); /* and where x87 and vector registers are */
  memcpy(kept[0], native(ARENA), SIZE), memcpy(kept[1], native(ARENA + DISTANCE), SIZE);
  mr_group(regs);
  for (unsigned long i = 0; i < SIZE && !steps.differs; i++) {
    uint8_t now = *native(ARENA + i), mirror = *native(ARENA + DISTANCE + i);
    if (now != mirror) steps.differs = steps.count, steps.where = ARENA + i, steps.native = now, steps.mirror = mirror;
  }
  memcpy(native(ARENA), kept[0], SIZE), memcpy(native(ARENA + DISTANCE), kept[1], SIZE);
}

static void step(greg_t *gregs) {
  const char *ip = (char *)gregs[IP];
  if (ip == leave_case) steps.on = 0;
  else if (ip >= mirrored_begin && ip < mirrored_end) {
    steps.count++;
    if (steps.at == 0) interrupt(gregs);
    else if (steps.count == steps.at) mr_group((word *)gregs), steps.on = 0;
  }
  if (!steps.on) gregs[REG_EFL] &= ~TRAP_FLAG;
}

// The thread's base is the case's: nothing here may use it.
__attribute__((target("general-regs-only"))) static void handler(int number, siginfo_t *info, void *pointer) {
  (void)info;
  ucontext_t *context = pointer;
  greg_t *gregs = context->uc_mcontext.gregs;
  if (number == SIGPROF) {
    static unsigned long at;
    int same = at == runs;
    at = runs;
    if (!same || target == 0) return;
  }
  if (number == SIGTRAP && gregs[REG_TRAPNO] == 1 && target != 0) return step(gregs);
  if (target == 0) signal(number, SIG_DFL); // not in a case: the harness' own
  fault = number;
  gregs[IP] = (greg_t)leave_case;
  gregs[REG_EFL] &= ~0x40100;
}

static void prepare(const struct item *item, int round) {
  seed = 0x9e3779b97f4a7c15ull * (round + 1) ^ (uint64_t)(item - items) * 0xd1b54a32d192ed03ull;
  for (unsigned long i = 0; i < SIZE; i += 8) {
    uint64_t value = next();
    memcpy(native(ARENA + i), &value, 8);
  }
  for (uint32_t i = 0; i < item->patches; i++)
    for (uint32_t k = 0; k + 8 <= item->patch[i].length; k += 8)
      memcpy(native(ARENA + item->patch[i].offset + k), &item->patch[i].value, 8);
  uint64_t self = THREAD;
  memcpy(native(THREAD), &self, 8);
  memcpy(native(ARENA + DISTANCE), native(ARENA), SIZE);
  for (int i = 0; i < REGISTERS; i++) {
    uint64_t value = next();
    if (round == 1) value &= 3;
    given.gpr[i] = item->fixed & 1u << i ? item->gpr[i] : value;
  }
  if (item->bit_bytes) {
    uint64_t bits = 8 * item->bit_bytes, mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    uint64_t offset = next() % 2000 - 1000;
#ifndef __x86_64__
    // Below the stack pointer is nothing of the program's.
    if (given.gpr[4] - (ARENA + 0x2000 - 64) < 128) offset &= 1023;
#endif
    given.gpr[item->bit_register] = (given.gpr[item->bit_register] & ~mask) | (offset & mask);
  }
  if (item->compare_bytes && round & 1) {
    uint64_t low, high;
    unsigned long at = ARENA + 0x2000;
    memcpy(&low, native(at), 8), memcpy(&high, native(at + 8), 8);
    if (item->compare_bytes == 1) given.gpr[0] = (given.gpr[0] & ~0xffull) | (low & 0xff);
    else if (item->compare_bytes == 2) given.gpr[0] = (given.gpr[0] & ~0xffffull) | (low & 0xffff);
    else given.gpr[0] = item->compare_bytes == 4 ? (uint32_t)low : low;
    if (item->compare_bytes == 16) given.gpr[2] = high;
    if (item->compare_bytes == 9) given.gpr[0] = (uint32_t)low, given.gpr[2] = low >> 32;
  }
  given.flags = 0x202 | (next() & FLAGS);
  uint8_t *x = given.extended;
  memset(x, 0, sizeof given.extended);
  x[0] = 0x7f, x[1] = 3, x[4] = 0xff;
  *(uint32_t *)(x + 24) = 0x1f80;
  for (int i = 0; i < 8; i++) {
    uint64_t mantissa = next() | 1ull << 63;
    uint16_t exponent = 0x3ffe + (i + round) % 5;
    memcpy(x + 32 + 16 * i, &mantissa, 8), memcpy(x + 40 + 16 * i, &exponent, 2);
  }
  for (int i = 0; i < 16 * REGISTERS; i += 8) *(uint64_t *)(x + 160 + i) = next(), *(uint64_t *)(x + 576 + i) = next();
  for (int component = OPMASK; component <= HIGH_ZMM; component++)
    for (uint32_t i = 0; i < place[component].size; i += 8) {
      uint64_t value = next();
      if (component == OPMASK && round & 1) value = round == 1 ? ~0ull : 0;
      memcpy(x + place[component].at + i, &value, 8);
    }
  for (uint32_t i = 0; i < item->vectors; i++) {
    const uint64_t *lane = item->vector[i].lane;
    uint64_t number = item->vector[i].number;
    if (number >= 16) memcpy(x + place[HIGH_ZMM].at + 64 * (number - 16), lane, 64);
    else {
      memcpy(x + 160 + 16 * number, lane, 16);
      memcpy(x + 576 + 16 * number, lane + 2, 16);
      if (place[UPPER_ZMM].size) memcpy(x + place[UPPER_ZMM].at + 32 * number, lane + 4, 32);
    }
  }
  x[512] = components;
}

static int run(const struct item *item, int round, uint32_t code) {
  prepare(item, round);
  memset(&result, 0, sizeof result);
  fault = 0;
  runs++;
  if (steps.on) given.flags |= TRAP_FLAG;
  target = code;
  run_case();
  target = 0;
  uint8_t *x = result.extended;
  if (!(x[512] & 1)) memset(x, 0, 160);
  if (!(x[512] & 2)) memset(x + 160, 0, 256);
  for (int i = AVX; i <= HIGH_ZMM; i++)
    if (!(x[512] & 1 << i)) memset(x + place[i].at, 0, place[i].size);
  memset(x + 5, 0, 19); // opcode and addresses of the last x87 instruction
  memset(x + 416, 0, 160);
#ifndef __x86_64__
  // What a 64-bit fistp leaves elsewhere (src/instrument/store.ts): an empty register's contents, the bit that tells of rounding up.
  for (int i = 0; i < 8; i++)
    if (!(x[4] >> (((x[3] >> 3) + i) & 7) & 1)) memset(x + 32 + 16 * i, 0, 10);
  x[3] &= ~2;
#endif
  return fault;
}

/** Where registers are kept for a while: below the red zone, and without one directly below the stack pointer. */
static int is_scratch(const struct item *item, unsigned long at) {
  unsigned long before = given.gpr[4], after = plain.gpr[4];
#ifdef __x86_64__
  if (at - (before - 192) < 64 || at - (after - 192) < 64) return 1;
#else
  unsigned long low = (before < after ? before : after) - 64;
  if (at - low < after - low) return 1;
#endif
  return item->call && at - (before - 16) < 16;
}

static const char *compare(const struct item *item) {
  static char text[200];
  for (int i = 0; i < 16; i++)
    if (plain.gpr[i] != result.gpr[i]) {
      snprintf(text, sizeof text, "register %d: %#lx, mirrored %#lx", i, (long)plain.gpr[i], (long)result.gpr[i]);
      return text;
    }
  if ((plain.flags ^ result.flags) & FLAGS) {
    snprintf(text, sizeof text, "flags: %#lx, mirrored %#lx", (long)plain.flags & FLAGS, (long)result.flags & FLAGS);
    return text;
  }
  for (int i = 0; i < (int)sizeof plain.extended; i++)
    if (i / 64 != 8 && plain.extended[i] != result.extended[i]) {
      snprintf(text, sizeof text, "x87 and vector state, byte %d: %#x, mirrored %#x", i, plain.extended[i], result.extended[i]);
      return text;
    }
  if (!memcmp(native(ARENA), native(ARENA + DISTANCE), SIZE) && !memcmp(native(ARENA), first, SIZE)) return NULL;
  for (unsigned long i = 0; i < SIZE; i++) {
    uint8_t now = *native(ARENA + i), mirror = *native(ARENA + DISTANCE + i);
    if (now != mirror) {
      snprintf(text, sizeof text, "at %#lx native %#x, mirror %#x", ARENA + i, now, mirror);
      return text;
    }
    if (now != first[i] && !is_scratch(item, ARENA + i)) {
      snprintf(text, sizeof text, "memory at %#lx: %#x, mirrored %#x", ARENA + i, first[i], now);
      return text;
    }
  }
  return NULL;
}

#ifdef __x86_64__
// What the runtime's compare-and-swap needs (runtime/*/atomic.S): its locks, and the wait that one thread never comes to.
static uint32_t locks[0x4000];
struct {
  uint64_t before[2];
  uint32_t *locks;
} mr_state = {{0, 0}, locks};
#define WAIT(n) void __mirror_wait##n(void); void __mirror_wait##n(void) { abort(); }
WAIT(1) WAIT(2) WAIT(4) WAIT(8) WAIT(pair8) WAIT(pair16)
#else
uint8_t mr_locks[MR_LOCKS];
#define WAIT(n) void __mirror_wait##n(void); void __mirror_wait##n(void) { abort(); }
WAIT(1) WAIT(2) WAIT(4) WAIT(pair8)
#endif

static void map(unsigned long at, unsigned long size, int protection) {
  if (mmap((void *)at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED) {
    perror("patterns harness: mmap");
    exit(1);
  }
}

// The host's registers are kept on its stack; the case leaves through leave_case with its own in place.
#ifdef __x86_64__
static void prepare_segments(void) { asm volatile("wrgsbase %0" : : "r"(DISTANCE)); }
asm(".text\n.globl run_case, leave_case\nrun_case:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp, host_stack\nrdfsbase %rax\nmov %rax, host_thread\n"
    "mov components, %eax\nxor %edx, %edx\nxrstor64 given+192\n"
    "mov $0x10003800, %eax\nwrfsbase %rax\n"
    "pushq given+128\n"
    "mov given, %rax; mov given+8, %rcx; mov given+16, %rdx; mov given+24, %rbx; mov given+40, %rbp; mov given+48, %rsi\n"
    "mov given+56, %rdi; mov given+64, %r8; mov given+72, %r9; mov given+80, %r10; mov given+88, %r11; mov given+96, %r12\n"
    "mov given+104, %r13; mov given+112, %r14; mov given+120, %r15; popfq; mov given+32, %rsp\n"
    "jmp *target\n"
    "leave_case:\n"
    "mov %rax, result; mov %rcx, result+8; mov %rdx, result+16; mov %rbx, result+24; mov %rsp, result+32; mov %rbp, result+40\n"
    "mov %rsi, result+48; mov %rdi, result+56; mov %r8, result+64; mov %r9, result+72; mov %r10, result+80; mov %r11, result+88\n"
    "mov %r12, result+96; mov %r13, result+104; mov %r14, result+112; mov %r15, result+120\n"
    "mov host_stack, %rsp\npushfq\npopq result+128\ncld\n"
    "mov host_thread, %rax\nwrfsbase %rax\n"
    "mov components, %eax\nxor %edx, %edx\nxsave64 result+192\nfninit\nvzeroupper\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\nret\n");
#else
unsigned case_segment;
static void prepare_segments(void) {
  struct user_desc thread = {.entry_number = -1u, .base_addr = THREAD, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1};
  if (syscall(SYS_set_thread_area, &thread)) {
    perror("patterns harness: set_thread_area");
    exit(1);
  }
  case_segment = 8 * thread.entry_number + 3;
}
asm(".text\n.globl run_case, leave_case\nrun_case:\n"
    "push %ebx; push %ebp; push %esi; push %edi\n"
    "mov %esp, host_stack\nmov %gs, %eax\nmov %eax, host_thread\n"
    "mov components, %eax\nxor %edx, %edx\nxrstor given+192\n"
    "mov case_segment, %eax\nmov %eax, %gs\n"
    "pushl given+128\n"
    "mov given, %eax; mov given+8, %ecx; mov given+16, %edx; mov given+24, %ebx; mov given+40, %ebp; mov given+48, %esi\n"
    "mov given+56, %edi; popfl; mov given+32, %esp\n"
    "jmp *target\n"
    "leave_case:\n"
    "mov %eax, result; mov %ecx, result+8; mov %edx, result+16; mov %ebx, result+24; mov %esp, result+32; mov %ebp, result+40\n"
    "mov %esi, result+48; mov %edi, result+56\n"
    "mov host_stack, %esp\npushfl\npopl result+128\ncld\n"
    "mov host_thread, %eax\nmov %eax, %gs\n"
    "mov components, %eax\nxor %edx, %edx\nxsave result+192\nfninit\nvzeroupper\n"
    "pop %edi; pop %esi; pop %ebp; pop %ebx\nret\n");
#endif
_Static_assert(__builtin_offsetof(struct state, extended) == 192, "the offsets above");

/** What goes wrong where a signal comes into a case that goes well without. */
static const char *interrupted(const struct item *item, int round, uint32_t code) {
  static char text[200];
  memset(&steps, 0, sizeof steps);
  steps.on = 1;
  if (run(item, round, code)) return "a fault, by steps";
  if (steps.differs) {
    snprintf(text, sizeof text, "a signal at step %d: at %#lx native %#x, mirror %#x", steps.differs, steps.where, steps.native, steps.mirror);
    return text;
  }
  int count = steps.count;
  for (int at = 1; at <= count; at++) {
    steps.on = 1, steps.count = 0, steps.at = at;
    int signal = run(item, round, code);
    const char *why = signal ? "a fault" : compare(item);
    if (why == NULL) continue;
    snprintf(text, sizeof text, "goes on after a signal at step %d: %.100s", at, why);
    return text;
  }
  return NULL;
}

int main(int argc, char **argv) {
  static uint8_t stack[1 << 16];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  find_components();
  map(ARENA, SIZE, PROT_READ | PROT_WRITE);
  map(ARENA + DISTANCE, SIZE, PROT_READ | PROT_WRITE);
  prepare_segments();
  sigaltstack(&alternate, NULL);
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGSYS, SIGPROF};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  const struct itimerval clock = {{0, 100000}, {0, 100000}};
  if (argc < 2 || strcmp(argv[1], "no-clock")) setitimer(ITIMER_PROF, &clock, NULL); // the emulator has none
  unsigned long executed = 0, faulted = 0, different = 0;
  int by_steps = argc > 1 && !strcmp(argv[1], "signals");
  for (uint32_t i = 0; i < item_count; i++) {
    const struct item *item = &items[i];
    int completed = 0;
    for (int round = 0; round < SEEDS; round++)
      for (int which = 0; which < 3; which++) {
        if (item->native[which] == 0 || run(item, round, item->native[which])) continue;
        plain = result;
        memcpy(first, native(ARENA), SIZE);
        completed = 1;
        int signal = run(item, round, item->mirrored[which]);
        static char ended[60];
        snprintf(ended, sizeof ended, "signal %d, mirrored only", signal);
        const char *why = signal ? ended : compare(item);
        if (why == NULL && by_steps && round == 0) why = interrupted(item, round, item->mirrored[which]);
        if (why == NULL) continue;
        printf("DIFFERS %s [%s, seed %d] %s\n", (char *)(unsigned long)item->text, tail_names[which], round, why);
        different++;
      }
    if (completed) executed++;
    else {
      printf("FAULTS %s: signal %d\n", (char *)(unsigned long)item->text, fault);
      faulted++;
    }
  }
  printf("DONE %lu %lu %lu\n", executed, faulted, different);
  return 0;
}
