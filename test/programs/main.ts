// npm run corpus: programs that people run, with their own tests and under load, natively and mirrored; ends with the table of docs/compatibility.md.
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { widths } from '../suites/toolchain.js';
import type { Width } from '../suites/types.js';
import { measure } from './measure.js';
import type { Measured } from './measure.js';
import { programs, versionOf } from './rows.js';
import type { Program } from './rows.js';

const usage = `npm run corpus -- [PROGRAM ...] [options]

  PROGRAM         ${programs()
    .map(({ name }) => name)
    .join(', ')} (default: all)
  --width=LIST    of ${widths.join(',')} (default: all)
  --rounds=N      how often the load is run and timed by both, by turns (default: 5; 0: not at all)
  --interval=TIME how often the processes of one more load are checked while they run (default: 100ms; empty: not at all)
  --sample        only the programs that CI runs
  --json=FILE     write how each ended
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
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[(numbers.length - 1) >> 1] ?? NaN;

/** The median with what lies around it. */
const ratio = (numbers: readonly number[]): string =>
  numbers.length === 0
    ? ''
    : `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)}-${Math.max(...numbers).toFixed(2)})`;

/** Lines of C in the sources. */
const linesOf = (folder: string): number =>
  Number(
    execFileSync('sh', ['-c', `find "$1" -name '*.[ch]' -type f -exec cat {} + | wc -l`, 'sh', folder], {
      encoding: 'utf8',
    }),
  );

function rowOf({
  program,
  width,
  verdict,
  passed,
  check,
  watched,
  time,
  memory,
}: Measured): (string | number)[] {
  return [
    `${program.name} ${versionOf(program)}`,
    width,
    linesOf(program.source),
    passed.native,
    passed.mirrored,
    check?.reports ?? 0,
    check?.bytesChecked ?? 0,
    check?.bytesDiffering ?? 0,
    check?.escapes.join(', ') ?? '',
    ...(watched === null ? ['', '', ''] : [watched.checks, watched.bytesChecked, watched.bytesDiffering]),
    ratio(time),
    ratio(memory),
    verdict.kind === 'same' ? '' : `${verdict.kind}: ${verdict.reason}`,
  ];
}

const heads = [
  ...['program', 'bits', 'lines of C', 'tests passed natively', 'mirrored', 'processes', 'bytes checked'],
  ...['differ', 'named in reports', 'checks while it runs', 'bytes checked', 'differ'],
  ...['CPU time', 'memory', ''],
];

const markdown = (rows: readonly (readonly (string | number)[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');

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
  const interval = process.env['MIRROR_LIBC'] === 'glibc' ? '' : values.interval;
  const done: Measured[] = [];
  const leftOut: string[] = [];
  for (const program of chosen)
    for (const width of asked as Width[]) {
      if (values.sample && !program.sample.includes(width)) continue;
      const reason = program.leftOut[width];
      if (reason !== undefined) {
        leftOut.push(`${program.name}, ${width} bits: left out: ${reason}`);
        continue;
      }
      const measured = await measure(program, width, Number(values.rounds), interval, values.keep);
      done.push(measured);
      const { verdict } = measured;
      process.stderr.write(`${program.name}, ${width} bits: ${verdict.kind}\n`);
      if (verdict.kind === 'differs' || verdict.kind === 'refused')
        process.stderr.write(`  ${verdict.reason}\n${verdict.message}\n`);
    }
  process.stdout.write(markdown(done.map(rowOf)));
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
