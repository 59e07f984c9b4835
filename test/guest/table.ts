// Results as tables.
import { losses, widths } from './cases.js';
import type { Result } from './judge.js';
import { table } from '../suites/table.js';

/** A row for each kind of memory, copy and way of losing a page, with a cell for each width. */
export function caseTable(results: readonly Result[]): string {
  const rows = new Map<string, Result[]>();
  for (const result of results) {
    const { kind, copy, loss } = result.case;
    const key = [kind.name, copy, loss.name].join('|');
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  const cells = [...rows.values()].map((row) => {
    const [first] = row;
    if (first === undefined) return [];
    const { kind, copy, loss } = first.case;
    return [
      kind.what,
      copy,
      loss.name,
      ...widths.map((bits) => cell(row.find((one) => one.case.bits === bits))),
    ];
  });
  return table([['memory', 'copy', 'lost by', ...widths.map((bits) => `${bits} bits`)], ...cells]);
}

function cell(result: Result | undefined): string {
  if (result === undefined) return '';
  if (result.wrong.length > 0) return 'BAD';
  if (result.case.copy === 'both') return 'message, SIGBUS';
  return result.microseconds === undefined ? 'nothing lost' : `${result.cause} ${result.microseconds} us`;
}

/** A row for each way of losing a page: how it was heard of, how many came back, how long that took in the emulator. */
export function lossTable(results: readonly Result[]): string {
  const rows = losses.flatMap(({ name }) => {
    const mine = results.filter(({ case: one }) => one.loss.name === name);
    if (mine.length === 0) return [];
    const times = mine.flatMap(({ microseconds }) => microseconds ?? []).sort((a, b) => a - b);
    const causes = [...new Set(mine.map(({ cause }) => cause))].sort();
    const good = mine.filter(({ wrong }) => wrong.length === 0).length;
    return [
      [name, causes.join(', '), mine.length, good, times[times.length >> 1] ?? '-', times.at(-1) ?? '-'],
    ];
  });
  return table([['lost by', 'heard of by', 'cases', 'good', 'median us', 'longest us'], ...rows]);
}
