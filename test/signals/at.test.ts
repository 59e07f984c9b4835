// A signal before each instruction of a piece of code.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mirrorcc } from '../hazards/toolchain.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-signals-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const at = join(work, 'at');
beforeAll(() => execFileSync('gcc', ['-O2', '-Wall', '-Werror', join(__dirname, 'at.c'), '-o', at]));

describe.each(['-m64', '-m32'])('both copies agree wherever a signal comes: %s', (width) => {
  const compile = (name: string): string => {
    const program = join(work, `${name}${width}`);
    execFileSync(mirrorcc, [width, '-O2', join(__dirname, `${name}.c`), '-o', program]);
    return program;
  };

  /** Before each instruction, or every so many; gives the number of times. */
  function everywhere(program: string, stride = 1): number {
    const { stdout, stderr } = spawnSync(at, ['-s', String(stride), program], {
      encoding: 'utf8',
      env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: '' },
    });
    expect(stdout).toMatch(/^\d+\n$/);
    const places = Number(stdout);
    expect(stderr.split('\n').filter((line) => line.endsWith(' bytes, 0 differ')).length).toBe(places);
    return places;
  }

  // The frame that the kernel makes may land on the slot that is about to be pushed.
  test('pushes', () => {
    expect(everywhere(compile('pushes'))).toBeGreaterThan(300);
  });

  // To all of them takes the steps of a square: minutes. Its store takes more than fifteen.
  test('a mask that is told', () => {
    expect(everywhere(compile('mask'), 5)).toBeGreaterThan(150);
  });
});
