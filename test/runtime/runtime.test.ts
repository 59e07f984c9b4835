import { spawnSync, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const dir = mkdtempSync(join(tmpdir(), 'mirror-runtime-'));
const program = join(dir, 'program');

function link(output: string, kind: string[]): void {
  const flags = [
    '-O1',
    '-mno-red-zone',
    '-fno-stack-protector',
    '-ffreestanding',
    '-fno-builtin',
    '-Wall',
    '-Wextra',
    '-Werror',
  ];
  execFileSync('gcc', [
    ...flags,
    ...kind,
    '-nostdlib',
    '-nostartfiles',
    '-Wl,-e,__mirror_start',
    '-Wl,-z,noexecstack',
    join(__dirname, 'program.c'),
    join(dir, 'libmirror.a'),
    '-o',
    output,
  ]);
}
function run(scenario: string, env: Record<string, string> = {}, wrap: string[] = []) {
  const [command, ...args] = [...wrap, program, scenario];
  const done = spawnSync(command as string, args, {
    encoding: 'utf8',
    timeout: 60000,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { status: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr };
}

beforeAll(() => {
  execFileSync('sh', [join(root, 'runtime', 'build.sh'), 'gcc', dir]);
  link(program, ['-fPIE', '-static-pie']);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('mirror equals native', () => {
  test.each(['memory', 'boundary', 'signals', 'threads', 'fork', 'registers', 'painted', ''])(
    'after scenario "%s"',
    (scenario) => {
      const done = run(scenario, { MIRROR_CHECK: 'exit' });
      expect(done.stderr).toMatch(/mirrorasm: checked [1-9]\d+ bytes, 0 differ\n$/);
      expect(done).toMatchObject({ status: 0, signal: null });
    },
  );
});

test('a lost mirror store is reported with its symbol, and the exit code is 121', () => {
  const report = join(dir, 'lost.json');
  const done = run('lost', { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
  expect(done.status).toBe(121);
  expect(done.stderr).toMatch(/, 1 differ\n.* victim\+16, 1 bytes/);
  const json = JSON.parse(readFileSync(report, 'utf8'));
  expect(json).toMatchObject({ program, bytesDiffering: 1, recoveries: 0, mirrorOffset: '-0x400000200000' });
  expect(json.differences).toEqual([
    { address: expect.stringMatching(/^0x7/), symbol: 'victim', offset: 16, length: 1 },
  ]);
  expect(json.bytesChecked).toBe(json.bytesMirrored);
  expect(run('lost').status).toBe(0);
});

test('exit codes pass through; an unknown call is an escape', () => {
  expect(run('seven', { MIRROR_CHECK: 'exit' }).status).toBe(7);
  expect(run('seven')).toMatchObject({ status: 7, stderr: '' });
  const report = join(dir, 'escapes-%p.json');
  run('boundary', { MIRROR_REPORT: report });
  const file = execFileSync('sh', ['-c', `cat ${dir}/escapes-*.json`], { encoding: 'utf8' });
  expect(JSON.parse(file).escapes).toEqual([{ kind: 'syscall', name: '999', count: 1 }]);
});

test('the runtime stays within its bound on the program stack', () => {
  const bound = Number(/MR_K (\d+)/.exec(readFileSync(join(root, 'runtime', 'limits.h'), 'utf8'))?.[1]);
  const used = run('painted').stdout.trim().split(/\s+/).map(Number);
  expect(used).toHaveLength(2);
  for (const bytes of used) {
    expect(bytes).toBeGreaterThan(64);
    expect(bytes).toBeLessThan(bound);
  }
});

describe('refusal, with what to do', () => {
  test('setarch -L', () => {
    const done = run('', {}, ['setarch', '-L']);
    expect(done.status).toBe(120);
    expect(done.stderr).toMatch(/bit 46.*\n.*static-PIE.*setarch -L/);
  });
  test('non-PIE', () => {
    const fixed = join(dir, 'fixed');
    link(fixed, ['-fPIE', '-static', '-no-pie']);
    const done = spawnSync(fixed, { encoding: 'utf8' });
    expect(done.status).toBe(120);
    expect(done.stderr).toMatch(/bit 46/);
  });
  test('an address space limit is no refusal', () => {
    expect(run('seven', {}, ['sh', '-c', 'ulimit -v 1000000; exec "$0" "$@"']).status).toBe(7);
  });
});
