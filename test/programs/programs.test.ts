// The sample of `npm run corpus` that CI runs: programs built by their own build systems, which pass their own tests mirrored.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
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

test('tools that are missing are named, with what to install', () => {
  const without = join(work, 'bin');
  mkdirSync(without);
  for (const name of readdirSync('/usr/bin'))
    if (!['cmake', 'prove', 'wrk'].includes(name)) symlinkSync(join('/usr/bin', name), join(without, name));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/run-ts.mjs', 'test/programs/main.ts', 'lighttpd', 'memcached', '--rounds=0'],
    { cwd: join(__dirname, '../..'), encoding: 'utf8', env: { ...process.env, PATH: without } },
  );
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).toContain('wrk is not installed; needed by lighttpd\n');
  expect(stderr).toContain('prove is not installed; needed by lighttpd, memcached\n');
  expect(stderr).toMatch(/^install what is missing: apt-get install .*\bcmake perl wrk$/m);
});

test('programs with their own build systems and tests', () => {
  const json = join(work, 'ended.json');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      'scripts/run-ts.mjs',
      'test/programs/main.ts',
      '--sample',
      '--rounds=0',
      `--json=${json}`,
      `--results=${work}`,
    ],
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
