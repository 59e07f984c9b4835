// Results as a table: a row for each kind of memory, copy and way of losing a page, with a cell for each width.
import { widths } from './cases.js';
import type { Result } from './judge.js';
import { table } from '../suites/table.js';

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
