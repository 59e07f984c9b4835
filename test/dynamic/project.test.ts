// A program from Debian's sources, built by its own makefile with the system's C library: its own tests pass, and both copies agree.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-project-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('bzip2', () => {
  const result = join(work, 'result.json');
  const args = ['bzip2', '--width=64', '--rounds=0', `--json=${result}`, `--results=${work}`];
  const table = execFileSync(
    process.execPath,
    [join(root, 'scripts/run-ts.mjs'), join(root, 'test/programs/main.ts'), ...args],
    { encoding: 'utf8', env: { ...process.env, MIRROR_LIBC: 'glibc' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  process.stderr.write(table);
  expect(JSON.parse(readFileSync(result, 'utf8'))).toEqual({
    same: 1,
    bad: [],
    tests: { 'bzip2 64': { native: 6, mirrored: 6 } },
  });
});
