// A whole program with AVX2 and FMA, native and mirrored: its output is the CPU's, every store is mirrored, lost pages come back.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Machine, runCampaign } from '../../src/emulate/index.js';
import { checked, expectMirrored, loaded, native32, Workshop } from './build.js';

const shop = new Workshop();
afterAll(() => shop.remove());
const source = join(__dirname, 'programs/vectors.c');
const options = ['-O3', '-mavx2', '-mfma', '-w'];
const has = /^flags.* avx2 /m.test(readFileSync('/proc/cpuinfo', 'latin1'));
if (!has) console.log('left out: the CPU has no AVX2, so there is no output to compare with');

const build: Readonly<Record<string, () => string>> = {
  native: () => shop.native('native', [source, '-lm'], options),
  mirrored: () => shop.mirrored('mirrored', [source], options),
  'native, 32 bits': () => native32(shop, 'native32', [source], options),
  'mirrored, 32 bits': () => shop.mirrored('mirrored32', [source], ['-m32', ...options]),
};

(has ? test : test.skip).each(Object.keys(build))("%s: the output is the CPU's", (kind) => {
  const program = build[kind]!();
  const native = spawnSync(program, { encoding: 'utf8' });
  expect(native.stdout).toContain('signal 5 AVX 1 upper half of ymm5 5 6 7 8\n0 2 3 4 5 6 99 8 \n');
  for (const tier of [0, 1] as const) {
    const { machine, output } = loaded(program, { tiers: { tier, hot: 20, cold: 0 } });
    expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
    expect(output()).toBe(native.stdout);
  }
});

(has ? test : test.skip)("FMA of numbers that are hard to round: the output is the CPU's", () => {
  const program = shop.native('fused', [join(__dirname, 'programs/fused.c'), '-lm'], options);
  const native = spawnSync(program, { encoding: 'utf8' });
  for (const tier of [0, 1] as const) {
    const { machine, output } = loaded(program, { tiers: { tier, hot: 20, cold: 0 } });
    expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
    expect(output()).toBe(native.stdout);
  }
});

test.each([
  ['mirrored', []],
  ['mirrored32', ['-m32']],
] as const)('%s: every store is mirrored', (name, more) => {
  const { found, end } = checked(shop.mirrored(`checked-${name}`, [source], [...more, ...options]));
  expect(end).toEqual({ kind: 'exit', code: 0 });
  expectMirrored(found);
  expect(found.mirroredAhead).toBeGreaterThan(10_000);
});

test('a page lost before any instruction comes back', () => {
  const file = readFileSync(shop.mirrored('lost', [source], options));
  const result = runCampaign({
    load: (io) => new Machine(file, { args: ['program'], io }),
    input: () => Buffer.alloc(0),
    cases: 60,
    seed: 1,
    recovery: 'program',
    lose: 'page',
    notice: 'touched',
  });
  expect(result.failed).toEqual([]);
  expect(result.executed).toBe(60);
}, 120_000);
