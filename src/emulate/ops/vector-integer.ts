// Packed integers of SSE2 (SDM vol. 2, by name). One row an instruction; each row is an operation on lanes.
import type { Builder, Table } from '../operands.js';
import { immediateOf, operand, place } from '../operands.js';
import type { Cpu } from '../state.js';
import { lanes, scratch, scratch2, source, vectorNumber } from './vector.js';
import type { Lane } from './vector.js';

type Two = (a: number, b: number) => number;

const each8 =
  (f: Two): Lane =>
  ({ vb }, d, a, b) => {
    for (let n = 0; n < 16; n++) vb[d + n] = f(vb[a + n] ?? 0, vb[b + n] ?? 0);
  };
const each16 =
  (f: Two): Lane =>
  ({ vw }, d, a, b) => {
    for (let n = 0; n < 8; n++) vw[(d >> 1) + n] = f(vw[(a >> 1) + n] ?? 0, vw[(b >> 1) + n] ?? 0);
  };
const each32 =
  (f: Two): Lane =>
  ({ vi }, d, a, b) => {
    for (let n = 0; n < 4; n++) vi[(d >> 2) + n] = f(vi[(a >> 2) + n] ?? 0, vi[(b >> 2) + n] ?? 0);
  };
const each64 =
  (f: (a: bigint, b: bigint) => bigint): Lane =>
  ({ vq }, d, a, b) => {
    for (let n = 0; n < 2; n++)
      vq[(d >> 3) + n] = BigInt.asUintN(64, f(vq[(a >> 3) + n] ?? 0n, vq[(b >> 3) + n] ?? 0n));
  };

const signed8 = (a: number): number => (a << 24) >> 24;
const signed16 = (a: number): number => (a << 16) >> 16;
const clamp = (low: number, high: number, v: number): number => (v < low ? low : v > high ? high : v);
const s8 = (v: number): number => clamp(-128, 127, v);
const s16 = (v: number): number => clamp(-32768, 32767, v);
const u8 = (v: number): number => clamp(0, 255, v);
const u16 = (v: number): number => clamp(0, 65535, v);

/** Runs an operation whose result must not be written before all is read. */
const apart =
  (make: (cpu: Cpu, to: number, a: number, b: number) => void): Lane =>
  (cpu, d, a, b) => {
    make(cpu, scratch2, a, b);
    cpu.vb.copyWithin(d, scratch2, scratch2 + 16);
  };

/** Interleaves elements of `size` bytes of the low or high halves. */
const unpack = (size: number, from: 0 | 8): Lane =>
  apart(({ vb }, to, a, b) => {
    for (let n = 0; n < 8; n += size)
      for (let k = 0; k < size; k++) {
        vb[to + 2 * n + k] = vb[a + from + n + k] ?? 0;
        vb[to + 2 * n + size + k] = vb[b + from + n + k] ?? 0;
      }
  });

const packWords = (limit: (v: number) => number): Lane =>
  apart(({ vb, vw }, to, a, b) => {
    for (let n = 0; n < 8; n++) {
      vb[to + n] = limit(signed16(vw[(a >> 1) + n] ?? 0));
      vb[to + 8 + n] = limit(signed16(vw[(b >> 1) + n] ?? 0));
    }
  });

const packDoublewords = apart(({ vi, vw }, to, a, b) => {
  for (let n = 0; n < 4; n++) {
    vw[(to >> 1) + n] = s16(vi[(a >> 2) + n] ?? 0);
    vw[(to >> 1) + 4 + n] = s16(vi[(b >> 2) + n] ?? 0);
  }
});

const multiplyAdd: Lane = ({ vi, vw }, d, a, b) => {
  for (let n = 0; n < 4; n++) {
    const x = (a >> 1) + 2 * n;
    const y = (b >> 1) + 2 * n;
    vi[(d >> 2) + n] =
      signed16(vw[x] ?? 0) * signed16(vw[y] ?? 0) + signed16(vw[x + 1] ?? 0) * signed16(vw[y + 1] ?? 0);
  }
};

const sumOfDifferences: Lane = ({ vb, vq }, d, a, b) => {
  for (let half = 0; half < 16; half += 8) {
    let sum = 0;
    for (let n = 0; n < 8; n++) sum += Math.abs((vb[a + half + n] ?? 0) - (vb[b + half + n] ?? 0));
    vq[(d + half) >> 3] = BigInt(sum);
  }
};

/** A shift of all elements by an immediate or by the low 64 bits of an operand. */
const shift =
  (bits: 16 | 32 | 64, run: (value: bigint, n: bigint) => bigint): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const d = vectorNumber(i, 0);
    const o = operand(i, 1);
    const { vq } = cpu;
    const count = BigInt(bits);
    const apply = (n: bigint): void => {
      for (let q = d >> 3; q < (d >> 3) + 2; q++) {
        const all = vq[q] ?? 0n;
        let out = 0n;
        for (let at = 0n; at < 64n; at += count)
          out |= BigInt.asUintN(bits, run(BigInt.asUintN(bits, all >> at), n)) << at;
        vq[q] = out;
      }
    };
    if (o.kind === 'immediate') {
      const n = BigInt(o.lo & 255);
      return () => {
        apply(n);
      };
    }
    const { at, load } = source(cpu, i, 1, 16);
    return () => {
      load?.();
      apply(vq[at >> 3] ?? 0n);
    };
  };
const left = (bits: 16 | 32 | 64): Builder => shift(bits, (v, n) => (n >= BigInt(bits) ? 0n : v << n));
const right = (bits: 16 | 32 | 64): Builder => shift(bits, (v, n) => (n >= BigInt(bits) ? 0n : v >> n));
const arithmetic = (bits: 16 | 32): Builder =>
  shift(bits, (v, n) => BigInt.asIntN(bits, v) >> (n >= BigInt(bits) ? BigInt(bits - 1) : n));

/** pslldq, psrldq: bytes. */
const byteShift =
  (direction: 1 | -1): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const d = vectorNumber(i, 0);
    const n = Math.min(16, immediateOf(i, 1).lo & 255);
    const { vb } = cpu;
    return () => {
      if (direction > 0) {
        vb.copyWithin(d + n, d, d + 16 - n);
        vb.fill(0, d, d + n);
      } else {
        vb.copyWithin(d, d + n, d + 16);
        vb.fill(0, d + 16 - n, d + 16);
      }
    };
  };

/** Picks elements of two sources by an immediate; `from` gives the source's byte offset of a result's element. */
const shuffle =
  (size: number, from: (n: number, control: number, a: number, b: number) => number): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const control = immediateOf(i, 2).lo & 255;
    const d = vectorNumber(i, 0);
    const { at, load } = source(cpu, i, 1, 16, scratch);
    const { vb } = cpu;
    const moves = Array.from({ length: 16 / size }, (_, n) => from(n, control, d, at));
    return () => {
      load?.();
      moves.forEach((start, n) => vb.copyWithin(scratch2 + n * size, start, start + size));
      vb.copyWithin(d, scratch2, scratch2 + 16);
    };
  };
const two = (control: number, n: number): number => (control >> (2 * n)) & 3;

const insert =
  (size: number): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const d = vectorNumber(i, 0);
    const n = immediateOf(i, 2).lo & (16 / size - 1);
    const { read } = place(cpu, i, 1, operand(i, 1).kind === 'memory' ? size : 4);
    return () => {
      cpu.vw[(d >> 1) + n] = read();
    };
  };

const extract: Builder = (cpu, i) => {
  if (i.vex) throw new Error('no VEX forms yet');
  const a = vectorNumber(i, 1);
  const n = immediateOf(i, 2).lo & 7;
  const { write } = place(cpu, i, 0);
  return () => {
    write(cpu.vw[(a >> 1) + n] ?? 0, 0);
  };
};

/** movmskps, movmskpd, pmovmskb: the sign bits of elements. */
export const signs =
  (size: number): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const a = vectorNumber(i, 1);
    const { write } = place(cpu, i, 0);
    const { vb } = cpu;
    return () => {
      let mask = 0;
      for (let n = 0; n < 16 / size; n++) mask |= ((vb[a + n * size + size - 1] ?? 0) >> 7) << n;
      write(mask, 0);
    };
  };

const and = lanes(each32((a, b) => a & b));
const andn = lanes(each32((a, b) => ~a & b));
const or = lanes(each32((a, b) => a | b));
const xor = lanes(each32((a, b) => a ^ b));
const mask = (yes: boolean): number => (yes ? -1 : 0);

export const vectorIntegers: Table = {
  andnpd: andn,
  andnps: andn,
  andpd: and,
  andps: and,
  movmskpd: signs(8),
  movmskps: signs(4),
  orpd: or,
  orps: or,
  packssdw: lanes(packDoublewords),
  packsswb: lanes(packWords(s8)),
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
  pcmpeqw: lanes(each16((a, b) => mask(a === b))),
  pcmpgtb: lanes(each8((a, b) => mask(signed8(a) > signed8(b)))),
  pcmpgtd: lanes(each32((a, b) => mask(a > b))),
  pcmpgtw: lanes(each16((a, b) => mask(signed16(a) > signed16(b)))),
  pextrw: extract,
  pinsrw: insert(2),
  pmaddwd: lanes(multiplyAdd),
  pmaxsw: lanes(each16((a, b) => Math.max(signed16(a), signed16(b)))),
  pmaxub: lanes(each8(Math.max)),
  pminsw: lanes(each16((a, b) => Math.min(signed16(a), signed16(b)))),
  pminub: lanes(each8(Math.min)),
  pmovmskb: signs(1),
  pmulhuw: lanes(each16((a, b) => (a * b) >>> 16)),
  pmulhw: lanes(each16((a, b) => (signed16(a) * signed16(b)) >> 16)),
  pmullw: lanes(each16(Math.imul)),
  pmuludq: lanes(each64((a, b) => BigInt.asUintN(32, a) * BigInt.asUintN(32, b))),
  por: or,
  psadbw: lanes(sumOfDifferences),
  pshufd: shuffle(4, (n, control, _, b) => b + 4 * two(control, n)),
  pshufhw: shuffle(2, (n, control, _, b) => (n < 4 ? b + 2 * n : b + 8 + 2 * two(control, n - 4))),
  pshuflw: shuffle(2, (n, control, _, b) => (n < 4 ? b + 2 * two(control, n) : b + 2 * n)),
  pslld: left(32),
  pslldq: byteShift(1),
  psllq: left(64),
  psllw: left(16),
  psrad: arithmetic(32),
  psraw: arithmetic(16),
  psrld: right(32),
  psrldq: byteShift(-1),
  psrlq: right(64),
  psrlw: right(16),
  psubb: lanes(each8((a, b) => a - b)),
  psubd: lanes(each32((a, b) => a - b)),
  psubq: lanes(each64((a, b) => a - b)),
  psubsb: lanes(each8((a, b) => s8(signed8(a) - signed8(b)))),
  psubsw: lanes(each16((a, b) => s16(signed16(a) - signed16(b)))),
  psubusb: lanes(each8((a, b) => u8(a - b))),
  psubusw: lanes(each16((a, b) => u16(a - b))),
  psubw: lanes(each16((a, b) => a - b)),
  punpckhbw: lanes(unpack(1, 8)),
  punpckhdq: lanes(unpack(4, 8)),
  punpckhqdq: lanes(unpack(8, 8)),
  punpckhwd: lanes(unpack(2, 8)),
  punpcklbw: lanes(unpack(1, 0)),
  punpckldq: lanes(unpack(4, 0)),
  punpcklqdq: lanes(unpack(8, 0)),
  punpcklwd: lanes(unpack(2, 0)),
  pxor: xor,
  shufpd: shuffle(8, (n, control, a, b) => (n === 0 ? a : b) + 8 * ((control >> n) & 1)),
  shufps: shuffle(4, (n, control, a, b) => (n < 2 ? a : b) + 4 * two(control, n)),
  unpckhpd: lanes(unpack(8, 8)),
  unpckhps: lanes(unpack(4, 8)),
  unpcklpd: lanes(unpack(8, 0)),
  unpcklps: lanes(unpack(4, 0)),
  xorpd: xor,
  xorps: xor,
};
