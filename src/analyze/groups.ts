// Which code hangs together: a function with all its parts, as far as branches, tables and taken addresses show.
import { flow } from './code.js';
import type { Code } from './code.js';
import type { Labels } from './labels.js';
import type { DataRun } from './addresses.js';

export interface Tables {
  /** Run of each label that stands before data. */
  readonly runOf: ReadonlyMap<string, number>;
  /** Entries of a run as units, or undefined where it is not all code. */
  absolute(run: number): readonly number[] | undefined;
  relative(run: number): readonly number[] | undefined;
}

export interface Groups {
  /** The group of a unit, below `size`. */
  readonly groupOf: (unit: number) => number;
  readonly size: number;
  /** Units at which a computed address can arrive. */
  readonly taken: ReadonlySet<number>;
  /** Landing pads, called places, and places whose address goes who knows where: no value is known to arrive there. */
  readonly strange: ReadonlySet<number>;
  readonly tables: Tables;
}

export function append(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** The unit of a label that is no function. */
function placeOf(code: Code, labels: Labels, name: string, statement: number): number {
  return code.functions.has(name) ? -2 : labels.resolve(name, statement);
}

function tablesOf(code: Code): Tables {
  const { labels, addresses } = code;
  const runOf = new Map<string, number>();
  addresses.runs.forEach((run, i) => {
    for (const label of run.labels) runOf.set(label, i);
  });
  const entries = (
    run: DataRun | undefined,
    name: (expression: string) => string | undefined,
  ): readonly number[] | undefined => {
    if (run === undefined || run.mixed || run.entries.length === 0) return undefined;
    const units: number[] = [];
    for (const { expression, statement } of run.entries) {
      const label = name(expression.trim());
      const unit = label === undefined ? -2 : placeOf(code, labels, label, statement);
      if (unit < 0) return undefined;
      units.push(unit);
    }
    return units;
  };
  return {
    runOf,
    absolute: (i) => entries(addresses.runs[i], (text) => (/^[\w.$]+$/.test(text) ? text : undefined)),
    relative(i) {
      const run = addresses.runs[i];
      return entries(run, (text) => {
        const found = /^([\w.$]+)(?:-([\w.$]+)|@GOTOFF)$/.exec(text);
        return found && (found[2] === undefined || run?.labels.includes(found[2])) ? found[1] : undefined;
      });
    },
  };
}

/** A jump to another function, not to a part of its own (`f.cold`). */
function isSibling(code: Code, i: number): boolean {
  const operand = code.units[i]?.instruction.operands[0];
  return (
    operand?.kind === 'target' && code.functions.has(operand.expression) && !operand.expression.includes('.')
  );
}

/** Groups of a file. Pure. */
export function groupsOf(code: Code): Groups {
  const tables = tablesOf(code);
  const { units, next, target, labels, addresses } = code;
  const parent = new Int32Array(units.length + addresses.runs.length);
  for (let i = 0; i < parent.length; i++) parent[i] = i;
  const groupOf = (i: number): number => {
    let at = i;
    for (let up = parent[at] ?? at; up !== at; up = parent[at] ?? at) {
      parent[at] = parent[up] ?? up;
      at = up;
    }
    return at;
  };
  const join = (a: number, b: number): void => {
    parent[groupOf(a)] = groupOf(b);
  };
  const taken = new Set<number>();
  const strange = new Set<number>();
  for (let i = 0; i < units.length; i++) {
    const onward = next[i] ?? -1;
    const call = code.flow[i] === flow.call;
    // A call right before a function does not return.
    if (onward >= 0 && !(call && code.functionEntries.has(onward))) join(i, onward);
    const branch = target[i] ?? -1;
    if (branch < 0) continue;
    if (call) strange.add(branch);
    else if (!isSibling(code, i)) join(i, branch);
  }
  const entriesOf = addresses.runs.map((run) =>
    run.entries.flatMap(({ names, statement }) =>
      names.map((name) => ({ name, unit: placeOf(code, labels, name, statement) })),
    ),
  );
  // Data that points to tables belongs to them; other data is shared by many functions and joins nothing.
  const node = (run: number): number => units.length + run;
  entriesOf.forEach((entries, r) => {
    for (const { name } of entries) {
      const run = tables.runOf.get(name);
      if (run !== undefined) join(node(r), node(run));
    }
  });
  const holdsCode = new Set<number>();
  entriesOf.forEach((entries, r) => {
    if (entries.some(({ unit }) => unit >= 0)) holdsCode.add(groupOf(node(r)));
  });
  const relevant = addresses.runs.map((_, r) => holdsCode.has(groupOf(node(r))));
  entriesOf.forEach((entries, r) => {
    const table = tables.absolute(r) !== undefined || tables.relative(r) !== undefined;
    for (const { unit } of entries) {
      if (unit < 0) continue;
      taken.add(unit);
      join(node(r), unit);
      if (!table) strange.add(unit);
    }
  });
  for (const { unit, names } of addresses.mentions)
    for (const name of names) {
      const place = placeOf(code, labels, name, code.statement[unit] ?? 0);
      if (place >= 0) {
        taken.add(place);
        join(unit, place);
      }
      const run = tables.runOf.get(name);
      if (run !== undefined && relevant[run]) join(unit, node(run));
    }
  return { groupOf, size: parent.length, taken, strange, tables };
}
