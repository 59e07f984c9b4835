// The runtime by itself, in both word sizes: programs that make the rewriter's sequences by hand.
import { spawnSync, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const dir = mkdtempSync(join(tmpdir(), 'mirror-runtime-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const bits = [64, 32] as const;
type Bits = (typeof bits)[number];
const folder = (size: Bits): string => join(dir, String(size));
const program = (size: Bits): string => join(folder(size), 'program');

const staticPie = ['-fPIE', '-static-pie'];
const fixedAddress = ['-fno-pie', '-static', '-no-pie'];

function link(size: Bits, output: string, kind: string[]): void {
  const flags = [
    `-m${size}`,
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
    join(folder(size), 'libmirror.a'),
    '-o',
    output,
  ]);
}
function run(size: Bits, scenario: string, env: Record<string, string> = {}, wrap: string[] = []) {
  const [command, ...args] = [...wrap, program(size), scenario];
  const done = spawnSync(command as string, args, {
    encoding: 'utf8',
    timeout: 60000,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { status: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr };
}

function expectEqual(size: Bits, scenario: string, wrap: string[] = []): void {
  const done = run(size, scenario, { MIRROR_CHECK: 'exit' }, wrap);
  expect(done.stderr).toMatch(/mirrorasm: checked [1-9]\d+ bytes, 0 differ\n$/);
  expect(done).toMatchObject({ status: 0, signal: null });
}

beforeAll(() => {
  for (const size of bits) {
    mkdirSync(folder(size));
    execFileSync('sh', [join(root, 'runtime', 'build.sh'), 'gcc', folder(size), String(size)]);
    link(size, program(size), size === 64 ? staticPie : fixedAddress);
  }
});

describe.each(bits)('%i bits: mirror equals native', (size) => {
  test.each(['memory', 'boundary', 'forms', 'signals', 'threads', 'fork', 'registers', 'painted', ''])(
    'after scenario "%s"',
    (scenario) => expectEqual(size, scenario),
  );
});

test.each(bits)(
  '%i bits: a lost mirror store is reported with its symbol, and the exit code is 121',
  (size) => {
    const report = join(folder(size), 'lost.json');
    const done = run(size, 'lost', { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
    expect(done.status).toBe(121);
    const offset = (2 * size) / 8;
    expect(done.stderr).toMatch(new RegExp(`, 1 differ\\n.* victim\\+${offset}, 1 bytes`));
    const json = JSON.parse(readFileSync(report, 'utf8'));
    expect(json).toMatchObject({
      program: program(size),
      bytesDiffering: 1,
      recoveries: 0,
      mirrorOffset: size === 64 ? '-0x400000200000' : '-0x7fe00000',
    });
    expect(json.differences).toEqual([
      {
        address: expect.stringMatching(size === 64 ? /^0x7/ : /^0x80[4-9a-f]/),
        symbol: 'victim',
        offset,
        length: 1,
      },
    ]);
    expect(json.bytesChecked).toBe(json.bytesMirrored);
    expect(run(size, 'lost').status).toBe(0);
  },
);

test.each(bits)('%i bits: exit codes pass through; an unknown call is an escape', (size) => {
  expect(run(size, 'seven', { MIRROR_CHECK: 'exit' }).status).toBe(7);
  expect(run(size, 'seven')).toMatchObject({ status: 7, stderr: '' });
  const report = join(folder(size), 'escapes-%p.json');
  const quiet = run(size, 'boundary', { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
  // The tests of others compare what a program says on stderr.
  expect(quiet).toMatchObject({ status: 0, stderr: '' });
  const file = execFileSync('sh', ['-c', `cat ${folder(size)}/escapes-*.json`], { encoding: 'utf8' });
  expect(JSON.parse(file).escapes).toEqual([{ kind: 'syscall', name: '999', count: 1 }]);
});

// A signal there came into a system call: PC thunks of 32-bit code, which the compiler puts elsewhere, have to be within.
test.each(bits)('%i bits: all of its C code is within the bounds of its text', (size) => {
  const symbols = execFileSync('nm', [program(size)], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' '))
    .map(([address = '', , name = '']) => ({ address: parseInt(address, 16), name }));
  const at = (wanted: string): number => symbols.find(({ name }) => name === wanted)!.address;
  const code = symbols.filter(({ name }) => /^mr_(thunk\.\w+|dispatch|memcall|sigframe|bus)$/.test(name));
  expect(code.filter(({ name }) => name.startsWith('mr_thunk')).length > 0).toBe(size === 32);
  for (const { name, address } of code)
    expect({
      name,
      within: address >= at('__start_mirror_text') && address < at('__stop_mirror_text'),
    }).toEqual({
      name,
      within: true,
    });
});

test.each(bits)('%i bits: the runtime stays within its bound on the program stack', (size) => {
  const bound = Number(/MR_K (\d+)/.exec(readFileSync(join(root, 'runtime', 'limits.h'), 'utf8'))?.[1]);
  const used = run(size, 'painted').stdout.trim().split(/\s+/).map(Number);
  expect(used).toHaveLength(2);
  for (const bytes of used) {
    expect(bytes).toBeGreaterThan(64);
    expect(bytes).toBeLessThan(bound);
  }
});

test.each(bits)('%i bits: an address space limit is no refusal', (size) => {
  expect(run(size, 'seven', {}, ['sh', '-c', 'ulimit -v 1000000; exec "$0" "$@"']).status).toBe(7);
});

const stackLimit = (kilobytes: string): string[] => ['sh', '-c', `ulimit -s ${kilobytes}; exec "$0" "$@"`];

describe('32 bits: layouts that leave room for the mirror', () => {
  test.each([
    ['without randomisation', ['setarch', '-R']],
    ['mmap from the bottom', ['setarch', '-L']],
    ['3 GiB, as a 32-bit kernel gives', ['setarch', '-3']],
    ['an unlimited stack', stackLimit('unlimited')],
    ['a large stack', stackLimit('1000000')],
  ])('%s', (_title, wrap) => {
    for (const scenario of ['memory', 'threads', 'signals']) expectEqual(32, scenario, wrap);
  });
});

describe('refusal, with what to do', () => {
  test('64 bits: setarch -L', () => {
    const done = run(64, '', {}, ['setarch', '-L']);
    expect(done.status).toBe(120);
    expect(done.stderr).toMatch(/bit 46.*\n.*static-PIE.*setarch -L/);
  });
  test('64 bits: non-PIE', () => {
    const fixed = join(dir, 'fixed');
    link(64, fixed, ['-fPIE', '-static', '-no-pie']);
    const done = spawnSync(fixed, { encoding: 'utf8' });
    expect(done.status).toBe(120);
    expect(done.stderr).toMatch(/bit 46/);
  });
  test('32 bits: 3 GiB filled from the middle', () => {
    const done = run(32, '', {}, ['setarch', '-3', '-L']);
    expect(done.status).toBe(120);
    expect(done.stderr).toMatch(/no room for a mirror.*\n.*setarch -3 -L/);
  });
  test('32 bits: an image where mirrors are', () => {
    const high = join(dir, 'high');
    link(32, high, [...fixedAddress, '-Wl,-Ttext-segment=0x90000000']);
    const done = spawnSync(high, { encoding: 'utf8' });
    expect(done.status).toBe(120);
    expect(done.stderr).toMatch(/no room for a mirror/);
  });
});
