// What `mirrorasm run --stats` prints of a counted run, and what --profile writes for `mirrorasm stats --profile`. Pure.
import { executedHead } from '../report/profile.js';
import type * as Emulate from '../emulate/index.js';

type Counts = Readonly<Record<Emulate.Origin, number>>;

const origins: readonly Emulate.Origin[] = ['native', 'inserted', 'runtime', 'unmarked'];
/** Rows of a table. */
const most = 20;

interface Row {
  readonly name: string;
  readonly counts: Counts;
}

const total = ({ counts }: Row): number => origins.reduce((sum, origin) => sum + counts[origin], 0);

/** Executions by anything that a site has. */
function rowsBy(
  sites: readonly Emulate.CountedSite[],
  nameOf: (site: Emulate.CountedSite) => string,
): readonly Row[] {
  const rows = new Map<string, Record<Emulate.Origin, number>>();
  for (const site of sites) {
    const name = nameOf(site);
    let counts = rows.get(name);
    if (counts === undefined) rows.set(name, (counts = { native: 0, inserted: 0, runtime: 0, unmarked: 0 }));
    counts[site.origin] += site.executed;
  }
  return [...rows]
    .map(([name, counts]) => ({ name, counts }))
    .sort((a, b) => total(b) - total(a) || (a.name < b.name ? -1 : 1));
}

function table(head: string, rows: readonly Row[], shown: readonly Emulate.Origin[]): string {
  const cells = [
    [head, 'all', ...shown],
    ...rows
      .slice(0, most)
      .map((row) => [row.name, String(total(row)), ...shown.map((origin) => String(row.counts[origin]))]),
  ];
  const widths = cells[0]?.map((_, n) => Math.max(...cells.map((row) => row[n]?.length ?? 0))) ?? [];
  const lines = cells.map((row) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join('  '),
  );
  const left = rows.length - most;
  return `${lines.join('\n')}\n${left > 0 ? `... and ${left} more\n` : ''}`;
}

/** @param functionOf the function that an address is in */
export function statsOfRun(
  { sites, byKernel }: Emulate.Counted,
  functionOf: (address: number) => string,
): string {
  const all = rowsBy(sites, () => 'instructions');
  const shown = origins.filter((origin) => all.some(({ counts }) => counts[origin] > 0));
  const sum = (of: (site: Emulate.CountedSite) => number): number =>
    sites.reduce((bytes, site) => bytes + of(site), 0);
  const written = `bytes written: ${sum(({ stored }) => stored)} to native memory, ${sum(({ mirrored }) => mirrored)} to the mirror, ${byKernel} by the kernel\n`;
  return [
    table('executed', all, shown),
    table(
      'class',
      rowsBy(sites, (site) => site.class),
      shown,
    ),
    table(
      'mnemonic',
      rowsBy(sites, (site) => site.mnemonic),
      shown,
    ),
    table(
      'function',
      rowsBy(sites, (site) => functionOf(site.address)),
      shown,
    ),
    written,
  ].join('\n');
}

/**
 * A profile with a line for each instruction that was executed: how often, where, and whose it is.
 *
 * @param placeOf function and distance from its beginning, `f+0x12`
 */
export function profileOfRun({ sites }: Emulate.Counted, placeOf: (address: number) => string): string {
  const lines = sites.map(({ executed, address, origin }) => {
    const place = placeOf(address);
    // A function without a place is one of which the place is not known.
    const whole = place === '?' || place.includes('+0x') ? place : `${place}+0x0`;
    return `${executed} ${whole} ${origin}\n`;
  });
  return `${executedHead}\n${lines.join('')}`;
}
