// The runs of a campaign: how each ended, counted by kind of memory, merged from several machines.
import { kinds } from './layout.js';
import type { Copy, Kind } from './layout.js';

/** How a run with errors ended, against the clean run. */
export const endings = ['recovered', 'untouched', 'no error', 'wrong output', 'crashed', 'hung'] as const;
export type Ending = (typeof endings)[number];

/** An error that a run met. */
export interface Injected {
  readonly kind: Kind;
  readonly copy: Copy;
  /** Native address of the page. */
  readonly address: string;
  readonly milliseconds: number;
}

export interface Run {
  readonly seed: number;
  readonly ending: Ending;
  readonly errors: readonly Injected[];
  /** Pages that the runtime rebuilt: one that nobody touches again is lost without being missed. */
  readonly recovered: number;
  /** What the run said in the end, where it did not end well. */
  readonly message: string;
}

/** The file that a campaign leaves; those of disjoint seeds can be merged. */
export interface Campaign {
  readonly version: 1;
  readonly command: readonly string[];
  /** Those that make a run what it is, beside its seed: as they are typed. */
  readonly options: readonly string[];
  readonly runs: readonly Run[];
}

/** What is seen of a process that has ended. */
export interface Observed {
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly timedOut: boolean;
}

export function endingOf(clean: Observed, seen: Observed, errors: number, recovered: number): Ending {
  if (seen.timedOut) return 'hung';
  if (seen.signal !== clean.signal) return 'crashed';
  if (seen.status !== clean.status || seen.output !== clean.output) return 'wrong output';
  if (errors === 0) return 'no error';
  return recovered > 0 ? 'recovered' : 'untouched';
}

export const isBad = ({ ending }: Run): boolean =>
  ending === 'wrong output' || ending === 'crashed' || ending === 'hung';

/** One campaign of several, in the order of their seeds. Throws a RangeError where they do not belong together. */
export function merge(parts: readonly Campaign[]): Campaign {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to merge');
  const runs = parts.flatMap((part) => part.runs).sort((a, b) => a.seed - b.seed);
  for (const part of parts)
    if (part.command.join('\0') !== first.command.join('\0'))
      throw new RangeError(`other programs: '${first.command.join(' ')}' and '${part.command.join(' ')}'`);
  for (const part of parts)
    if (part.options.join('\0') !== first.options.join('\0'))
      throw new RangeError(`other options: '${first.options.join(' ')}' and '${part.options.join(' ')}'`);
  runs.forEach(({ seed }, i) => {
    if (i > 0 && runs[i - 1]?.seed === seed) throw new RangeError(`seed ${seed} is there twice`);
  });
  return { ...first, runs };
}

/** The table at the end: a row a kind of memory, whose errors count in the columns of the runs they were in. */
export function campaignTable({ runs }: Campaign): string {
  const titles = ['memory', 'runs', 'errors', ...endings];
  const count = (kind: Kind | null): (string | number)[] => {
    const its = (run: Run): readonly Injected[] =>
      kind === null ? run.errors : run.errors.filter((error) => error.kind === kind);
    const met = kind === null ? runs : runs.filter((run) => its(run).length > 0);
    return [
      kind ?? 'all',
      met.length,
      met.reduce((sum, run) => sum + its(run).length, 0),
      ...endings.map((ending) => met.filter((run) => run.ending === ending).length),
    ];
  };
  const rows = [titles, ...kinds.map(count).filter(([, met]) => met !== 0), count(null)].map((row) =>
    row.map(String),
  );
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  const sum = (count: (run: Run) => number): number => runs.reduce((all, run) => all + count(run), 0);
  const rebuilt = `${sum(({ errors }) => errors.length)} pages lost, ${sum(({ recovered }) => recovered)} rebuilt`;
  return `${rows.map((row) => line(row).trimEnd()).join('\n')}\n${rebuilt}\n`;
}
