// Processes and threads that begin and end: execve, posix_spawn, vfork between mirrored and unmirrored programs, threads whose end the kernel
// writes, and what a static program is refused.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-processes-'));
const reports = join(work, 'reports');
afterAll(() => rmSync(work, { recursive: true, force: true }));

const sizes = [64, 32] as const;
type Size = (typeof sizes)[number];
const built = (name: string, kind: 'native' | 'mirrored', size: Size): string =>
  join(work, `${name}.${kind}${size}`);

beforeAll(() => {
  for (const size of sizes)
    for (const name of ['counting', 'ending', 'exec', 'join', 'leave', 'load', 'shown', 'spawn'])
      for (const kind of ['native', 'mirrored'] as const) {
        const compiler = kind === 'native' ? 'gcc' : driver;
        const source = join(programs, `${name}.c`);
        execFileSync(compiler, [`-m${size}`, '-O1', '-w', '-pthread', source, '-o', built(name, kind, size)]);
      }
});

interface Report {
  readonly program: string;
  readonly checked: boolean;
  readonly bytesChecked: number;
  readonly differences: readonly unknown[];
  readonly escapes: readonly unknown[];
}

/** Runs a program in an environment of its own; gives the reports that it and its children left. */
function run(program: string, args: readonly string[]) {
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports);
  const { status, signal, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 120_000,
    env: { PATH: '/usr/bin:/bin', C: 'see', MIRROR_CHECK: 'exit', MIRROR_REPORT: join(reports, '%p.json') },
  });
  const left = readdirSync(reports).map(
    (name) => JSON.parse(readFileSync(join(reports, name), 'utf8')) as Report,
  );
  for (const { checked, bytesChecked, differences } of left) {
    expect({ checked, differences }).toEqual({ checked: true, differences: [] });
    expect(bytesChecked).toBeGreaterThan(4096);
  }
  return { status, signal, stdout, stderr, left };
}

describe.each(sizes)('execve, %i bits', (size) => {
  const other: Size = size === 64 ? 32 : 64;
  /** Each with the status of the program that is started, and how its report calls it. */
  const ways = [
    ['plain', 0, 'shown'],
    ['environment', 0, 'shown'],
    ['descriptor', 7, 'fd'],
    ['memory', 0, 'fd'],
    ['signals', 0, 'shown'],
    ['thread', 0, 'shown'],
  ] as const;
  test.each(ways)(
    '%s: what is started finds the same, and reports if it is mirrored',
    (how, status, name) => {
      const expected = run(built('exec', 'native', size), [how, built('shown', 'native', size)]);
      expect(expected).toMatchObject({ status, signal: null, stderr: '' });
      expect(expected.stdout).toMatch(/^argc \d/);
      for (const [starter, started, from] of [
        ['mirrored', 'mirrored', size],
        ['mirrored', 'native', size],
        ['native', 'mirrored', size],
        ['mirrored', 'mirrored', other],
        ['mirrored', 'native', other],
      ] as const) {
        const { left, ...ended } = run(built('exec', starter, from), [how, built('shown', started, size)]);
        const { left: none, ...wanted } = expected;
        expect({ starter, started, from, ...ended }).toEqual({ starter, started, from, ...wanted });
        expect(none).toEqual([]);
        expect(left).toHaveLength(started === 'mirrored' ? 1 : 0);
        for (const { program } of left)
          expect(name === 'fd' ? program : basename(program)).toMatch(
            name === 'fd' ? /^\/dev\/fd\/\d+/ : /^shown\./,
          );
      }
    },
  );

  test.each(['bare', 'nothing'])('%s: without an environment, so without a check', (how) => {
    const expected = run(built('exec', 'native', size), [how, built('shown', 'native', size)]);
    for (const started of ['mirrored', 'native'] as const)
      expect(run(built('exec', 'mirrored', size), [how, built('shown', started, size)])).toEqual(expected);
    expect(expected).toMatchObject({ status: 0, signal: null, stderr: '' });
    expect(expected.stdout).toMatch(/; 0 variables/);
  });

  test('what fails leaves the program as it was', () => {
    const ended = run(built('exec', 'mirrored', size), ['failing', built('shown', 'native', size)]);
    expect(ended).toMatchObject({ status: 0, stdout: '1 1 1 1\n', stderr: '' });
    expect(ended.left).toHaveLength(1);
  });

  test('a mirrored program that cannot run where it is started says so, and its starter sees 120', () => {
    const start = (starter: 'native' | 'mirrored', how: string) => {
      const { status, stdout, stderr } = run(built('exec', starter, size), [
        how,
        built('shown', 'mirrored', size),
      ]);
      return { status, stdout, stderr };
    };
    for (const starter of ['native', 'mirrored'] as const) {
      for (const how of ['unlimited stack', 'legacy layout'])
        if (size === 64) {
          const { status, stdout, stderr } = start(starter, how);
          expect({ status, stdout }).toEqual({ status: 120, stdout: '' });
          expect(stderr).toMatch(
            /^mirrorasm: cannot mirror this program: its .*\nmirrorasm: .*ulimit -s 8192/,
          );
        } else expect(start(starter, how)).toMatchObject({ status: 0, stderr: '' });
      expect(start(starter, 'bad option')).toEqual({
        status: 120,
        stdout: '',
        stderr:
          'mirrorasm: cannot mirror this program: MIRROR_CHECK says nothing that is known\n' +
          'mirrorasm: use MIRROR_CHECK=exit, or an interval: MIRROR_CHECK=500ms, 10s, 5m\n',
      });
    }
  });
});

test.each(sizes)('posix_spawn, vfork, system, popen, %i bits', (size) => {
  const shown = built('shown', 'native', size);
  const expected = run(built('spawn', 'native', size), [shown, shown]);
  expect(expected).toMatchObject({ status: 0, signal: null, stderr: '' });
  expect(expected.stdout).toMatch(
    /spawned 7: argc 2: seven;.*blocked 1, pending 0, handlers 1 1; file 9 closed/,
  );
  for (const program of [
    built('shown', 'mirrored', size),
    built('shown', 'mirrored', size === 64 ? 32 : 64),
  ]) {
    const { status, stdout, stderr, left } = run(built('spawn', 'mirrored', size), [program, shown]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expected.stdout, stderr: '' });
    const names = left.map((report) => basename(report.program).replace(/\..*/, '')).sort();
    // Itself, the children of vfork that start nothing, and what two calls started.
    expect(names).toEqual(['shown', 'shown', 'spawn', 'spawn', 'spawn', 'spawn', 'spawn']);
  }
});

test.each(sizes)('the end of threads, %i bits', (size) => {
  const { stdout } = run(built('join', 'native', size), []);
  expect(stdout).toMatch(/^\d+ 540 12 5310\n$/);
  for (let time = 0; time < 10; time++) {
    const ended = run(built('join', 'mirrored', size), []);
    expect(ended).toMatchObject({ status: 0, signal: null, stdout, stderr: '' });
    expect(ended.left).toHaveLength(1);
  }
});

test.each([
  ['wait in memory calls', 'leave'],
  ['end', 'ending'],
  ['count on in its data', 'counting'],
])('the process ends while its threads %s', (_, name) => {
  for (const size of sizes)
    for (let time = 0; time < 10; time++) {
      const ended = run(built(name, 'mirrored', size), []);
      expect({ size, ...ended }).toMatchObject({ size, status: 0, signal: null, stdout: '', stderr: '' });
      expect(ended.left).toHaveLength(1);
    }
});

test.each(sizes)('a static program is refused libraries by name, %i bits', (size) => {
  const refused = (what: string): string =>
    `1 mirrorasm: dlopen(${what}): a static program loads no libraries; link what it needs, or build it with --mirror-libc=glibc\n`;
  const { status, stdout } = run(built('load', 'mirrored', size), []);
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout:
      ['libz.so.1', '/usr/lib/none.so', 'the program itself'].map(refused).join('') +
      '1 Symbol not found: puts\n',
  });
});
