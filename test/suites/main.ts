// npm run suites: programs that others wrote, built natively and mirrored, run and compared; ends with the tables.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cache } from '../../scripts/tools.mjs';
import { pool } from './pool.js';
import { buildAndRun, judge } from './run.js';
import { sampleOf } from './sample.js';
import { isUnderStorm, underStorm } from './storm.js';
import { suites } from './suites.js';
import { costTable, escapeTable, reasonTable, verdictTable } from './table.js';
import { commandOf, widths } from './toolchain.js';
import { levels } from './types.js';
import type { Case, Choice, Result, Side } from './types.js';

const usage = `npm run suites -- [NAME ...] [options]

  NAME            ${suites.map(({ name }) => name).join(', ')} (default: all)
  --level=LIST    of ${levels.join(',')} (default: all)
  --width=LIST    of ${widths.join(',')} (default: all)
  --case=PATTERN  only cases whose name matches this regular expression
  --seeds=A-B     seeds of generated programs (default: 1-500)
  --jobs=N        cases at a time (default: the number of processors)
  --sample        only the fixed sample that CI runs
  --storm         with a signal every 100 microseconds in each program
  --json=FILE     write how many cases ended how, and which are bad
  --fresh         run everything, whatever is known from earlier runs
  --keep          build and run each case once more in a folder that stays, and print where it is
`;

function readChoice() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      level: { type: 'string', default: levels.join(',') },
      width: { type: 'string', default: widths.join(',') },
      case: { type: 'string', default: '' },
      seeds: { type: 'string', default: '1-500' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      sample: { type: 'boolean', default: false },
      storm: { type: 'boolean', default: false },
      json: { type: 'string', default: '' },
      fresh: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const pick = <T>(what: string, text: string, all: readonly T[]): T[] =>
    text.split(',').map((name) => {
      const found = all.find((one) => String(one) === name);
      if (found === undefined) throw new RangeError(`${what} is of ${all.join(', ')}; not '${name}'`);
      return found;
    });
  const [from = 1, to = from] = values.seeds.split('-').map(Number);
  if (!(Number.isInteger(from) && Number.isInteger(to) && from <= to))
    throw new RangeError(`--seeds is FROM-TO, not '${values.seeds}'`);
  const choice: Choice = {
    levels: pick('--level', values.level, levels),
    widths: pick('--width', values.width, widths),
    seeds: [from, to],
  };
  const chosen =
    positionals.length === 0
      ? suites
      : positionals
          .map((name) =>
            pick(
              'a suite',
              name,
              suites.map((s) => s.name),
            ),
          )
          .flat()
          .map((name) => suites.find((suite) => suite.name === name))
          .filter((suite) => suite !== undefined);
  return { choice, chosen, pattern: new RegExp(values.case), ...values, jobs: Number(values.jobs) };
}

const badShown = 10;

function progress(done: number, all: number, bad: number, what: string): void {
  const line = `${done} of ${all}, ${bad} bad: ${what}`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line.slice(0, 100).padEnd(100)}`);
  else if (done % 100 === 0 || done === all) process.stderr.write(`${line}\n`);
}

/** A command that repeats one side of a case by hand. */
function byHand(one: Case, side: Side): string {
  const build = one.build
    .replaceAll('$CC', commandOf(side, one.width))
    .replaceAll('$CFLAGS', `${one.level} -w`);
  return `${side === 'mirrored' ? 'export MIRROR_CHECK=exit; ' : ''}${build} && ${one.run}`;
}

function printBad({ case: one, verdict }: Result): void {
  if (verdict.kind !== 'differs' && verdict.kind !== 'refused') return;
  const indented = verdict.message.trimEnd().replace(/^/gm, '    ');
  process.stdout.write(
    `\n${verdict.kind}: ${one.suite} ${one.name} ${one.level}, ${one.width} bits: ${verdict.reason}\n${indented}\n` +
      `  npm run suites -- ${one.suite} --level=${one.level} --width=${one.width} --case='^${one.name}$'${isUnderStorm(one) ? ' --storm' : ''} --keep\n` +
      `  ${byHand(one, 'mirrored')}\n`,
  );
}

const sizeOf = ({ sources }: Case): number =>
  sources.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);

async function keep(one: Case): Promise<void> {
  for (const side of ['native', 'mirrored'] as const) {
    const folder = join(
      cache,
      'suites/kept',
      `${one.suite}-${one.name}${one.level}-${one.width}-${side}`.replaceAll('/', '-'),
    );
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const outcome = await buildAndRun(one, side, folder);
    process.stdout.write(`${join(folder, 'work')}\n  ${byHand(one, side)}\n  ${JSON.stringify(outcome)}\n`);
  }
}

async function main(): Promise<void> {
  const { choice, chosen, pattern, jobs, fresh, sample, storm, json, keep: keeps } = readChoice();
  const results: Result[] = [];
  const failures: string[] = [];
  for (const suite of chosen) {
    let cases: readonly Case[];
    try {
      const all = suite.cases(choice);
      const wanted = (sample ? sampleOf(all) : all).filter(({ name }) => pattern.test(name));
      cases = storm ? wanted.map(underStorm) : wanted;
    } catch (error) {
      failures.push(
        `${suite.name}: cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      );
      continue;
    }
    let bad = 0;
    let done = 0;
    await pool(
      cases,
      jobs,
      async (one): Promise<Result> => ({ case: one, verdict: await judge(one, fresh) }),
      (result) => {
        results.push(result);
        if (result.verdict.kind === 'differs' || result.verdict.kind === 'refused') bad++;
        progress(++done, cases.length, bad, `${suite.name} ${result.case.level} ${result.case.name}`);
      },
    );
    if (process.stderr.isTTY) process.stderr.write('\n');
    if (keeps) for (const one of cases) await keep(one);
  }
  failures.push(...mostlyExcluded(results));
  results.sort((a, b) => order(a.case) - order(b.case));
  const bad = results.filter(({ verdict: { kind } }) => kind === 'differs' || kind === 'refused');
  // The smallest first: the one to look at.
  bad.sort((a, b) => sizeOf(a.case) - sizeOf(b.case));
  bad.slice(0, badShown).forEach(printBad);
  if (bad.length > badShown) process.stdout.write(`\n${bad.length - badShown} more are bad\n`);
  for (const part of [verdictTable, reasonTable, escapeTable, costTable])
    process.stdout.write(`\n${part(results)}`);
  for (const failure of failures) process.stdout.write(`${failure}\n`);
  const same = results.filter(({ verdict }) => verdict.kind === 'same').length;
  const byDriver = results.filter(({ verdict }) => verdict.kind === 'same' && verdict.mirrored.sameByDriver);
  process.stdout.write(`\n${byDriver.length} of them were built by mirrorcc, too: the same programs\n`);
  process.stdout.write(`\n${same} same, ${bad.length} bad, ${results.length - same - bad.length} excluded\n`);
  if (json !== '')
    writeFileSync(
      json,
      JSON.stringify({
        same,
        excluded: results.length - same - bad.length,
        bad: [
          ...failures,
          ...bad.map(({ case: { suite, name, level, width } }) => `${suite} ${name} ${level} ${width}`),
        ],
      }),
    );
  process.exitCode = bad.length > 0 || failures.length > 0 || same === 0 ? 1 : 0;
}

/** Where hardly anything is left to compare, the native build is at fault, and 0 bad cases would mean nothing. */
function mostlyExcluded(results: readonly Result[]): string[] {
  return suites.flatMap(({ name }) =>
    widths.flatMap((width) => {
      const mine = results.filter(({ case: one }) => one.suite === name && one.width === width);
      const excluded = mine.filter(({ verdict }) => verdict.kind === 'excluded').length;
      return 2 * excluded > mine.length
        ? [`${name}, ${width} bits: ${excluded} of ${mine.length} cases are excluded`]
        : [];
    }),
  );
}

/** Suite, then width, then level. */
const order = ({ suite, width, level }: Case): number =>
  100 * suites.findIndex(({ name }) => name === suite) + (width === 64 ? 0 : 10) + levels.indexOf(level);

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
  process.stderr.write(`suites: ${error.message}\n\n${usage}`);
  process.exitCode = 3;
}
