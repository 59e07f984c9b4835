// The check of every store and fault campaigns in 32-bit programs, whose mirror lies between two parts of native memory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMirror, mirrorIn, mirrorOf, nativeOf } from '../../../src/emulate/check/mirror.js';
import type { Mirror } from '../../../src/emulate/check/mirror.js';
import { holds, Lockstep, Machine, runCampaign } from '../../../src/emulate/index.js';
import type { CampaignOptions, LockstepResult } from '../../../src/emulate/index.js';
import { linuxI386 } from '../../../src/profile/linux-i386.js';
import { checked, expectMirrored, loaded, native32, Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());
const programs = join(__dirname, '../programs');
const hazards = join(__dirname, '../../hazards/programs');

function check(program: string): LockstepResult {
  return checked(program).found;
}

const small = ['atomics', 'flags', 'ipa-ra', 'order', 'short-branch', 'statements'].map((name) =>
  join(hazards, `${name}.c`),
);
const corpus = [
  ...['mixed', 'signals', 'threads', 'frames-i386'].map((name) => join(programs, `${name}.c`)),
  ...small,
].map((source) => ['-O2', source] as const);
const levels = [...corpus, ...small.map((source) => ['-O0', source] as const)];

test.each(levels)(
  '%s %s: every store is mirrored, every mirror store has its native one',
  (level, source) => {
    const options = ['-m32', level, '-w', '-msse2', '-frounding-math'];
    const found = check(shop.mirrored(`${source.replace(/\W/g, '')}${level}`, [source], options));
    expectMirrored(found);
    expect(found.stores).toBe(found.mirroredAhead + found.mirroredAfter + found.unchanged);
    expect(found.mirroredAhead).toBeGreaterThan(150);
    expect(found.bytesCompared).toBeGreaterThan(8192);
    // The distance that rewritten code adds.
    expect(found.distance).toBe(-linuxI386.mirrorDisplacement);
  },
);

const stores = 6;
const cells = `long cells[${stores}];
void fill(long *p) {
${Array.from({ length: stores }, (_, i) => `  p[${i}] = 0x1000 + ${i}; __asm__ volatile("" ::: "memory");`).join('\n')}
}
int main(void) { fill(cells); return 0; }
`;

test.each([1, 4, 6])('mirror store %i left out is found and named', (n) => {
  const source = shop.written('cells.c', cells);
  // The first site of fill is what its entry does with the return address.
  const found = check(
    shop.mirrored(`cells${n}`, [source], ['-m32', '-O2', '-g'], { MIRROR_BREAK: String(n + 1) }),
  );
  expect(holds(found)).toBe(false);
  expect(found.neverMirrored).toBe(1);
  expect(found.findings[0]).toMatchObject({
    kind: 'never',
    instruction: 'mov',
    source: { file: source, line: n + 2 },
    bytes: 4,
    object: n === 1 ? 'cells' : `cells+0x${(4 * (n - 1)).toString(16)}`,
  });
});

test('a program without a mirror is refused', () => {
  const source = shop.written('native.c', 'int main(void) { return 0; }\n');
  const { machine } = loaded(native32(shop, 'native', [source], []));
  expect(() => new Lockstep(machine)).toThrow('not a mirrored program');
  expect(mirrorIn(machine)).toBeUndefined();
});

test('native memory lies on both sides of the mirror', () => {
  const m: Mirror = { distance: 0x7fe00000, lo: 0x60000000, hi: 0xe0200000, end: 0x100000000 };
  for (const native of [0x08048000, 0x5fffffff, 0xe0200000, 0xffffdffc]) {
    expect(isMirror(m, native)).toBe(false);
    expect(nativeOf(m, native)).toBe(native);
    const mirror = mirrorOf(m, native);
    expect(isMirror(m, mirror)).toBe(true);
    expect(nativeOf(m, mirror)).toBe(native);
  }
});

function options(program: string, more: Partial<CampaignOptions>): CampaignOptions {
  const file = readFileSync(program);
  return {
    load: (io) => new Machine(file, { args: ['program'], io }),
    input: () => Buffer.alloc(0),
    cases: 60,
    seed: 1,
    notice: 'touched',
    recovery: 'program',
    lose: 'page',
    ...more,
  };
}

const cellsAgain = `long cells[600];
int main(void) {
  long sum = 0;
  for (int i = 0; i < 40; i++) cells[i * 13] += i, sum += cells[i * 7];
  return (int)sum & 63;
}
`;

test('campaigns: what is mirrored first survives, and what the runtime recovers is as without the loss', () => {
  const program = shop.mirrored('small', [shop.written('small.c', cellsAgain)], ['-m32', '-O2', '-g']);
  const { rows, failed, executed } = runCampaign(options(program, {}));
  expect(executed).toBe(60);
  const data = rows.filter((row) => row.memory === 'data');
  expect(data.map((row) => row.lost)).toEqual(['mirror', 'native']);
  for (const row of [...data, ...rows.filter((r) => r.lost === 'mirror')])
    expect(row.outcomes.same).toBe(row.executed);
  // Of the stack a return address that the called function has not copied yet, or what the runtime's own code keeps there.
  for (const f of failed) expect([f.lost, f.memory]).toEqual(['native', 'stack']);
  expect(rows.reduce((sum, row) => sum + row.outcomes.same, 0)).toBeGreaterThan(30);
  const all = runCampaign(options(program, { recovery: 'ideal', cases: 100_000 }));
  expect(all.failed.filter((f) => f.memory === 'data')).toEqual([]);
  const broken = shop.mirrored('broken', [shop.written('small.c', cellsAgain)], ['-m32', '-O2'], {
    MIRROR_BREAK: '2',
  });
  const lost = runCampaign(options(broken, { recovery: 'ideal', cases: 100_000 }));
  expect(lost.failed.filter((f) => f.memory === 'data').length).toBeGreaterThan(0);
});

test('a flipped bit is found by the check at the end', () => {
  const program = shop.mirrored('bits', [shop.written('small.c', cellsAgain)], ['-m32', '-O2']);
  const file = readFileSync(program);
  const { rows } = runCampaign(
    options(program, {
      load: (io) => new Machine(file, { args: ['program'], environment: ['MIRROR_CHECK=exit'], io }),
      lose: 'bit',
      cases: 40,
    }),
  );
  const mirror = rows.filter((row) => row.lost === 'mirror');
  expect(mirror.reduce((sum, row) => sum + row.outcomes.found, 0)).toBeGreaterThan(2);
  for (const row of mirror) expect(row.outcomes.same + row.outcomes.found).toBe(row.executed);
});
