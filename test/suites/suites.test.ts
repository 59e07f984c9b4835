// A fixed sample of `npm run suites`: each suite, at every level, natively and mirrored.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-suites-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test.each([
  { name: 'c-torture', atLeast: 250 },
  { name: 'csmith', atLeast: 12 },
  { name: 'zlib', atLeast: 2 },
  { name: 'lua', atLeast: 2 },
  { name: 'sqlite', atLeast: 1 },
])('$name', ({ name, atLeast }) => {
  const json = join(work, `${name}.json`);
  const args = ['scripts/run-ts.mjs', 'test/suites/main.ts', name, '--sample', `--json=${json}`];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  console.log(stdout);
  const { same, bad } = JSON.parse(readFileSync(json, 'utf8')) as { same: number; bad: string[] };
  expect({ bad, stderr: bad.length > 0 ? stderr : '' }).toEqual({ bad: [], stderr: '' });
  expect(same).toBeGreaterThanOrEqual(atLeast);
});
