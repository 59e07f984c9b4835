// Signals at every place of mirrored code, what programs see of them, and what debuggers see of programs that they end.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc.js');
const programs = join(__dirname, 'programs');
const hazards = join(__dirname, '../hazards/programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-signals-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Its waits and handlers are for its own signals: it fails natively, too. */
const notUnderStorm = new Set(['kernel.c']);

interface Built {
  readonly native: string;
  readonly mirrored: string;
}

function build(sources: readonly string[], name: string, options: readonly string[]): Built {
  const base = join(work, name + options.join(''));
  const flags = [...options, '-w', '-pthread', '-frounding-math', ...sources, '-lm'];
  execFileSync('gcc', [...flags, '-o', `${base}.native`]);
  execFileSync(driver, [...flags, '-o', `${base}.mirrored`]);
  return { native: `${base}.native`, mirrored: `${base}.mirrored` };
}

interface Outcome {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
}

function run(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Outcome {
  const { status, signal, stdout } = spawnSync(program, args, {
    cwd: work,
    encoding: 'utf8',
    timeout: 200_000,
    env: { ...process.env, ...env },
  });
  return { status, signal, stdout };
}

/** Runs a mirrored program and every process that it forks with the check at exit: nothing may differ in any. */
function runChecked(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Outcome {
  const reports = mkdtempSync(join(work, 'reports-'));
  const result = run(program, args, { MIRROR_CHECK: 'exit', MIRROR_REPORT: `${reports}/%p`, ...env });
  const found = readdirSync(reports).map((file) => JSON.parse(readFileSync(join(reports, file), 'utf8')));
  expect(found.length).toBeGreaterThan(0);
  expect(found.flatMap(({ differences }) => differences)).toEqual([]);
  expect(found.reduce((sum, { bytesChecked }) => sum + bytesChecked, 0)).toBeGreaterThan(4096);
  return result;
}

describe.each(['-m64', '-m32'])('%s', (size) => {
  test.each(['-O1', '-O3'])('what a program sees of its signals, %s', (level) => {
    const { native, mirrored } = build([join(programs, 'semantics.c')], 'semantics', [size, level]);
    const expected = run(native);
    expect(expected).toMatchObject({ status: 0, signal: null });
    expect(runChecked(mirrored)).toEqual(expected);
  });

  // With -msse2 no vector register is known to be dead: what is kept is kept on the stack.
  const seed = String(Date.now() % 100_000);
  test.each([
    ['-O2', '-DSTORES'],
    ['-Os', '-DSTORES'],
    ['-O2', '-DSTORES', '-msse2', '-mfpmath=387'],
    ['-O2', '-DSTRINGS'],
  ])(`in the middle of a store, a copy, a call, seed ${seed}: %s %s`, (...options) => {
    const { mirrored } = build([join(programs, 'every-step.c')], 'every-step', [size, ...options]);
    for (const how of ['leave', 'return'])
      expect(runChecked(mirrored, [how, seed])).toEqual({
        status: 0,
        signal: null,
        stdout: 'many signals, 0 bad\n',
      });
  });

  test('handlers of many threads that never return', () => {
    const { native, mirrored } = build([join(programs, 'threads.c')], 'threads', [size, '-O2']);
    const expected = { status: 0, signal: null, stdout: 'done\n' };
    expect(run(native)).toEqual(expected);
    for (let times = 0; times < 5; times++) expect(runChecked(mirrored)).toEqual(expected);
  });

  test('a storm of signals during the programs of the hazards', () => {
    const counts = join(work, `storm${size}`);
    for (const name of readdirSync(hazards)) {
      if (notUnderStorm.has(name) || (size === '-m32' && name === 'red-zone.c')) continue;
      const sources = [join(hazards, name), join(programs, 'storm.c')];
      const { native, mirrored } = build(sources, name, [size, '-O2']);
      const expected = run(native);
      for (let times = 0; times < 3; times++) {
        const { status, stdout } = runChecked(mirrored, [], { STORM: counts });
        expect({ name, status, stdout }).toEqual({ name, status: expected.status, stdout: expected.stdout });
      }
    }
    const signals = readFileSync(counts, 'utf8').trim().split('\n').map(Number);
    expect(signals.reduce((a, b) => a + b, 0)).toBeGreaterThan(50);
  });

  describe('signals that end a program', () => {
    const names = [
      'SIGTERM',
      'SIGSEGV',
      'SIGFPE',
      'SIGILL',
      'SIGABRT',
      'SIGKILL',
      'SIGUSR2',
      'SIGPIPE',
    ] as const;
    const both = (): Built => build([join(programs, 'end.c')], 'end', [size, '-O2', '-g']);
    test('end it as they do natively', () => {
      const { native, mirrored } = both();
      for (const name of names) {
        const number = String(constants.signals[name]);
        expect({ name, ...run(native, [number]) }).toMatchObject({ name, signal: name });
        expect(run(mirrored, [number])).toEqual(run(native, [number]));
      }
    });

    const gdb = (args: readonly string[], cwd: string): string =>
      spawnSync('gdb', ['-q', '-nx', '-batch', ...args], { cwd, encoding: 'utf8', timeout: 60_000 }).stdout;
    const chain = /inner[^\n]*\n(.*\n)*.*outer[^\n]*\n(.*\n)*.*main/;

    // The kernel may be told to hand core files to a program of the system: gdb writes one then.
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
    test('leave a core file with true backtraces and variables', () => {
      const { mirrored } = both();
      const folder = mkdtempSync(join(work, 'core-'));
      if (/^[\w.%]+$/.test(pattern)) {
        spawnSync('sh', ['-c', `ulimit -c unlimited; "$0" ${constants.signals.SIGSEGV}`, mirrored], {
          cwd: folder,
        });
      } else {
        const made = `generate-core-file ${join(folder, 'core')}`;
        gdb(['-ex', 'run', '-ex', made, '--args', mirrored, String(constants.signals.SIGSEGV)], folder);
      }
      const [core] = readdirSync(folder);
      expect(core).toBeDefined();
      const told = gdb(['-ex', 'bt', '-ex', 'print told', mirrored, join(folder, core ?? '')], folder);
      expect(told).toMatch(chain);
      expect(told).toMatch(/\$1 = 42/);
    });

    test('a debugger attaches, reads, and lets the program go on', async () => {
      const { mirrored } = both();
      const folder = mkdtempSync(join(work, 'attached-'));
      mkdirSync(folder, { recursive: true });
      const report = join(folder, 'report');
      const child = spawn(mirrored, ['0'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
      });
      let said = '';
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      await new Promise<void>((resolve) =>
        child.stdout.on('data', (data: Buffer) => {
          said += data.toString();
          if (said.includes('ready')) resolve();
        }),
      );
      const told = gdb(['-p', String(child.pid), '-ex', 'bt', '-ex', 'print told', '-ex', 'detach'], folder);
      expect(told).toMatch(chain);
      expect(told).toMatch(/\$1 = 42/);
      child.kill('SIGUSR1');
      expect(await ended).toBe(0);
      expect(said).toBe('ready\n1\n');
      expect(existsSync(report)).toBe(true);
      expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ bytesDiffering: 0 });
    });
  });
});
