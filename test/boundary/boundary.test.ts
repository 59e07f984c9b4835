// What the kernel writes into a mirrored program's memory: every call with a rule of its own, into painted memory that has to be equal at exit.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Calls with a row for which mr_dispatch does more than the row says. */
const more = /^(arch_prctl|execve|execveat|prctl|rt_sigaction|rt_sigprocmask|seccomp|sigaltstack)$/;

test('calls that entry.S does by itself write what their row says', () => {
  const quick = [
    ...readFileSync(join(root, 'runtime/x86_64/quick.c'), 'utf8').matchAll(/\[__NR_(\w+)\] = (\w+)/g),
  ];
  expect(quick.length).toBeGreaterThan(30);
  const table = readFileSync(join(root, 'runtime/x86_64/syscalls.def'), 'utf8');
  const rules: Readonly<Record<string, string>> = {
    QUICK: 'NONE',
    QUICK_FCNTL: 'FCNTL(2)',
    QUICK_RET: 'RET(1)',
    QUICK_RECEIVE: 'RETMAX(1, 2), LENP(4, 5)',
    QUICK_EVENTS: 'RETN(1, 12)',
  };
  for (const [, name = '', kind = ''] of quick) {
    const [, rule] = new RegExp(`^X\\(${name}, \\d+, (.*)\\) /\\*`, 'm').exec(table) ?? [];
    expect({ name, rule }).toEqual({ name, rule: rules[kind] ?? `FIX(1, ${kind})` });
    expect(name).not.toMatch(more);
    expect(elsewhere).not.toContain(name);
  }
});

test.each([64, 32])(
  'no more than there is room for is copied of a datagram that was longer: %i bits',
  (bits) => {
    const program = join(work, `truncated${bits}`);
    const source = join(__dirname, 'truncated.c');
    execFileSync(join(root, 'dist/mirrorcc'), [`-m${bits}`, '-O1', '-w', source, '-o', program]);
    const { status, stdout, stderr } = spawnSync(program, {
      encoding: 'utf8',
      env: { MIRROR_CHECK: 'exit' },
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '16384 7\n16384 7\n' });
    expect(stderr).toMatch(/, 0 differ$/m);
  },
);

test.each([64, 32])('the numbers of ioctl requests are those of the headers: %i bits', (bits) => {
  const table = readFileSync(join(root, 'runtime/ioctls.def'), 'utf8');
  const rows = [...table.matchAll(/^[IU]\((\w+),.*\/\* ([\w/.-]+\.h)/gm)].map(
    ([, name = '', header = '']) => ({
      name,
      // termios.h has structures that sys/ioctl.h has, too.
      header: header.replace('asm-generic/', 'asm/').replace('termios.h', 'ioctls.h'),
    }),
  );
  expect(rows).toHaveLength(table.match(/^[IU]\(/gm)?.length ?? 0);
  expect(rows.map(({ name }) => name)).toEqual(rows.map(({ name }) => name).sort());
  // What the headers of this machine do not have yet is compared where they do.
  const source = [
    '#include <stddef.h>',
    '#include <stdio.h>',
    '#include <sys/time.h>',
    ...[...new Set(rows.map(({ header }) => header))].sort().map((header) => `#include <${header}>`),
    '#define BY_WORD(four, eight) (sizeof(long) == 8 ? (eight) : (four))',
    'int main(void) {',
    '  int seen = 0;',
    ...rows.flatMap(({ name }) => [
      `#ifdef ${name}`,
      '  seen++;',
      `  if ((unsigned)${name} != (unsigned)(${/^\w+\(\w+, (BY_WORD\([^)]*\)|\w+)/m.exec(table.slice(table.search(new RegExp(`^[IU]\\(${name},`, 'm'))))?.[1]})) puts("${name}");`,
      '#endif',
    ]),
    '  printf("%d\\n", seen);',
    '}',
  ].join('\n');
  const file = join(work, `ioctls${bits}`);
  writeFileSync(`${file}.c`, source);
  execFileSync('gcc', [`-m${bits}`, '-w', `${file}.c`, '-o', file]);
  const lines = execFileSync(file, { encoding: 'utf8' }).trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(Number(lines[0])).toBeGreaterThan(rows.length - 10);
});

const answers = join(work, 'answers');
beforeAll(() => {
  execFileSync('gcc', ['-O1', join(__dirname, 'answers.c'), '-o', answers]);
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
    expect(json.escapes).toEqual(
      ['io_uring_setup', 'io_setup', 'userfaultfd', 'pkey_alloc'].map((name) => ({
        kind: 'refused',
        name,
        count: 1,
      })),
    );
  });

  test('without a report the check names them', () => {
    const { stderr } = run([], { MIRROR_REPORT: '' });
    expect(stderr).toMatch(/^mirrorasm: refused: io_uring_setup \(1\)$/m);
    expect(run(['unknown'], { MIRROR_REPORT: '' }).stderr).toMatch(
      /^mirrorasm: escape: ioctl 0xb704 \(1\)$/m,
    );
  });

  test.each([
    ['an ioctl of nobody', 'unknown', 'went on', { kind: 'ioctl', name: '0xb704' }, 'ioctl 0x80404de0'],
    [
      'an ioctl known by name only',
      'named',
      '0',
      { kind: 'ioctl', name: 'TIOCGLCKTRMIOS' },
      'ioctl TIOCGLCKTRMIOS (0x5456)',
    ],
    ['a call of nobody', 'number', '1', { kind: 'syscall', name: '499' }, 'syscall 499'],
  ])(
    '%s is named; with MIRROR_STRICT it ends the program before it is done',
    (_title, mode, went, escape, what) => {
      expect(run([mode], {})).toMatchObject({ status: 0, stdout: `${went}\n` });
      expect(JSON.parse(readFileSync(report, 'utf8')).escapes).toEqual([{ ...escape, count: 1 }]);
      const strict = run([mode], { MIRROR_STRICT: '1' });
      expect(strict).toMatchObject({ status: 120, stdout: '' });
      expect(strict.stderr).toBe(
        `mirrorasm: MIRROR_STRICT: what ${what} writes is not known; without MIRROR_STRICT it is counted in the report\n`,
      );
    },
  );

  test('calls that this machine cannot do are answered by the test', () => {
    const { status, stdout, stderr } = spawnSync(answers, [program, 'answered'], {
      encoding: 'utf8',
      env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'quotactl_fd\nlookup_dcookie\n3c /a/cookie\n',
      stderr: '',
    });
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ differences: [], escapes: [] });
  });
});
