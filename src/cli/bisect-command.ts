// `mirrorasm bisect`: finds the write whose mirroring changes what a program does, by building it with more and fewer sites mirrored.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from './command.js';
import { positive, whole } from './numbers.js';
import { judged, nextStep, startSearch } from '../bisect.js';
import type { Judgement, Search } from '../bisect.js';
import type { SiteInfo } from '../sites.js';

interface Arguments {
  build: string;
  run: string | undefined;
  script: string | undefined;
  expect: string | undefined;
  'exit-code': number | undefined;
  timeout: number;
}

/** What one file of the build can be switched by. */
interface BuiltFile {
  readonly file: string;
  readonly key: string;
  readonly sites: readonly SiteInfo[];
}

interface RunOutcome {
  readonly status: number | null;
  readonly output: string;
}

/** Why the search cannot go on. */
class CannotBisect extends Error {
  constructor(
    message: string,
    readonly note: string,
  ) {
    super(message);
  }
}

const exitFound = 0;
const exitRefused = 2;
const exitUsage = 3;

/** coreutils timeout(1). */
const timedOutStatus = 124;

export const bisectCommand: Command<Arguments> = {
  builder: (y) =>
    y
      .option('build', {
        type: 'string',
        demandOption: true,
        describe: "shell command that builds everything anew with mirrorcc: 'make -B CC=mirrorcc'",
      })
      .option('run', { type: 'string', describe: 'shell command whose output and exit code are judged' })
      .option('script', {
        type: 'string',
        describe: 'shell command that judges, as for git bisect run: 0 good, 125 skip, else bad',
      })
      .option('expect', {
        type: 'string',
        describe:
          'file with the right output of --run; otherwise that of the build without any site mirrored',
      })
      .option('exit-code', {
        type: 'number',
        coerce: whole('--exit-code', 0, 255),
        describe: 'the right exit code of --run',
      })
      .option('timeout', {
        type: 'number',
        default: 60,
        coerce: positive('--timeout'),
        describe: 'seconds after which a run is bad',
      })
      .conflicts('run', 'script')
      .conflicts('script', ['expect', 'exit-code']),
  handler: (args) => {
    if (args.run === undefined && args.script === undefined) {
      process.stderr.write('mirrorasm: error: bisect needs --run or --script\n');
      process.exitCode = exitUsage;
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-bisect-'));
    try {
      process.exitCode = bisect(args, folder);
    } catch (error) {
      if (!(error instanceof CannotBisect)) throw error;
      process.stderr.write(`mirrorasm: error: ${error.message}\nmirrorasm: note: ${error.note}\n`);
      process.exitCode = exitRefused;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function say(text: string): void {
  process.stdout.write(`bisect: ${text}\n`);
}

function bisect(args: Arguments, folder: string): number {
  const none = build(args, folder, []);
  if (none === undefined)
    throw new CannotBisect(`the build fails: ${args.build}`, 'it has to succeed with no site mirrored');
  const files = none;
  const total = files.reduce((sum, { sites }) => sum + sites.length, 0);
  say(`${total} sites in ${files.length} files`);
  const reference: RunOutcome | undefined = args.run === undefined ? undefined : run(args.run, args.timeout);
  const judge = (step: number): Judgement => {
    const again = step === 0 ? files : build(args, folder, selection(files, step));
    if (again === undefined) return 'skip';
    sameFiles(files, again);
    return judgeRun(args, reference);
  };
  if (judge(0) !== 'good')
    throw new CannotBisect(
      'the program is bad with no site of these files mirrored',
      'its output changes from run to run, or the fault is in the runtime, in a library that the build does not make, or in what is expected',
    );
  if (judge(total) !== 'bad')
    throw new CannotBisect('the program is good with every site mirrored', 'there is nothing to find');

  // First the function, then the site in it.
  const ends = functionEnds(files);
  const byFunction = narrow(startSearch(ends.length), (index) => {
    const step = ends[index - 1] ?? total;
    return report(step, total, judge(step));
  });
  const last = ends[byFunction.bad - 1] ?? total;
  const first = byFunction.good === 0 ? 0 : (ends[byFunction.good - 1] ?? 0);
  const bySite = narrow(startSearch(last - first), (offset) =>
    report(first + offset, total, judge(first + offset)),
  );
  for (let offset = bySite.good + 1; offset <= bySite.bad; offset++) show(files, first + offset, total);
  if (bySite.bad - bySite.good > 1)
    say(`one of these ${bySite.bad - bySite.good} sites: those between could not be judged`);
  return exitFound;
}

function report(step: number, total: number, judgement: Judgement): Judgement {
  say(`sites 1-${step} of ${total}: ${judgement}`);
  return judgement;
}

function narrow(search: Search, judge: (step: number) => Judgement): Search {
  let state = search;
  for (let step = nextStep(state); step !== undefined; step = nextStep(state))
    state = judged(state, step, judge(step));
  return state;
}

/** How many sites there are up to the end of each function. */
function functionEnds(files: readonly BuiltFile[]): number[] {
  const ends: number[] = [];
  let sum = 0;
  for (const { sites } of files)
    sites.forEach((site, i) => {
      sum++;
      if (sites[i + 1]?.function !== site.function) ends.push(sum);
    });
  return ends;
}

/** The first `step` sites of the whole build, as lines of MIRROR_SITES=@file. */
function selection(files: readonly BuiltFile[], step: number): string[] {
  let left = step;
  return files.map(({ key, sites }) => {
    const mine = Math.min(left, sites.length);
    left -= mine;
    return `${key}:${mine === 0 ? '0-0' : `1-${mine}`}`;
  });
}

/** Builds with a selection and gives the files that were assembled; undefined when the build fails. */
function build(args: Arguments, folder: string, chosen: readonly string[]): BuiltFile[] | undefined {
  const list = join(folder, 'sites');
  const wanted = join(folder, 'selection');
  rmSync(list, { recursive: true, force: true });
  mkdirSync(list);
  // A line that no file has, so that an empty selection is not "all".
  writeFileSync(wanted, ['#:0-0', ...chosen].join('\n'));
  const { status } = spawnSync('sh', ['-c', args.build], {
    stdio: 'ignore',
    env: { ...process.env, MIRROR_SITES: `@${wanted}`, MIRROR_SITE_LIST: list, MIRROR_STRICT: '0' },
  });
  if (status !== 0) return undefined;
  const files = new Map<string, BuiltFile>();
  for (const name of readdirSync(list)) {
    const one = JSON.parse(readFileSync(join(list, name), 'latin1')) as BuiltFile;
    files.set(one.key, one);
  }
  if (files.size === 0)
    throw new CannotBisect(
      `the build ran no assembler: ${args.build}`,
      "it has to build everything anew, with mirrorcc: 'make -B CC=mirrorcc'",
    );
  return [...files.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function sameFiles(expected: readonly BuiltFile[], found: readonly BuiltFile[]): void {
  const known = new Set(expected.map(({ key }) => key));
  const strange = found.find(({ key }) => !known.has(key));
  if (strange !== undefined || found.length !== expected.length)
    throw new CannotBisect(
      strange === undefined
        ? `the build assembled ${found.length} files, at first ${expected.length}`
        : `${strange.file} is not the same in every build`,
      'the build has to make all of the same files each time',
    );
}

function run(command: string, seconds: number): RunOutcome {
  const { status, stdout } = spawnSync('timeout', ['-k', '1', `${seconds}`, 'sh', '-c', command], {
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  });
  return { status, output: stdout };
}

function judgeRun(args: Arguments, reference: RunOutcome | undefined): Judgement {
  if (args.script !== undefined) {
    const { status } = run(args.script, args.timeout);
    return status === 0 ? 'good' : status === 125 ? 'skip' : 'bad';
  }
  const outcome = run(args.run ?? '', args.timeout);
  if (outcome.status === timedOutStatus) return 'bad';
  const output = args.expect === undefined ? reference?.output : readFileSync(args.expect, 'latin1');
  const status = args['exit-code'] ?? (args.expect === undefined ? reference?.status : 0);
  return outcome.output === output && outcome.status === status ? 'good' : 'bad';
}

/** The culprit, with what stands in the output in its place. */
function show(files: readonly BuiltFile[], number: number, total: number): void {
  let left = number;
  for (const { file, key, sites } of files) {
    const site = sites[left - 1];
    if (site === undefined) {
      left -= sites.length;
      continue;
    }
    say(`the first bad site is ${number} of ${total}: site ${site.number} of ${file}`);
    process.stdout.write(
      `  function  ${site.function === '' ? '(none)' : site.function}\n` +
        `  source    ${site.source === '' ? '(build with -g to see it)' : site.source}\n` +
        `  assembly  line ${site.line}: ${site.statement}\n` +
        `  mirrored\n${site.mirrored.map((line) => `    ${line.trim()}\n`).join('')}` +
        `  with only this site mirrored: MIRROR_SITES='${key}:${site.number}'\n`,
    );
    return;
  }
}
