// A sample of npm run patterns:check -- --signals.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { avx512Stores } from './avx512.js';
import { formOf, planAll, runCases, writingForms } from './cases.js';
import { takesSignals, unexpected } from './signals.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-pattern-signals-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const harness = join(__dirname, 'harness.c');

describe.each([64, 32] as const)('%d bits', (mode) => {
  const folder = join(work, `${mode}`);
  mkdirSync(folder);
  // Without AVX-512 the latter are left out by planAll.
  const forms = [
    ...writingForms(mode).filter((_, i) => i % 41 === 7),
    ...avx512Stores(mode)
      .filter((_, i) => i % 5 === 0)
      .flatMap((text) => formOf(mode, text)),
  ].filter(takesSignals);
  const { cases } = planAll(mode, forms, folder);

  test('a handler that never returns finds both copies equal; one that returns changes nothing', () => {
    const outcome = runCases(mode, cases, folder, harness, { signals: true });
    expect(unexpected(forms, outcome.different)).toEqual([]);
    expect(outcome.executed).toBeGreaterThan(100);
  });

  test('a store whose halves stand apart is found', () => {
    // Between the store to the mirror and the native one, which then is not known to belong to it.
    const apart =
      mode === 64 ? /^(\t(?!lea|pop)\S+\t.*%gs:.*\n)/gm : /^(\t(?!lea|pop)\S+\t.*-2145\d{6}.*\n)/gm;
    const few = cases.filter(({ form }) => form.kind === 'store');
    const outcome = runCases(mode, few, folder, harness, {
      plant: (text) => text.replace(apart, '$1\tnop\n'),
      signals: true,
    });
    const found = new Set(outcome.different.map((line) => line.replace(/ \[.*/, '')));
    expect(found.size).toBeGreaterThan(0.8 * few.length);
  });
});
