// Whole programs in both tiers: stopped after any number of instructions, registers and memory are the same.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pageSize } from '../../../src/emulate/memory.js';
import { sameRegisters } from '../../../src/emulate/state.js';
import type { Machine, Snapshot } from '../../../src/emulate/index.js';
import { loaded, native32, Workshop } from '../build.js';
import type { Loaded } from '../build.js';
import { Random } from './sequences.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const workshop = new Workshop();
afterAll(() => {
  workshop.remove();
});
const mixed = join(__dirname, '../programs/mixed.c');

function differingPage(a: Loaded, b: Loaded): number | undefined {
  const memories = [a.machine.memory, b.machine.memory] as const;
  const pages = memories.map((memory) => [...memory.presentPages()].sort((x, y) => x - y));
  expect(pages[1]).toEqual(pages[0]);
  return pages[0]!.find((page) => {
    const [x, y] = memories.map((memory) =>
      memory.isLost(page) ? undefined : memory.readBytes(page * pageSize, pageSize),
    );
    return x && y ? Buffer.compare(x, y) !== 0 : x !== y;
  });
}

const changing = `#include <string.h>
#include <sys/mman.h>
int main(void) {
  unsigned char code[] = {0xb8, 0, 0, 0, 0, 0xc3}; /* mov $0, %eax; ret */
  unsigned char *at = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(at, code, sizeof code);
  int (*f)(void) = (int (*)(void))at;
  unsigned sum = 0;
  for (int i = 0; i < 300; i++) {
    for (int k = 0; k < 40; k++) sum = sum * 3 + f();
    at[1] = i;
    if (i % 7 == 0) mprotect(at, 4096, 5), sum += f(), mprotect(at, 4096, 7);
  }
  return sum % 251;
}
`;

const faulting = `#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
static sigjmp_buf back;
static volatile int caught;
static void handler(int number) { caught += number; siglongjmp(back, 1); }
int main(void) {
  signal(SIGSEGV, handler), signal(SIGFPE, handler);
  volatile char *at = mmap(0, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (volatile int i = 0; i < 200; i++) {
    mprotect((void *)at, 4096, i % 3 ? 3 : 1);
    if (!sigsetjmp(back, 1)) for (int k = 0; k < 50; k++) at[k * 8] += k;
    if (!sigsetjmp(back, 1)) caught += 100 / (i % 5);
  }
  return caught % 251;
}
`;

/** Numbers that compiled code computes with itself, and those that it leaves to the interpreter; repeated strings that overlap. */
const numbers = `#include <math.h>
#include <stdio.h>
#include <string.h>
static double d[64];
static float f[64];
static unsigned char bytes[9000];
static void copy(unsigned char *to, unsigned char *from, unsigned long n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
static void words(unsigned char *to, unsigned long n) {
  __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(0x12345678) : "memory");
}
static void down(unsigned char *to, unsigned char *from, unsigned long n) {
  __asm__ volatile("std\\nrep movsb\\ncld" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
/* What MXCSR says behind a product and a quotient. */
static unsigned raised(unsigned before, double a, double b, float c, float d) {
  unsigned mxcsr = before;
  __asm__ volatile("ldmxcsr %0\\n mulsd %2, %1\\n mulss %4, %3\\n stmxcsr %0" : "+m"(mxcsr), "+x"(a), "+x"(b), "+x"(c), "+x"(d));
  return mxcsr * 31 + (a == 0) * 3 + (c == 0);
}
int main(void) {
  long whole = 0;
  for (int i = 0; i < 64; i++) d[i] = (i - 20) / 7.0, f[i] = (i - 40) / 3.0f;
  d[9] = 5e-324, d[10] = NAN, d[11] = INFINITY, d[12] = -0.0, d[13] = 1e308, f[5] = 1e-40f;
  for (int round = 0; round < 60; round++)
    for (int i = 0; i < 64; i++) {
      double x = d[i], y = d[(i * 7 + round) & 63];
      float u = f[i], v = f[(i * 5 + round) & 63];
      if (x < y) whole++;
      if (x == y) whole += 3;
      if (u > v) whole += 5;
      whole += (int)(u * 3), whole += (long)(x > -1e6 && x < 1e6 ? x * 1000 : 7);
      d[i] = x * 0.5 + y / (i + 1) - (y > x ? sqrt(y * y) : 0.25);
      if (!(d[i] > -1e6 && d[i] < 1e6)) d[i] = i;
      f[i] = (float)(u + v * 0.75f - d[i] / 3) / 1.5f;
      if (!(f[i] > -1e6f && f[i] < 1e6f)) f[i] = i + (double)v;
      double most = x > y ? x : y, least = u < v ? u : v;
      whole ^= (long)(most > 0 && most < 9 ? most * 8 : 1) + (least < 0);
      if (i == 40) d[3] = 5e-324 * round, f[4] = 1e-41f * round;
    }
  for (int i = 0; i < 9000; i++) bytes[i] = i * 7;
  for (int i = 0; i < 40; i++) {
    copy(bytes + 4000 + i, bytes + 3990, 300), copy(bytes + 100, bytes + 150 + i, 5000), words(bytes + 4090 - i, 30);
    down(bytes + 4500, bytes + 4490 + i, 450), memmove(bytes + 7, bytes + i, 4200);
  }
  unsigned sum = 0;
  for (int i = 0; i < 9000; i++) sum = sum * 31 + bytes[i];
  for (int i = 0; i < 64; i++) printf("%a %a\\n", d[i], f[i]);
  printf("%ld %u\\n", whole, sum);
  unsigned modes[] = {0x1f80, 0x1fa0, 0x9fe0, 0x9fa0, 0x3fa0}, seen = 0;
  double edges[] = {0x1p-1022, 0x1.fffffffffffffp-1, 1.5, 0x1p-1000, 5e-324, 0, 1e300};
  float few[] = {0x1p-126f, 0x1.fffffep-1f, 1.5f, 0x1p-100f, 1e-45f, 0, 1e30f};
  for (int k = 0; k < 5 * 49 * 4; k++)
    seen = seen * 7 + raised(modes[k % 5], edges[k % 7], edges[k / 7 % 7], few[k % 7], few[k / 7 % 7]);
  printf("%u\\n", seen);
  return 0;
}
`;

test.each([
  ['native', () => workshop.native('native', [mixed], ['-O2'])],
  [
    'with floating point',
    () =>
      workshop.native('numbers', [workshop.written('numbers.c', numbers)], ['-O3', '-fno-builtin', '-lm']),
  ],
  [
    'with floating point, mirrored, 32 bits',
    () =>
      workshop.mirrored(
        'numbers32',
        [workshop.written('numbers.c', numbers)],
        ['-m32', '-O2', '-msse2', '-mfpmath=sse', '-lm'],
      ),
  ],
  ['not optimized', () => workshop.native('plain', [mixed], ['-O0'])],
  ['mirrored', () => workshop.mirrored('mirrored', [mixed], ['-O2'])],
  [
    'changing its code',
    () => workshop.native('changing', [workshop.written('changing.c', changing)], ['-O2']),
  ],
  ['native, 32 bits', () => native32(workshop, 'native32', [mixed], ['-O2', '-w'])],
  ['mirrored, 32 bits', () => workshop.mirrored('mirrored32', [mixed], ['-m32', '-O2', '-w'])],
  [
    'with faults, 32 bits',
    () => native32(workshop, 'faulting32', [workshop.written('faulting.c', faulting)], ['-O1']),
  ],
  ['with faults', () => workshop.native('faulting', [workshop.written('faulting.c', faulting)], ['-O1'])],
])(
  '%s',
  (name, build) => {
    const program = build();
    const r = new Random(seed);
    const options = { environment: ['MIRROR_CHECK=exit'] };
    const a = loaded(program, { ...options, tiers: { tier: 0, warm: 0 } });
    const b = loaded(program, {
      ...options,
      tiers: { tier: 1, hot: r.pick([2, 5, 20]), warm: r.pick([0, 1, 3]) },
    });
    const c = loaded(program, {
      ...options,
      tiers: { tier: 0, warm: r.pick([1, 3]), cold: r.pick([0, 500]) },
    });
    const others = [b, c];
    // Pages that a snapshot has are moved when they are written.
    let kept: readonly (readonly [Machine, Snapshot])[] = [];
    for (let n = 0; ; n++) {
      if (n % 5 === 0) {
        for (const [machine, snapshot] of kept) machine.release(snapshot);
        kept = [a, b, c].map(({ machine }) => [machine, machine.snapshot()]);
      }
      const limit = 1 + r.below(r.pick([100, 3000, 100_000]));
      const result = a.machine.run(limit);
      for (const other of others) {
        expect(other.machine.run(limit)).toEqual(result);
        expect(other.machine.executed).toBe(a.machine.executed);
        // Names the seed when it fails.
        expect({
          seed,
          same: sameRegisters(a.machine.cpu.snapshot(), other.machine.cpu.snapshot()),
        }).toEqual({ seed, same: true });
        expect(other.machine.rip).toBe(a.machine.rip);
        if (n % 8 === 0 || result.kind !== 'limit')
          expect({ seed, page: differingPage(a, other) }).toEqual({ seed, page: undefined });
      }
      if (result.kind !== 'limit') {
        expect(result.kind).toBe('exit');
        break;
      }
    }
    for (const other of others) expect(other.output()).toBe(a.output());
    // What is the same in both tiers may be wrong in both: the CPU's output, where it depends on nothing else.
    if (name.startsWith('with floating')) {
      const cpu = spawnSync(program, { encoding: 'utf8' });
      expect(a.output().replace(/^mirrorasm: .*\n/m, '')).toBe(cpu.stdout);
    }
    expect(b.machine.interpreter.compiled!.executed).toBeGreaterThan(a.machine.executed / 4);
    expect(c.machine.interpreter.threaded!.executed).toBeGreaterThan(a.machine.executed / 4);
  },
  60_000,
);

test('a program that ends soon has no threaded code, one that goes on has', () => {
  const run = (name: string, body: string): number => {
    const program = workshop.native(
      name,
      [workshop.written(`${name}.c`, `int main(void) { ${body} }`)],
      ['-O1'],
    );
    const { machine } = loaded(program, { tiers: { tier: 0 } });
    expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
    return machine.interpreter.threaded!.executed;
  };
  expect(run('soon', 'return 0;')).toBe(0);
  expect(run('later', 'for (volatile int i = 0; i < 20000; i++) continue; return 0;')).toBeGreaterThan(
    20_000,
  );
});
