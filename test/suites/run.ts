// One case: built and run natively, built and run mirrored, compared.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { codeBytes } from './code-bytes.js';
import { shell } from './shell.js';
import { known, remember } from './store.js';
import { commandOf } from './toolchain.js';
import { buildWarm, sameByDriver } from './warm.js';
import type { Case, Check, Counts, Outcome, Side, Verdict } from './types.js';

const buildSeconds = 1800;
const generateSeconds = 600;
/** A mirrored run may take this many times as long as a native one: the machine may be busy. */
const patience = 5;

export async function judge(one: Case, fresh: boolean): Promise<Verdict> {
  if (one.excluded !== '') return { kind: 'excluded', reason: one.excluded };
  const missing = await generate(one);
  if (missing !== '') return { kind: 'excluded', reason: missing };
  const native = await outcomeOf(one, 'native', fresh);
  remember(one, 'native', native);
  const unfit = whyUnfit(native);
  if (unfit !== '') return { kind: 'excluded', reason: unfit };
  const mirrored = await outcomeOf(one, 'mirrored', fresh);
  const verdict = compare(native, mirrored);
  // What is not right is looked at again the next time.
  if (verdict.kind === 'same') remember(one, 'mirrored', mirrored);
  return verdict;
}

const generating = new Map<string, Promise<string>>();

/** Makes the source where it has to be made; gives the reason when it cannot be. */
export function generate({ generated }: Case): Promise<string> {
  if (generated === null || existsSync(generated.path)) return Promise.resolve('');
  const { path, command } = generated;
  let running = generating.get(path);
  if (running === undefined) {
    running = make(path, command);
    generating.set(path, running);
  }
  return running;
}

async function make(path: string, command: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-suites-'));
  const ended = await shell(command, folder, {}, generateSeconds);
  rmSync(folder, { recursive: true, force: true });
  if (ended.timedOut) return 'its generator takes too long';
  if (ended.exitCode !== 0) return `its generator fails: ${firstError(ended.stderr)}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}.partial`, ended.stdout, 'latin1');
  renameSync(`${path}.${process.pid}.partial`, path);
  return '';
}

/** Only a case that ends well natively can show anything. */
function whyUnfit(native: Outcome): string {
  if (native.buildError !== '') return 'does not build natively';
  if (native.timedOut) return 'takes too long natively';
  if (native.signal !== null) return `ends with ${native.signal} natively`;
  return native.exitCode === 0 ? '' : `exits with ${native.exitCode} natively`;
}

/** What two outcomes of one case say. */
export function compare(native: Outcome, mirrored: Outcome): Verdict {
  const differs = (reason: string, message: string): Verdict => ({ kind: 'differs', reason, message });
  if (mirrored.buildError !== '') {
    const refusal = /error\[(M\d+)\]: (.*)/.exec(mirrored.buildError);
    return refusal
      ? {
          kind: 'refused',
          reason: `${refusal[1]}: ${general(refusal[2] ?? '')}`,
          message: mirrored.buildError,
        }
      : differs('does not build', mirrored.buildError);
  }
  if (mirrored.timedOut) return differs('takes too long', '');
  const { check } = mirrored;
  if (check && check.bytesDiffering > 0)
    return differs('bytes differ', `${check.bytesDiffering} bytes: ${check.differences.join(', ')}`);
  const end = ({ exitCode, signal }: Outcome): string => signal ?? `exit code ${exitCode}`;
  if (end(mirrored) !== end(native))
    return differs(`ends with ${end(mirrored)}`, `natively ${end(native)}\n${mirrored.head}`);
  if (mirrored.output !== native.output)
    return differs('output', `natively:\n${native.head}\nmirrored:\n${mirrored.head}`);
  if (!check || check.reports === 0) return differs('nothing was checked', 'no report of the check at exit');
  if (mirrored.sameByDriver === false)
    return differs('another program', 'mirrorcc does not make what the pass in this process makes');
  if (check.bytesChecked === 0 || !mirrored.counts)
    return differs('nothing was checked', 'no byte was compared, or no object rewritten');
  return { kind: 'same', native, mirrored };
}

/** A message without the names in it. */
const general = (message: string): string => message.replace(/'[^']*'/g, "'...'");

async function outcomeOf(one: Case, side: Side, fresh: boolean): Promise<Outcome> {
  const old = fresh ? undefined : known(one, side);
  if (old) return old;
  const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-suites-'));
  try {
    return await buildAndRun(one, side, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds and runs one side in `folder`, which is made if need be. */
export async function buildAndRun(one: Case, side: Side, folder: string): Promise<Outcome> {
  const work = join(folder, 'work');
  const reports = join(folder, 'reports');
  mkdirSync(reports, { recursive: true });
  const built = await buildSide(one, side, folder);
  if (built.error !== '')
    return {
      buildError: built.error,
      exitCode: null,
      signal: null,
      timedOut: false,
      output: '',
      head: '',
      codeBytes: 0,
      counts: null,
      check: null,
      sameByDriver: null,
    };
  const variables = variablesOf(one, side, folder);
  const checking = { MIRROR_CHECK: 'exit', MIRROR_REPORT: join(reports, '%p.json') };
  const ended = await shell(
    one.run,
    work,
    side === 'mirrored' ? { ...variables, ...checking } : variables,
    side === 'mirrored' ? patience * one.seconds : one.seconds,
  );
  // The check's own lines are no output of the program; nor is where the folder happens to be, or which compiler make names.
  const output = `${ended.stdout}\n${ended.stderr}`
    .replace(/^mirrorasm: .*\n/gm, '')
    // Addresses differ from run to run.
    .replace(/0x[0-9a-f]{6,}/g, '0x')
    .replaceAll(folder, '')
    .replaceAll(variables['CC'] ?? '', 'CC');
  writeFileSync(join(folder, 'output'), output, 'latin1');
  return {
    buildError: '',
    exitCode: ended.exitCode,
    signal: ended.signal,
    timedOut: ended.timedOut,
    output: createHash('sha256').update(output).digest('hex').slice(0, 24),
    head: output.slice(0, 1000),
    codeBytes: codeBytes(folder),
    counts: side === 'mirrored' ? (built.counts ?? readCounts(join(folder, 'counts'))) : null,
    check: side === 'mirrored' ? readReports(reports) : null,
    sameByDriver: built.sameByDriver,
  };
}

export interface Build {
  readonly error: string;
  readonly counts: Counts | null;
  readonly sameByDriver: boolean | null;
}

/** One case in so many is built by mirrorcc, too. */
const byDriverToo = 25;

/** What the case's shell texts find in their environment. */
export const variablesOf = (one: Case, side: Side, folder: string): Readonly<Record<string, string>> => ({
  CC: commandOf(side, one.width),
  CFLAGS: `${one.level} -w`,
  TMPDIR: join(folder, 'tmp'),
  LC_ALL: 'C',
  ...(side === 'mirrored' ? { MIRROR_STATS: join(folder, 'counts') } : {}),
});

/** Builds one side in `folder`/work. */
export async function buildSide(one: Case, side: Side, folder: string): Promise<Build> {
  const work = join(folder, 'work');
  for (const name of ['work', 'counts', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  const variables = variablesOf(one, side, folder);
  if (side === 'mirrored' && one.program) {
    const { error, counts } = await buildWarm(one, one.program, work, variables);
    if (error !== '') return { error: firstError(error), counts, sameByDriver: null };
    const chosen = createHash('sha256').update(one.name).digest().readUInt32LE(0) % byDriverToo === 0;
    return { error, counts, sameByDriver: chosen ? await sameByDriver(one, folder, variables) : null };
  }
  const { exitCode, timedOut, stdout, stderr } = await shell(one.build, work, variables, buildSeconds);
  const error = exitCode === 0 ? '' : timedOut ? 'the build takes too long' : firstError(stderr + stdout);
  return { error, counts: null, sameByDriver: null };
}

/** The first line that says `error`, with the line behind it. */
function firstError(text: string): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => /error|undefined reference|cannot/i.test(line));
  return (at < 0 ? lines.slice(0, 3) : lines.slice(at, at + 2)).join('\n').slice(0, 600) || 'failed silently';
}

function jsonFilesIn<T>(folder: string): T[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T);
}

function readCounts(folder: string): Counts {
  const sum = { native: 0, inserted: 0, sites: 0 };
  for (const one of jsonFilesIn<Counts>(folder)) {
    sum.native += one.native;
    sum.inserted += one.inserted;
    sum.sites += one.sites;
  }
  return sum;
}

interface Report {
  readonly bytesChecked: number;
  readonly bytesDiffering: number;
  readonly differences: readonly {
    readonly symbol: string;
    readonly offset: number;
    readonly length: number;
  }[];
  readonly escapes: readonly { readonly kind: string; readonly name: string }[];
  /** Of dynamically linked programs. */
  readonly unknownFunctions?: readonly string[];
}

/** Sums up the reports of the check at exit that a run has left (MIRROR_REPORT). */
export function readReports(folder: string): Check {
  const reports = jsonFilesIn<Report>(folder);
  const sum = (key: 'bytesChecked' | 'bytesDiffering'): number =>
    reports.reduce((all, report) => all + report[key], 0);
  return {
    reports: reports.length,
    bytesChecked: sum('bytesChecked'),
    bytesDiffering: sum('bytesDiffering'),
    differences: reports
      .flatMap(({ differences }) => differences)
      .slice(0, 5)
      .map(({ symbol, offset, length }) => `${symbol}+${offset} (${length})`),
    escapes: [
      ...new Set(
        reports.flatMap(({ escapes, unknownFunctions = [] }) => [
          ...escapes.map(({ kind, name }) => `${kind} ${name}`),
          ...unknownFunctions.map((name) => `function ${name}`),
        ]),
      ),
    ].sort(),
  };
}
