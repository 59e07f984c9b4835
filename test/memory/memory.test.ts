// Memory calls: a mirror for all native memory and no more, the same bytes in both, and what limits and sandboxes do.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc.js');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-memory-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function run(
  program: string,
  args: readonly string[],
  wrap: readonly string[] = [],
  options: Readonly<Record<string, string>> = {},
) {
  const report = join(work, 'report.json');
  rmSync(report, { force: true });
  const [command = '', ...rest] = [...wrap, program, ...args];
  const { status, signal, stdout, stderr } = spawnSync(command, rest, {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report, ...options },
  });
  return { status, signal, stdout, stderr, report };
}
const differences = (report: string): unknown => JSON.parse(readFileSync(report, 'utf8')).differences;

/** Sees that so many huge pages are free; gives why they are not, and what puts the machine back. */
function hugePages(count: number): { readonly reason: string; readonly restore: () => void } {
  const setting = '/proc/sys/vm/nr_hugepages';
  const nothing = (): void => undefined;
  const free = (): number =>
    Number(/^HugePages_Free: +(\d+)$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
  if (!existsSync(setting)) return { reason: 'this kernel has no huge pages', restore: nothing };
  if (!/^Hugepagesize: +2048 kB$/m.test(readFileSync('/proc/meminfo', 'utf8')))
    return { reason: 'huge pages are not of 2 MiB here', restore: nothing };
  if (free() >= count) return { reason: '', restore: nothing };
  const before = readFileSync(setting, 'utf8');
  try {
    writeFileSync(setting, String(Number(before) + count));
  } catch {
    return {
      reason: `this user may not change vm.nr_hugepages, which is ${before.trim()}`,
      restore: nothing,
    };
  }
  return {
    reason: free() >= count ? '' : 'the machine has no room for huge pages',
    restore: () => writeFileSync(setting, before),
  };
}

const commit = join(work, 'commit');

/** The setting is the whole machine's: only where the machine is the test's own (MIRROR_TEST_MACHINE=1) it is really made. */
function strictCommit(size: string): {
  readonly wrap: readonly string[];
  readonly refusedMebibytes: number;
  readonly restore: () => void;
} {
  const setting = '/proc/sys/vm/overcommit_memory';
  if (process.env['MIRROR_TEST_MACHINE'] !== '1' || size === '-m32') {
    process.stderr.write(
      `vm.overcommit_memory=2, ${size}: by a filter of system calls that refuses what is much\n`,
    );
    return { wrap: [commit], refusedMebibytes: 64, restore: () => undefined };
  }
  const before = readFileSync(setting, 'utf8');
  writeFileSync(setting, '2');
  return { wrap: [], refusedMebibytes: 1 << 20, restore: () => writeFileSync(setting, before) };
}

/** A new group of this process' own memory cgroup, of either version, with so much memory; or why there is none. */
function memoryGroup(mebibytes: number): { readonly folder: string } | { readonly reason: string } {
  const [, type = '', own = ''] =
    /^\d+:(memory|):(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
  const mounts = readFileSync('/proc/mounts', 'utf8');
  const pattern = type === 'memory' ? /^\S+ (\S+) cgroup \S*\bmemory\b/m : /^\S+ (\S+) cgroup2 /m;
  const mount = pattern.exec(mounts)?.[1];
  if (mount === undefined) return { reason: 'no memory cgroup is mounted' };
  const folder = join(mount, own, `mirrorasm-test-${process.pid}`);
  try {
    mkdirSync(folder);
  } catch (error) {
    return { reason: `no group can be made in ${join(mount, own)}: ${String(error)}` };
  }
  const set = (name: string, bytes: number): boolean => {
    try {
      writeFileSync(join(folder, name), String(bytes));
      return true;
    } catch {
      return false;
    }
  };
  const bytes = mebibytes << 20;
  const limited = type === 'memory' ? set('memory.limit_in_bytes', bytes) : set('memory.max', bytes);
  // Without swap, where it is accounted.
  if (type === 'memory') set('memory.memsw.limit_in_bytes', bytes);
  else set('memory.swap.max', 0);
  if (limited) return { folder };
  rmdirSync(folder);
  return { reason: 'the group has no limit of memory' };
}

describe.each(['-m64', '-m32'])('%s', (size) => {
  const model = join(work, `model${size}`);
  const kinds = join(work, `kinds${size}`);
  const huge = join(work, `huge${size}`);
  const limits = join(work, `limits${size}`);
  beforeAll(() => {
    execFileSync(driver, [size, '-O1', '-w', join(programs, 'model.c'), '-o', model]);
    execFileSync(driver, [size, '-O1', '-w', join(programs, 'kinds.c'), '-o', kinds]);
    execFileSync('gcc', [size, '-O1', '-w', '-DNATIVE', join(programs, 'kinds.c'), '-o', `${kinds}.native`]);
    const source = [size, '-O1', '-w', '-pthread', join(programs, 'limits.c'), '-o'];
    execFileSync(driver, [...source, limits]);
    execFileSync('gcc', [...source, `${limits}.native`]);
    if (size === '-m64') execFileSync(driver, ['--mirror-libc=glibc', ...source, `${limits}.glibc`]);
    execFileSync('gcc', ['-O1', join(programs, 'commit.c'), '-o', commit]);
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

  test('code made at run time is refused, or named', () => {
    const code = join(work, `code${size}`);
    const source = [size, '-O1', join(programs, 'code.c'), '-o'];
    execFileSync(driver, [...source, code]);
    execFileSync('gcc', [...source, `${code}.native`]);
    const natively = execFileSync(`${code}.native`, { encoding: 'utf8' });
    expect(natively.match(/: made$/gm)).toHaveLength(7);
    const escapes = (report: string): unknown => JSON.parse(readFileSync(report, 'utf8')).escapes;
    const calls = [
      { name: 'mmap-executable', count: 2 },
      { name: 'mprotect-executable', count: 2 },
      { name: 'shmat-executable', count: 1 },
    ];
    const refused = run(code, []);
    expect(refused.stdout).toBe(
      natively
        .replace(/^written: .*\n/gm, '')
        .replace(/(executable|executable later|code|own code, writable): made/g, '$1: Permission denied'),
    );
    expect(escapes(refused.report)).toEqual(calls.map((call) => ({ kind: 'refused', ...call })));
    expect(differences(refused.report)).toEqual([]);
    const allowed = run(code, [], [], { MIRROR_JIT: '1' });
    expect(allowed.stdout).toBe(natively);
    expect(JSON.stringify(escapes(allowed.report)).match(/"unmirrored-code"/g)).toHaveLength(3);
    expect(differences(allowed.report)).toHaveLength(1);
  });

  if (size === '-m64')
    test('a stack grows to its limit, and beyond it when the program raises it', () => {
      const { status, stdout, report } = run(kinds, ['deep']);
      expect({ status, stdout }).toEqual({ status: 0, stdout: '1500\nraised 0\n10000\n' });
      expect(differences(report)).toEqual([]);
    });

  test('huge pages', () => {
    for (const [compiler, options, output] of [
      ['gcc', ['-DNATIVE'], `${huge}.native`],
      [driver, [], huge],
    ] as const)
      execFileSync(compiler, [size, '-O1', '-w', ...options, join(programs, 'huge.c'), '-o', output]);
    const pages = hugePages(8);
    try {
      const expected = execFileSync(`${huge}.native`, { encoding: 'utf8' });
      const { status, stdout, report } = run(huge, []);
      expect({ status, stdout }).toEqual({ status: 0, stdout: expected });
      expect(differences(report)).toEqual([]);
      if (pages.reason === '') expect(stdout.match(/same 1, given back 0$/gm)).toHaveLength(5);
      else process.stderr.write(`huge pages, ${size}: refused alike only: ${pages.reason}\n`);
    } finally {
      pages.restore();
    }
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
  test('memory up to a limit of address space', () => {
    const expected = run(`${limits}.native`, ['grow'], limited('ulimit -v 400000')).stdout;
    const { status, stdout, report } = run(limits, ['grow'], limited('ulimit -v 400000'));
    expect({ status, stdout }).toEqual({ status: 0, stdout: expected });
    expect(expected).toMatch(/^mmap ends: 1, mremap: 1, malloc: 1, again: 1$/m);
    expect(differences(report)).toEqual([]);
  });

  test('a system that promises no more than it has (vm.overcommit_memory=2)', () => {
    const machine = strictCommit(size);
    try {
      const args = ['single', String(machine.refusedMebibytes)];
      const expected = run(`${limits}.native`, args, machine.wrap).stdout;
      const { status, stdout, report } = run(limits, args, machine.wrap);
      expect({ status, stdout }).toEqual({ status: 0, stdout: expected });
      expect(expected).toBe('mmap: 1, made writable: 1, a part: 0, mremap: 1, thread: 1\n');
      expect(differences(report)).toEqual([]);
      if (size === '-m64') {
        const { status: refused, stdout: nothing, stderr } = run(`${limits}.glibc`, args, machine.wrap);
        expect({ refused, nothing }).toEqual({ refused: 120, nothing: '' });
        expect(stderr).toMatch(
          /^mirrorasm: cannot mirror this program: no room .*\n.*vm\.overcommit_memory=0 or 1/,
        );
      }
    } finally {
      machine.restore();
    }
  });

  test('a small cgroup', () => {
    const group = memoryGroup(64);
    if ('reason' in group) {
      process.stderr.write(`cgroup, ${size}: not tried: ${group.reason}\n`);
      return;
    }
    const within = limited(`echo $$ > ${group.folder}/cgroup.procs`);
    try {
      const { status, stdout, report } = run(limits, ['touch', '20'], within);
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'touched 1\n' });
      expect(differences(report)).toEqual([]);
      // Twice as much memory is what a mirrored program needs: what fits natively may not fit then, and the kernel ends it.
      expect(run(`${limits}.native`, ['touch', '44'], within)).toMatchObject({
        status: 0,
        stdout: 'touched 1\n',
      });
      expect(run(limits, ['touch', '44'], within)).toMatchObject({ signal: 'SIGKILL', stdout: '' });
    } finally {
      rmdirSync(group.folder);
    }
  });

  test('a legacy layout', () => {
    const { status, stdout, stderr } = run(model, ['1'], ['setarch', '-L']);
    if (size === '-m32') expect({ status, stdout }).toEqual({ status: 0, stdout: 'as the model says\n' });
    else {
      expect({ status, stdout }).toEqual({ status: 120, stdout: '' });
      expect(stderr).toMatch(/cannot mirror this program: .*\n.*setarch -L/);
    }
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
