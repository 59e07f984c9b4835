// Memory calls: a mirror for all native memory and no more, the same bytes in both, and what limits and sandboxes do.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc.js');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-memory-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function run(program: string, args: readonly string[], wrap: readonly string[] = []) {
  const report = join(work, 'report.json');
  rmSync(report, { force: true });
  const [command = '', ...rest] = [...wrap, program, ...args];
  const { status, signal, stdout, stderr } = spawnSync(command, rest, {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
  });
  return { status, signal, stdout, stderr, report };
}
const differences = (report: string): unknown => JSON.parse(readFileSync(report, 'utf8')).differences;

describe.each(['-m64', '-m32'])('%s', (size) => {
  const model = join(work, `model${size}`);
  const kinds = join(work, `kinds${size}`);
  beforeAll(() => {
    execFileSync(driver, [size, '-O1', '-w', join(programs, 'model.c'), '-o', model]);
    execFileSync(driver, [size, '-O1', '-w', join(programs, 'kinds.c'), '-o', kinds]);
    execFileSync('gcc', [size, '-O1', '-w', '-DNATIVE', join(programs, 'kinds.c'), '-o', `${kinds}.native`]);
  });

  const first = Date.now() % 1_000_000;
  test(`random calls do to both copies what the model says, seeds ${first} to ${first + 9}`, () => {
    for (let seed = first; seed < first + 10; seed++) {
      const { status, stdout, report } = run(model, [String(seed)]);
      expect({ seed, status, stdout }).toEqual({ seed, status: 0, stdout: 'as the model says\n' });
      expect(differences(report)).toEqual([]);
    }
  });

  test('every kind of mapping', () => {
    const expected = execFileSync(`${kinds}.native`, { encoding: 'utf8' });
    const { status, stdout, report } = run(kinds, []);
    expect(stdout.match(/same 1, given back 1/g)?.length).toBeGreaterThan(12);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expected });
    expect(differences(report)).toEqual([]);
  });

  test('a sandbox that ends the program for a call of the runtime', () => {
    const { status, signal, stdout } = run(kinds, ['sandbox']);
    expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: run(kinds, []).stdout });
  });

  if (size === '-m64')
    test('a stack grows to its limit, and beyond it when the program raises it', () => {
      const { status, stdout, report } = run(kinds, ['deep']);
      expect({ status, stdout }).toEqual({ status: 0, stdout: '1500\nraised 0\n10000\n' });
      expect(differences(report)).toEqual([]);
    });

  const limited = (limit: string): string[] => ['sh', '-c', `${limit}; exec "$0" "$@"`];
  test('an address space too small for the mirror is refused before anything is done', () => {
    const { status, stdout, stderr } = run(model, ['1'], limited('ulimit -v 9000'));
    expect({ status, stdout }).toEqual({ status: 120, stdout: '' });
    expect(stderr).toMatch(/cannot mirror this program: .*\n.*ulimit -v/);
  });
  test('an address space that lasts for the program gives it the errors of the system', () => {
    const { status, stdout } = run(kinds, [], limited('ulimit -v 400000'));
    expect({ status, stdout }).toEqual({ status: 0, stdout: run(kinds, []).stdout });
  });
  test('an unlimited stack', () => {
    const { status, stdout, stderr } = run(model, ['1'], limited('ulimit -s unlimited'));
    if (size === '-m32') expect({ status, stdout }).toEqual({ status: 0, stdout: 'as the model says\n' });
    else {
      expect({ status, stdout }).toEqual({ status: 120, stdout: '' });
      expect(stderr).toMatch(/ulimit -s 8192/);
    }
  });
});
