// The sample of `npm run corpus` that CI runs: programs built by their own build systems, which pass their own tests mirrored.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-programs-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Ended {
  readonly bad: readonly string[];
  /** By program and word size. */
  readonly tests: Readonly<Record<string, { readonly native: number; readonly mirrored: number }>>;
}

/** Tests that each has, by program and word size. */
const expected = {
  'bzip2 32': 6,
  'bzip2 64': 6,
  'gzip 64': 26,
  'lua 32': 1,
  'lua 64': 1,
};

test('programs with their own build systems and tests', () => {
  const json = join(work, 'ended.json');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/run-ts.mjs', 'test/programs/main.ts', '--sample', '--rounds=0', `--json=${json}`],
    { cwd: join(__dirname, '../..'), encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  console.log(stdout);
  const { bad, tests } = JSON.parse(readFileSync(json, 'utf8')) as Ended;
  expect({ bad, stderr: bad.length > 0 ? stderr : '' }).toEqual({ bad: [], stderr: '' });
  expect(tests).toEqual(
    Object.fromEntries(
      Object.entries(expected).map(([name, count]) => [name, { native: count, mirrored: count }]),
    ),
  );
});
