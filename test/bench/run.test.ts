// One small experiment from its command to its result.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-bench-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const bench = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['scripts/run-ts.mjs', 'bench/main.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
  });

test('malloc: all three run, the mirrored one is checked, the result says on which machine', () => {
  const document = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');
  const { status, stdout } = bench('malloc', '--rounds=2', '--sizes=16', `--results=${work}`);
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('| 16 bytes, CPU ns |') });
  const { machine, rounds, sizes, found } = JSON.parse(readFileSync(join(work, 'malloc.json'), 'utf8'));
  expect({ rounds, sizes }).toEqual({ rounds: 2, sizes: [16] });
  expect(machine.processor).toMatch(/, family \d+ model \d+$/);
  expect(found.check).toMatchObject({ processes: 1, bytesDiffering: 0 });
  expect(found.check.bytesChecked).toBeGreaterThan(0);
  const [{ values, toMusl }] = found.blocks;
  for (const { least, median, most } of [values.native, values.musl, values.mirrored, toMusl]) {
    expect(least).toBeGreaterThan(0);
    expect(least).toBeLessThanOrEqual(median);
    expect(median).toBeLessThanOrEqual(most);
  }
  expect(readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')).toBe(document);
});

test.each([
  [['nothing'], 'bench: no such experiment: nothing\n'],
  [['malloc', '--rounds=many'], 'bench: --rounds is a number above 0: many\n'],
  [['malloc', '--rounds=0'], 'bench: --rounds is a number above 0: 0\n'],
  [['--sizes=1'], 'bench: --sizes wants one experiment that has sizes\n'],
  [['compile', '--sizes=1'], 'bench: --sizes wants one experiment that has sizes\n'],
])('%j is refused', (args, stderr) => {
  expect(bench(...args)).toMatchObject({ status: 3, stdout: '', stderr });
});
