// Sandboxes (seccomp) that forbid calls of the runtime: the program goes on as natively, or is told by name before any harm.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc.js');
const source = join(__dirname, 'programs/sandbox.c');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-sandbox-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const input = 'as natively '.repeat(300);

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    timeout: 120_000,
    // Where threads meet in malloc, glibc would make more arenas, and read how many CPUs there are (openat).
    env: { ...process.env, MALLOC_ARENA_MAX: '1', ...env },
  });
  return {
    stderr: result.stderr,
    seen: { status: result.status, signal: result.signal, stdout: result.stdout },
  };
}

describe.each(['-m64', '-m32', '--mirror-libc=glibc'])('%s', (kind) => {
  const shared = kind === '--mirror-libc=glibc';
  const size = shared ? '-m64' : kind;
  const program = join(work, `sandbox${kind}`);
  const native = `${program}.native`;
  const report = join(work, `report${kind}.json`);
  beforeAll(() => {
    const options = [size, '-O1', '-w', '-pthread', source, '-o'];
    execFileSync(driver, [kind, ...options, program]);
    execFileSync('gcc', [...options, native]);
  });

  const kept = [
    'strict',
    'strict by seccomp',
    'strict thread',
    'read, write, exit_group',
    'two filters',
    'threads',
    'fork',
    'no masks',
    'refused',
  ];
  test.each(kept)('%s: as natively, and checked', (how) => {
    rmSync(report, { force: true });
    const expected = run(native, [how]).seen;
    expect(expected.stdout).toMatch(how === 'refused' ? /^-1 1 10$/m : /worked: \d+/);
    expect(run(program, [how]).seen).toEqual(expected);
    expect(run(program, [how], { MIRROR_CHECK: 'exit', MIRROR_REPORT: report }).seen).toEqual(expected);
    const found: unknown = JSON.parse(readFileSync(report, 'utf8'));
    expect(found).toMatchObject({ checked: true, bytesDiffering: 0, differences: [] });
    // Without a report the result is told on stderr.
    const { seen, stderr } = run(program, [how], { MIRROR_CHECK: 'exit' });
    expect(seen).toEqual(expected);
    expect(stderr).toMatch(/^mirrorasm: checked \d{5,} bytes, 0 differ$/m);
  });

  if (!shared)
    test('a thread that checks at intervals ends where it would be caught', () => {
      for (const how of ['strict', 'two filters', 'read, write, exit_group']) {
        const { seen, stderr } = run(program, [how], { MIRROR_CHECK: '5ms' });
        expect(seen).toEqual(run(native, [how]).seen);
        expect(stderr).toMatch(/^mirrorasm: checked \d{5,} bytes, 0 differ$/m);
      }
    });

  test('a process that ends by a call that it may not make ends so, checked', () => {
    const { seen, stderr } = run(program, ['strict, exit_group'], { MIRROR_CHECK: 'exit' });
    expect(seen).toEqual(run(native, ['strict, exit_group']).seen);
    expect(seen.signal).toBe('SIGKILL');
    expect(stderr).toMatch(/^mirrorasm: checked \d{5,} bytes, 0 differ$/m);
  });

  test('a report that cannot be written is named beforehand', () => {
    rmSync(report, { force: true });
    const { seen, stderr } = run(program, ['streams only'], { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
    expect(seen).toEqual(run(native, ['streams only']).seen);
    expect(seen.status).toBe(7);
    expect(stderr).toMatch(
      /^mirrorasm: the program enters a sandbox \(seccomp\) in which no report can be written$/m,
    );
    expect(existsSync(report) && readFileSync(report, 'utf8')).toBe('');
  });

  test.each(['handler before', 'handler after'])('%s a sandbox without rt_sigprocmask is refused', (how) => {
    expect(run(native, [how]).seen).toEqual({ status: 0, signal: null, stdout: 'handled 10\n' });
    const { seen, stderr } = run(program, [how]);
    expect(seen).toEqual({ status: 120, signal: null, stdout: '' });
    expect(stderr).toMatch(
      /cannot mirror this program: .*handlers.*rt_sigprocmask.*\n.*let the filter allow rt_sigprocmask/,
    );
  });

  if (kind === '-m64')
    test('a filter that leaves brk and takes mmap', () => {
      expect(run(native, ['brk without mmap']).seen).toMatchObject({ status: 0, stdout: 'memory\n' });
      const { seen, stderr } = run(program, ['brk without mmap'], { MIRROR_CHECK: 'exit' });
      expect(seen).toEqual({ status: 0, signal: null, stdout: 'no memory\n' });
      expect(stderr).toMatch(
        /^mirrorasm: the sandbox \(seccomp\) forbids mmap, which more memory needs for its mirror/m,
      );
      expect(stderr).toMatch(/^mirrorasm: checked \d{5,} bytes, 0 differ$/m);
    });
});
