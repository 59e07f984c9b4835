// Whole programs in both tiers: stopped after any number of instructions, registers and memory are the same.
import { join } from 'node:path';
import { pageSize } from '../../../src/emulate/memory.js';
import { sameRegisters } from '../../../src/emulate/state.js';
import type { Snapshot } from '../../../src/emulate/index.js';
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

test.each([
  ['native', () => workshop.native('native', [mixed], ['-O2'])],
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
  (_, build) => {
    const program = build();
    const r = new Random(seed);
    const options = { environment: ['MIRROR_CHECK=exit'] };
    const a = loaded(program, { ...options, tiers: { tier: 0 } });
    const b = loaded(program, { ...options, tiers: { tier: 1, hot: r.pick([2, 5, 20]) } });
    // Pages that a snapshot has are moved when they are written.
    let kept: readonly Snapshot[] = [];
    for (let n = 0; ; n++) {
      if (n % 5 === 0) {
        kept.forEach((snapshot, k) => [a, b][k]!.machine.release(snapshot));
        kept = [a, b].map(({ machine }) => machine.snapshot());
      }
      const limit = 1 + r.below(r.pick([100, 3000, 100_000]));
      const result = a.machine.run(limit);
      expect(b.machine.run(limit)).toEqual(result);
      expect(b.machine.executed).toBe(a.machine.executed);
      // Names the seed when it fails.
      expect({ seed, same: sameRegisters(a.machine.cpu.snapshot(), b.machine.cpu.snapshot()) }).toEqual({
        seed,
        same: true,
      });
      expect(b.machine.rip).toBe(a.machine.rip);
      if (n % 8 === 0 || result.kind !== 'limit')
        expect({ seed, page: differingPage(a, b) }).toEqual({ seed, page: undefined });
      if (result.kind !== 'limit') {
        expect(result.kind).toBe('exit');
        break;
      }
    }
    expect(b.output()).toBe(a.output());
    expect(b.machine.interpreter.compiled!.executed).toBeGreaterThan(a.machine.executed / 4);
  },
  60_000,
);
