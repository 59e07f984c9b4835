// Executes single instructions and reports what they changed. Built and fed by cpu.ts; reads records from standard input
// and writes one answer for each to standard output. x86-64 Linux; 32-bit code runs in the same process behind a far
// return to the 32-bit user code segment.
//
// The instruction stands so that it ends at CODE_END; every other byte of the code pages is int3. Registers are put in
// and taken out through the signal frame: one int3 enters a handler whose return loads the test's registers, the int3
// behind the instruction enters it again.
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
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

// The same numbers stand in forms.ts and plan.ts, the structures in record.ts.
#define ARENA 0x10000000ul
#define ARENA_SIZE 0x4000ul
#define CODE 0x1000f000ul
#define CODE_SIZE 0x2000ul
#define CODE_END 0x10010000ul
#define SEEDS 4
#define MAX_PATCHES 4
#define MAX_VECTORS 2
#define MAX_RANGES 12
#define MAX_AREA 0x4000
#define FLAG_MASK 0xcd5u /* CF PF AF ZF SF DF OF */

struct patch {
  uint32_t offset, length;
  uint64_t value; // repeated
};

struct test {
  uint32_t mode, length;
  uint8_t code[24];
  uint64_t gpr[16];
  uint32_t fixed;                  // general registers that keep the value given in every run
  uint32_t gpr_read, flags_read;   // what the table says is read: all else is changed in the third run
  uint32_t vector_read, mmx_read, opmask_read;
  uint32_t gpr_written, flags_compared, vector_written, mmx_written, opmask_written;
  uint32_t vector_bytes;           // of a vector register written, what is compared
  uint32_t patches, vectors;
  uint32_t single;                 // only one seed, no third run: what the operand's place decides
  uint32_t twice;                  // also run it twice in a row: the outcome has to be the same
  struct patch patch[MAX_PATCHES];
  struct {
    uint64_t number, lane[8];
  } vector[MAX_VECTORS];
};

struct answer {
  uint32_t done;                   // seeds that came to the int3 behind the instruction, or to another one
  uint32_t signal, code;           // of the last run that did not
  uint64_t address;                // its fault address
  uint64_t rip;                    // of the last run that did
  uint32_t gpr_changed, flags_changed, vector_changed, mmx_changed, opmask_changed;
  uint32_t x87_changed;            // 1: control, 2: status without top, 4: tags, 8: a register
  int32_t top;                     // change of the top of the x87 stack, 0..7
  uint32_t gpr_differs, flags_differ, vector_differs, mmx_differs, opmask_differs;
  uint32_t memory_differs;         // 1 + offset of the first byte that depends on what is not read
  uint32_t fault_differs;          // signal; + 0x100 where twice is not once
  uint32_t ranges;
  struct {
    uint32_t offset, length;
  } range[MAX_RANGES];
};

struct state {
  uint64_t gpr[16], rip, flags;
  uint8_t x87[160];      // control, status, tags and registers as fxsave has them
  uint8_t vector[32][64]; // whole zmm registers; what the CPU does not have is zero
  uint64_t opmask[8];
  uint32_t signal, code;
  uint64_t address;
};

static struct state given, result;
static mcontext_t host;
static uint8_t host_area[MAX_AREA];
static volatile int phase; // 0: load the test's registers, 1: the test runs, 2: it is over
static volatile unsigned long runs;
static int mode;
static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

// Components of the XSAVE area: x87, SSE, AVX (upper halves of ymm); with AVX-512 the masks, the upper halves of zmm0 to 15, zmm16 to 31.
enum { SSE = 1, AVX, OPMASK = 5, UPPER_ZMM, HIGH_ZMM };
static uint32_t offset[8]; // 0: the CPU has no such component
static uint64_t components;

/** Where the components stand differs between processors. */
static void find_components(void) {
  uint32_t a, b, c, d, low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  int avx512 = (low & 0xe0) == 0xe0;
  components = avx512 ? 0xe7 : 7;
  for (uint32_t i = AVX; i <= HIGH_ZMM; i++) {
    if (!(components & 1u << i)) continue;
    __cpuid_count(0xd, i, a, b, c, d);
    offset[i] = b;
  }
}

/** Copies a component into the area or out of it. */
static void move(uint8_t *area, int component, uint8_t *at, uint32_t length, uint32_t place, int out) {
  if (component != SSE && offset[component] == 0) return;
  uint8_t *in_area = area + (component == SSE ? 160 : offset[component]) + place;
  int initial = !(*(uint64_t *)(area + 512) & 1u << component);
  if (!out) memcpy(in_area, at, length);
  else if (initial) memset(at, 0, length);
  else memcpy(at, in_area, length);
}

static void move_vectors(uint8_t *area, struct state *state, int out) {
  for (uint32_t i = 0; i < 16; i++) {
    move(area, SSE, state->vector[i], 16, 16 * i, out);
    move(area, AVX, state->vector[i] + 16, 16, 16 * i, out);
    move(area, UPPER_ZMM, state->vector[i] + 32, 32, 32 * i, out);
    move(area, HIGH_ZMM, state->vector[16 + i], 64, 64 * i, out);
  }
  move(area, OPMASK, (uint8_t *)state->opmask, sizeof state->opmask, 0, out);
}

/** Bytes of the area without what Linux puts behind it. */
static size_t area_size(const uint8_t *area) {
  uint32_t size;
  memcpy(&size, area + 464 + __builtin_offsetof(struct _fpx_sw_bytes, xstate_size), sizeof size);
  return size < MAX_AREA ? size : MAX_AREA;
}

static void put(ucontext_t *context, struct state *from) {
  greg_t *gregs = context->uc_mcontext.gregs;
  uint8_t *area = (uint8_t *)context->uc_mcontext.fpregs;
  for (int i = 0; i < 16; i++) gregs[order[i]] = from->gpr[i];
  gregs[REG_RIP] = from->rip;
  gregs[REG_EFL] = from->flags;
  gregs[REG_CSGSFS] = (gregs[REG_CSGSFS] & ~0xffffll) | (mode == 32 ? 0x23 : 0x33);
  memcpy(area, from->x87, sizeof from->x87);
  *(uint64_t *)(area + 512) |= components;
  move_vectors(area, from, 0);
}

static void handler(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  greg_t *gregs = context->uc_mcontext.gregs;
  uint8_t *area = (uint8_t *)context->uc_mcontext.fpregs;
  if (number == SIGPROF) {
    // The clock ends an instruction that is still the same one as at its last tick.
    static unsigned long at;
    int same = at == runs;
    at = runs;
    if (phase != 1 || !same) return;
  }
  if (phase == 0) {
    phase = 1;
    host = context->uc_mcontext;
    memcpy(host_area, area, area_size(area));
    put(context, &given);
    return;
  }
  phase = 2;
  for (int i = 0; i < 16; i++) result.gpr[i] = gregs[order[i]];
  result.rip = gregs[REG_RIP];
  result.flags = gregs[REG_EFL];
  // A component whose bit is clear is in its initial state.
  memcpy(result.x87, area, sizeof result.x87);
  if (!(*(uint64_t *)(area + 512) & 1)) {
    memset(result.x87 + 32, 0, 128);
    memset(result.x87, 0, 24);
    result.x87[0] = 0x7f, result.x87[1] = 3;
  }
  move_vectors(area, &result, 1);
  result.signal = number;
  result.code = info->si_code;
  result.address = (uint64_t)info->si_addr;
  memcpy(gregs, host.gregs, sizeof host.gregs);
  memcpy(area, host_area, area_size(area));
}

static long arch_prctl(long what, uint64_t *at) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(SYS_arch_prctl), "D"(what), "S"(at) : "rcx", "r11", "memory");
  return result;
}

static uint64_t thread_base;

static void run(void) {
  runs++;
  phase = 0;
  // A selector the test loaded stays in its register: flat ones for the next run.
  __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" : : "r"(0x2b));
  __asm__ volatile("int3" : : : "memory");
  // The test may have loaded %fs, and the C library keeps its thread there.
  arch_prctl(ARCH_SET_FS, (uint64_t *)thread_base);
}

static uint64_t seed;
static uint64_t next(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}

static uint8_t *const arena = (uint8_t *)ARENA;
static uint8_t before[ARENA_SIZE], first[ARENA_SIZE], touched[ARENA_SIZE];

static void fill(const struct test *test, uint64_t start, int inverted) {
  seed = start;
  for (uint64_t i = 0; i < ARENA_SIZE; i += 8) {
    uint64_t value = next();
    *(uint64_t *)(arena + i) = inverted ? ~value : value;
  }
  for (uint32_t i = 0; i < test->patches; i++) {
    const struct patch *patch = &test->patch[i];
    for (uint32_t at = 0; at + 8 <= patch->length; at += 8) {
      if (patch->offset + at + 8 <= ARENA_SIZE) memcpy(arena + patch->offset + at, &patch->value, 8);
    }
  }
  memcpy(before, arena, ARENA_SIZE);
}

static const uint16_t flag_bits[7] = {1, 4, 0x10, 0x40, 0x80, 0x400, 0x800};
static uint32_t flag_set(uint64_t flags) {
  uint32_t set = 0;
  for (int i = 0; i < 7; i++) set |= flags & flag_bits[i] ? 1u << i : 0;
  return set;
}

static void random_bytes(uint8_t *at, int length) {
  for (int i = 0; i < length; i += 8) *(uint64_t *)(at + i) = next();
}

/** What AVX-512 adds, but for the registers in the sets. */
static void random_avx512(uint32_t vectors, uint32_t masks) {
  if (!offset[OPMASK]) return;
  for (int i = 0; i < 32; i++)
    if (!(vectors & 1u << i)) random_bytes(given.vector[i] + (i < 16 ? 32 : 0), i < 16 ? 32 : 64);
  for (int i = 0; i < 8; i++)
    if (!(masks & 1u << i)) given.opmask[i] = next();
}

static void prepare(const struct test *test, int round) {
  seed = 0x9e3779b97f4a7c15ull * (round + 1);
  for (int i = 0; i < 16; i++) {
    uint64_t value = next();
    if (round == 1) value &= 3;
    if (round == 3) value &= 0x7f;
    given.gpr[i] = test->fixed & 1u << i ? test->gpr[i] : value;
    if (test->mode == 32) given.gpr[i] &= 0xffffffff;
  }
  given.rip = CODE_END - test->length;
  given.flags = 0x202 | (next() & FLAG_MASK & ~0x400u);
  memset(given.x87, 0, sizeof given.x87);
  given.x87[0] = 0x7f, given.x87[1] = 3;                      // all exceptions masked
  given.x87[4] = 0xff;                                        // all registers in use
  *(uint32_t *)(given.x87 + 24) = 0x1f80;
  for (int i = 0; i < 8; i++) {
    uint64_t mantissa = next() | 1ull << 63;
    uint16_t exponent = 0x3ffe + (i + round) % 5;
    memcpy(given.x87 + 32 + 16 * i, &mantissa, 8);
    memcpy(given.x87 + 32 + 16 * i + 8, &exponent, 2);
  }
  for (int i = 0; i < 256; i += 8) {
    random_bytes(given.vector[i / 16] + i % 16, 8);
    random_bytes(given.vector[i / 16] + 16 + i % 16, 8);
  }
  random_avx512(0, 0);
  for (int i = 0; i < 8 && offset[OPMASK]; i++) {
    // Loads and stores under a mask cover their operand with all its bits.
    if (round == 1 || test->single) given.opmask[i] = ~0ull;
    if (round == 3) given.opmask[i] = 0;
  }
  for (uint32_t i = 0; i < test->vectors; i++)
    memcpy(given.vector[test->vector[i].number], test->vector[i].lane, offset[UPPER_ZMM] ? 64 : 32);
}

/** Changes everything the table says is not read. */
static void disturb(const struct test *test) {
  seed = 0x1234567887654321ull;
  uint64_t bits = test->mode == 32 ? 0xffffffff : ~0ull;
  for (int i = 0; i < 16; i++) {
    uint64_t value = next() & bits;
    if (!(test->gpr_read & 1u << i)) given.gpr[i] = value;
    if (!(test->vector_read & 1u << i)) random_bytes(given.vector[i], 32);
    if (i < 8 && !(test->mmx_read & 1u << i)) *(uint64_t *)(given.x87 + 32 + 16 * i) ^= next() >> 1;
  }
  for (int i = 0; i < 7; i++)
    if (!(test->flags_read & 1u << i)) given.flags ^= flag_bits[i];
  random_avx512(test->vector_read, test->opmask_read);
}

static int top(const uint8_t *x87) { return x87[3] >> 3 & 7; }

static int vectors_of(const struct test *test) { return test->mode == 32 ? 8 : 32; }

static void note_changes(const struct test *test, struct answer *answer) {
  uint64_t bits = test->mode == 32 ? 0xffffffff : ~0ull;
  for (int i = 0; i < (test->mode == 32 ? 8 : 16); i++) {
    if ((given.gpr[i] ^ result.gpr[i]) & bits) answer->gpr_changed |= 1u << i;
  }
  for (int i = 0; i < vectors_of(test); i++)
    if (memcmp(given.vector[i], result.vector[i], 64)) answer->vector_changed |= 1u << i;
  for (int i = 0; i < 8; i++)
    if (given.opmask[i] != result.opmask[i]) answer->opmask_changed |= 1u << i;
  answer->flags_changed |= flag_set(given.flags ^ result.flags);
  int turned = (top(result.x87) - top(given.x87)) & 7;
  answer->top = turned;
  if (memcmp(given.x87, result.x87, 2)) answer->x87_changed |= 1;
  if (given.x87[2] != result.x87[2] || (given.x87[3] ^ result.x87[3]) & ~0x38) answer->x87_changed |= 2;
  if (given.x87[4] != result.x87[4]) answer->x87_changed |= 4;
  for (int i = 0; i < 8; i++) {
    // In the frame the registers stand in stack order.
    const uint8_t *now = result.x87 + 32 + 16 * ((i - turned) & 7);
    if (memcmp(given.x87 + 32 + 16 * i, now, 8)) answer->mmx_changed |= 1u << i;
    if (memcmp(given.x87 + 32 + 16 * i, now, 10)) answer->x87_changed |= 8;
  }
}

static void compare(const struct test *test, const struct state *plain, struct answer *answer) {
  uint64_t bits = test->mode == 32 ? 0xffffffff : ~0ull;
  for (int i = 0; i < (test->mode == 32 ? 8 : 16); i++) {
    if ((plain->gpr[i] ^ result.gpr[i]) & bits & (test->gpr_written & 1u << i ? ~0ull : 0)) answer->gpr_differs |= 1u << i;
    if (i < 8 && test->mmx_written & 1u << i && memcmp(plain->x87 + 32 + 16 * i, result.x87 + 32 + 16 * i, 8))
      answer->mmx_differs |= 1u << i;
    if (i < 8 && test->opmask_written & 1u << i && plain->opmask[i] != result.opmask[i]) answer->opmask_differs |= 1u << i;
  }
  // The upper part of a legacy SSE destination stays: only what the table calls the register is compared.
  for (int i = 0; i < vectors_of(test); i++)
    if (test->vector_written & 1u << i && memcmp(plain->vector[i], result.vector[i], test->vector_bytes))
      answer->vector_differs |= 1u << i;
  answer->flags_differ |= flag_set(plain->flags ^ result.flags) & test->flags_compared;
  for (uint32_t i = 0; i < ARENA_SIZE; i++) {
    if (arena[i] != first[i]) {
      answer->memory_differs = i + 1;
      break;
    }
  }
}

static int completed(void) {
  return result.signal == SIGTRAP && result.rip > CODE && result.rip <= CODE + CODE_SIZE;
}

static void note_memory(void) {
  for (uint32_t i = 0; i < ARENA_SIZE; i++)
    if (arena[i] != before[i]) touched[i] = 1;
}

/** Whether two executions in a row leave what one left (in `plain` and `first`). */
static int repeats(const struct test *test, const struct state *plain) {
  memcpy((void *)(CODE_END - 2 * test->length), test->code, test->length);
  given.rip -= test->length;
  run();
  int same = completed() && result.rip == plain->rip && !memcmp(result.gpr, plain->gpr, sizeof plain->gpr) &&
             flag_set(result.flags) == flag_set(plain->flags) && !memcmp(result.x87, plain->x87, 5) &&
             !memcmp(result.x87 + 32, plain->x87 + 32, 128) && !memcmp(result.vector, plain->vector, sizeof plain->vector) &&
             !memcmp(result.opmask, plain->opmask, sizeof plain->opmask) && !memcmp(arena, first, ARENA_SIZE);
  memset((void *)(CODE_END - 2 * test->length), 0xcc, test->length);
  given.rip += test->length;
  return same;
}

static void check(const struct test *test, struct answer *answer) {
  memset(answer, 0, sizeof *answer);
  memset((void *)CODE, 0xcc, CODE_SIZE);
  memcpy((void *)(CODE_END - test->length), test->code, test->length);
  memset(touched, 0, sizeof touched);
  mode = test->mode;
  int rounds = test->single ? 1 : SEEDS;
  for (int round = 0; round < rounds; round++) {
    static struct state plain;
    uint64_t start = 0xd1b54a32d192ed03ull * (round + 7);
    prepare(test, round);
    fill(test, start, 0);
    run();
    if (!completed()) {
      answer->signal = result.signal, answer->code = result.code, answer->address = result.address;
      continue;
    }
    answer->done |= 1u << round;
    answer->rip = result.rip;
    plain = result;
    note_changes(test, answer);
    note_memory();
    memcpy(first, arena, ARENA_SIZE);
    if (test->twice) {
      fill(test, start, 0);
      if (!repeats(test, &plain)) answer->fault_differs |= 0x100;
    }
    fill(test, start, 1);
    run();
    if (completed()) note_changes(test, answer), note_memory();
    if (test->single) break;
    fill(test, start, 0);
    disturb(test);
    run();
    if (!completed()) answer->fault_differs |= result.signal;
    else compare(test, &plain, answer);
  }
  for (uint32_t i = 0; i < ARENA_SIZE && answer->ranges < MAX_RANGES; i++) {
    if (!touched[i]) continue;
    uint32_t end = i;
    while (end < ARENA_SIZE && touched[end]) end++;
    answer->range[answer->ranges].offset = i;
    answer->range[answer->ranges++].length = end - i;
    i = end;
  }
}

static void map(uint64_t at, uint64_t size, int protection) {
  if (mmap((void *)at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED) {
    fprintf(stderr, "isa-check helper: cannot map %#lx: %s\n", at, strerror(errno));
    exit(1);
  }
}

int main(void) {
  static uint8_t stack[1 << 16];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART};
  find_components();
  // Guard pages stand on both sides of what may be accessed.
  map(ARENA - 0x10000, 0x10000, PROT_NONE);
  map(ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE);
  map(ARENA + ARENA_SIZE, CODE - ARENA - ARENA_SIZE, PROT_NONE);
  map(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
  arch_prctl(ARCH_GET_FS, &thread_base);
  sigaltstack(&alternate, NULL);
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGSYS, SIGPROF};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  const struct itimerval clock = {{0, 50000}, {0, 50000}};
  setitimer(ITIMER_PROF, &clock, NULL);
  struct test test;
  struct answer answer;
  while (fread(&test, sizeof test, 1, stdin) == 1) {
    check(&test, &answer);
    if (fwrite(&answer, sizeof answer, 1, stdout) != 1) return 1;
  }
  return fflush(stdout) != 0;
}
