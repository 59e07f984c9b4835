// The allocator in a mirrored program: blocks hold what was written, the kernel is asked seldom, memory is given back, and no byte differs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-heap-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const kinds = [
  ['64 bits', []],
  ['32 bits', ['-m32']],
  ["with the system's C library", ['--mirror-libc=glibc']],
] as const;

test.each(kinds)(
  'blocks that are got and freed, %s',
  (_, options) => {
    const program = join(work, 'heap');
    const report = join(work, 'report.json');
    execFileSync(driver, [...options, '-O2', join(__dirname, 'heap.c'), '-pthread', '-o', program]);
    const { status, stdout } = spawnSync(program, [], {
      encoding: 'utf8',
      env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'done\n' });
    const { bytesChecked, bytesDiffering } = JSON.parse(readFileSync(report, 'utf8')) as Record<
      string,
      number
    >;
    expect(bytesDiffering).toBe(0);
    expect(bytesChecked).toBeGreaterThan(1 << 20);
  },
  120_000,
);
