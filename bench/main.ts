// npm run bench: the experiments, their results into bench/results, and the tables of docs/benchmarks.md from those.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import { root } from '../scripts/tools.mjs';
import { withPart } from './document.js';
import type { Experiment } from './experiment.js';
import { compile } from './experiments/compile.js';
import { emulator } from './experiments/emulator.js';
import { growth } from './experiments/growth.js';
import { gzip } from './experiments/gzip.js';
import { hostile } from './experiments/hostile.js';
import { malloc } from './experiments/malloc.js';
import { page } from './experiments/page.js';
import { recovery } from './experiments/recovery.js';
import { rewrite } from './experiments/rewrite.js';
import { sequential } from './experiments/sequential.js';
import { sqlite } from './experiments/sqlite.js';
import { stages } from './experiments/stages.js';
import { web } from './experiments/web.js';
import { machine } from './machine.js';
import { textOf } from './result.js';
import type { Result } from './result.js';

const experiments: readonly Experiment[] = [
  growth,
  compile,
  gzip,
  sequential,
  malloc,
  web,
  sqlite,
  recovery,
  rewrite,
  stages,
  hostile,
  page,
  emulator,
];
const documentPath = join(root, 'docs/benchmarks.md');
const resultsPath = join(root, 'bench/results');

const usage = `npm run bench -- [EXPERIMENT ...] [options]

${experiments
  .map(
    ({ name, about, rounds, sizes, sizesAre, always }) =>
      `  ${name.padEnd(12)}${about}${always ? '' : ' (only where it is named)'}\n${''.padEnd(14)}` +
      `rounds: ${rounds}${sizes.length === 0 ? '' : `; sizes: ${sizes.join(',')} (${sizesAre})`}\n`,
  )
  .join('')}
  --rounds=N        how often all sides are run by turns
  --sizes=LIST      sizes, of one experiment
  --build           only build the programs
  --results=FOLDER  write the results there, and leave docs/benchmarks.md as it is
  --tables          run nothing: only write the tables from the results that are there
`;

class Refused extends Error {}

interface Arguments {
  readonly chosen: readonly Experiment[];
  readonly rounds: number | undefined;
  readonly sizes: readonly number[] | undefined;
  readonly results: string;
  readonly mode: 'run' | 'build' | 'tables';
  readonly help: boolean;
}

function positive(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new Refused(`${option} is a number above 0: ${text}`);
  return value;
}

function argumentsOf(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      sizes: { type: 'string' },
      results: { type: 'string', default: resultsPath },
      build: { type: 'boolean', default: false },
      tables: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !experiments.some((one) => one.name === name));
  if (unknown.length > 0) throw new Refused(`no such experiment: ${unknown.join(', ')}`);
  const chosen = experiments.filter(({ name, always }) =>
    positionals.length === 0 ? always : positionals.includes(name),
  );
  const sizes = values.sizes?.split(',').map((size) => positive(size, '--sizes') ?? 0);
  if (sizes && (chosen.length !== 1 || chosen[0]?.sizesAre === ''))
    throw new Refused('--sizes wants one experiment that has sizes');
  return {
    chosen,
    rounds: positive(values.rounds, '--rounds'),
    sizes,
    results: resolve(values.results),
    mode: values.tables ? 'tables' : values.build ? 'build' : 'run',
    help: values.help,
  };
}

/** Stops before anything is run where a tool is missing. */
function requireTools(chosen: readonly Experiment[]): void {
  const missing = chosen.flatMap(({ name, tools }) =>
    Object.entries(tools)
      .filter(([tool]) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', tool]).status !== 0)
      .map(([tool, packaged]) => `${tool} is not installed; needed by ${name}: apt-get install ${packaged}`),
  );
  if (missing.length > 0) throw new Refused(missing.join('\n'));
}

const say = (line: string): void => {
  process.stderr.write(`  ${line}\n`);
};

async function runOne(one: Experiment, args: Arguments): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), `mirrorasm-${one.name}-`));
  const rounds = args.rounds ?? one.rounds;
  const sizes = args.sizes ?? one.sizes;
  process.stderr.write(`${one.name}: ${one.about}\n`);
  const about = machine();
  const from = Date.now();
  try {
    const found = await one.run({ rounds, sizes, work, say });
    const seconds = Math.round((Date.now() - from) / 1000);
    const date = new Date(from).toISOString().slice(0, 10);
    const result: Result = { version: 1, machine: about, date, rounds, sizes, seconds, found };
    mkdirSync(args.results, { recursive: true });
    writeFileSync(join(args.results, `${one.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
    process.stdout.write(`## ${one.name}\n\n${textOf(one, result)}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Puts what has been found into the document; experiments without results of this version keep what stands there. */
async function writeDocument(): Promise<void> {
  let document = readFileSync(documentPath, 'utf8');
  for (const one of experiments) {
    const path = join(resultsPath, `${one.name}.json`);
    if (!existsSync(path)) continue;
    const result = JSON.parse(readFileSync(path, 'utf8')) as Partial<Result>;
    if (result.version === 1)
      document = withPart(document, `bench ${one.name}`, textOf(one, result as Result));
    else say(`${one.name}: results of another version, its part of the document stays as it is`);
  }
  const settings = await prettier.resolveConfig(documentPath);
  writeFileSync(documentPath, await prettier.format(document, { ...settings, filepath: documentPath }));
}

async function main(): Promise<void> {
  const args = argumentsOf();
  if (args.help) {
    process.stdout.write(usage);
    return;
  }
  if (args.mode !== 'tables') {
    requireTools(args.chosen);
    for (const one of args.chosen) await one.build();
  }
  if (args.mode === 'build') return;
  if (args.mode === 'run') for (const one of args.chosen) await runOne(one, args);
  if (args.results === resultsPath) await writeDocument();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 3;
}
