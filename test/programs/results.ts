// What test/programs/results holds of a program at one word size, and the table of docs/compatibility.md that is made of them. Pure.
import type { Machine } from '../../bench/machine.js';
import { markdown } from '../../bench/table.js';
import type { Check, Width } from '../suites/types.js';
import type { Watched } from './measure.js';

export interface Result {
  readonly version: 1;
  readonly machine: Machine;
  readonly date: string;
  readonly rounds: number;
  readonly program: string;
  /** Upstream's. */
  readonly release: string;
  readonly width: Width;
  /** Of C in the sources. */
  readonly lines: number;
  /** Tests of its own. */
  readonly passed: { readonly native: number; readonly mirrored: number };
  readonly check: Check;
  readonly watched: Watched | null;
  /** Mirrored to native, one number a round. */
  readonly time: readonly number[];
  readonly memory: readonly number[];
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[(numbers.length - 1) >> 1] ?? NaN;

/** The median with what lies around it, of one round the number itself. */
export function ratio(numbers: readonly number[]): string {
  if (numbers.length === 0) return '';
  const middle = median(numbers).toFixed(2);
  return numbers.length === 1
    ? middle
    : `${middle} (${Math.min(...numbers).toFixed(2)}-${Math.max(...numbers).toFixed(2)})`;
}

const whole = (value: number): string => value.toLocaleString('en');

interface Column {
  readonly head: string;
  readonly cell: (result: Result) => string;
}

const columns: readonly Column[] = [
  { head: 'program', cell: ({ program, release }) => `${program} ${release}` },
  { head: 'bits', cell: ({ width }) => String(width) },
  { head: 'lines of C', cell: ({ lines }) => whole(lines) },
  { head: 'tests passed natively', cell: ({ passed }) => whole(passed.native) },
  { head: 'mirrored', cell: ({ passed }) => whole(passed.mirrored) },
  { head: 'processes', cell: ({ check }) => whole(check.reports) },
  { head: 'bytes checked', cell: ({ check }) => whole(check.bytesChecked) },
  { head: 'differ', cell: ({ check }) => whole(check.bytesDiffering) },
  { head: 'named in reports', cell: ({ check }) => check.escapes.join(', ') },
  { head: 'checks while it runs', cell: ({ watched }) => (watched ? whole(watched.checks) : '') },
  { head: 'bytes checked', cell: ({ watched }) => (watched ? whole(watched.bytesChecked) : '') },
  { head: 'differ', cell: ({ watched }) => (watched ? whole(watched.bytesDiffering) : '') },
  { head: 'CPU time', cell: ({ time }) => ratio(time) },
  { head: 'memory', cell: ({ memory }) => ratio(memory) },
];

/** Columns in which nothing stands are left out. */
export function table(results: readonly Result[]): string {
  const shown = columns.filter(({ cell }) => results.some((one) => cell(one) !== ''));
  return markdown({
    heads: shown.map(({ head }) => head),
    rows: results.map((one) => shown.map(({ cell }) => cell(one))),
  });
}

const span = (values: readonly (string | number)[]): string => {
  const all = [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
  return all.length < 2 ? String(all[0] ?? '') : `${all[0]} to ${all.at(-1)}`;
};

/** More programs wanted to run than there are processors: what a round used says little. */
const busy = ({ machine: { load, cores } }: Result): boolean => load > cores;

const nameOf = ({ machine: { processor, cores, linux, gcc } }: Result): string =>
  `${processor}, ${cores} cores, Linux ${linux}, gcc ${gcc}`;

/** The machines, each with what was run on it. */
export const about = (results: readonly Result[]): string =>
  [...new Set(results.map(nameOf))]
    .map((name) => {
      const from = results.filter((one) => nameOf(one) === name);
      const programs = from.length < results.length ? ` (${from.length} of ${results.length} rows)` : '';
      const date = span(from.map(({ date }) => date));
      const rounds = span(from.map(({ rounds }) => rounds));
      const load = span(from.map(({ machine }) => machine.load));
      const note = from.some(busy) ? ' (a busy machine: ratios of time say little)' : '';
      return `${name}${programs}; ${date}; rounds: ${rounds}; load average before: ${load}${note}.\n`;
    })
    .join('\n');
