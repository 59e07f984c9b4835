// Threads that contend for real: each program checks itself, and after all threads are joined both copies agree, in every one of many runs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-threads-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Report {
  readonly bytesChecked: number;
  readonly bytesDiffering: number;
  readonly differences: readonly unknown[];
}

/** With 64 bits pairs of words are 16 bytes. */
const targets = [
  { size: '-m64', options: ['-mcx16'], repetitions: 200 },
  { size: '-m32', options: [], repetitions: 100 },
];
const builds = readdirSync(programs)
  .sort()
  .flatMap((name) => targets.map((target) => ({ name, ...target })));

test.each(builds)('$name $size, $repetitions times', ({ name, size, options, repetitions }) => {
  const source = join(programs, name);
  const native = join(work, `${name}.native${size}`);
  const mirrored = join(work, `${name}.mirrored${size}`);
  const report = join(work, `${name}${size}.json`);
  const flags = [size, ...options, '-O2', '-pthread', '-Wno-psabi'];
  execFileSync('gcc', [...flags, source, '-o', native]);
  execFileSync(driver, [...flags, source, '-o', mirrored]);
  const expected = spawnSync(native, [], { encoding: 'utf8', timeout: 60_000 });
  expect(expected.status).toBe(0);
  const env = { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report };
  for (let run = 1; run <= repetitions; run++) {
    rmSync(report, { force: true });
    const { status, signal, stdout } = spawnSync(mirrored, [], { encoding: 'utf8', timeout: 60_000, env });
    expect({ run, status, signal, stdout }).toEqual({
      run,
      status: 0,
      signal: null,
      stdout: expected.stdout,
    });
    const { bytesChecked, bytesDiffering, differences } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    expect({ run, bytesDiffering, differences }).toEqual({ run, bytesDiffering: 0, differences: [] });
    expect(bytesChecked).toBeGreaterThan(4096);
  }
});
