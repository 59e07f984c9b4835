// A sample of npm run patterns:check: every ninth form, executed natively and mirrored; the forms of other CPUs by what they assemble to.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuFlags } from '../../scripts/isa-check/cpu.js';
import { avx512Stores } from './avx512.js';
import { formOf, planAll, runCases, writingForms } from './cases.js';
import { emulatedFlags, inEmulator } from './emulated.js';
import { checkText } from './structure.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-patterns-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const flags = cpuFlags();
const has = ['f', 'bw', 'dq', 'vl', '_vbmi2'].every((part) => flags.has(`avx512${part}`));
const harness = join(__dirname, 'harness.c');

/** Lines that store to the mirror, and one that changes a general register. */
const ofWidth = {
  32: { store: /^\t(?!lea)(\S+ )*\S+\t.*-2145\d{6}.*\n/gm, change: 'leal\t1(%ebp), %ebp' },
  64: { store: /^\t(\S+ )*\S+\t.*%gs:.*\n/gm, change: 'leaq\t1(%r15), %r15' },
} as const;

describe.each([64, 32] as const)('%d bits', (mode) => {
  const folder = join(work, `${mode}`);
  mkdirSync(folder);
  const forms = writingForms(mode).filter((_, i) => i % 9 === 0);
  const { cases, left } = planAll(mode, forms, folder);

  test('mirrored as native: registers, flags, x87 and vector state, both copies of memory', () => {
    const outcome = runCases(mode, cases, folder, harness);
    expect(outcome.different).toEqual([]);
    expect(outcome.faulted).toEqual([]);
    expect(outcome.refused).toEqual([]);
    expect(outcome.executed).toBeGreaterThan(mode === 64 ? 800 : 450);
  });

  const newer = avx512Stores(mode).flatMap((text) => formOf(mode, text));

  test('AVX-512 stores are assembled and decoded', () => {
    expect(newer.map(({ text }) => text)).toEqual(avx512Stores(mode));
    expect(checkText(mode, newer, folder)).toEqual([]);
  });

  (has ? test : test.skip)('AVX-512 stores, mirrored as native (needs a CPU with AVX-512)', () => {
    const planned = planAll(mode, newer, folder);
    expect([...planned.left]).toEqual([]);
    const outcome = runCases(mode, planned.cases, folder, harness);
    expect(outcome).toEqual({ executed: newer.length, faulted: [], different: [], refused: [] });
  });

  const leaving = /^\tjmp\tleave_case\n/gm;
  const masks = '\tknotq\t%k3, %k3\n\tjmp\tleave_case\n';
  const halves = '\tvmovdqa64\t%ymm3, %ymm3\n\tjmp\tleave_case\n';
  const high = '\tvpternlogd\t$0x55, %zmm29, %zmm29, %zmm29\n\tjmp\tleave_case\n';

  const plants: readonly (readonly [string, string | RegExp, string])[] = [
    ['a mirror store that is left out', ofWidth[mode].store, ''],
    ['a flag that is changed', leaving, '\tcmc\n\tjmp\tleave_case\n'],
    ['a register that is changed', leaving, `\t${ofWidth[mode].change}\n\tjmp\tleave_case\n`],
    ['a vector register that is changed', leaving, '\tpcmpeqd\t%xmm3, %xmm3\n\tjmp\tleave_case\n'],
    ['an x87 register that is changed', leaving, '\tfincstp\n\tjmp\tleave_case\n'],
  ];
  const newerPlants: typeof plants = [
    ['a mask register that is changed', leaving, masks],
    ['the upper half of a zmm register that is changed', leaving, halves],
    ...(mode === 64 ? [['a register from zmm16 on that is changed', leaving, high] as const] : []),
  ];
  test('AVX-512 stores, mirrored as native, and what is planted, in the emulator', () => {
    const planned = planAll(mode, newer, folder, emulatedFlags());
    expect([...planned.left]).toEqual([]);
    const running = { seeds: 2, execute: inEmulator };
    const outcome = runCases(mode, planned.cases, folder, harness, running);
    expect(outcome).toEqual({ executed: newer.length, faulted: [], different: [], refused: [] });
    const few = planned.cases.filter((_, i) => i % 8 === 0);
    for (const [name, what, by] of [...plants.slice(0, 1), ...newerPlants]) {
      const plant = (text: string): string => text.replace(what, by);
      const planted = runCases(mode, few, folder, harness, { ...running, plant });
      const found = new Set(planted.different.map((line) => line.replace(/ \[.*/, '')));
      expect([name, found.size > few.length * 0.9]).toEqual([name, true]);
    }
  }, 120_000);

  const isFound = (_: string, what: string | RegExp, by: string): void => {
    // An atomic operation stores to the mirror in the runtime.
    const few = cases.filter(
      ({ form }, i) => i % 6 === 0 && form.effects.flow === 'next' && form.kind !== 'atomic',
    );
    const outcome = runCases(mode, few, folder, harness, {
      plant: (text) => text.replace(what, by),
    });
    const found = new Set(outcome.different.map((line) => line.replace(/ \[.*/, '')));
    // A masked store may store nothing, and a string instruction has its mirror's address in a register.
    expect(found.size).toBeGreaterThan(outcome.executed * 0.9);
  };
  test.each(plants)('%s is found', isFound);
  (has ? test : test.skip).each(newerPlants)('%s is found (needs a CPU with AVX-512)', isFound);

  test('forms that cannot run here', () => {
    const unseen = [...left].filter(([why]) => why !== 'not taken by GNU as').flatMap(([, list]) => list);
    expect(checkText(mode, unseen, folder)).toEqual([]);
  });
});
