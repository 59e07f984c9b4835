// Results as tables for people.
import type { Case, Outcome, Result } from './types.js';

type Cell = string | number;

/** The first column to the left, the others to the right. */
export function table(rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(String));
  const widths = (texts[0] ?? []).map((_, i) => Math.max(...texts.map((row) => row[i]?.length ?? 0)));
  return texts
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function groups(results: readonly Result[]): Map<string, Result[]> {
  const found = new Map<string, Result[]>();
  for (const result of results) {
    const { suite, level, width } = result.case;
    const key = `${suite} ${level} ${width}`;
    const group = found.get(key);
    if (group) group.push(result);
    else found.set(key, [result]);
  }
  return found;
}

const count = (results: readonly Result[], kind: Result['verdict']['kind']): number =>
  results.filter(({ verdict }) => verdict.kind === kind).length;

/** Suite, level and width, with how many cases ended how. */
export function verdictTable(results: readonly Result[]): string {
  const rows: Cell[][] = [
    ['suite', 'level', 'bits', 'cases', 'excluded', 'same', 'no write', 'differ', 'refused'],
  ];
  for (const group of groups(results).values()) {
    const { suite, level, width } = group[0]?.case as Case;
    rows.push([
      suite,
      level,
      width,
      group.length,
      count(group, 'excluded'),
      count(group, 'same'),
      // The compiler left no write of memory in them: only libc's are mirrored.
      group.filter(({ verdict }) => verdict.kind === 'same' && verdict.mirrored.counts?.sites === 0).length,
      count(group, 'differs'),
      count(group, 'refused'),
    ]);
  }
  return table(rows);
}

/** Reasons for every case that is not `same`, most frequent first. */
export function reasonTable(results: readonly Result[]): string {
  const reasons = new Map<string, { count: number; example: string }>();
  for (const { case: one, verdict } of results) {
    if (verdict.kind === 'same') continue;
    const key = `${verdict.kind}: ${verdict.reason}`;
    const example = `${one.name} ${one.level} ${one.width}`;
    reasons.set(key, {
      count: (reasons.get(key)?.count ?? 0) + 1,
      example: reasons.get(key)?.example ?? example,
    });
  }
  const rows = [...reasons].sort((a, b) => b[1].count - a[1].count);
  return rows.length === 0
    ? ''
    : table([
        ['reason', 'cases', 'first'],
        ...rows.map(([reason, { count, example }]) => [reason, count, example]),
      ]);
}

/** What mirroring adds to the cases that are the same: instructions of the program's own code, and its bytes. */
export function costTable(results: readonly Result[]): string {
  const rows: Cell[][] = [
    [
      'suite',
      'level',
      'bits',
      'instructions',
      'inserted',
      'added',
      'sites',
      'code bytes',
      'mirrored',
      'ratio',
    ],
  ];
  for (const group of groups(results).values()) {
    const same = group.flatMap(({ verdict }) => (verdict.kind === 'same' ? [verdict] : []));
    if (same.length === 0) continue;
    const { suite, level, width } = group[0]?.case as Case;
    const sum = (of: (pair: { native: Outcome; mirrored: Outcome }) => number): number =>
      same.reduce((all, pair) => all + of(pair), 0);
    const native = sum(({ mirrored }) => mirrored.counts?.native ?? 0);
    const inserted = sum(({ mirrored }) => mirrored.counts?.inserted ?? 0);
    const bytes = sum((pair) => pair.native.codeBytes);
    const bytesMirrored = sum((pair) => pair.mirrored.codeBytes);
    rows.push([
      suite,
      level,
      width,
      native,
      inserted,
      `${((100 * inserted) / native).toFixed(1)} %`,
      sum(({ mirrored }) => mirrored.counts?.sites ?? 0),
      bytes,
      bytesMirrored,
      (bytesMirrored / bytes).toFixed(3),
    ]);
  }
  return table(rows);
}

/** System calls and the like that the runtime has no row for, over all runs. */
export function escapeTable(results: readonly Result[]): string {
  const cases = new Map<string, number>();
  for (const { verdict } of results)
    if (verdict.kind === 'same')
      for (const escape of verdict.mirrored.check?.escapes ?? [])
        cases.set(escape, (cases.get(escape) ?? 0) + 1);
  return cases.size === 0 ? '' : table([['escape', 'cases'], ...[...cases].sort((a, b) => b[1] - a[1])]);
}
