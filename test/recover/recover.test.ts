// Lost pages come back: each kind of memory, both copies, in system calls, under threads, beside the program's own SIGBUS.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseElf } from '../../src/emulate/elf.js';

const driver = join(__dirname, '../../dist/mirrorcc.js');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-recover-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const causesIn = (report: { recovered: readonly { cause: string }[] }): string[] =>
  report.recovered.map(({ cause }) => cause);

const endedInWindow = (stderr: string): boolean =>
  /^mirrorasm: what was just being stored is lost, .*: nothing can bring it back$/m.test(stderr);

/** The runtime's own memory, part by part, as distances from __ehdr_start. */
function ownParts(program: string): { name: string; from: number; to: number }[] {
  const { symbols } = parseElf(readFileSync(program));
  const at = (symbol: string): number => symbols.find((one) => one.name === symbol)!.address;
  const [base, start, stop] = ['__ehdr_start', '__start_mirror_state', '__stop_mirror_state'].map(at);
  return symbols
    .filter(({ address, size }) => size > 0 && address >= start! && address < stop!)
    .map(({ name, address, size }) => ({ name, from: address - base!, to: address - base! + size }));
}

describe.each(['-m64', '-m32'])('%s', (size) => {
  const built = new Map<string, string>();
  const build = (name: string, ...parts: readonly string[]): string => {
    const known = built.get(name);
    if (known !== undefined) return known;
    const program = join(work, name + size);
    const source = join(__dirname, 'programs', `${name}.c`);
    execFileSync(driver, [size, '-O1', '-w', '-pthread', source, ...parts, '-o', program], { stdio: 'pipe' });
    built.set(name, program);
    return program;
  };

  /** Where mr_control is, as programs/lose.h takes it. */
  const control = (program: string): string => {
    const { symbols } = parseElf(readFileSync(program));
    const at = (symbol: string): number => symbols.find((one) => one.name === symbol)!.address;
    return (at('mr_control') - at('__ehdr_start')).toString(16);
  };

  /** Runs a program that loses pages of its own; with the check at exit. */
  const run = (name: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
    const program = build(name);
    const report = join(work, `${name}${size}.json`);
    rmSync(report, { force: true });
    const { status, signal, stdout, stderr } = spawnSync(program, [control(program), ...args], {
      encoding: 'utf8',
      timeout: 200_000,
      killSignal: 'SIGKILL', // one that hangs may do so with all others blocked
      maxBuffer: 1 << 26,
      env: { MIRROR_CHECK: 'exit', MIRROR_REPORT: report, ...env },
    });
    return { status, signal, stdout, stderr, report: () => JSON.parse(readFileSync(report, 'utf8')) };
  };

  test('every kind of memory, both copies, the frames that are running', () => {
    const done = run('kinds');
    expect(done).toMatchObject({
      status: 0,
      signal: null,
      stdout: 'written through a stream that was lost\n14 kinds\n',
    });
    const report = done.report();
    expect(report).toMatchObject({ bytesDiffering: 0, pagesLost: 0 });
    expect(report.recoveries).toBeGreaterThan(90);
    const kinds = new Set(
      report.recovered.map(({ kind, copy }: Record<string, string>) => `${kind} ${copy}`),
    );
    expect(causesIn(report)).toContain('BUS_ADRERR');
    for (const kind of ['data', 'heap', 'anonymous', 'shared', 'file', 'stack'])
      for (const copy of ['native', 'mirror']) expect(kinds).toContain(`${kind} ${copy}`);
    expect(done.stderr).toMatch(
      /^mirrorasm: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 0x[0-9a-f]+ data\+0 \(data\) was lost and is recovered from its mirror in \d+ us$/m,
    );
  });

  test('system calls do what they would have done, once', () => {
    const done = run('calls');
    expect(done).toMatchObject({ status: 0, signal: null, stdout: '31 calls\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, callsNotRetried: 2, pagesLost: 0 });
    expect(causesIn(done.report())).toContain('EFAULT');
  });

  const seed = String(Date.now() % 100_000);
  test.each(['native', 'mirror'])(`threads that work in the pages, seed ${seed}, %s`, (copy) => {
    const done = run('threads', [seed, copy]);
    expect(done).toMatchObject({ status: 0, signal: null, stdout: 'many lost, 0 wrong\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, pagesLost: 0 });
  });

  test('told of lost pages wherever its threads are', () => {
    const done = run('sent');
    expect(done).toMatchObject({ status: 0, signal: null, stdout: 'many lost, 0 wrong\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, pagesLost: 0 });
  });

  test('the page that a thread stands on in system calls, beside it', () => {
    let done = run('frames');
    // A called function copies its return address (docs/recovery.md, "Windows"): once in some thousand losses it is just about to.
    for (let n = 0; size === '-m32' && n < 4 && endedInWindow(done.stderr); n++) done = run('frames');
    expect(done).toMatchObject({ status: 0, signal: null, stdout: '300 lost\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, pagesLost: 0 });
  });

  test('calls that wait go on waiting', () => {
    const done = run('waits');
    expect(done).toMatchObject({ status: 0, signal: null, stdout: '15 calls\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, pagesLost: 0, recoveries: 75 });
  });

  test.each([
    ['native', 4],
    ['mirror', 10],
  ])('before an atomic operation touches the %s page', (copy, instructions) => {
    const at = join(work, 'at');
    execFileSync('gcc', ['-O2', '-Wall', '-Werror', join(__dirname, '../signals/at.c'), '-o', at]);
    const program = build('atomic');
    const { stdout, status } = spawnSync(at, ['-b', program, control(program), copy], {
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\n$/) });
    expect(Number(stdout)).toBeGreaterThan(instructions);
  });

  test('the program has its own SIGBUS, and ends by it as it would', () => {
    expect(run('handlers')).toMatchObject({
      status: null,
      signal: 'SIGBUS',
      stdout: 'as without the runtime\n',
    });
  });

  test('the program has its own SIGBUS in one thread, and pages are lost in another', () => {
    const done = run('race');
    expect(done).toMatchObject({ status: 0, signal: null, stdout: '300 lost\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, pagesLost: 0 });
  });

  test('a SIGBUS for the runtime’s own thread', () => {
    const done = run('scrubbed', [], { MIRROR_SCRUB: '1h' });
    expect(done).toMatchObject({ status: 0, signal: null, stdout: '5 seen\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, pagesLost: 0, recoveries: 5 });
  });

  test('both copies lost: a message, then the default action', () => {
    const done = run('handlers', ['both']);
    expect(done).toMatchObject({ status: null, signal: 'SIGBUS' });
    expect(done.stderr).toMatch(
      / 0x[0-9a-f]+ \[heap\]\+\d+ \(heap\) is lost, and so is its mirror: nothing can bring it back\n$/,
    );
  });

  /** Built with the part that loses pages without the runtime's knowledge. */
  const buildWithNative = (name: string): string => {
    const part = join(work, `own-native${size}.o`);
    const source = join(__dirname, 'programs/own-native.c');
    execFileSync('gcc', [size, '-O2', '-fPIE', '-c', source, '-o', part]);
    return build(name, part);
  };
  /** From __ehdr_start on. The stacks hold what nobody else knows while they are in use. */
  const ownPages = (program: string, named: (name: string) => boolean): string[] =>
    ownParts(program)
      .filter(({ name }) => named(name))
      .flatMap(({ from, to }) =>
        Array.from({ length: Math.ceil((to - from) / 4096) }, (_, i) => (from + 4096 * i).toString(16)),
      );

  test('the stack that a thread has for SIGBUS, while it is not used', () => {
    buildWithNative('idle');
    const done = run('idle');
    expect(done).toMatchObject({ status: 0, signal: null, stdout: '5 lost\n' });
    expect(done.report()).toMatchObject({ bytesDiffering: 0, pagesLost: 0 });
  });

  test('pages of the runtime’s own memory, one after the other', () => {
    const pages = ownPages(
      buildWithNative('own'),
      (name) => name !== 'fixed_stacks' && name !== 'mr_checker_stack',
    );
    expect(pages.length).toBeGreaterThan(50);
    const tablePages = size === '-m64' ? 24 : 12; // of 2048 rows, and of their twins
    const done = run('own', [pages.join(',')]);
    expect(done).toMatchObject({ status: 0, signal: null, stdout: `${pages.length} pages\n` });
    expect(done.stderr).toContain(
      "mirrorasm: a page of the runtime's own memory was lost and is recovered\n",
    );
    const report = done.report();
    expect(report).toMatchObject({
      bytesDiffering: 0,
      pagesLost: 0,
      // A page of the program's after each and at the start, and one of data that nobody reads before the check.
      recoveries: pages.length + 2 + tablePages,
    });
    expect(report.ownPagesRecovered).toBeGreaterThan(50);
  });

  test('a page of the runtime’s own memory that is being changed: a message, then the default action', () => {
    const program = buildWithNative('own');
    const pages = ownPages(program, (name) => name === 'mr_state');
    const [{ from = 0 } = {}] = ownParts(program).filter(({ name }) => name === 'mr_twin');
    const changing = from + (size === '-m64' ? 24 : 16); // behind lock, threads, ctid, locks (runtime/mr.h)
    expect(run('own', [pages.slice(1, 2).join(), changing.toString(16)])).toMatchObject({
      status: null,
      signal: 'SIGBUS',
      stdout: '',
      stderr: expect.stringMatching(
        /^mirrorasm: a page of the runtime's own memory is lost: nothing can bring it back$/m,
      ),
    });
  });
});
