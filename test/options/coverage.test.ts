// gcc --coverage: the counters of a mirrored program, written by the mirrored libgcov, say what those of the native program say.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-coverage-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Lines of the source with how often each was executed, as gcov prints them; how often qsort compares is the C library's affair. */
function counts(name: string, compiler: string, ...options: string[]): string[] {
  const cwd = join(work, name);
  mkdirSync(cwd);
  copyFileSync(join(__dirname, 'programs/nested.c'), join(cwd, 'nested.c'));
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run(compiler, ...options, '-w', '-O1', '--coverage', '-c', 'nested.c');
  run(compiler, ...options, '--coverage', 'nested.o', '-o', 'nested');
  expect(spawnSync('./nested', { cwd, stdio: 'ignore' }).signal).toBe(null);
  return run('gcov', '--stdout', 'nested.c')
    .split('\n')
    .filter((line) => /^ *\d+\*?:/.test(line) && !line.includes('int compare('));
}

test.each(['-m64', '-m32'])('%s', (width) => {
  const native = counts(`native${width}`, 'gcc', width);
  expect(native.length).toBeGreaterThan(10);
  expect(counts(`mirrored${width}`, join(root, 'dist/mirrorcc'), width)).toEqual(native);
});
