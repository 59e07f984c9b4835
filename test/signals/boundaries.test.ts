// A sample of npm run signals:check.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleAndRun, compile, rewriteFile } from '../hazards/toolchain.js';
import { signalAtBoundaries } from './boundaries.js';
import { buildHazard, buildWorks, signal, widths, works } from './works.js';

/** At each boundary: places of a few instructions were found there. */
const closely: ReadonlySet<string> = new Set(['jumps', 'masks']);
const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-boundaries-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(widths)('a handler finds both copies equal, wherever its signal comes: %s', (width) => {
  let program = '';
  beforeAll(() => (program = buildWorks(width, folder)));

  test.each(works)('%s', (name) => {
    const { handled, unequal } = signalAtBoundaries(program, signal, closely.has(name) ? 1 : 7, [name]);
    expect(unequal).toEqual([]);
    expect(handled).toBeGreaterThan(50);
  });

  test('a program of the hazards', () => {
    const { handled, unequal } = signalAtBoundaries(buildHazard(width, 'flags', folder), signal, 31);
    expect(unequal).toEqual([]);
    expect(handled).toBeGreaterThan(100);
  });
});

test('a mirror store that does not stand at its native one is found', () => {
  const source = join(folder, 'apart.c');
  writeFileSync(
    source,
    `#include <signal.h>
static volatile long cell;
static void handler(int signal) { (void)signal; }
int main(void) { signal(SIGUSR1, handler); for (long n = 1; n < 9; n++) cell = n; return 0; }
`,
  );
  const base = join(folder, 'apart');
  compile(source, ['-O1'], `${base}.plain.s`);
  const text = rewriteFile(`${base}.plain.s`);
  const apart = text.replace(/^(\tmov.*%gs:cell.*\n)/m, '$1\tnop\n');
  expect(apart).not.toBe(text);
  const places = [text, apart].map((one) => {
    expect(assembleAndRun(one, base)).toEqual({ refused: '', status: 0, stdout: '' });
    return signalAtBoundaries(base, signal, 1).unequal;
  });
  expect(places[0]).toEqual([]);
  expect(places[1]).toContainEqual(expect.stringMatching(/^main\+.*: cell differs$/));
});
