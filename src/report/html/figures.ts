// What the page shows as charts, from a report.
import type { Report, SiteSum, Sum } from '../merge.js';
import type { Profile } from '../profile.js';
import type { Bar } from './charts.js';

export interface Figure {
  readonly title: string;
  /** What it shows, and what was published, if anything was. */
  readonly note: string;
  readonly bars: readonly Bar[];
  /** The same numbers as a table. */
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const most = 12;
const count = (number: number): string => number.toLocaleString('en');
const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);
const shown = (share: number): string => `${share.toFixed(1)}\u00a0%`;

function growth(sums: readonly Sum[], what: string): Figure {
  const rows = sums.slice(0, most);
  return {
    title: `Growth by ${what}`,
    note: `Inserted instructions to native ones${what === 'program' ? '' : ', of the files with most of them'}. Published for Memcached: +20 %.`,
    bars: rows.map(({ name, native, inserted }) => ({
      label: name,
      value: percent(inserted, native),
      text: `+${shown(percent(inserted, native))}`,
      detail: `${name}: ${count(native)} instructions, ${count(native + inserted)} mirrored`,
    })),
    heads: [what, 'native', 'mirrored', 'growth'],
    rows: rows.map(({ name, native, inserted }) => [
      name,
      count(native),
      count(native + inserted),
      `+${shown(percent(inserted, native))}`,
    ]),
  };
}

/** The first ones, and the others as one. */
function shares(all: readonly SiteSum[], of: (one: SiteSum) => number): [name: string, number: number][] {
  const sorted = all
    .map((one): [string, number] => [one.name, of(one)])
    .filter(([, number]) => number > 0)
    .sort(([, a], [, b]) => b - a);
  const rest = sorted.slice(most).reduce((sum, [, number]) => sum + number, 0);
  return [...sorted.slice(0, most), ...(rest > 0 ? [['others', rest] as [string, number]] : [])];
}

function distribution(
  title: string,
  note: string,
  heads: readonly string[],
  all: [string, number][],
): Figure {
  const whole = all.reduce((sum, [, number]) => sum + number, 0);
  return {
    title,
    note,
    bars: all.map(([label, number]) => ({
      label,
      value: number,
      text: `${count(number)} · ${shown(percent(number, whole))}`,
      detail: `${label}: ${count(number)}, ${shown(percent(number, whole))}`,
    })),
    heads,
    rows: all.map(([label, number]) => [label, count(number), shown(percent(number, whole))]),
  };
}

function hottest(report: Report, profile: Profile): Figure {
  const byName = new Map<string, { native: number; inserted: number }>();
  for (const { function: name, native, inserted } of report.functions) {
    const sum = byName.get(name) ?? { native: 0, inserted: 0 };
    byName.set(name, { native: sum.native + native, inserted: sum.inserted + inserted });
  }
  const whole = [...profile.functions.values()].reduce((sum, samples) => sum + samples, 0);
  const known = [...profile.functions].filter(([name]) => byName.has(name)).sort(([, a], [, b]) => b - a);
  const inside = known.reduce((sum, [, samples]) => sum + samples, 0);
  const rows = known.slice(0, most).map(([name, samples]) => {
    const { native, inserted } = byName.get(name) ?? { native: 0, inserted: 0 };
    return { name, samples, share: percent(samples, whole), growth: percent(inserted, native) };
  });
  return {
    title: 'Hottest functions',
    note: `Samples of the profile; ${shown(percent(inside, whole))} of them are in these files.`,
    bars: rows.map(({ name, samples, share, growth }) => ({
      label: name,
      value: share,
      text: `${shown(share)} · +${growth.toFixed(0)} %`,
      detail: `${name}: ${count(samples)} samples, ${shown(share)}; ${shown(growth)} more instructions`,
    })),
    heads: ['function', 'samples', 'share', 'growth'],
    rows: rows.map(({ name, samples, share, growth }) => [
      name,
      count(samples),
      shown(share),
      `+${shown(growth)}`,
    ]),
  };
}

const mostInserted = (report: Report): Figure => ({
  ...distribution(
    'Functions with most inserted instructions',
    'Counted in the text, not while it runs; --profile shows where time goes.',
    ['function', 'inserted', 'share'],
    report.functions.slice(0, most).map(({ name, inserted }) => [name, inserted]),
  ),
  heads: ['function', 'inserted', 'growth'],
  bars: report.functions.slice(0, most).map(({ function: name, file, native, inserted }) => ({
    label: name || '(no function)',
    value: inserted,
    text: `${count(inserted)} · +${percent(inserted, native).toFixed(0)} %`,
    detail: `${name || '(no function)'} in ${file}: ${count(inserted)} inserted, ${count(native)} native`,
  })),
  rows: report.functions
    .slice(0, most)
    .map(({ name, native, inserted }) => [name, count(inserted), `+${shown(percent(inserted, native))}`]),
});

/**
 * The charts of a report.
 *
 * @param programs where several were given, each on its own
 */
export function figuresOf(report: Report, programs: readonly Sum[], profile: Profile | undefined): Figure[] {
  const { mnemonics, classes, totals } = report;
  const sitesOf = (name: string): number => mnemonics.find((one) => one.name === name)?.sites ?? 0;
  const ofAll = (...names: string[]): string =>
    shown(
      percent(
        names.reduce((sum, name) => sum + sitesOf(name), 0),
        totals.sites,
      ),
    );
  const movAndPush = ofAll('mov', 'push');
  const withCall = ofAll('mov', 'push', 'call');
  const windows = shares(classes, ({ windows: number }) => number ?? 0);
  const instructions = count(totals.windowInstructions);
  return [
    programs.length > 1 ? growth(programs, 'program') : growth(report.files, 'file'),
    distribution(
      'Mirrored writes by mnemonic',
      `mov and push are ${movAndPush}, with the return addresses that call pushes ${withCall}. Published for Memcached, Ferret and SPECjbb: about 80 %.`,
      ['mnemonic', 'writes', 'share'],
      shares(mnemonics, ({ sites }) => sites),
    ),
    distribution(
      'Inserted instructions by kind of write',
      'A kind is a pattern by which writes are mirrored.',
      ['kind', 'inserted', 'share'],
      shares(classes, ({ inserted }) => inserted ?? 0),
    ),
    distribution(
      'Windows by kind of write',
      windows.length === 0
        ? 'No write has one: at every instruction one of the two copies is whole.'
        : `Writes that an error in their middle can lose, ${shown(percent(totals.windows, totals.sites))} of all; ${instructions} instructions together.`,
      ['kind', 'windows', 'share'],
      windows,
    ),
    profile === undefined ? mostInserted(report) : hottest(report, profile),
  ];
}
