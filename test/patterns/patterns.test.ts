// A sample of npm run patterns:check: every ninth form, executed natively and mirrored; the forms of other CPUs by what they assemble to.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planAll, runCases, writingForms } from './cases.js';
import { checkText } from './structure.js';

const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-patterns-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const harness = join(__dirname, 'harness.c');

const forms = writingForms().filter((_, i) => i % 9 === 0);
const { cases, left } = planAll(forms, folder);

test('mirrored as native: registers, flags, x87 and vector state, both copies of memory', () => {
  const outcome = runCases(cases, folder, harness);
  expect(outcome.different).toEqual([]);
  expect(outcome.faulted).toEqual([]);
  expect(outcome.refused).toEqual([]);
  expect(outcome.executed).toBeGreaterThan(800);
});

test.each([
  ['a mirror store that is left out', /^\t(\S+ )*\S+\t.*%gs:.*\n/gm, ''],
  ['a flag that is changed', /^\tjmp\tleave_case\n/gm, '\tcmc\n\tjmp\tleave_case\n'],
  ['a register that is changed', /^\tjmp\tleave_case\n/gm, '\tleaq\t1(%r15), %r15\n\tjmp\tleave_case\n'],
  [
    'a vector register that is changed',
    /^\tjmp\tleave_case\n/gm,
    '\tpcmpeqd\t%xmm3, %xmm3\n\tjmp\tleave_case\n',
  ],
  ['an x87 register that is changed', /^\tjmp\tleave_case\n/gm, '\tfincstp\n\tjmp\tleave_case\n'],
])('%s is found', (_, what, by) => {
  // An atomic operation stores to the mirror in the runtime.
  const few = cases.filter(
    ({ form }, i) => i % 6 === 0 && form.effects.flow === 'next' && form.kind !== 'atomic',
  );
  const outcome = runCases(few, folder, harness, (text) => text.replace(what, by));
  const found = new Set(outcome.different.map((line) => line.replace(/ \[.*/, '')));
  // A masked store may store nothing, and a string instruction reaches its mirror without a prefix.
  expect(found.size).toBeGreaterThan(outcome.executed * 0.9);
});

test('forms that this CPU has not', () => {
  const unseen = [...left].filter(([why]) => why.startsWith('the CPU')).flatMap(([, list]) => list);
  expect(checkText(unseen, folder)).toEqual([]);
});
