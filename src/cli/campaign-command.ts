// `mirrorasm campaign`: runs of a program with errors at random times and places, against a run without.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from './command.js';
import { positive, whole } from './numbers.js';
import { campaignTable, endingOf, isBad, merge } from '../inject/campaign.js';
import { OutputHash } from './output-hash.js';
import type { Campaign, Injected, Observed, Run } from '../inject/campaign.js';
import { copies, kinds } from '../inject/layout.js';
import type { Copy, Kind } from '../inject/layout.js';
import { randomOf } from '../inject/random.js';
import type { Random } from '../inject/random.js';
import { openWhenBegun } from './inject-command.js';
import { hasEnded, NotProtected } from './protected-process.js';

interface Arguments {
  seeds: string;
  errors: number;
  kind: Kind[];
  copy: Copy[];
  jobs: number;
  timeout: number | undefined;
  ignore: string | undefined;
  stdin: string;
  json: string | undefined;
  merge: string[] | undefined;
}

const exitBad = 1;
const exitRefused = 2;
/** A run with errors may take this many times as long as the clean one, and this many seconds more. */
const patience = 10;
const patienceSeconds = 10;

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @param program what stands behind `--`: the program and its arguments */
export const campaignCommand = (program: readonly string[]): Command<Arguments> => ({
  builder: (y) =>
    y
      .option('seeds', { type: 'string', default: '1-100', describe: 'FROM-TO: one run a seed' })
      .option('errors', {
        type: 'number',
        default: 1,
        coerce: whole('--errors', 1),
        describe: 'pages to lose in a run',
      })
      .option('kind', { choices: kinds, array: true, default: [...kinds], describe: 'of memory' })
      .option('copy', { choices: copies, array: true, default: [...copies], describe: 'which copy to lose' })
      .option('jobs', {
        type: 'number',
        default: availableParallelism(),
        coerce: whole('--jobs', 1),
        describe: 'runs at a time',
      })
      .option('timeout', {
        type: 'number',
        coerce: positive('--timeout'),
        describe: `seconds a run may take (default: ${patience} times the clean run and ${patienceSeconds} more)`,
      })
      .option('ignore', {
        type: 'string',
        describe: 'a regular expression: what it matches in a line of output may change',
      })
      .option('stdin', { type: 'string', default: '/dev/null', describe: 'the file that the program reads' })
      .option('json', { type: 'string', describe: 'write all runs to this file' })
      .option('merge', {
        type: 'string',
        array: true,
        describe: 'print the table of such files, of other seeds or machines',
      })
      .check(({ seeds, merge: files, ignore = '' }) => {
        new RegExp(ignore); // throws what is wrong with it
        if (!/^\d+-\d+$/.test(seeds)) throw new Error(`--seeds is FROM-TO, not '${seeds}'`);
        if ((files === undefined) === (program.length === 0))
          throw new Error('campaign needs a program behind --, or files to --merge');
        return true;
      }),
  handler: async (args) => {
    try {
      const campaign =
        args.merge === undefined
          ? await runAll(program, args)
          : merge(args.merge.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Campaign));
      if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(campaign, null, 1)}\n`);
      process.stdout.write(campaignTable(campaign));
      const bad = campaign.runs.filter(isBad);
      for (const run of bad) process.stdout.write(badRun(run, campaign));
      process.exitCode = bad.length > 0 ? exitBad : 0;
      if (campaign.runs.every(({ errors }) => errors.length === 0))
        throw new NotProtected('no run met an error: the program ends too soon, or mirrorcc did not link it');
    } catch (error) {
      if (!(error instanceof NotProtected || error instanceof RangeError)) throw error;
      process.stderr.write(`mirrorasm: error: ${error.message}\n`);
      process.exitCode = exitRefused;
    }
  },
});

/** The options that make a run what it is, as they are typed. */
function optionsOf({ errors, kind, copy, stdin, ignore, timeout }: Arguments): string[] {
  return [
    `--errors=${errors}`,
    ...(kind.length < kinds.length ? kind.map((one) => `--kind=${one}`) : []),
    ...(copy.length < copies.length ? copy.map((one) => `--copy=${one}`) : []),
    ...(ignore === undefined ? [] : [`--ignore=${ignore}`]),
    ...(stdin === '/dev/null' ? [] : [`--stdin=${stdin}`]),
    ...(timeout === undefined ? [] : [`--timeout=${timeout}`]),
  ];
}

function badRun({ seed, ending, errors, message }: Run, { command, options }: Campaign): string {
  const places = errors.map(
    ({ kind, copy, address, milliseconds }) => `${copy} ${kind} ${address} at ${milliseconds} ms`,
  );
  const again = `mirrorasm campaign --seeds=${seed}-${seed} ${options.join(' ')} -- ${command.join(' ')}`;
  return `\nseed ${seed}: ${ending}; lost: ${places.join(', ') || 'nothing'}\n${message}  ${again}\n`;
}

async function runAll(command: readonly string[], args: Arguments): Promise<Campaign> {
  const work = mkdtempSync(join(tmpdir(), 'mirrorasm-campaign-'));
  try {
    const [clean, other] = [await cleanRun(command, args), await cleanRun(command, args)];
    if (clean.seen.output !== other.seen.output || clean.seen.status !== other.seen.status)
      throw new NotProtected(
        'two runs without errors differ: only a program whose output is always the same can be judged',
      );
    const milliseconds = Math.max(clean.milliseconds, other.milliseconds);
    const [from = 1, to = from] = args.seeds.split('-').map(Number);
    const runs: Run[] = [];
    let next = from;
    const worker = async (): Promise<void> => {
      while (next <= to) {
        const seed = next++;
        runs.push(await runOne(command, args, seed, clean.seen, milliseconds, work));
        if (process.stderr.isTTY)
          process.stderr.write(`\r${runs.length} of ${to - from + 1}, ${runs.filter(isBad).length} bad`);
      }
    };
    await Promise.all(Array.from({ length: args.jobs }, worker));
    if (process.stderr.isTTY) process.stderr.write('\n');
    return { version: 1, command, options: optionsOf(args), runs: runs.sort((a, b) => a.seed - b.seed) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Started {
  readonly pid: number | undefined;
  readonly ended: Promise<Observed & { readonly said: string }>;
}

function start(
  [name = '', ...rest]: readonly string[],
  { stdin, ignore }: Arguments,
  report: string,
  milliseconds: number,
): Started {
  const input = openSync(stdin, 'r');
  const child = spawn(name, rest, {
    stdio: [input, 'pipe', 'pipe'],
    env: { ...process.env, ...(report === '' ? {} : { MIRROR_REPORT: report }) },
  });
  closeSync(input);
  const output = new OutputHash(ignore);
  let said = '';
  let timedOut = false;
  child.stdout?.on('data', (data: Buffer) => output.update(data));
  child.stderr?.on('data', (data: Buffer) => (said = (said + data.toString('latin1')).slice(-4000)));
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, milliseconds);
  const ended = new Promise<Observed & { readonly said: string }>((resolve, reject) => {
    child.on('error', (error) => reject(new NotProtected(`${name}: ${error.message}`)));
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, output: output.digest(), timedOut, said });
    });
  });
  return { pid: child.pid, ended };
}

async function cleanRun(command: readonly string[], args: Arguments) {
  const from = performance.now();
  const run = start(command, args, '', (args.timeout ?? 3600) * 1000);
  if (run.pid !== undefined)
    try {
      (await openWhenBegun(run.pid))?.close();
    } catch (error) {
      process.kill(run.pid);
      await run.ended;
      throw error;
    }
  const seen = await run.ended;
  if (seen.timedOut) throw new NotProtected('the run without errors takes too long');
  return { seen, milliseconds: performance.now() - from };
}

async function runOne(
  command: readonly string[],
  args: Arguments,
  seed: number,
  clean: Observed,
  milliseconds: number,
  work: string,
): Promise<Run> {
  const random = randomOf(seed);
  const report = join(work, `${seed}.json`);
  const limit =
    args.timeout === undefined ? milliseconds * patience + patienceSeconds * 1000 : args.timeout * 1000;
  const run = start(command, args, report, limit);
  const [errors, seen] = await Promise.all([injectInto(run.pid, args, random, milliseconds), run.ended]);
  const recovered = recoveriesIn(report);
  const ending = endingOf(clean, seen, errors.length, recovered);
  const bad = isBad({ seed, ending, errors, recovered, message: '' });
  return { seed, ending, errors, recovered, message: bad ? seen.said : '' };
}

/** Times are spread over the clean run's; a process that ends before has fewer errors. */
async function injectInto(
  pid: number | undefined,
  args: Arguments,
  random: Random,
  milliseconds: number,
): Promise<Injected[]> {
  const from = performance.now();
  const errors: Injected[] = [];
  const times = Array.from({ length: args.errors }, () => random() * milliseconds).sort((a, b) => a - b);
  const target = pid === undefined ? undefined : await openWhenBegun(pid);
  if (target === undefined) return errors;
  try {
    for (const time of times) {
      await sleep(Math.max(0, time - (performance.now() - from)));
      for (let tries = 0; tries < 20; tries++) {
        const page = target.choose({ kinds: args.kind, copies: args.copy }, random);
        if (page === undefined) break;
        const outcome = await target.lose(page);
        if (outcome === 'gone') return errors;
        if (outcome !== 'lost') continue;
        const { kind, copy, address } = page;
        errors.push({
          kind,
          copy,
          address: `0x${address.toString(16)}`,
          milliseconds: Math.round(performance.now() - from),
        });
        break;
      }
    }
  } catch (error) {
    if (!hasEnded(error)) throw error;
  } finally {
    target.close();
  }
  return errors;
}

function recoveriesIn(report: string): number {
  try {
    return (JSON.parse(readFileSync(report, 'utf8')) as { recoveries: number }).recoveries;
  } catch {
    return 0; // it was killed before its report
  }
}
