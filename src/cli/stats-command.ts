// `mirrorasm stats`: what was mirrored and what it costs, from the files that MIRROR_STATS and --stats leave.
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Command } from './command.js';
import { whole } from './numbers.js';
import { judge, metrics, parseCondition } from '../report/conditions.js';
import type { Condition, Judgement } from '../report/conditions.js';
import {
  alignedText,
  csvText,
  foundText,
  markdownText,
  summary,
  tableBy,
  verdicts,
} from '../report/format.js';
import type { By, Format, Table } from '../report/format.js';
import type * as HtmlPage from '../report/html/page.js';
import { merge, namesOf } from '../report/merge.js';
import type { Report, Sum } from '../report/merge.js';
import { placesVersion } from '../report/places.js';
import type { Places } from '../report/places.js';
import { parseProfile } from '../report/profile.js';
import { hottestSites } from '../report/sites.js';
import type { PlacedFile } from '../report/sites.js';
import { statsVersion } from '../report/types.js';
import type { FileStats } from '../report/types.js';
import { listingPath, placesPath, readText, writeText } from './files.js';

interface Arguments {
  paths: string[];
  by: By[];
  top: number;
  format: Format;
  output: string;
  'fail-if': string[];
  against: string | undefined;
  html: string | undefined;
  profile: string | undefined;
  'step-summary': boolean;
}

const exitRefused = 2;
/** Sites in the page at most. */
const hottestShown = 100;
/** A condition of --fail-if holds. */
const exitHolds = 4;
const views: readonly By[] = ['class', 'mnemonic', 'file', 'function', 'section'];

export const statsCommand: Command<Arguments> = {
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
      .option('top', {
        type: 'number',
        default: 20,
        coerce: whole('--top', 0),
        describe: 'rows of a table at most; 0: all',
      })
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
      .option('html', { type: 'string', describe: 'write a page with charts and the assembly text, too' })
      .option('profile', {
        type: 'string',
        implies: 'html',
        describe: 'where time goes, for the page: a place a line, as of perf script -F ip,sym,symoff',
      })
      .option('step-summary', {
        type: 'boolean',
        default: false,
        describe: 'append the tables and conditions to the summary of the step (GITHUB_STEP_SUMMARY), too',
      })
      .check(({ 'fail-if': conditions }) => {
        conditions.forEach(parseCondition);
        return true;
      }),
  handler: async (args) => {
    try {
      const found = readStatistics(args.paths);
      const { report } = found;
      const older = args.against === undefined ? undefined : readStatistics([args.against]).report;
      if (args.html !== undefined)
        writeText(args.html, await page(found, older, args.paths, args.profile), 'utf8');
      writeText(args.output, textOf(report, older, args), 'utf8');
      const judged = args['fail-if'].map(parseCondition).map((condition) => judge(condition, report, older));
      if (args['step-summary']) appendStepSummary(tablesOf(report, older, args), judged);
      const held = judged.filter(({ holds }) => holds);
      for (const one of held) process.stderr.write(`mirrorasm: ${describe(one)}\n`);
      if (held.length > 0) process.exitCode = exitHolds;
    } catch (error) {
      process.stderr.write(`mirrorasm: error: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = exitRefused;
    }
  },
};

function describe(judgement: Judgement): string {
  const { metric, change, text }: Condition = judgement.condition;
  return `${text}: ${metric.what}${change ? ', the change,' : ''} is ${foundText(judgement)}`;
}

/** GitHub Actions show what a step appends to this file, as Markdown. */
function appendStepSummary(tables: readonly Table[], judged: readonly Judgement[]): void {
  const path = process.env['GITHUB_STEP_SUMMARY'];
  if (path === undefined || path === '')
    throw new Error('--step-summary: GITHUB_STEP_SUMMARY is not set; GitHub Actions set it for each step');
  const all = judged.length === 0 ? tables : [verdicts(judged), ...tables];
  appendFileSync(path, `${all.map(markdownText).join('\n')}\n`);
}

const tablesOf = (report: Report, older: Report | undefined, { by, top }: Arguments): Table[] => [
  summary(report, older),
  ...by.map((view) => tableBy(report, view, top)),
];

function textOf(report: Report, older: Report | undefined, args: Arguments): string {
  const { format } = args;
  if (format === 'json') return `${JSON.stringify(report)}\n`;
  const tables = tablesOf(report, older, args);
  const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  const text = (table: Table): string =>
    format === 'csv'
      ? csvText(table)
      : format === 'markdown'
        ? markdownText(table)
        : alignedText(table, colour);
  return tables.map(text).join('\n');
}

interface Found {
  readonly report: Report;
  /** The files that it was made of; none where a report was given. */
  readonly files: readonly { readonly path: string; readonly stats: FileStats }[];
}

/** One report, or the sum of all statistics found. */
function readStatistics(paths: readonly string[]): Found {
  const read = paths.flatMap(filesOf).map((path) => ({ path, stats: readStats(path) }));
  const reports = read.map(({ stats }) => stats).filter((one): one is Report => 'report' in one);
  const [only] = reports;
  if (only !== undefined && read.length === 1) return { report: only, files: [] };
  if (only !== undefined) throw new Error('a report stands alone: give it, or the files that it was made of');
  if (read.length === 0)
    throw new Error(`no statistics in ${paths.join(', ')}: build with MIRROR_STATS=folder`);
  const files = read.filter((one): one is { path: string; stats: FileStats } => !('report' in one.stats));
  return { report: merge(files.map(({ stats }) => stats)), files };
}

/** The page; each path that was given is a program in it. The library that draws is loaded only for it. */
async function page(
  { report, files }: Found,
  older: Report | undefined,
  paths: readonly string[],
  profile: string | undefined,
): Promise<string> {
  const libexec = join(dirname(fileURLToPath(import.meta.url)), 'libexec');
  const { htmlPage } = (await import(join(libexec, 'html.cjs'))) as typeof HtmlPage;
  const names = namesOf(files.map(({ stats }) => stats));
  const listings = new Map<string, string>();
  for (const [i, { path }] of files.entries())
    if (existsSync(listingPath(path)))
      listings.set(names[i] ?? path, readFileSync(listingPath(path)).toString('base64'));
  const where = profile === undefined ? undefined : parseProfile(readText(profile));
  const programs: Sum[] = paths.map((path) => ({
    ...readStatistics([path]).report.totals,
    name: basename(resolve(path)),
  }));
  return htmlPage({
    report,
    older,
    programs: programs.length > 1 ? programs : [],
    profile: where,
    hottest:
      where &&
      hottestSites(where, files.length > 0 ? placedFiles(files, names) : [unplaced(report)], hottestShown),
    listings,
    script: readFileSync(join(libexec, 'page/main.js'), 'utf8'),
    style: readFileSync(join(libexec, 'page/style.css'), 'utf8'),
  });
}

/** What builds left of each file, read when it is asked for: of a whole program it would not fit. */
const placedFiles = (files: Found['files'], names: readonly string[]): PlacedFile[] =>
  files.map(({ path, stats }, i) => ({
    name: names[i] ?? path,
    functions: stats.functions.map(({ name }) => name),
    places: () => (existsSync(listingPath(path)) ? readPlaces(placesPath(path)) : undefined),
    listing: () => gunzipSync(readFileSync(listingPath(path))).toString('latin1'),
  }));

/** All that a report tells of its files. */
const unplaced = ({ functions }: Report): PlacedFile => ({
  name: '',
  functions: functions.map((one) => one.function),
  places: () => undefined,
  listing: () => '',
});

function readPlaces(path: string): Places | undefined {
  if (!existsSync(path)) return undefined;
  const places = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as Places;
  if ((places.version as number) !== placesVersion)
    throw new Error(`${path} is of another release: build again with this one`);
  return places;
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
