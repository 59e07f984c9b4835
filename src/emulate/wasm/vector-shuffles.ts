// Compiled: what moves elements within and between vector registers, as ops/vector-shuffle.ts has it.
import type { Decoded } from '../instruction.js';
import { access } from './encode.js';
import type { Emitter } from './emitter.js';
import type { Row, Rows } from './row.js';
import { replaceLanes, simd } from './simd.js';
import type { Size } from './simd.js';
import {
  clearAbove,
  each,
  elements,
  immediateOf,
  isVector,
  isVectorSource,
  load,
  operandsOf,
  put,
  result,
  source,
  unmasked,
  vector,
  wholeSource,
  withVex,
} from './vector-operands.js';

const two = (control: number, n: number): number => (control >> (2 * n)) & 3;
const bit = (control: number, n: number): number => (control >> n) & 1;

/** By bytes of both operands: those of the last one are 16 and up. */
const picked = (element: Size, bytes: (control: number, part: number) => readonly number[]): Row =>
  each(element, (e, a, b, i, part) => {
    a();
    b();
    e.c.shuffle(bytes(immediateOf(i), part));
  });

/** The same of the last operand alone; bytes from 16 on are zero. */
const pickedOne = (element: Size, bytes: (control: number, part: number) => readonly number[]): Row =>
  each(
    element,
    (e, _, b, i, part) => {
      b();
      e.c.v128([]);
      e.c.shuffle(bytes(immediateOf(i), part));
    },
    true,
  );

const unpack = (size: Size, from: 0 | 8): Row => {
  const numbers = Array.from({ length: 8 / size }, (_, n) => n + from / size).flatMap((n) => [
    n,
    n + 16 / size,
  ]);
  return picked(size, () => elements(size, ...numbers));
};

/** Of each element which source it is taken from. */
const blend = (size: 2 | 4 | 8, choose: (n: number, control: number, part: number) => number): Row =>
  picked(size, (control, part) =>
    elements(
      size,
      ...Array.from({ length: 16 / size }, (_, n) => n + (16 / size) * choose(n, control, part)),
    ),
  );

/** The last source where the top bits of a third register's elements are set: xmm0, or the last operand. */
const blendBy = (size: Size): Row => {
  const [code, bits] = {
    1: [simd.i8x16_shr_s, 7],
    2: [simd.i16x8_shr_s, 15],
    4: [simd.i32x4_shr_s, 31],
    8: [simd.i64x2_shr_s, 63],
  }[size] as [number, number];
  return unmasked((i) => {
    const [to, second, third, fourth] = i.operands;
    const [first, last, chooser] = i.vex ? [second, third, fourth] : [to, second, undefined];
    if (!isVector(to) || !isVector(first) || !last || !isVectorSource(last)) return undefined;
    if (i.vex && !isVector(chooser)) return undefined;
    return (e) => {
      const b = wholeSource(e, i, last, to.size);
      const a = source(e, first, to.size);
      const m = source(e, i.vex ? chooser : { ...to, number: 0 }, to.size);
      result(e, i, to, { element: size }, (part) => {
        load(e, b, part);
        load(e, a, part);
        load(e, m, part);
        e.c.i32(bits);
        e.c.simd(code);
        e.c.simd(simd.v128_bitselect);
      });
    };
  });
};

/** pshufb: an index with the upper bit set is of no byte in WebAssembly, too, but so is one above 15. */
const shuffleBytes: Row = each(1, (e, a, b) => {
  a();
  b();
  e.c.v128(new Uint8Array(16).fill(0x8f));
  e.c.simd(simd.v128_and);
  e.c.simd(simd.i8x16_swizzle);
});

/** The two sources one behind the other, the last one lower, moved down by so many bytes. */
const align: Row = each(1, (e, a, b, i) => {
  const by = immediateOf(i);
  if (by >= 32) {
    e.c.v128([]);
    return;
  }
  const isBehind = by >= 16;
  if (isBehind) a();
  else b();
  if (isBehind) e.c.v128([]);
  else a();
  e.c.shuffle(Array.from({ length: 16 }, (_, n) => n + (by & 15)));
});

/** pslldq, psrldq: bytes. */
const byteShift = (direction: 1 | -1): Row =>
  vector((i) => {
    const [to, from] = i.operands;
    const first = i.operands.length === 3 ? from : to;
    if (!isVector(to) || !first || !isVectorSource(first)) return undefined;
    const by = Math.min(16, immediateOf(i));
    return (e) => {
      const a = wholeSource(e, i, first, to.size);
      result(e, i, to, { element: 1 }, (part) => {
        load(e, a, part);
        e.c.v128([]);
        e.c.shuffle(
          Array.from({ length: 16 }, (_, n) => {
            const at = n - direction * by;
            return at >= 0 && at < 16 ? at : 16;
          }),
        );
      });
    };
  });

/** vpermilps, vpermilpd by an immediate. */
const permuteInLanes = (size: 4 | 8): Row => {
  const row = pickedOne(size, (control, part) =>
    elements(
      size,
      ...Array.from({ length: 16 / size }, (_, n) =>
        size === 4 ? two(control, n) : bit(control, n + 2 * part),
      ),
    ),
  );
  return { ...row, plan: (i) => (i.operands[2]?.kind === 'immediate' ? row.plan(i) : undefined) };
};

/** vpermq, vpermpd by an immediate, in each 32 bytes. */
const permuteQuadwords: Row = vector((i) => {
  const [to, from, by] = i.operands;
  if (!isVector(to) || !from || !isVectorSource(from) || by?.kind !== 'immediate') return undefined;
  return (e) => {
    const a = wholeSource(e, i, from, to.size);
    result(e, i, to, { element: 8, apart: true }, (part) => {
      const wanted = [0, 1].map((n) => two(immediateOf(i), 2 * (part & 1) + n));
      for (const n of wanted) load(e, a, (part & ~1) + (n >> 1));
      e.c.shuffle(elements(8, ...wanted.map((n, k) => (n & 1) + 2 * k)));
    });
  };
});

/** vperm2f128: each half any of the four, or zero. */
const permuteHalves: Row = unmasked((i) => {
  const all = operandsOf(i);
  if (!all) return undefined;
  const { to, first, last, bytes } = all;
  return (e) => {
    const b = wholeSource(e, i, last, bytes);
    const a = source(e, first, bytes);
    result(e, i, to, { element: 8, apart: true }, (part) => {
      const bits = immediateOf(i) >> (4 * part);
      if (bits & 8) e.c.v128([]);
      else load(e, bits & 2 ? b : a, bits & 1);
    });
  };
});

/** insertps: any element of a register or the one in memory, then zeros where the immediate says so. */
const insertSingle: Row = unmasked((i) => {
  const all = operandsOf(i);
  if (!all) return undefined;
  const { to, first, last } = all;
  const control = immediateOf(i);
  return (e) => {
    const { c } = e;
    const b = source(e, last, last.kind === 'memory' ? 4 : 16);
    const a = source(e, first, 16);
    put(e, source(e, to, 16), () => {
      load(e, a);
      b.push();
      c.memory(access.i32_load, b.offset + (last.kind === 'memory' ? 0 : 4 * two(control, 3)));
      c.lane(replaceLanes[4], two(control, 2));
      if ((control & 15) === 0) return;
      c.v128(Array.from({ length: 16 }, (_, n) => (bit(control, n >> 2) ? 0 : 255)));
      c.simd(simd.v128_and);
    });
    clearAbove(e, i, to, 16);
  };
});

const steps: readonly (readonly [from: number, code: Readonly<Record<'s' | 'z', number>>])[] = [
  [1, { s: simd.i16x8_extend_low_i8x16_s, z: simd.i16x8_extend_low_i8x16_u }],
  [2, { s: simd.i32x4_extend_low_i16x8_s, z: simd.i32x4_extend_low_i16x8_u }],
  [4, { s: simd.i64x2_extend_low_i32x4_s, z: simd.i64x2_extend_low_i32x4_u }],
];

/** pmovsx, pmovzx. */
const extend = (from: Size, to: Size, sign: 's' | 'z'): Row =>
  vector((i: Decoded) => {
    const [d, o] = i.operands;
    if (!isVector(d) || !o || !isVectorSource(o)) return undefined;
    const bytes = (16 * from) / to;
    return (e: Emitter) => {
      const { c } = e;
      const a = source(e, o, (d.size * from) / to);
      result(e, i, d, { element: to, apart: true }, (part) => {
        a.push();
        const at = a.offset + bytes * part;
        if (bytes === 2) {
          c.memory(access.i32_load16_u, at);
          c.simd(simd.i32x4_splat);
        } else c.vector(bytes === 8 ? simd.v128_load64_zero : simd.v128_load32_zero, at);
        for (const [size, code] of steps) if (size >= from && size < to) c.simd(code[sign]);
      });
    };
  });

const extensions = (sign: 's' | 'z'): Rows => ({
  [`pmov${sign}xbd`]: extend(1, 4, sign),
  [`pmov${sign}xbq`]: extend(1, 8, sign),
  [`pmov${sign}xbw`]: extend(1, 2, sign),
  [`pmov${sign}xdq`]: extend(4, 8, sign),
  [`pmov${sign}xwd`]: extend(2, 4, sign),
  [`pmov${sign}xwq`]: extend(2, 8, sign),
});

const four = [0, 1, 2, 3];

export const vectorShuffles: Rows = {
  ...withVex({
    ...extensions('s'),
    ...extensions('z'),
    blendpd: blend(8, (n, control, part) => bit(control, n + 2 * part)),
    blendps: blend(4, (n, control, part) => bit(control, n + 4 * part)),
    blendvpd: blendBy(8),
    blendvps: blendBy(4),
    insertps: insertSingle,
    palignr: align,
    pblendvb: blendBy(1),
    pblendw: blend(2, (n, control) => bit(control, n)),
    pshufb: shuffleBytes,
    pshufd: pickedOne(4, (control) => elements(4, ...four.map((n) => two(control, n)))),
    pshufhw: pickedOne(2, (control) => elements(2, ...four, ...four.map((n) => 4 + two(control, n)))),
    pshuflw: pickedOne(2, (control) => elements(2, ...four.map((n) => two(control, n)), 4, 5, 6, 7)),
    pslldq: byteShift(1),
    psrldq: byteShift(-1),
    punpckhbw: unpack(1, 8),
    punpckhdq: unpack(4, 8),
    punpckhqdq: unpack(8, 8),
    punpckhwd: unpack(2, 8),
    punpcklbw: unpack(1, 0),
    punpckldq: unpack(4, 0),
    punpcklqdq: unpack(8, 0),
    punpcklwd: unpack(2, 0),
    shufpd: picked(8, (control, part) => elements(8, bit(control, 2 * part), 2 + bit(control, 2 * part + 1))),
    shufps: picked(4, (control) => elements(4, ...four.map((n) => (n < 2 ? 0 : 4) + two(control, n)))),
    unpckhpd: unpack(8, 8),
    unpckhps: unpack(4, 8),
    unpcklpd: unpack(8, 0),
    unpcklps: unpack(4, 0),
  }),
  vpblendd: blend(4, (n, control, part) => bit(control, n + 4 * part)),
  vperm2f128: permuteHalves,
  vperm2i128: permuteHalves,
  vpermilpd: permuteInLanes(8),
  vpermilps: permuteInLanes(4),
  vpermpd: permuteQuadwords,
  vpermq: permuteQuadwords,
};
