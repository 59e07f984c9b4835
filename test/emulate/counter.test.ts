// Counted runs: what the program's own instructions do is what they do in a native build, and everything that is executed is somebody's.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Counter } from '../../src/emulate/index.js';
import type { Counted, CountedSite, Machine, Origin } from '../../src/emulate/index.js';
import { parseProfile } from '../../src/report/profile.js';
import { loaded, native32, Workshop } from './build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

const source = (): string =>
  shop.written(
    'program.c',
    `
static long cells[64];
char text[300];
struct node { struct node *next; int value; } nodes[8];
__attribute__((noinline, noclone)) void own_fill(int n) { for (int i = 0; i < n; i++) text[i] = (char)i; }
__attribute__((noinline, noclone)) long own_sum(int n) { long s = 0; for (int i = 0; i < n; i++) { cells[i & 63] += i; s ^= cells[(i * 7) & 63]; } return s; }
__attribute__((noinline, noclone)) int own_link(int n) {
  struct node *last = 0;
  for (int i = 0; i < n; i++) { nodes[i].next = last; nodes[i].value = i * 3; last = &nodes[i]; }
  int v = 0;
  for (; last; last = last->next) v += last->value;
  return v;
}
__attribute__((noinline, noclone)) int own_recurse(int n, int *p) { int here[4]; here[n & 3] = *p + n; return n == 0 ? here[0] : own_recurse(n - 1, &here[n & 3]) + here[n & 3]; }
int main(void) {
  own_fill(300);
  int start = 3;
  return (int)(own_sum(500) + own_link(8) + own_recurse(20, &start)) & 63;
}
`,
  );

function run(program: string): { machine: Machine; counted: Counted } {
  const { machine } = loaded(program);
  const counter = new Counter(machine);
  expect(machine.run().kind).toBe('exit');
  return { machine, counted: counter.result() };
}

const functionOf = (machine: Machine, { address }: CountedSite): string =>
  machine.symbolize(address).replace(/\+0x.*$/, '');

/** Executions by function and mnemonic. */
function histogram({ machine, counted }: ReturnType<typeof run>, origin: Origin): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const site of counted.sites) {
    const name = functionOf(machine, site);
    if (site.origin !== origin || !name.startsWith('own_')) continue;
    const key = `${name} ${site.mnemonic}`;
    counts[key] = (counts[key] ?? 0) + site.executed;
  }
  return counts;
}

const marked = { MIRROR_MARKS: '1' };
// Padding would be of other lengths.
const common = [
  '-w',
  '-fno-align-loops',
  '-fno-align-jumps',
  '-fno-align-labels',
  '-ftls-model=initial-exec',
  '-fno-ipa-ra',
];
const builds = {
  64: {
    native: (name: string, options: readonly string[]) => shop.native(name, [source()], options),
    options: common,
  },
  32: {
    native: (name: string, options: readonly string[]) => native32(shop, name, [source()], options),
    options: [...common, '-m32', '-fno-pic', '-no-pie'],
  },
} as const;

describe.each([64, 32] as const)('%i bits', (bits) => {
  test.each(['-O0', '-O2'])('%s: the native instructions are those of a native build', (level) => {
    const { native, options } = builds[bits];
    const own = run(native(`native${bits}${level}`, [...options, level]));
    const mirrored = run(shop.mirrored(`mirrored${bits}${level}`, [source()], [...options, level], marked));
    const expected = histogram(own, 'native');
    expect(Object.keys(expected).length).toBeGreaterThan(20);
    expect(histogram(mirrored, 'native')).toEqual(expected);
    expect(histogram(mirrored, 'unmarked')).toEqual({});
    expect(histogram(own, 'inserted')).toEqual({});
    for (const { machine, counted } of [own, mirrored])
      expect(counted.sites.reduce((sum, { executed }) => sum + executed, 0)).toBe(machine.executed);
  });

  test('what is stored goes to both copies', () => {
    const { options } = builds[bits];
    const { machine, counted } = run(shop.mirrored(`stored${bits}`, [source()], [...options, '-O1'], marked));
    const fill = counted.sites.filter(
      (site) => functionOf(machine, site) === 'own_fill' && site.executed === 300,
    );
    const stores = fill.filter((site) => site.class === 'store');
    expect(stores).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ origin: 'native', stored: 300, mirrored: 0 }),
        expect.objectContaining({ origin: 'inserted', stored: 0, mirrored: 300 }),
      ]),
    );
    expect(stores).toHaveLength(2);
  });

  test('marks change no byte of the code', () => {
    const bytes = [{}, marked].map((environment, n) => {
      const object = join(shop.folder, `object${bits}${n}.o`);
      const code = `${object}.text`;
      execFileSync(
        join(__dirname, '../../dist/mirrorcc'),
        [...builds[bits].options, '-O2', '-c', source(), '-o', object],
        {
          env: { ...process.env, ...environment },
        },
      );
      execFileSync('objcopy', ['-O', 'binary', '-j', '.text*', object, code]);
      return readFileSync(code);
    });
    expect(bytes[0]!.length).toBeGreaterThan(200);
    expect(bytes[1]!.equals(bytes[0]!)).toBe(true);
  });
});

test('mirrorasm run prints the tables, and writes a profile that mirrorasm stats takes', () => {
  const program = shop.mirrored('command', [source()], ['-w', '-O2'], marked);
  const profile = join(shop.folder, 'profile');
  const { stderr, status } = spawnSync(
    process.execPath,
    [join(__dirname, '../../dist/mirrorasm.js'), 'run', '--stats', '--profile', profile, program],
    { encoding: 'utf8' },
  );
  expect(status).toBe(spawnSync(program).status);
  const [, executed = ''] = /^command: (\d+) instructions/.exec(stderr) ?? [];
  const [, ...row] = /^instructions +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$/m.exec(stderr) ?? [];
  expect(row[0]).toBe(executed);
  expect(row.slice(1).reduce((sum, count) => sum + Number(count), 0)).toBe(Number(executed));
  expect(stderr).toMatch(/^class .*\n(?:.*\n){0,4}store /m);
  expect(stderr).toMatch(/^function .*\n(?:.*\n)*own_sum /m);
  expect(stderr).toMatch(/^bytes written: \d+ to native memory, \d+ to the mirror, \d+ by the kernel$/m);
  const samples = parseProfile(readFileSync(profile, 'utf8'));
  expect([...samples.functions.values()].reduce((sum, count) => sum + count, 0)).toBe(Number(executed));
  expect(samples.functions.get('own_sum')).toBe(Number(/^own_sum +(\d+)/m.exec(stderr)?.[1]));
});
