// All instructions, by name. What is in no table is missing, and says so when it is reached.
import type { Decoded } from '../instruction.js';
import type { Builder, Table } from '../operands.js';
import { arithmetic } from './arithmetic.js';
import { bits } from './bits.js';
import { code32 } from './code32.js';
import { control } from './control.js';
import { crypto } from './crypto.js';
import { decimal } from './decimal.js';
import { evexComparisons } from './evex-compare.js';
import { evexFloats } from './evex-float.js';
import { evexIntegers, vectorDots } from './evex-integer.js';
import { evexMoves } from './evex-moves.js';
import { evexSpecials } from './evex-special.js';
import { evexShuffles } from './evex-shuffle.js';
import { gfni } from './gfni.js';
import { masks } from './masks.js';
import { moves } from './moves.js';
import { multiplies } from './multiply.js';
import { saved } from './saved.js';
import { shifts } from './shifts.js';
import { sse4a } from './sse4a.js';
import { strings } from './strings.js';
import { withMmx } from './vector.js';
import { vectorConversions } from './vector-convert.js';
import { vectorFloats } from './vector-float.js';
import { vectorFused } from './vector-fused.js';
import { vectorIntegers } from './vector-integer.js';
import { vectorMasked } from './vector-masked.js';
import { vectorMoves } from './vector-moves.js';
import { vectorShifts } from './vector-shift.js';
import { vectorShuffles } from './vector-shuffle.js';
import { vectorTexts } from './vector-text.js';
import { x87 } from './x87.js';
import { x87Functions } from './x87-functions.js';

const all: ReadonlyMap<string, Builder> = new Map(
  [
    arithmetic,
    bits,
    control,
    crypto,
    gfni,
    masks,
    moves,
    multiplies,
    saved,
    shifts,
    sse4a,
    vectorConversions,
    vectorDots,
    vectorFloats,
    vectorFused,
    vectorIntegers,
    vectorMasked,
    vectorMoves,
    vectorShifts,
    vectorShuffles,
    vectorTexts,
    x87,
    x87Functions,
  ].flatMap((table: Table) => Object.entries(table)),
);
const stringTable: ReadonlyMap<string, Builder> = new Map(Object.entries(strings));

/** Forms of EVEX. */
const evexTable: ReadonlyMap<string, Builder> = new Map(
  [evexComparisons, evexFloats, evexIntegers, evexMoves, evexShuffles, evexSpecials].flatMap((table: Table) =>
    Object.entries(table),
  ),
);

/** What 32-bit code has beside, or does in its own way. */
const table32: ReadonlyMap<string, Builder> = new Map(Object.entries({ ...decimal, ...code32 }));

/** Names that a row has, in code of so many bits. */
export function rowNames(bits: 32 | 64): readonly string[] {
  return [...new Set([...all.keys(), ...stringTable.keys(), ...(bits === 32 ? table32.keys() : [])])];
}

/** Names that a row of EVEX has. */
export const evexNames: readonly string[] = [...evexTable.keys()];

/** movsd and cmpsd of vector registers are others than the string instructions. */
export function builderOf(i: Decoded): Builder | undefined {
  if (i.foreign) return undefined;
  if (i.evex) return evexTable.get(i.name);
  const own = i.bits === 32 ? table32.get(i.name) : undefined;
  if (own) return own;
  const uses = (file: 'vector' | 'mmx'): boolean =>
    i.operands.some((o) => o.kind === 'register' && o.file === file);
  const found = uses('vector') ? all.get(i.name) : (stringTable.get(i.name) ?? all.get(i.name));
  return found && uses('mmx') ? withMmx(found) : found;
}
