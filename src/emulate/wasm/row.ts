// A row of the tables of compiled instructions.
import type { Decoded, Operand } from '../instruction.js';
import type { Emitter } from './emitter.js';

export interface Row {
  /** Flags that it sets: all of them, or some, or perhaps. */
  readonly sets: 'none' | 'some' | 'all';
  /** Looks at flags, or keeps some of them as part of what it sets. */
  readonly reads?: boolean;
  /** May leave the region although no operand is in memory. */
  readonly leaves?: boolean;
  /** Undefined: this form is left to the interpreter. */
  readonly plan: (i: Decoded) => ((e: Emitter) => void) | undefined;
}
export type Rows = Readonly<Record<string, Row>>;

export function isGeneral(o: Operand | undefined): boolean {
  return o?.kind === 'register' && o.file === 'general';
}

/** Bytes of the first operand. */
export function firstSize(i: Decoded): number {
  const [o] = i.operands;
  return o?.kind === 'register' || o?.kind === 'memory' ? o.size : 0;
}

/** A general register, or memory of 1 to 8 bytes: not with a vector of indices, nor what the interpreter does not have. */
export function isPlace(o: Operand | undefined): boolean {
  if (o?.kind !== 'memory') return isGeneral(o);
  return o.vectorIndex === undefined && o.segment !== 'cs' && isSize(o.size);
}

export function isValue(o: Operand | undefined): boolean {
  return isPlace(o) || o?.kind === 'immediate';
}

const isSize = (n: number): boolean => n === 1 || n === 2 || n === 4 || n === 8;

/** An opcode by the operand size. */
export const by = (size: number, narrow: number, wide: number): number => (size === 8 ? wide : narrow);

/** A general register as operand, of another size perhaps. */
export const generalOf = (o: Operand, size: number): { number: number; size: number; high: boolean } => {
  if (o.kind !== 'register') throw new Error('no register');
  return { number: o.number, size, high: o.high };
};
