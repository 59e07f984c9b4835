// Reports as text: aligned for people, CSV, Markdown. Pure.
import { metrics } from './conditions.js';
import type { Judgement } from './conditions.js';
import type { Report, SiteSum, Sum } from './merge.js';
import type { FileStats } from './types.js';

export type By = 'class' | 'file' | 'function' | 'mnemonic' | 'section';
export type Format = 'csv' | 'json' | 'markdown' | 'table';

export interface Table {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const percent = (part: number, whole: number): string =>
  whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`;

const sums = (title: string, head: string, all: readonly Sum[]): Table => ({
  title,
  heads: [
    ...[head, 'instructions', 'inserted', 'growth', 'writes', 'explicit', 'implicit', 'windows'],
    ...['kept in vectors', 'kept on stack', 'unmirrored', 'code bytes', 'mirrored'],
  ],
  rows: all.map((sum) => [
    sum.name,
    String(sum.native),
    String(sum.inserted),
    percent(sum.inserted, sum.native),
    ...[sum.sites, sum.explicit, sum.implicit, sum.windows].map(String),
    ...[sum.keptInVectors, sum.keptOnStack, sum.unmirrored].map(String),
    sum.bytes === null ? '' : String(sum.bytes.native),
    sum.bytes === null ? '' : String(sum.bytes.mirrored),
  ]),
});

function sites(title: string, head: string, all: readonly SiteSum[], top: number): Table {
  const whole = all.reduce((sum, one) => sum + one.sites, 0);
  const known = all.some(({ inserted }) => inserted !== null);
  return {
    title,
    heads: [head, 'writes', 'share', ...(known ? ['inserted', 'each', 'windows'] : [])],
    rows: first(all, top).map(({ name, sites: count, inserted, windows }) => [
      name,
      String(count),
      percent(count, whole),
      ...(known
        ? [
            String(inserted ?? ''),
            inserted === null ? '' : (inserted / count).toFixed(2),
            String(windows ?? ''),
          ]
        : []),
    ]),
  };
}

const first = <T>(all: readonly T[], top: number): readonly T[] => (top === 0 ? all : all.slice(0, top));

/**
 * One table of a report.
 *
 * @param top how many rows at most; 0: all
 */
export function tableBy(report: Report, by: By, top: number): Table {
  switch (by) {
    case 'class':
      return sites('By kind of write', 'kind', report.classes, top);
    case 'file':
      return sums('By file', 'file', first(report.files, top));
    case 'function':
      return sums('By function', 'function', first(report.functions, top));
    case 'mnemonic':
      return sites('By mnemonic', 'mnemonic', report.mnemonics, top);
    case 'section':
      return sums('By section', 'section', first(report.sections, top));
  }
}

/** All of it, and how far it is from an older report. */
export function summary(report: Report, older: Report | undefined): Table {
  const value = (number: number | null, unit: string): string =>
    number === null ? 'not measured' : unit === '%' ? `${number.toFixed(1)} %` : String(number);
  const signed = (number: number, unit: string): string => `${number > 0 ? '+' : ''}${value(number, unit)}`;
  return {
    title: `${report.files.length} files, ${report.functions.length} functions, ${report.totals.native} instructions`,
    heads: ['', 'now', ...(older === undefined ? [] : ['before', 'change'])],
    rows: [...metrics].map(({ what, unit, of }) => {
      const now = of(report);
      const before = older === undefined ? undefined : of(older);
      const change =
        now === null || before === undefined || before === null ? '' : signed(now - before, unit);
      return [what, value(now, unit), ...(before === undefined ? [] : [value(before, unit), change])];
    }),
  };
}

/** The number that a condition was held against. */
export const foundText = ({ condition, found }: Judgement): string =>
  condition.metric.unit === '%' ? `${found.toFixed(2)} %` : String(found);

/** What became of conditions that must not hold. */
export const verdicts = (judged: readonly Judgement[]): Table => ({
  title: judged.some(({ holds }) => holds) ? 'Failed' : 'Passed',
  heads: ['must not be', 'found', ''],
  rows: judged.map((one) => [one.condition.text, foundText(one), one.holds ? '❌' : '✅']),
});

/** A file's statistics as they are written. */
export const statsText = (stats: FileStats): string => `${JSON.stringify(stats)}\n`;

/** Names to the left, numbers to the right. */
export function alignedText({ title, heads, rows }: Table, colour: boolean): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const strong = (text: string): string => (colour ? `\x1b[1m${text}\x1b[0m` : text);
  return `${strong(title)}\n${[strong(line(heads)), ...rows.map(line)].join('\n')}\n`;
}

export function markdownText({ title, heads, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = heads.map((_, i) => (i === 0 ? ':--' : '--:'));
  return `### ${title}\n\n${[line(heads), line(rule), ...rows.map(line)].join('\n')}\n`;
}

/** RFC 4180, with the table's name in front of each row. */
export function csvText({ title, heads, rows }: Table): string {
  const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return (
    ['table', ...heads].map(cell).join(',') +
    '\n' +
    rows.map((row) => [title, ...row].map(cell).join(',') + '\n').join('')
  );
}
