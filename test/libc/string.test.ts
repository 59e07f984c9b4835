// The functions of libc/ in a mirrored program: right results, and no byte that differs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-libc-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('memcpy, memmove, memset', () => {
  const program = join(work, 'string');
  const report = join(work, 'report.json');
  execFileSync(driver, ['-O1', '-fno-builtin', join(__dirname, 'string.c'), '-o', program]);
  const { status, stdout } = spawnSync(program, [], {
    encoding: 'utf8',
    env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '22753 cases\n' });
  const { bytesChecked, bytesDiffering } = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
  expect(bytesDiffering).toBe(0);
  expect(bytesChecked).toBeGreaterThan(1 << 20);
});
