// Native memory and mirror at every store: nothing to find in mirrored programs, and whatever is broken on purpose is found and named.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holds, Lockstep } from '../../../src/emulate/index.js';
import type { LockstepResult } from '../../../src/emulate/index.js';
import { checked, expectMirrored, loaded, Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

function check(program: string): LockstepResult {
  const { found, end } = checked(program);
  expect(end.kind).toBe('exit');
  return found;
}

const hazards = join(__dirname, '../../hazards/programs');
// kernel.c forks: the emulator has one process.
const corpus = [
  join(__dirname, '../programs/mixed.c'),
  ...readdirSync(hazards)
    .filter((name) => name !== 'kernel.c')
    .map((name) => join(hazards, name)),
];

describe.each(['-O0', '-O2'])('%s', (level) => {
  test.each(corpus)('%s: every store is mirrored, every mirror store has its native one', (source) => {
    const name = `${source.replace(/\W/g, '')}${level}`;
    const found = check(shop.mirrored(name, [source], [level, '-w', '-frounding-math']));
    expectMirrored(found);
    expect(found.stores).toBe(found.mirroredAhead + found.mirroredAfter + found.unchanged);
    expect(found.mirroredAhead).toBeGreaterThan(300);
    expect(found.mirrorStores).toBeGreaterThan(found.mirroredAhead);
    expect(found.bytesCompared).toBeGreaterThan(8192);
  });
});

const stores = 12;
const cells = `long cells[${stores}];
void fill(long *p) {
${Array.from({ length: stores }, (_, i) => `  p[${i}] = 0x1000 + ${i}; __asm__ volatile("" ::: "memory");`).join('\n')}
}
int main(void) { fill(cells); return 0; }
`;

test.each(Array.from({ length: stores }, (_, i) => i + 1))(
  'mirror store %i left out is found and named',
  (n) => {
    const source = shop.written('cells.c', cells);
    const found = check(shop.mirrored(`cells${n}`, [source], ['-O2', '-g'], { MIRROR_BREAK: String(n) }));
    expect(holds(found)).toBe(false);
    expect(found.neverMirrored).toBe(1);
    const [first] = found.findings;
    expect(first).toMatchObject({
      kind: 'never',
      instruction: 'mov',
      source: { file: source, line: n + 2 },
      bytes: 8,
    });
    expect(first!.symbol).toMatch(/^fill/);
    expect(first!.object).toBe(n === 1 ? 'cells' : `cells+0x${(8 * (n - 1)).toString(16)}`);
    // At the end the bytes still differ; they are not reported twice.
    expect(found.findings.filter((f) => f.kind === 'never')).toHaveLength(1);
  },
);

test.each([1, 5])('mirror store %i left out in code that is compiled is found each time', (n) => {
  const rounds = 60;
  const source = shop.written(
    'rounds.c',
    `long cells[8];
__attribute__((noinline)) void fill(long *p, long round) {
${Array.from({ length: 8 }, (_, i) => `  p[${i}] = round + ${i}; __asm__ volatile("" ::: "memory");`).join('\n')}
}
int main(void) { for (long i = 1; i <= ${rounds}; i++) fill(cells, i); return 0; }
`,
  );
  const program = shop.mirrored(`rounds${n}`, [source], ['-O2', '-g'], { MIRROR_BREAK: String(n) });
  const found = check(program);
  expect(found.neverMirrored).toBe(rounds);
  expect(found.findings).toContainEqual(
    expect.objectContaining({ kind: 'never', source: { file: source, line: n + 2 }, count: rounds }),
  );
  const { machine } = loaded(program, { tiers: { tier: 1, hot: 3 } });
  new Lockstep(machine);
  machine.run();
  expect(machine.interpreter.compiled!.executed).toBeGreaterThan(rounds * 8);
});

test('a mirror store of the same value, but for another store, closes no window', () => {
  const source = shop.written(
    'again.c',
    `long cell;
int main(void) {
  cell = 5; __asm__ volatile("" ::: "memory");
  cell = 5; __asm__ volatile("" ::: "memory");
  return 0;
}
`,
  );
  const found = check(shop.mirrored('again', [source], ['-O2', '-g'], { MIRROR_BREAK: '1' }));
  expect(found.findings).toMatchObject([{ kind: 'never', source: { line: 3 }, object: 'cell' }]);
  expect(found.windows.filter((w) => w.writer === 'program')).toEqual([]);
});

/** Main with a call of `strange`, which plain as makes of a text: nothing of it is mirrored. */
function withObject(name: string, text: string): LockstepResult {
  const assembly = shop.written(
    `${name}.s`,
    `.globl strange\n.type strange, @function\nstrange:\n${text}\nret\n.size strange, .-strange\n`,
  );
  execFileSync('as', [assembly, '-o', `${assembly}.o`]);
  const main = shop.written(
    `${name}.c`,
    `long cell[2] __attribute__((aligned(4096)));
char page[8192] __attribute__((aligned(4096)));
void strange(void);
int main(void) { page[1] = 1; strange(); for (volatile int i = 0; i < 300; i++); return 0; }
`,
  );
  return check(shop.mirrored(name, [main, `${assembly}.o`], ['-O2']));
}

test('a mirror store without its native store is found', () => {
  const found = withObject('stray', 'movq $7, %gs:cell(%rip)');
  expect(found.mirrorStoresWithoutNative).toBe(1);
  expect(found.findings).toContainEqual(
    expect.objectContaining({
      kind: 'stray',
      instruction: 'mov',
      symbol: 'strange',
      object: 'cell',
      bytes: 8,
    }),
  );
});

test('a mirror store of another value than its native store is found in compiled code', () => {
  const found = withObject(
    'other',
    `mov $60, %ecx
1: mov %rcx, %rdx
lea 1(%rcx), %rsi
cmp $3, %ecx
cmove %rsi, %rdx
mov %rcx, %gs:cell(%rip)
mov %rdx, cell(%rip)
dec %ecx
jnz 1b`,
  );
  expect(found.findings.map((f) => [f.kind, f.object, f.count])).toEqual([
    ['stray', 'cell', 1],
    ['never', 'cell', 1],
  ]);
});

test('code that is not rewritten is found', () => {
  const found = withObject('plain', 'movl $7, cell(%rip)\nmovl $9, cell+8(%rip)');
  expect(found.findings.map((f) => [f.kind, f.symbol, f.object])).toEqual([
    ['never', 'strange', 'cell'],
    ['never', 'strange+0xa', 'cell+0x8'],
  ]);
});

test('a store that is mirrored afterwards may be followed at once by another one of the same bytes', () => {
  const source = shop.written(
    'doubles.c',
    `volatile long double number;
int main(int argc, char **argv) {
  (void)argv;
  number = argc * 1.5L;
  number = 2 * number; // the mantissa is the same
  number = argc * 1.5L;
  number = number + 0.25L; // the exponent is
  number = 1.5L;
  number = 1.5L;
  return 0;
}
`,
  );
  const found = check(shop.mirrored('doubles', [source], ['-O1']));
  expect(found.findings).toEqual([]);
  expect(found.windows.find((w) => w.class === 'fstp')?.windows).toBe(5);
});

test('bytes that no store made differ are found at the end', () => {
  // madvise(page, 4096, MADV_DONTNEED) behind the runtime's back
  const found = withObject(
    'dropped',
    'lea page(%rip), %rdi\nmov $4096, %esi\nmov $4, %edx\nmov $28, %eax\nsyscall',
  );
  expect(found.bytesDiffering).toBe(1);
  expect(found.findings).toMatchObject([{ kind: 'differs', object: 'page+0x1' }]);
});

test('windows are counted by class, with their length', () => {
  const source = shop.written(
    'windows.c',
    `char from[64], to[64];
long double number;
int main(int argc, char **argv) {
  (void)argv;
  for (int i = 0; i < 3; i++) {
    void *d = to, *s = from;
    long n = 10 + i;
    from[i] = 1;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
  }
  number = argc * 1.5L;
  return 0;
}
`,
  );
  const { windows } = check(shop.mirrored('windows', [source], ['-O2']));
  const program = windows.filter((w) => w.writer === 'program');
  expect(program.map((w) => [w.class, w.windows])).toEqual([
    ['rep movsb', 3],
    ['fstp', 1],
  ]);
  for (const w of program) {
    expect(w.longest).toBeGreaterThan(0);
    expect(w.longest).toBeLessThan(20);
    expect(w.instructions).toBeLessThanOrEqual(w.longest * w.windows);
  }
});

test('a program without a mirror is refused', () => {
  const source = shop.written('native.c', 'int main(void) { return 0; }\n');
  const { machine } = loaded(shop.native('native', [source], []));
  expect(() => new Lockstep(machine)).toThrow('not a mirrored program');
});

test('mirrorasm run --check says what was found, and so does its exit code', () => {
  const source = shop.written('cells.c', cells);
  const broken = shop.mirrored('command', [source], ['-O2', '-g'], { MIRROR_BREAK: '3' });
  const report = join(shop.folder, 'report.json');
  const command = [join(__dirname, '../../../dist/mirrorasm.js'), 'run', '--check', '--report', report];
  const run = (program: string): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [...command, program], { encoding: 'utf8' });
  const bad = run(broken);
  expect(bad.stderr).toContain(`${source}:5: mov at 0x`);
  expect(bad.stderr).toMatch(
    /\(fill\+0x[0-9a-f]+\) is not mirrored: 8 bytes at 0x[0-9a-f]+ \(cells\+0x10\), once\n$/,
  );
  expect(bad.status).toBe(121);
  const written = JSON.parse(readFileSync(report, 'utf8')) as LockstepResult;
  expect(written).toMatchObject({ neverMirrored: 1, mirrorStoresWithoutNative: 0 });
  const good = run(shop.mirrored('whole', [source], ['-O2', '-g']));
  expect(good.stderr).toMatch(/never mirrored {6}0\n/);
  expect(good.status).toBe(0);
});
