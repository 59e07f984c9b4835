// All instructions, by name. What is in no table is missing, and says so when it is reached.
import type { Decoded } from '../instruction.js';
import type { Builder, Table } from '../operands.js';
import { arithmetic } from './arithmetic.js';
import { bits } from './bits.js';
import { code32 } from './code32.js';
import { control } from './control.js';
import { decimal } from './decimal.js';
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

/** What 32-bit code has beside, or does in its own way. */
const table32: ReadonlyMap<string, Builder> = new Map(Object.entries({ ...decimal, ...code32 }));

/** movsd and cmpsd of vector registers are others than the string instructions. */
export function builderOf(i: Decoded): Builder | undefined {
  const own = i.bits === 32 ? table32.get(i.name) : undefined;
  if (own) return own;
  const vector = i.operands.some((o) => o.kind === 'register' && o.file === 'vector');
  return vector ? all.get(i.name) : (stringTable.get(i.name) ?? all.get(i.name));
}
