// `mirrorasm stats`: what was mirrored and what it costs, from the files that MIRROR_STATS and --stats leave.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { judge, metrics, parseCondition } from '../report/conditions.js';
import type { Condition, Judgement } from '../report/conditions.js';
import { alignedText, csvText, markdownText, summary, tableBy } from '../report/format.js';
import type { By, Format, Table } from '../report/format.js';
import { merge } from '../report/merge.js';
import type { Report } from '../report/merge.js';
import { statsVersion } from '../report/types.js';
import type { FileStats } from '../report/types.js';
import { readText, writeText } from './files.js';

interface Arguments {
  paths: string[];
  by: By[];
  top: number;
  format: Format;
  output: string;
  'fail-if': string[];
  against: string | undefined;
}

const exitRefused = 2;
/** A condition of --fail-if holds. */
const exitHolds = 4;
const views: readonly By[] = ['class', 'mnemonic', 'file', 'function', 'section'];

export const statsCommand: CommandModule<object, Arguments> = {
  command: 'stats <paths..>',
  describe: 'show what was mirrored and what it costs, over the files that MIRROR_STATS and --stats leave',
  builder: (y) =>
    y
      .positional('paths', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'files, folders of such files, or a report (--format=json)',
      })
      .option('by', {
        type: 'string',
        array: true,
        choices: views,
        default: ['class', 'mnemonic'] as By[],
        describe: 'tables beside the summary',
      })
      .option('top', { type: 'number', default: 20, describe: 'rows of a table at most; 0: all' })
      .option('format', {
        type: 'string',
        choices: ['table', 'csv', 'markdown', 'json'] as const,
        default: 'table' as const,
        describe: 'json is the whole report, whatever --by and --top say',
      })
      .option('output', { alias: 'o', type: 'string', default: '-', describe: '- is standard output' })
      .option('fail-if', {
        type: 'string',
        array: true,
        default: [],
        describe: `exit code ${exitHolds} where it holds, as growth>25% or unmirrored>0; of ${metrics
          .map(({ name }) => name)
          .join(', ')}, each also with -change`,
      })
      .option('against', { type: 'string', describe: 'an older report or folder to compare with' })
      .check(({ top, 'fail-if': conditions }) => {
        if (!(Number.isInteger(top) && top >= 0)) throw new Error('--top is a number of rows, 0 for all');
        conditions.forEach(parseCondition);
        return true;
      }),
  handler: (args) => {
    try {
      const report = readReport(args.paths);
      const older = args.against === undefined ? undefined : readReport([args.against]);
      writeText(args.output, textOf(report, older, args), 'utf8');
      const judged = args['fail-if'].map(parseCondition).map((condition) => judge(condition, report, older));
      const held = judged.filter(({ holds }) => holds);
      for (const one of held) process.stderr.write(`mirrorasm: ${describe(one)}\n`);
      if (held.length > 0) process.exitCode = exitHolds;
    } catch (error) {
      process.stderr.write(`mirrorasm: error: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = exitRefused;
    }
  },
};

function describe({ condition, found }: Judgement): string {
  const { metric, change, text }: Condition = condition;
  const number = metric.unit === '%' ? `${found.toFixed(2)} %` : String(found);
  return `${text}: ${metric.what}${change ? ', the change,' : ''} is ${number}`;
}

function textOf(report: Report, older: Report | undefined, { by, top, format }: Arguments): string {
  if (format === 'json') return `${JSON.stringify(report)}\n`;
  const tables = [summary(report, older), ...by.map((view) => tableBy(report, view, top))];
  const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  const text = (table: Table): string =>
    format === 'csv'
      ? csvText(table)
      : format === 'markdown'
        ? markdownText(table)
        : alignedText(table, colour);
  return tables.map(text).join('\n');
}

/** One report, or the sum of all statistics found. */
function readReport(paths: readonly string[]): Report {
  const files = paths.flatMap(filesOf);
  const read = files.map(readStats);
  const reports = read.filter((one): one is Report => 'report' in one);
  const [only] = reports;
  if (only !== undefined && read.length === 1) return only;
  if (only !== undefined) throw new Error('a report stands alone: give it, or the files that it was made of');
  if (read.length === 0)
    throw new Error(`no statistics in ${paths.join(', ')}: build with MIRROR_STATS=folder`);
  return merge(read.filter((one): one is FileStats => !('report' in one)));
}

const filesOf = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(path, name))
    : [path];

function readStats(path: string): FileStats | Report {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch {
    throw new Error(`${path} is not JSON`);
  }
  const known =
    typeof value === 'object' && value !== null && 'version' in value ? value : { version: undefined };
  if (known.version !== statsVersion)
    throw new Error(`${path} is no statistics of version ${statsVersion}: build again with this release`);
  if (!('report' in known || 'functions' in known)) throw new Error(`${path} is no statistics`);
  return known as FileStats | Report;
}
