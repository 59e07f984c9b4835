// MIRROR_SCRUB=<interval> and mirror_verify: what lies unseen in memory is found while the program runs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseElf } from '../../src/emulate/elf.js';

const driver = join(__dirname, '../../dist/mirrorcc.js');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-scrub-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.each(['-m64', '-m32'])('%s', (size) => {
  const native = join(work, `native${size}.o`);
  beforeAll(() => {
    execFileSync('gcc', [size, '-O2', '-fPIE', '-c', join(programs, 'native.c'), '-o', native]);
  });
  const build = (name: string, ...parts: readonly string[]): string => {
    const program = join(work, name + size);
    const source = join(programs, `${name}.c`);
    execFileSync(driver, [size, '-O2', '-w', '-pthread', source, ...parts, '-o', program], { stdio: 'pipe' });
    return program;
  };
  const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
    const report = join(work, `report${size}`);
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      timeout: 100_000,
      env: { ...env, MIRROR_REPORT: report },
    });
    return { status, stdout, stderr, report: () => JSON.parse(readFileSync(report, 'utf8')) };
  };
  /** Where mr_control is, as programs/lose.h takes it. */
  const control = (program: string): string => {
    const { symbols } = parseElf(readFileSync(program));
    const at = (symbol: string): number => symbols.find((one) => one.name === symbol)!.address;
    return (at('mr_control') - at('__ehdr_start')).toString(16);
  };

  test('nobody is disturbed', () => {
    const program = build('busy');
    // Nor is a forked child told of what its parent's threads had begun, without a check at exit, too.
    for (const MIRROR_CHECK of ['0', 'exit'])
      expect(run(program, [], { MIRROR_SCRUB: '5ms', MIRROR_CHECK })).toMatchObject({
        status: 0,
        stdout: '1 x 0 7 0 500, others: 1\n',
        stderr: '',
      });
    const done = run(program, [], { MIRROR_SCRUB: '5ms', MIRROR_CHECK: 'exit' });
    const report = done.report();
    expect(report).toMatchObject({ bytesDiffering: 0, scrubBytesDiffering: 0 });
    expect(report.scrubs).toBeGreaterThan(0);
    expect(report.scrubBytesChecked).toBeGreaterThan(16384);
    expect(report).not.toHaveProperty('intervalChecks');
  });

  test('a lost store is told of; the exit code is the program’s', () => {
    const done = run(build('lost', native), ['wait'], { MIRROR_SCRUB: '20ms' });
    const offset = size === '-m64' ? 24 : 12;
    expect(done.status).toBe(0);
    expect(done.stderr).toMatch(
      new RegExp(
        `^mirrorasm: scrub \\d+: 0x[0-9a-f]+ victim\\+${offset} \\(data\\) differs: memory has 0x4d, its mirror 0x0, and neither has changed`,
        'm',
      ),
    );
    expect(done.report()).toMatchObject({ scrubBytesDiffering: 1 });
  });

  test('pages that are lost and not touched are rebuilt', () => {
    const program = build('latent');
    const done = run(program, [control(program)], { MIRROR_SCRUB: '20ms', MIRROR_CHECK: 'exit' });
    expect(done).toMatchObject({ status: 0, stdout: 'data\na mirror\na mapping and its mirror\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, scrubBytesDiffering: 0, recoveries: 4 });
  });

  test('mirror_verify', () => {
    const program = build('verify', native);
    const done = run(program, [control(program), join(work, 'file')], { MIRROR_CHECK: 'exit' });
    expect(done.stdout).toBe(`stack: 0
what is below the stack pointer: 0
data: 0
block: 0
nothing: 0
lost pages: 0
2 recovered
three stores: 3
the first and the third: 1
between them: 0
behind them: 0
data: 0
a constant: -1 EFAULT
null: -1 EFAULT
too long: -1 EFAULT
shared: 0
a file that others write, too: -1 EFAULT
in a sandbox: -1 EPERM
`);
    expect(done.stderr).toMatch(/^mirrorasm: mirror_verify 1: 0x[0-9a-f]+ data\+5000 \(data\) differs: /m);
    expect(done).toMatchObject({ status: 0 });
  });

  test('a value that is no interval, and two wishes for one thread', () => {
    const program = join(work, `lost${size}`);
    for (const MIRROR_SCRUB of ['often', '10', '5d', 'ms', '-1s', '0s'])
      expect(run(program, [], { MIRROR_SCRUB })).toMatchObject({
        status: 120,
        stderr: expect.stringMatching(/MIRROR_SCRUB.*\n.*MIRROR_SCRUB=30s/),
      });
    for (const MIRROR_SCRUB of ['', '0', '1s', '2h'])
      expect(run(program, [], { MIRROR_SCRUB }).status).toBe(0);
    expect(run(program, [], { MIRROR_SCRUB: '1s', MIRROR_CHECK: '1s' })).toMatchObject({
      status: 120,
      stderr: expect.stringContaining('want the same thread'),
    });
  });
});
