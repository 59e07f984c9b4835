// Elements of vector registers as whole numbers.
import type { Builder } from '../operands.js';
import { sizeOf } from '../operands.js';
import type { Cpu } from '../state.js';
import { placeOf, source } from './vector.js';

export type Size = 1 | 2 | 4 | 8;
/** The last letter of names. */
export const letters = { b: 1, w: 2, d: 4, q: 8 } as const;
export type Letter = keyof typeof letters;

/** An element as a signed number. */
export function elementOf({ vb, vw, vi, vq }: Cpu, size: Size, at: number): bigint {
  if (size === 8) return BigInt.asIntN(64, vq[at >> 3] ?? 0n);
  if (size === 4) return BigInt(vi[at >> 2] ?? 0);
  return BigInt.asIntN(8 * size, BigInt((size === 2 ? vw[at >> 1] : vb[at]) ?? 0));
}

export function setElement({ vb, vw, vi, vq }: Cpu, size: Size, at: number, value: bigint): void {
  if (size === 8) vq[at >> 3] = BigInt.asUintN(64, value);
  else if (size === 4) vi[at >> 2] = Number(BigInt.asIntN(32, value));
  else if (size === 2) vw[at >> 1] = Number(BigInt.asUintN(16, value));
  else vb[at] = Number(BigInt.asUintN(8, value));
}

/** An element without sign. */
export const unsignedOf = (cpu: Cpu, size: Size, at: number): bigint =>
  BigInt.asUintN(8 * size, elementOf(cpu, size, at));

/** Of each element of one source (the last operand that is no immediate), without sign. */
export const eachOne =
  (size: Size, f: (v: bigint) => bigint): Builder =>
  (cpu, i) => {
    const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
    const end = sizeOf(i, 0);
    return () => {
      for (let n = 0; n < end; n += size) setElement(cpu, size, d + n, f(unsignedOf(cpu, size, a + n)));
    };
  };

/** Of each element of two sources, and of the destination as it was, without sign. */
export const eachTwo =
  (size: Size, f: (a: bigint, b: bigint, d: bigint) => bigint): Builder =>
  (cpu, i) => {
    const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
    const { at: b, load } = source(cpu, i, 2);
    const end = sizeOf(i, 0);
    const v = (at: number): bigint => unsignedOf(cpu, size, at);
    return () => {
      load?.();
      for (let n = 0; n < end; n += size) setElement(cpu, size, d + n, f(v(a + n), v(b + n), v(d + n)));
    };
  };

/** The same for all four widths, by the letter that a name ends with. */
export const byWidth = (
  name: string,
  make: (size: Size) => Builder,
  widths: readonly Letter[] = ['b', 'w', 'd', 'q'],
): readonly (readonly [string, Builder])[] =>
  widths.map((letter) => [`${name}${letter}`, make(letters[letter])] as const);
