// Shifts of packed integers: by an immediate, by the low 64 bits of an operand, or each element by its own count (AVX2).
import type { Builder, Table } from '../operands.js';
import { immediateOf, operand, sizeOf } from '../operands.js';
import { given, lanes, lanesBy, placeOf, source, withVex, zeroing } from './vector.js';
import type { Lane } from './vector.js';

export type Bits = 16 | 32 | 64;
export type Shift = (value: bigint, n: bigint, bits: number) => bigint;

export const left: Shift = (v, n, bits) => (n >= BigInt(bits) ? 0n : v << n);
export const right: Shift = (v, n, bits) => (n >= BigInt(bits) ? 0n : v >> n);
export const arithmetic: Shift = (v, n, bits) =>
  BigInt.asIntN(bits, v) >> (n >= BigInt(bits) ? BigInt(bits - 1) : n);

/** All elements of 64 bits. */
function each(all: bigint, bits: Bits, run: (value: bigint, at: bigint) => bigint): bigint {
  let out = 0n;
  for (let at = 0n; at < 64n; at += BigInt(bits))
    out |= BigInt.asUintN(bits, run(BigInt.asUintN(bits, all >> at), at)) << at;
  return out;
}

export const shift =
  (bits: Bits, run: Shift): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0) >> 3;
    const last = i.operands.length - 1;
    const a = last === 2 ? placeOf(i, 1) >> 3 : d;
    const o = operand(i, last);
    const { vq } = cpu;
    const words = sizeOf(i, 0) >> 3;
    const apply = (n: bigint): void => {
      for (let q = 0; q < words; q++) vq[d + q] = each(vq[a + q] ?? 0n, bits, (v) => run(v, n, bits));
    };
    if (o.kind === 'immediate') {
      const n = BigInt(o.lo & 255);
      return () => {
        apply(n);
      };
    }
    const { at, load } = source(cpu, i, last);
    return () => {
      load?.();
      apply(vq[at >> 3] ?? 0n);
    };
  };

/** pslldq, psrldq: bytes. */
const byteShift =
  (direction: 1 | -1): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const a = given(i) === 2 ? placeOf(i, 1) : d;
    const n = Math.min(16, immediateOf(i, i.operands.length - 1).lo & 255);
    const { vb } = cpu;
    const lane = (to: number, from: number): void => {
      if (direction > 0) {
        vb.copyWithin(to + n, from, from + 16 - n);
        vb.fill(0, to, to + n);
      } else {
        vb.copyWithin(to, from + n, from + 16);
        vb.fill(0, to + 16 - n, to + 16);
      }
    };
    const bytes = sizeOf(i, 0);
    return () => {
      for (let k = 0; k < bytes; k += 16) lane(d + k, a + k);
    };
  };

/** The two sources one behind the other, the second one lower, moved down by so many bytes. */
const align = (control: number, _half: number, bytes: number): Lane => {
  const from = Math.min(control, 2 * bytes);
  return ({ vb }, d, a, b) => {
    const both = new Uint8Array(4 * bytes);
    both.set(vb.subarray(b, b + bytes));
    both.set(vb.subarray(a, a + bytes), bytes);
    vb.set(both.subarray(from, from + bytes), d);
  };
};

/** Each element by a count of its own. */
export const own = (bits: Bits, run: Shift): Builder =>
  lanes(({ vq }, d, a, b) => {
    for (let q = 0; q < 2; q++) {
      const counts = vq[(b >> 3) + q] ?? 0n;
      vq[(d >> 3) + q] = each(vq[(a >> 3) + q] ?? 0n, bits, (v, at) =>
        run(v, BigInt.asUintN(bits, counts >> at), bits),
      );
    }
  });

export const vectorShifts: Table = {
  ...withVex({
    palignr: lanesBy(align),
    pslld: shift(32, left),
    pslldq: byteShift(1),
    psllq: shift(64, left),
    psllw: shift(16, left),
    psrad: shift(32, arithmetic),
    psraw: shift(16, arithmetic),
    psrld: shift(32, right),
    psrldq: byteShift(-1),
    psrlq: shift(64, right),
    psrlw: shift(16, right),
  }),
  vpsllvd: zeroing(own(32, left)),
  vpsllvq: zeroing(own(64, left)),
  vpsravd: zeroing(own(32, arithmetic)),
  vpsrlvd: zeroing(own(32, right)),
  vpsrlvq: zeroing(own(64, right)),
};
