// A sample of npm run patterns:check: every ninth form, executed natively and mirrored; the forms of other CPUs by what they assemble to.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planAll, runCases, writingForms } from './cases.js';
import { checkText } from './structure.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-patterns-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
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

  const leaving = /^\tjmp\tleave_case\n/gm;
  test.each([
    ['a mirror store that is left out', ofWidth[mode].store, ''],
    ['a flag that is changed', leaving, '\tcmc\n\tjmp\tleave_case\n'],
    ['a register that is changed', leaving, `\t${ofWidth[mode].change}\n\tjmp\tleave_case\n`],
    ['a vector register that is changed', leaving, '\tpcmpeqd\t%xmm3, %xmm3\n\tjmp\tleave_case\n'],
    ['an x87 register that is changed', leaving, '\tfincstp\n\tjmp\tleave_case\n'],
  ])('%s is found', (_, what, by) => {
    // An atomic operation stores to the mirror in the runtime.
    const few = cases.filter(
      ({ form }, i) => i % 6 === 0 && form.effects.flow === 'next' && form.kind !== 'atomic',
    );
    const outcome = runCases(mode, few, folder, harness, (text) => text.replace(what, by));
    const found = new Set(outcome.different.map((line) => line.replace(/ \[.*/, '')));
    // A masked store may store nothing, and a string instruction has its mirror's address in a register.
    expect(found.size).toBeGreaterThan(outcome.executed * 0.9);
  });

  test('forms that cannot run here', () => {
    const unseen = [...left].filter(([why]) => why !== 'not taken by GNU as').flatMap(([, list]) => list);
    expect(checkText(mode, unseen, folder)).toEqual([]);
  });
});
