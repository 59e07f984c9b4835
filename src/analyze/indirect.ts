// Where indirect jumps of compiler output can go: jump tables and computed gotos.
//
// A jump that is no call stays in its function (C has no other; a nested function's goto reaches a place where the compiler takes all
// registers for lost), or it is a tail call. So its targets are labels whose address is taken in code that hangs together with it by
// branches, tables and mentions, or functions. Where the jump's operand is a whole table of this file, they are the table's entries.
import type { Code } from './code.js';
import { append } from './groups.js';
import type { Groups, Tables } from './groups.js';
import type { MemoryOperand } from '../parse/syntax.js';
import { registersOf } from '../isa/registers.js';
import { CALL_CHANGES } from './sets.js';

export interface Indirect {
  readonly targets: readonly number[];
  /** It may be a tail call as well. */
  readonly elsewhere: boolean;
}

/** Units looked at for one file, in multiples of its size: the search for a register's value gives up behind it. */
const EFFORT = 200;

/** The targets of each indirect jump, by unit. Pure. */
export function resolveIndirect(code: Code, groups: Groups): ReadonlyMap<number, Indirect> {
  const jumps: number[] = [];
  code.units.forEach((unit, i) => {
    if (unit.effects.flow === 'indirect-jump') jumps.push(i);
  });
  if (jumps.length === 0) return new Map();
  const { groupOf, taken, strange, tables } = groups;
  const takenIn = new Map<number, number[]>();
  for (const unit of taken) append(takenIn, groupOf(unit), unit);
  const jumpsIn = new Map<number, number[]>();
  for (const jump of jumps) append(jumpsIn, groupOf(jump), jump);

  const found = new Map<number, Indirect>();
  const values = createValues(code, tables, (unit) => {
    if (strange.has(unit) || code.functionEntries.has(unit)) return undefined;
    return taken.has(unit) ? (jumpsIn.get(groupOf(unit)) ?? []) : [];
  });
  for (const jump of jumps) {
    const targets = values.targets(jump);
    found.set(
      jump,
      targets === undefined
        ? { targets: takenIn.get(groupOf(jump)) ?? [], elsewhere: true }
        : { targets, elsewhere: false },
    );
  }
  return found;
}

/** A register's value, as far as it matters here. */
interface Value {
  /**
   * The address of a table; an entry that is an address, one that counts from its table, one that counts from the global offset
   * table; or what the table's address and its entry add up to.
   */
  readonly kind: 'table' | 'absolute' | 'relative' | 'got' | 'sum';
  readonly runs: ReadonlySet<number>;
}

/**
 * @param arrivals units from which a computed jump can come to one; undefined: not known
 */
function createValues(
  code: Code,
  tables: Tables,
  arrivals: (unit: number) => readonly number[] | undefined,
): { targets(jump: number): readonly number[] | undefined } {
  const { units } = code;
  const registers = registersOf(code.mode);
  const wordBytes = code.mode / 8;
  let effort = EFFORT * units.length;
  const sources = predecessorsOf(code);

  const bit = (name: string): number => registers.get(name)?.integer ?? 0;
  const changes = (i: number, mask: number): boolean => {
    const effects = units[i]?.effects;
    if (effects === undefined) return true;
    const by = effects.flow === 'call' || effects.flow === 'syscall' ? CALL_CHANGES : 0;
    return ((effects.integerWritten | by) & mask) !== 0;
  };

  /** The run whose address unit `i` puts into a register, or -1. */
  function runAt(i: number): number {
    const unit = units[i];
    const operand = unit?.instruction.operands[0];
    let name = '';
    if (unit?.effects.base === 'lea' && operand?.kind === 'memory' && operand.index === '') {
      if (operand.base === 'rip' || operand.base === '') name = operand.displacement;
      else name = /^([\w.$]+)@GOTOFF$/.exec(operand.displacement)?.[1] ?? '';
    } else if (unit?.effects.base === 'mov' && operand?.kind === 'immediate') name = operand.expression;
    return tables.runOf.get(name) ?? -1;
  }

  /** Tables that the register can hold before unit `at`, over every path to it. */
  function tablesBefore(mask: number, at: number): ReadonlySet<number> | undefined {
    const runs = new Set<number>();
    const seen = new Set<number>([at]);
    const work = [at];
    for (let i = work.pop(); i !== undefined; i = work.pop()) {
      const computed = arrivals(i);
      if (computed === undefined) return undefined;
      const before = [...sources(i), ...computed];
      if (before.length === 0) return undefined;
      for (const from of before) {
        if (--effort < 0) return undefined;
        if (!changes(from, mask)) {
          if (!seen.has(from)) {
            seen.add(from);
            work.push(from);
          }
          continue;
        }
        const run = runAt(from);
        if (run < 0) return undefined;
        runs.add(run);
      }
    }
    return runs;
  }

  /** The unit that sets the register, where only one way leads from it to `at`; or -1. */
  function definition(mask: number, at: number): number {
    for (let i = at; --effort >= 0; i--) {
      const before = sources(i);
      if (before.length !== 1 || before[0] !== i - 1 || arrivals(i)?.length !== 0) return -1;
      if (changes(i - 1, mask)) return i - 1;
    }
    return -1;
  }

  /** Tables that `operand` reads an entry of, before unit `at`. */
  function indexed(operand: MemoryOperand, scale: number, at: number): ReadonlySet<number> | undefined {
    if (operand.index === '' || operand.scale !== scale || operand.segment !== '') return undefined;
    if (operand.displacement === '' && operand.base !== '') return tablesBefore(bit(operand.base), at);
    const run = tables.runOf.get(operand.displacement.replace(/@GOTOFF$/, ''));
    const direct = operand.base === '' || operand.displacement.endsWith('@GOTOFF');
    return direct && run !== undefined ? new Set([run]) : undefined;
  }

  function valueBefore(name: string, at: number): Value | undefined {
    const mask = bit(name);
    const i = mask === 0 ? -1 : definition(mask, at);
    const unit = units[i];
    if (unit === undefined || runAt(i) >= 0) {
      const runs = tablesBefore(mask, at);
      return runs && { kind: 'table', runs };
    }
    const { base } = unit.effects;
    const [source, destination] = unit.instruction.operands;
    if (destination?.kind !== 'register' || bit(destination.name) !== mask) return undefined;
    if (base === 'mov' && source?.kind === 'register') return valueBefore(source.name, i);
    if ((base === 'movsxd' || base === 'mov') && source?.kind === 'memory') {
      const runs = indexed(source, base === 'mov' ? wordBytes : 4, i);
      const got = source.displacement.endsWith('@GOTOFF');
      return runs && { kind: got ? 'got' : base === 'mov' ? 'absolute' : 'relative', runs };
    }
    let parts: readonly string[] = [];
    if (base === 'add' && source?.kind === 'register') parts = [source.name, destination.name];
    if (base === 'lea' && source?.kind === 'memory' && source.displacement === '' && source.scale === 1)
      parts = [source.base, source.index];
    const values = parts.map((part) => valueBefore(part, i));
    const entry = values.find((value) => value?.kind === 'relative' || value?.kind === 'got');
    if (entry === undefined) return undefined;
    const table = values.find((value) => value?.kind === 'table');
    const [run = -1] = entry.runs;
    if (entry.kind === 'got' || (entry.runs.size === 1 && table?.runs.size === 1 && table.runs.has(run)))
      return { kind: 'sum', runs: entry.runs };
    return undefined;
  }

  const collect = (
    runs: ReadonlySet<number>,
    entries: (run: number) => readonly number[] | undefined,
  ): readonly number[] | undefined => {
    const all: number[] = [];
    for (const run of runs) {
      const units = entries(run);
      if (units === undefined) return undefined;
      all.push(...units);
    }
    return all;
  };

  return {
    targets(jump) {
      const operand = units[jump]?.instruction.operands[0];
      if (operand?.kind !== 'indirect') return undefined;
      const { inner } = operand;
      if (inner.kind === 'memory') {
        const runs = indexed(inner, wordBytes, jump);
        return runs && collect(runs, tables.absolute);
      }
      const value = valueBefore(inner.name, jump);
      if (value?.kind === 'absolute') return collect(value.runs, tables.absolute);
      return value?.kind === 'sum' ? collect(value.runs, tables.relative) : undefined;
    },
  };
}

/** The units from which control comes to one by falling through or by a direct branch. */
function predecessorsOf({ units, next, target }: Code): (unit: number) => readonly number[] {
  const start = new Int32Array(units.length + 1);
  const each = (visit: (to: number, from: number) => void): void => {
    for (let i = 0; i < units.length; i++) {
      const onward = next[i] ?? -1;
      if (onward >= 0) visit(onward, i);
      const branch = target[i] ?? -1;
      if (branch >= 0 && branch !== onward) visit(branch, i);
    }
  };
  each((to) => (start[to + 1] = (start[to + 1] ?? 0) + 1));
  for (let i = 0; i < units.length; i++) start[i + 1] = (start[i + 1] ?? 0) + (start[i] ?? 0);
  const from = new Int32Array(start[units.length] ?? 0);
  const fill = start.slice();
  each((to, i) => {
    const at = fill[to] ?? 0;
    from[at] = i;
    fill[to] = at + 1;
  });
  return (unit) => [...from.subarray(start[unit], start[unit + 1])];
}
