// All instructions, by name. What is in no table is missing, and says so when it is reached.
import type { Decoded } from '../instruction.js';
import type { Builder, Table } from '../operands.js';
import { arithmetic } from './arithmetic.js';
import { bits } from './bits.js';
import { control } from './control.js';
import { moves } from './moves.js';
import { multiplies } from './multiply.js';
import { shifts } from './shifts.js';
import { strings } from './strings.js';
import { vectorFloats } from './vector-float.js';
import { vectorIntegers } from './vector-integer.js';
import { vectorMoves } from './vector-moves.js';
import { x87 } from './x87.js';

const all: ReadonlyMap<string, Builder> = new Map(
  [
    arithmetic,
    bits,
    control,
    moves,
    multiplies,
    shifts,
    vectorFloats,
    vectorIntegers,
    vectorMoves,
    x87,
  ].flatMap((table: Table) => Object.entries(table)),
);
const stringTable: ReadonlyMap<string, Builder> = new Map(Object.entries(strings));

/** movsd and cmpsd of vector registers are others than the string instructions. */
export function builderOf(i: Decoded): Builder | undefined {
  const vector = i.operands.some((o) => o.kind === 'register' && o.file === 'vector');
  return vector ? all.get(i.name) : (stringTable.get(i.name) ?? all.get(i.name));
}
