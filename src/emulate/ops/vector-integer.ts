// Packed integers from MMX to AVX2 (SDM vol. 2, by name): arithmetic, logic, comparisons. One row an instruction; each row is an operation on lanes.
import type { Table } from '../operands.js';
import { AF, CF, OF, PF, SF, ZR } from '../state.js';
import type { Builder } from '../operands.js';
import { sizeOf } from '../operands.js';
import { apart, lanes, lanesBy, placeOf, source, withVex } from './vector.js';
import type { Lane } from './vector.js';

type Two = (a: number, b: number) => number;

const each8 =
  (f: Two): Lane =>
  ({ vb }, d, a, b, bytes) => {
    for (let n = 0; n < bytes; n++) vb[d + n] = f(vb[a + n] ?? 0, vb[b + n] ?? 0);
  };
const each16 =
  (f: Two): Lane =>
  ({ vw }, d, a, b, bytes) => {
    for (let n = 0; n < bytes >> 1; n++) vw[(d >> 1) + n] = f(vw[(a >> 1) + n] ?? 0, vw[(b >> 1) + n] ?? 0);
  };
const each32 =
  (f: Two): Lane =>
  ({ vi }, d, a, b, bytes) => {
    for (let n = 0; n < bytes >> 2; n++) vi[(d >> 2) + n] = f(vi[(a >> 2) + n] ?? 0, vi[(b >> 2) + n] ?? 0);
  };
export const each64 =
  (f: (a: bigint, b: bigint) => bigint): Lane =>
  ({ vq }, d, a, b, bytes) => {
    for (let n = 0; n < bytes >> 3; n++)
      vq[(d >> 3) + n] = BigInt.asUintN(64, f(vq[(a >> 3) + n] ?? 0n, vq[(b >> 3) + n] ?? 0n));
  };

const signed8 = (a: number): number => (a << 24) >> 24;
const signed16 = (a: number): number => (a << 16) >> 16;
const signed64 = (a: bigint): bigint => BigInt.asIntN(64, a);
const clamp = (low: number, high: number, v: number): number => (v < low ? low : v > high ? high : v);
const s8 = (v: number): number => clamp(-128, 127, v);
const s16 = (v: number): number => clamp(-32768, 32767, v);
const u8 = (v: number): number => clamp(0, 255, v);
const u16 = (v: number): number => clamp(0, 65535, v);
const mask = (yes: boolean): number => (yes ? -1 : 0);

/** What saturates from 16 bits to 8, both sources one after the other. */
const packWords = (limit: (v: number) => number): Lane =>
  apart(({ vb, vw }, to, a, b, bytes) => {
    const half = bytes >> 1;
    for (let n = 0; n < half; n++) {
      vb[to + n] = limit(signed16(vw[(a >> 1) + n] ?? 0));
      vb[to + half + n] = limit(signed16(vw[(b >> 1) + n] ?? 0));
    }
  });

const packDoublewords = (limit: (v: number) => number): Lane =>
  apart(({ vi, vw }, to, a, b, bytes) => {
    const quarter = bytes >> 2;
    for (let n = 0; n < quarter; n++) {
      vw[(to >> 1) + n] = limit(vi[(a >> 2) + n] ?? 0);
      vw[(to >> 1) + quarter + n] = limit(vi[(b >> 2) + n] ?? 0);
    }
  });

const multiplyAdd: Lane = ({ vi, vw }, d, a, b, bytes) => {
  for (let n = 0; n < bytes >> 2; n++) {
    const x = (a >> 1) + 2 * n;
    const y = (b >> 1) + 2 * n;
    vi[(d >> 2) + n] =
      signed16(vw[x] ?? 0) * signed16(vw[y] ?? 0) + signed16(vw[x + 1] ?? 0) * signed16(vw[y + 1] ?? 0);
  }
};

/** Unsigned bytes of the first, signed ones of the second. */
const multiplyAddBytes: Lane = ({ vb, vw }, d, a, b, bytes) => {
  for (let n = 0; n < bytes; n += 2) {
    const even = (vb[a + n] ?? 0) * signed8(vb[b + n] ?? 0);
    vw[(d + n) >> 1] = s16(even + (vb[a + n + 1] ?? 0) * signed8(vb[b + n + 1] ?? 0));
  }
};

const sumOfDifferences: Lane = ({ vb, vq }, d, a, b, bytes) => {
  for (let half = 0; half < bytes; half += 8) {
    let sum = 0;
    for (let n = 0; n < 8; n++) sum += Math.abs((vb[a + half + n] ?? 0) - (vb[b + half + n] ?? 0));
    vq[(d + half) >> 3] = BigInt(sum);
  }
};

/** mpsadbw: eight sums of four differences, the second operand's four bytes standing still. */
const movingSums = (control: number, half: number): Lane => {
  const bits = control >> (3 * half);
  const [first, second] = [bits & 4, 4 * (bits & 3)];
  return apart(({ vb, vw }, to, a, b) => {
    for (let n = 0; n < 8; n++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += Math.abs((vb[a + first + n + k] ?? 0) - (vb[b + second + k] ?? 0));
      vw[(to >> 1) + n] = sum;
    }
  });
};

/** Neighbours of the first source, then of the second. */
const neighbours16 = (f: Two): Lane =>
  apart(({ vw }, to, a, b, bytes) => {
    const quarter = bytes >> 2;
    for (let n = 0; n < quarter; n++) {
      vw[(to >> 1) + n] = f(signed16(vw[(a >> 1) + 2 * n] ?? 0), signed16(vw[(a >> 1) + 2 * n + 1] ?? 0));
      vw[(to >> 1) + quarter + n] = f(
        signed16(vw[(b >> 1) + 2 * n] ?? 0),
        signed16(vw[(b >> 1) + 2 * n + 1] ?? 0),
      );
    }
  });
const neighbours32 = (f: Two): Lane =>
  apart(({ vi }, to, a, b, bytes) => {
    const half = bytes >> 3;
    for (let n = 0; n < half; n++) {
      vi[(to >> 2) + n] = f(vi[(a >> 2) + 2 * n] ?? 0, vi[(a >> 2) + 2 * n + 1] ?? 0);
      vi[(to >> 2) + half + n] = f(vi[(b >> 2) + 2 * n] ?? 0, vi[(b >> 2) + 2 * n + 1] ?? 0);
    }
  });

/** phminposuw: the least word and its place. */
const least: Lane = ({ vw, vq }, d, _, b) => {
  let at = 0;
  for (let n = 1; n < 8; n++) if ((vw[(b >> 1) + n] ?? 0) < (vw[(b >> 1) + at] ?? 0)) at = n;
  const value = vw[(b >> 1) + at] ?? 0;
  vq[d >> 3] = BigInt(value | (at << 16));
  vq[(d >> 3) + 1] = 0n;
};

/** ptest and vtestps: ZF if nothing of the second operand's chosen bits is in the first one, CF if all are. */
const testing =
  (chosen: number): Builder =>
  (cpu, i) => {
    const a = placeOf(i, 0) >> 2;
    const { at, load } = source(cpu, i, 1);
    const b = at >> 2;
    const words = sizeOf(i, 0) >> 2;
    // Of double precision only every other word has a sign.
    const step = chosen === 8 ? 2 : 1;
    const bits = chosen === 0 ? -1 : 1 << 31;
    const { s, vi } = cpu;
    return () => {
      load?.();
      let common = 0;
      let missing = 0;
      for (let n = step - 1; n < words; n += step) {
        common |= (vi[a + n] ?? 0) & (vi[b + n] ?? 0) & bits;
        missing |= ~(vi[a + n] ?? 0) & (vi[b + n] ?? 0) & bits;
      }
      s[ZR] = common;
      s[CF] = missing === 0 ? 1 : 0;
      s[OF] = s[SF] = s[AF] = 0;
      s[PF] = 1;
    };
  };

const and = lanes(each32((a, b) => a & b));
const andn = lanes(each32((a, b) => ~a & b));
const or = lanes(each32((a, b) => a | b));
const xor = lanes(each32((a, b) => a ^ b));
const maximum =
  (f: (a: number) => number): Two =>
  (a, b) =>
    Math.max(f(a), f(b));
const minimum =
  (f: (a: number) => number): Two =>
  (a, b) =>
    Math.min(f(a), f(b));
const same = (a: number): number => a;
const unsigned = (a: number): number => a >>> 0;
/** psign: the first as the second's sign says. */
const signedBy =
  (f: (a: number) => number): Two =>
  (a, b) =>
    f(b) < 0 ? -a : f(b) === 0 ? 0 : a;
const rounded: Two = (a, b) => (((signed16(a) * signed16(b)) >> 14) + 1) >> 1;
const low = (a: bigint): bigint => BigInt.asIntN(32, a);

export const vectorIntegers: Table = {
  ...withVex({
    andnpd: andn,
    andnps: andn,
    andpd: and,
    andps: and,
    mpsadbw: lanesBy(movingSums),
    orpd: or,
    orps: or,
    pabsb: lanes(
      each8((_, b) => Math.abs(signed8(b))),
      true,
    ),
    pabsd: lanes(
      each32((_, b) => Math.abs(b)),
      true,
    ),
    pabsw: lanes(
      each16((_, b) => Math.abs(signed16(b))),
      true,
    ),
    packssdw: lanes(packDoublewords(s16)),
    packsswb: lanes(packWords(s8)),
    packusdw: lanes(packDoublewords(u16)),
    packuswb: lanes(packWords(u8)),
    paddb: lanes(each8((a, b) => a + b)),
    paddd: lanes(each32((a, b) => a + b)),
    paddq: lanes(each64((a, b) => a + b)),
    paddsb: lanes(each8((a, b) => s8(signed8(a) + signed8(b)))),
    paddsw: lanes(each16((a, b) => s16(signed16(a) + signed16(b)))),
    paddusb: lanes(each8((a, b) => u8(a + b))),
    paddusw: lanes(each16((a, b) => u16(a + b))),
    paddw: lanes(each16((a, b) => a + b)),
    pand: and,
    pandn: andn,
    pavgb: lanes(each8((a, b) => (a + b + 1) >> 1)),
    pavgw: lanes(each16((a, b) => (a + b + 1) >> 1)),
    pcmpeqb: lanes(each8((a, b) => mask(a === b))),
    pcmpeqd: lanes(each32((a, b) => mask(a === b))),
    pcmpeqq: lanes(each64((a, b) => (a === b ? -1n : 0n))),
    pcmpeqw: lanes(each16((a, b) => mask(a === b))),
    pcmpgtb: lanes(each8((a, b) => mask(signed8(a) > signed8(b)))),
    pcmpgtd: lanes(each32((a, b) => mask(a > b))),
    pcmpgtq: lanes(each64((a, b) => (signed64(a) > signed64(b) ? -1n : 0n))),
    pcmpgtw: lanes(each16((a, b) => mask(signed16(a) > signed16(b)))),
    phaddd: lanes(neighbours32((a, b) => a + b)),
    phaddsw: lanes(neighbours16((a, b) => s16(a + b))),
    phaddw: lanes(neighbours16((a, b) => a + b)),
    phminposuw: lanes(least, true),
    phsubd: lanes(neighbours32((a, b) => a - b)),
    phsubsw: lanes(neighbours16((a, b) => s16(a - b))),
    phsubw: lanes(neighbours16((a, b) => a - b)),
    pmaddubsw: lanes(multiplyAddBytes),
    pmaddwd: lanes(multiplyAdd),
    pmaxsb: lanes(each8(maximum(signed8))),
    pmaxsd: lanes(each32(maximum(same))),
    pmaxsw: lanes(each16(maximum(signed16))),
    pmaxub: lanes(each8(maximum(same))),
    pmaxud: lanes(each32(maximum(unsigned))),
    pmaxuw: lanes(each16(maximum(same))),
    pminsb: lanes(each8(minimum(signed8))),
    pminsd: lanes(each32(minimum(same))),
    pminsw: lanes(each16(minimum(signed16))),
    pminub: lanes(each8(minimum(same))),
    pminud: lanes(each32(minimum(unsigned))),
    pminuw: lanes(each16(minimum(same))),
    pmuldq: lanes(each64((a, b) => low(a) * low(b))),
    pmulhrsw: lanes(each16(rounded)),
    pmulhuw: lanes(each16((a, b) => (a * b) >>> 16)),
    pmulhw: lanes(each16((a, b) => (signed16(a) * signed16(b)) >> 16)),
    pmulld: lanes(each32(Math.imul)),
    pmullw: lanes(each16(Math.imul)),
    pmuludq: lanes(each64((a, b) => BigInt.asUintN(32, a) * BigInt.asUintN(32, b))),
    por: or,
    psadbw: lanes(sumOfDifferences),
    psignb: lanes(each8(signedBy(signed8))),
    psignd: lanes(each32(signedBy(same))),
    psignw: lanes(each16(signedBy(signed16))),
    psubb: lanes(each8((a, b) => a - b)),
    psubd: lanes(each32((a, b) => a - b)),
    psubq: lanes(each64((a, b) => a - b)),
    psubsb: lanes(each8((a, b) => s8(signed8(a) - signed8(b)))),
    psubsw: lanes(each16((a, b) => s16(signed16(a) - signed16(b)))),
    psubusb: lanes(each8((a, b) => u8(a - b))),
    psubusw: lanes(each16((a, b) => u16(a - b))),
    psubw: lanes(each16((a, b) => a - b)),
    pxor: xor,
    xorpd: xor,
    xorps: xor,
  }),
  ptest: testing(0),
  vptest: testing(0),
  vtestpd: testing(8),
  vtestps: testing(4),
};
