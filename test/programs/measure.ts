// One program: built natively and mirrored, its own tests run by both, then the same work by turns, timed.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/tools.mjs';
import { buildAndRun, compare, variablesOf } from '../suites/run.js';
import { shell } from '../suites/shell.js';
import type { Case, Check, Side, Verdict, Width } from '../suites/types.js';
import { nativeHeaders } from './headers.js';
import { freePort } from './port.js';
import type { Program } from './rows.js';

/** What one round of the load used. */
interface Usage {
  /** User and system time in seconds, for a unit of work. */
  readonly cpu: number;
  /** Highest resident set in kilobytes. */
  readonly peak: number;
}

/** The load with a check of the running processes every so often (MIRROR_CHECK=<interval>), summed over the processes. */
export interface Watched {
  readonly checks: number;
  readonly bytesChecked: number;
  readonly bytesDiffering: number;
}

export interface Measured {
  readonly program: Program;
  readonly width: Width;
  readonly verdict: Verdict;
  readonly passed: Readonly<Record<Side, number>>;
  readonly check: Check | null;
  readonly watched: Watched | null;
  /** Mirrored to native, one number a round. */
  readonly time: readonly number[];
  readonly memory: readonly number[];
}

const sides = ['native', 'mirrored'] as const;
const loadSeconds = 600;

export function caseOf(program: Program, width: Width): Case {
  const prelude = `. ${join(root, 'test/programs/prelude.sh')}\n`;
  return {
    suite: 'programs',
    name: program.name,
    level: '-O2',
    width,
    sources: [program.source],
    generated: null,
    program: null,
    build: `export CPATH=${nativeHeaders()}\n${program.build}`,
    run: `${prelude}${program.tests}`,
    seconds: program.seconds,
    excluded: '',
  };
}

async function load(
  program: Program,
  one: Case,
  side: Side,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Usage> {
  const work = join(folder, 'work');
  rmSync(join(work, 'usage.out'), { force: true });
  const text = `. ${join(root, 'test/programs/prelude.sh')}\n${program.load}`;
  const variables = { ...variablesOf(one, side, folder), ...more, PORT: String(await freePort()) };
  const { exitCode, timedOut, stderr } = await shell(text, work, variables, loadSeconds);
  if (timedOut) throw new Error(`the load of ${program.name} takes too long (${side})`);
  const usage = { cpu: 0, peak: 0, work: 1 };
  const left = join(work, 'usage.out');
  for (const line of (existsSync(left) ? readFileSync(left, 'utf8') : '').split('\n')) {
    const [key, ...values] = line.split(' ');
    const numbers = values.map(Number);
    if (key === 'cpu') usage.cpu += numbers.reduce((sum, value) => sum + value, 0);
    else if (key === 'peak') usage.peak = Math.max(usage.peak, numbers[0] ?? 0);
    else if (key === 'work') usage.work = numbers[0] ?? 1;
  }
  if (!(usage.cpu > 0 && usage.peak > 0 && usage.work > 0))
    throw new Error(`the load of ${program.name} (${side}) ends with ${exitCode}: ${stderr.slice(-500)}`);
  return { cpu: usage.cpu / usage.work, peak: usage.peak };
}

interface IntervalReport {
  readonly intervalChecks: number;
  readonly intervalBytesChecked: number;
  readonly intervalBytesDiffering: number;
  readonly bytesDiffering: number;
}

async function watch(program: Program, one: Case, folder: string, interval: string): Promise<Watched> {
  const reports = join(folder, 'watched');
  mkdirSync(reports);
  await load(program, one, 'mirrored', folder, {
    MIRROR_CHECK: interval,
    MIRROR_REPORT: join(reports, '%p.json'),
  });
  const all = readdirSync(reports).map(
    (name) => JSON.parse(readFileSync(join(reports, name), 'utf8')) as IntervalReport,
  );
  const sum = (of: (report: IntervalReport) => number): number =>
    all.reduce((total, report) => total + of(report), 0);
  return {
    checks: sum(({ intervalChecks }) => intervalChecks),
    bytesChecked: sum(({ intervalBytesChecked }) => intervalBytesChecked),
    bytesDiffering: sum(
      ({ intervalBytesDiffering, bytesDiffering }) => intervalBytesDiffering + bytesDiffering,
    ),
  };
}

/** A verdict without a fault, judged again by what the checks at intervals found. */
function judgeWatched(verdict: Verdict, watched: Watched | null): Verdict {
  if (watched === null || verdict.kind !== 'same') return verdict;
  if (watched.bytesDiffering > 0)
    return {
      kind: 'differs',
      reason: 'bytes differ while it runs',
      message: `${watched.bytesDiffering} bytes`,
    };
  if (watched.checks === 0)
    return {
      kind: 'differs',
      reason: 'nothing was checked while it ran',
      message: 'the load is shorter than the interval',
    };
  return verdict;
}

/**
 * Builds, tests and times a program.
 *
 * @param rounds how often the load is run by both, by turns; 0: not at all
 * @param interval how often the processes of one more load are checked while they run; empty: not at all
 * @param keep whether the folders stay; their names are printed
 */
export async function measure(
  program: Program,
  width: Width,
  rounds: number,
  interval: string,
  keep: boolean,
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), `mirrorasm-${program.name}-`));
  if (keep) process.stderr.write(`${program.name}, ${width} bits: ${folder}\n`);
  const one = caseOf(program, width);
  const folders = { native: join(folder, 'native'), mirrored: join(folder, 'mirrored') };
  try {
    const passed = { native: 0, mirrored: 0 };
    const [native, mirrored] = [
      await buildAndRun(
        { ...one, run: `export PORT=${await freePort()}\n${one.run}` },
        'native',
        folders.native,
      ),
      await buildAndRun(
        { ...one, run: `export PORT=${await freePort()}\n${one.run}` },
        'mirrored',
        folders.mirrored,
      ),
    ];
    const verdict: Verdict =
      native.buildError === '' && native.exitCode === 0
        ? compare(native, mirrored)
        : {
            kind: 'excluded',
            reason: native.buildError === '' ? `exits with ${native.exitCode} natively` : native.buildError,
          };
    for (const side of sides)
      if ((side === 'native' ? native : mirrored).buildError === '')
        passed[side] = readFileSync(join(folders[side], 'output'), 'latin1')
          .split('\n')
          .filter((line) => program.passed.test(line)).length;
    const time: number[] = [];
    const memory: number[] = [];
    for (let round = 0; round < rounds && verdict.kind === 'same'; round++) {
      // The one that goes first takes turns, too.
      const order = round % 2 === 0 ? sides : ([...sides].reverse() as (typeof sides)[number][]);
      const used: Partial<Record<Side, Usage>> = {};
      for (const side of order) used[side] = await load(program, one, side, folders[side]);
      if (used.native && used.mirrored) {
        time.push(used.mirrored.cpu / used.native.cpu);
        memory.push(used.mirrored.peak / used.native.peak);
      }
    }
    const watched =
      interval !== '' && verdict.kind === 'same'
        ? await watch(program, one, folders.mirrored, interval)
        : null;
    return {
      program,
      width,
      verdict: judgeWatched(verdict, watched),
      passed,
      check: mirrored.check,
      watched,
      time,
      memory,
    };
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}
