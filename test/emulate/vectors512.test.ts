// A whole program with AVX-512, native and mirrored, also where the CPU has none: its output is what CPUs that have it print, every store is mirrored.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checked, expectMirrored, loaded, native32, Workshop } from './build.js';
import { cpuFlags } from './input.js';

const shop = new Workshop();
afterAll(() => shop.remove());
const programs = join(__dirname, 'programs');
const source = join(programs, 'vectors512.c');
const options = [
  ...['-O3', '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl'],
  ...['-mprefer-vector-width=512', '-ffp-contract=off', '-mfpmath=sse', '-w'],
];
const has = ['f', 'bw', 'dq', 'vl'].every((part) => cpuFlags.has(`avx512${part}`));

const build: Readonly<Record<string, () => string>> = {
  native: () => shop.native('native', [source, '-lm'], options),
  mirrored: () => shop.mirrored('mirrored', [source], options),
  'native, 32 bits': () => native32(shop, 'native32', [source], options),
  'mirrored, 32 bits': () => shop.mirrored('mirrored32', [source], ['-m32', ...options]),
};
const expected = (kind: string): string =>
  readFileSync(join(programs, `vectors512-${kind.endsWith('32 bits') ? 32 : 64}.txt`), 'utf8');

test.each(Object.keys(build))('%s: the output is that of a CPU', (kind) => {
  const program = build[kind]!();
  if (has) expect(spawnSync(program, { encoding: 'utf8' }).stdout).toBe(expected(kind));
  for (const tier of [0, 1] as const) {
    const { machine, output } = loaded(program, { tiers: { tier, hot: 20, cold: 0 } });
    expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
    expect(output()).toBe(expected(kind));
  }
});

test.each([
  ['mirrored', []],
  ['mirrored32', ['-m32']],
] as const)('%s: every store is mirrored', (name, more) => {
  const program = shop.mirrored(`checked-${name}`, [source], [...more, ...options]);
  const { found, end } = checked(program);
  expect(end).toEqual({ kind: 'exit', code: 0 });
  expectMirrored(found);
  expect(found.mirroredAhead).toBeGreaterThan(1000);
});

test('the state of AVX-512 comes back with a snapshot', () => {
  const { machine, output } = loaded(shop.native('again', [source, '-lm'], options));
  machine.run(100_000);
  const snapshot = machine.snapshot();
  const before = output();
  machine.run();
  const whole = output();
  machine.restore(snapshot);
  machine.run();
  expect(before + output().slice(whole.length)).toBe(expected('native'));
});
