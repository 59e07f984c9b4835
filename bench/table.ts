// Results as Markdown tables. Pure.
import type { Comparison } from './comparison.js';
import type { Spread } from './spread.js';

export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Three digits that say something; whole numbers in full. */
export function shown(value: number): string {
  const magnitude = Math.abs(value);
  const digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

/** The median with what lies around it. */
export const shownSpread = ({ median, least, most }: Spread): string =>
  `${shown(median)} (${shown(least)}-${shown(most)})`;

export const shownRatio = ({ median, least, most }: Spread): string =>
  `${median.toFixed(3)} (${least.toFixed(2)}-${most.toFixed(2)})`;

export const percent = (part: number, whole: number): string =>
  whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`;

export const markdown = ({ heads, rows }: Table): string =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');

/** @param published the factor to native, or the overhead, that was published for it */
export const comparisons = (
  all: readonly Comparison[],
  published: (name: string) => string = () => '',
): Table => {
  const theirs = all.map(({ name }) => published(name));
  const known = theirs.some((one) => one !== '');
  return {
    heads: [
      ...['', 'native (glibc)', 'native (musl)', 'mirrored', 'to glibc', 'to musl'],
      ...(known ? ['published'] : []),
    ],
    rows: all.map(({ name, unit, values, toNative, toMusl }, i) => [
      `${name}, ${unit}`,
      shownSpread(values.native),
      shownSpread(values.musl),
      shownSpread(values.mirrored),
      shownRatio(toNative),
      shownRatio(toMusl),
      ...(known ? [theirs[i] ?? ''] : []),
    ]),
  };
};
