// npm run corpus: programs that people run, with their own tests and under load, natively and mirrored; what was found into test/programs/results, and the
// table of docs/compatibility.md from that.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import { withPart } from '../../bench/document.js';
import { machine } from '../../bench/machine.js';
import type { Machine } from '../../bench/machine.js';
import { root } from '../../scripts/tools.mjs';
import { widths } from '../suites/toolchain.js';
import type { Width } from '../suites/types.js';
import { measure } from './measure.js';
import type { Measured } from './measure.js';
import { about, table } from './results.js';
import type { Result } from './results.js';
import { programs, versionOf } from './rows.js';
import type { Program } from './rows.js';

const documentPath = join(root, 'docs/compatibility.md');
const resultsPath = join(root, 'test/programs/results');
const dynamic = process.env['MIRROR_LIBC'] === 'glibc';

const usage = `npm run corpus -- [PROGRAM ...] [options]

  PROGRAM         ${programs()
    .map(({ name }) => name)
    .join(', ')} (default: all)
  --width=LIST    of ${widths.join(',')} (default: all)
  --rounds=N      how often the load is run and timed by both, by turns (default: 5; 0: not at all)
  --interval=TIME how often the processes of one more load are checked while they run (default: 100ms; empty: not at all)
  --sample        only the programs that CI runs
  --json=FILE     write how each ended
  --results=FOLDER  write what was found there, and leave docs/compatibility.md as it is
  --tables        run nothing: only write the table from the results that are there
  --keep          leave the folders, and print where they are
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    width: { type: 'string', default: widths.join(',') },
    rounds: { type: 'string', default: '5' },
    interval: { type: 'string', default: '100ms' },
    sample: { type: 'boolean', default: false },
    json: { type: 'string', default: '' },
    results: { type: 'string', default: resultsPath },
    tables: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Lines of C in the sources. */
const linesOf = (folder: string): number =>
  Number(
    execFileSync('sh', ['-c', `find "$1" -name '*.[ch]' -type f -exec cat {} + | wc -l`, 'sh', folder], {
      encoding: 'utf8',
    }),
  );

const resultOf = (
  { program, width, passed, check, watched, time, memory }: Measured,
  about: Machine,
  from: Date,
): Result | undefined =>
  check === null
    ? undefined
    : {
        version: 1,
        machine: about,
        date: from.toISOString().slice(0, 10),
        rounds: time.length,
        program: program.name,
        release: versionOf(program),
        width,
        lines: linesOf(program.source),
        passed,
        check,
        watched,
        time,
        memory,
      };

const pathOf = (folder: string, program: string, width: Width): string =>
  join(folder, `${program}-${width}${dynamic ? '-glibc' : ''}.json`);

/** Why some are left out at a word size, as a list. */
const reasons = (all: readonly Program[]): string =>
  all
    .flatMap(({ name, leftOut }) =>
      Object.entries(leftOut).map(([width, why]) => `- ${name}, ${width} bits: left out: ${why}.\n`),
    )
    .join('');

/** Puts what was found, now and before, into the document. */
async function writeDocument(): Promise<void> {
  const results = programs().flatMap(({ name }) =>
    [64, 32]
      .map((width) => pathOf(resultsPath, name, width as Width))
      .filter(existsSync)
      .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Result),
  );
  const text = [table(results), ...(dynamic ? [] : [reasons(programs())]), about(results)]
    .filter((one) => one !== '')
    .join('\n');
  const part = `corpus ${dynamic ? 'glibc' : 'musl'}`;
  const document = withPart(readFileSync(documentPath, 'utf8'), part, text);
  const settings = await prettier.resolveConfig(documentPath);
  writeFileSync(documentPath, await prettier.format(document, { ...settings, filepath: documentPath }));
}

/** What programs need and the machine has not, with what to do; the load of every program is timed by /usr/bin/time. */
function missingTools(chosen: readonly Program[]): string[] {
  const needed = new Map([['/usr/bin/time', { packaged: 'time', by: ['every program'] }]]);
  for (const { name, tools } of chosen)
    for (const [tool, packaged] of Object.entries(tools))
      needed.set(tool, { packaged, by: [...(needed.get(tool)?.by ?? []), name] });
  const absent = [...needed].filter(
    ([tool]) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', tool]).status !== 0,
  );
  if (absent.length === 0) return [];
  return [
    ...absent.map(([tool, { by }]) => `${tool} is not installed; needed by ${by.join(', ')}`),
    `install what is missing: apt-get install ${absent.map(([, { packaged }]) => packaged).join(' ')}`,
  ];
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (values.tables) {
    await writeDocument();
    return;
  }
  const unknown = positionals.filter((name) => !programs().some((program) => program.name === name));
  if (unknown.length > 0) throw new RangeError(`no such program: ${unknown.join(', ')}`);
  const chosen = programs().filter(
    ({ name, sample }) =>
      (positionals.length === 0 || positionals.includes(name)) && (!values.sample || sample.length > 0),
  );
  const missing = missingTools(chosen);
  if (missing.length > 0) throw new RangeError(missing.join('\n'));
  const asked = widths.filter((width) => values.width.split(',').includes(String(width)));
  // Programs that are linked dynamically have no such check.
  const interval = dynamic ? '' : values.interval;
  const folder = resolve(values.results);
  mkdirSync(folder, { recursive: true });
  const done: Measured[] = [];
  const results: Result[] = [];
  const leftOut: string[] = [];
  for (const program of chosen)
    for (const width of asked as Width[]) {
      if (values.sample && !program.sample.includes(width)) continue;
      const reason = program.leftOut[width];
      if (reason !== undefined) {
        leftOut.push(`${program.name}, ${width} bits: left out: ${reason}`);
        continue;
      }
      const [about, from] = [machine(), new Date()];
      const measured = await measure(program, width, Number(values.rounds), interval, values.keep);
      done.push(measured);
      const { verdict } = measured;
      process.stderr.write(`${program.name}, ${width} bits: ${verdict.kind}\n`);
      if (verdict.kind === 'differs' || verdict.kind === 'refused')
        process.stderr.write(`  ${verdict.reason}\n${verdict.message}\n`);
      if (verdict.kind === 'excluded') process.stderr.write(`  ${verdict.reason}\n`);
      const result = resultOf(measured, about, from);
      if (verdict.kind !== 'same' || result === undefined) continue;
      // At once: the rest may take hours.
      writeFileSync(pathOf(folder, program.name, width), `${JSON.stringify(result, null, 2)}\n`);
      results.push(result);
      if (folder === resultsPath) await writeDocument();
    }
  if (results.length > 0) process.stdout.write(table(results));
  for (const line of leftOut) process.stdout.write(`${line}\n`);
  const bad = done.filter(({ verdict }) => verdict.kind !== 'same');
  if (values.json !== '')
    writeFileSync(
      values.json,
      JSON.stringify({
        same: done.length - bad.length,
        bad: bad.map(({ program, width, verdict }) => `${program.name} ${width}: ${JSON.stringify(verdict)}`),
        tests: Object.fromEntries(
          done.map(({ program, width, passed }) => [`${program.name} ${width}`, passed]),
        ),
      }),
    );
  process.exitCode = bad.length > 0 || done.length === 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 3;
}
