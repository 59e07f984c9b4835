// A signal before each instruction of a run of pushes: the frame that the kernel makes may land on the slot that is about to be pushed.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mirrorcc } from '../hazards/toolchain.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-signals-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const at = join(work, 'at');
beforeAll(() => execFileSync('gcc', ['-O2', '-Wall', '-Werror', join(__dirname, 'at.c'), '-o', at]));

test.each(['-m64', '-m32'])('pushes stay mirrored wherever a signal comes: %s', (width) => {
  const program = join(work, `pushes${width}`);
  execFileSync(mirrorcc, [width, '-O2', join(__dirname, 'pushes.c'), '-o', program]);
  const { stdout, stderr } = spawnSync(at, [program], {
    encoding: 'utf8',
    env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: '' },
  });
  const places = Number(stdout);
  expect(places).toBeGreaterThan(300);
  expect(stderr.split('\n').filter((line) => line.endsWith(' bytes, 0 differ')).length).toBe(places);
});
