// What the kernel writes into a mirrored program's memory: every call with a rule of its own, into painted memory that has to be equal at exit.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-boundary-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** These succeed on every Linux, whoever asks. */
const everywhere = [
  ...[
    'FIGETBSZ',
    'PTRACE_GETREGS',
    'PTRACE_GETREGSET',
    'PTRACE_GETSIGINFO',
    'PTRACE_PEEKDATA',
    'SIOCGIFCONF',
  ],
  ...['TCGETS', 'TIOCGPTN', 'no io_setup', 'no io_uring', 'no pkey', 'no userfaultfd', 'rt_sigprocmask'],
];

/** Calls that are not rows: they change the address space, the thread or signal handlers (runtime/memcalls.c, signals.c, boundary.c). */
const elsewhere = new Set([
  ...[
    'brk',
    'clone',
    'clone3',
    'exit',
    'exit_group',
    'fork',
    'madvise',
    'mmap',
    'mmap2',
    'mprotect',
    'mremap',
  ],
  ...['munmap', 'pkey_mprotect', 'rt_sigreturn', 'shmat', 'shmdt', 'sigreturn', 'vfork'],
]);

/** What stands behind `pattern` in a file, once for each match. */
const found = (path: string, pattern: RegExp): string[] =>
  [...readFileSync(path, 'utf8').matchAll(pattern)].map(([, name]) => name ?? '');

test.each([
  ['x86_64', 'unistd_64.h'],
  ['i386', 'unistd_32.h'],
])('every call of Linux has a row: %s', (arch, header) => {
  const rows = [`${arch}/syscalls.def`, 'syscalls-common.def'].map((name) =>
    found(join(root, 'runtime', name), /^(?:X|NEWER)\((\w+),/gm),
  );
  for (const names of rows) expect(names).toEqual([...names].sort());
  const known = new Set(rows.flat());
  const calls = found(join('/usr/include/x86_64-linux-gnu/asm', header), /^#define __NR_(\w+)/gm);
  expect(calls.length).toBeGreaterThan(300);
  expect(calls.filter((name) => !known.has(name) && !elsewhere.has(name))).toEqual([]);
});

describe.each([64, 32])('%i bits', (bits) => {
  const program = join(work, `calls${bits}`);
  const report = join(work, `${bits}.json`);
  beforeAll(() => {
    execFileSync(join(root, 'dist/mirrorcc'), [
      `-m${bits}`,
      '-O1',
      join(__dirname, 'calls.c'),
      '-o',
      program,
    ]);
  });
  const run = (args: readonly string[], env: Record<string, string>) =>
    spawnSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report, ...env },
    });

  test('nothing differs', () => {
    const { status, stdout, stderr } = run([], {});
    const json = JSON.parse(readFileSync(report, 'utf8'));
    expect({ differences: json.differences, stderr }).toEqual({ differences: [], stderr: '' });
    expect(status).toBe(0);
    const done = stdout.trim().split('\n');
    process.stderr.write(`${bits} bits, succeeded: ${done.join(', ')}\n`);
    expect(done).toEqual(expect.arrayContaining(everywhere));
    // What is refused is named; everything else has a row.
    const kinds = json.escapes.map(({ kind }: { kind: string }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['refused']));
  });

  test('with MIRROR_STRICT an ioctl without a row ends the program before it is done', () => {
    expect(run(['unknown'], {})).toMatchObject({ status: 0, stdout: 'went on\n' });
    const strict = run(['unknown'], { MIRROR_STRICT: '1' });
    expect(strict).toMatchObject({ status: 120, stdout: '' });
    expect(strict.stderr).toMatch(/MIRROR_STRICT: what ioctl \d+ \(0x80404de0\) writes is not known/);
  });
});
