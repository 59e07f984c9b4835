// MIRROR_CHECK=<interval>: checks of a running program of many threads, which does not notice.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc.js');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-interval-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function run(program: string, check: string, args: readonly string[] = []) {
  const reports = mkdtempSync(join(work, 'reports-'));
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, MIRROR_CHECK: check, MIRROR_REPORT: `${reports}/%p` },
  });
  const found = readdirSync(reports).map((name) => JSON.parse(readFileSync(join(reports, name), 'utf8')));
  return { status, stdout, stderr, reports: found };
}

describe.each(['-m64', '-m32'])('%s', (size) => {
  test('threads that store and map go on undisturbed, and nothing differs, in a forked child either', () => {
    const source = join(programs, 'busy.c');
    const native = join(work, `busy${size}.native`);
    const mirrored = join(work, `busy${size}.mirrored`);
    execFileSync('gcc', [size, '-O2', '-pthread', source, '-o', native]);
    execFileSync(driver, [size, '-O2', '-pthread', source, '-o', mirrored]);
    const expected = execFileSync(native, { encoding: 'utf8' });
    expect(expected).toMatch(/^1 x 0 7 0 500, others: 1\n$/);
    const { status, stdout, stderr, reports } = run(mirrored, '5ms');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expected, stderr: '' });
    expect(reports).toHaveLength(2);
    for (const report of reports) {
      expect(report).toMatchObject({ bytesDiffering: 0, differences: [], intervalBytesDiffering: 0 });
      expect(report.intervalChecks).toBeGreaterThan(0);
      expect(report.intervalBytesChecked).toBeGreaterThan(16384);
    }
  });

  test('a store that was lost and overwritten before the end is found', () => {
    const part = join(work, `native${size}.o`);
    const program = join(work, `lost${size}`);
    execFileSync('gcc', [size, '-O2', '-fPIE', '-c', join(programs, 'native.c'), '-o', part]);
    execFileSync(driver, [size, '-O2', join(programs, 'lost.c'), part, '-o', program], { stdio: 'pipe' });
    const { status, stderr, reports } = run(program, '20ms', ['wait']);
    expect(status).toBe(121);
    const offset = size === '-m64' ? 24 : 12;
    expect(stderr).toMatch(
      new RegExp(`interval check \\d+: 0x[0-9a-f]+ victim\\+${offset} \\(data\\) differs`),
    );
    expect(reports[0]).toMatchObject({ bytesDiffering: 0, intervalBytesDiffering: 1 });
    // At exit alone there is nothing to be seen.
    expect(run(program, 'exit').status).toBe(0);
  });

  test('a value that is neither is refused', () => {
    const program = join(work, `lost${size}`);
    for (const value of ['often', '10', '5d', 'ms', '-1s'])
      expect(run(program, value)).toMatchObject({
        status: 120,
        stderr: expect.stringMatching(/MIRROR_CHECK.*\n.*MIRROR_CHECK=500ms/),
      });
    for (const value of ['', '0', '1', '1s', '2m']) expect(run(program, value).status).toBe(0);
  });
});
