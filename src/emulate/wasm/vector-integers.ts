// Compiled: packed integers from SSE2 to AVX-512, as ops/vector-integer.ts and ops/vector-shift.ts have them.
import { access, I32, I64, loadOf, op, V128 } from './encode.js';
import type { Emitter } from './emitter.js';
import { comparisons } from './masks.js';
import type { Row, Rows } from './row.js';
import { replaceLanes, simd } from './simd.js';
import type { Size } from './simd.js';
import {
  each,
  elements,
  immediateOf,
  isVector,
  isVectorSource,
  lane,
  lanes,
  load,
  operandsOf,
  result,
  source,
  vector,
  wholeSource,
  withVex,
} from './vector-operands.js';
import type { Source } from './vector-operands.js';

/** ~a & b */
const andn = (element: Size): Row =>
  each(element, (e, a, b) => {
    b();
    a();
    e.c.simd(simd.v128_andnot);
  });

/** The upper halves of products of 16 bits. */
const high = (low: number, upper: number): Row =>
  each(2, (e, a, b) => {
    a();
    b();
    e.c.simd(low);
    a();
    b();
    e.c.simd(upper);
    e.c.shuffle(elements(2, 1, 3, 5, 7, 9, 11, 13, 15));
  });

/** Products of the lower halves of 64 bits. */
const multiplyEven = (multiply: number): Row =>
  each(8, (e, a, b) => {
    for (const push of [a, b]) {
      push();
      e.c.v128([]);
      e.c.shuffle(elements(4, 0, 2, 4, 4));
    }
    e.c.simd(multiply);
  });

/** A value in a variable. */
function kept(e: Emitter, push: () => void): number {
  const local = e.temporary(V128);
  push();
  e.c.set(local);
  return local;
}

/** pmulhrsw: of the two least numbers the product does not fit. */
const multiplyRounded = each(2, (e, a, b) => {
  const { c } = e;
  a();
  b();
  c.simd(simd.i16x8_q15mulr_sat_s);
  for (const push of [a, b]) {
    push();
    c.i32(-0x8000);
    c.simd(simd.i16x8_splat);
    c.simd(simd.i16x8_eq);
  }
  c.simd(simd.v128_and);
  c.simd(simd.v128_xor);
});

/** pmaddubsw: unsigned bytes of the first, signed ones of the last. */
const multiplyAddBytes = each(2, (e, a, b) => {
  const { c } = e;
  const products = [
    [simd.i16x8_extend_low_i8x16_u, simd.i16x8_extend_low_i8x16_s],
    [simd.i16x8_extend_high_i8x16_u, simd.i16x8_extend_high_i8x16_s],
  ].map(([unsigned = 0, signed = 0]) =>
    kept(e, () => {
      a();
      c.simd(unsigned);
      b();
      c.simd(signed);
      c.simd(simd.i16x8_mul);
    }),
  );
  for (const odd of [0, 1]) {
    for (const product of products) c.get(product);
    c.shuffle(elements(2, ...[0, 2, 4, 6, 8, 10, 12, 14].map((n) => n + odd)));
  }
  c.simd(simd.i16x8_add_sat_s);
});

/** psadbw */
const differences = each(8, (e, a, b) => {
  const { c } = e;
  for (const code of [simd.i8x16_max_u, simd.i8x16_min_u]) {
    a();
    b();
    c.simd(code);
  }
  c.simd(simd.i8x16_sub);
  c.simd(simd.i16x8_extadd_pairwise_i8x16_u);
  c.simd(simd.i32x4_extadd_pairwise_i16x8_u);
  const pairs = e.temporary(V128);
  c.tee(pairs);
  c.get(pairs);
  c.i32(32);
  c.simd(simd.i64x2_shr_u);
  c.simd(simd.i32x4_add);
  c.i64(0xffffffffn);
  c.simd(simd.i64x2_splat);
  c.simd(simd.v128_and);
});

/** phaddw and its like: neighbours of the first source, then of the last. */
const neighbours = (size: 2 | 4, code: number): Row =>
  each(size, (e, a, b) => {
    const count = 16 / size;
    for (const odd of [0, 1]) {
      a();
      b();
      e.c.shuffle(elements(size, ...Array.from({ length: count }, (_, n) => 2 * n + odd)));
    }
    e.c.simd(code);
  });

/** psign: the first as the last one's sign says. */
const signedBy = (size: 1 | 2 | 4): Row => {
  const { shift, subtract, differs } = {
    1: { shift: simd.i8x16_shr_s, subtract: simd.i8x16_sub, differs: simd.i8x16_ne },
    2: { shift: simd.i16x8_shr_s, subtract: simd.i16x8_sub, differs: simd.i16x8_ne },
    4: { shift: simd.i32x4_shr_s, subtract: simd.i32x4_sub, differs: simd.i32x4_ne },
  }[size];
  return each(size, (e, a, b) => {
    const { c } = e;
    const negative = kept(e, () => {
      b();
      c.i32(8 * size - 1);
      c.simd(shift);
    });
    a();
    c.get(negative);
    c.simd(simd.v128_xor);
    c.get(negative);
    c.simd(subtract);
    b();
    c.v128([]);
    c.simd(differs);
    c.simd(simd.v128_and);
  });
};

/** Of 64 bits, by a comparison: which of both. */
const choose64 = (greater: boolean): Row =>
  each(8, (e, a, b) => {
    a();
    b();
    a();
    b();
    e.c.simd(greater ? simd.i64x2_gt_s : simd.i64x2_lt_s);
    e.c.simd(simd.v128_bitselect);
  });

/** A shift of all elements by an immediate or by the low 64 bits of an operand. */
const shift = (size: 2 | 4 | 8, code: number, arithmetic = false): Row =>
  vector((i) => {
    const [to, second] = i.operands;
    const last = i.operands.at(-1);
    const bits = 8 * size;
    if (!isVector(to)) return undefined;
    if (last?.kind === 'immediate') {
      const first = i.operands.length === 3 ? second : to;
      if (!first || !isVectorSource(first)) return undefined;
      const count = immediateOf(i);
      return (e) => {
        const a = wholeSource(e, i, first, to.size);
        result(e, i, to, { element: size }, (part) => {
          if (count >= bits && !arithmetic) {
            e.c.v128([]);
            return;
          }
          load(e, a, part);
          e.c.i32(Math.min(count, bits - 1));
          e.c.simd(code);
        });
      };
    }
    const first = i.operands.length === 3 ? second : to;
    if (!isVector(first) || !last || !isVectorSource(last)) return undefined;
    return (e) => {
      const { c } = e;
      const n = source(e, last, 16, { aligned: !i.vex });
      const a = source(e, first, to.size);
      const count = e.temporary(I64);
      n.push();
      c.memory(access.i64_load, n.offset);
      c.set(count);
      const inside = (): void => {
        c.get(count);
        c.i64(BigInt(bits));
        c.do(op.i64_lt_u);
      };
      result(e, i, to, { element: size }, (part) => {
        load(e, a, part);
        c.get(count);
        c.i64(BigInt(bits - 1));
        inside();
        c.do(op.select, op.i32_wrap_i64);
        c.simd(code);
        if (arithmetic) return;
        // All bits of a lane, or none.
        c.i32(0);
        inside();
        c.do(op.i32_sub);
        c.simd(simd.i32x4_splat);
        c.simd(simd.v128_and);
      });
    };
  });

/** Each element by a count of its own. */
const ownShift = (size: 4 | 8, code: number, arithmetic = false): Row =>
  vector((i) => {
    const all = operandsOf(i);
    if (!all) return undefined;
    const { to, first, last, bytes } = all;
    const type = size === 8 ? I64 : I32;
    return (e) => {
      const { c } = e;
      const b = wholeSource(e, i, last, bytes);
      const a = source(e, first, bytes);
      const count = e.temporary(type);
      const constant = (value: number): void => {
        if (size === 8) c.i64(BigInt(value));
        else c.i32(value);
      };
      const element = ({ push, offset, broadcast }: Source, at: number): void => {
        push();
        c.memory(loadOf(size), offset + (broadcast > 0 ? 0 : at));
      };
      const isInside = (): void => {
        c.get(count);
        constant(8 * size);
        c.do(size === 8 ? op.i64_lt_u : op.i32_lt_u);
      };
      result(e, i, to, { element: size }, (part) => {
        c.v128([]);
        for (let n = 0; n < 16 / size; n++) {
          const at = 16 * part + size * n;
          element(b, at);
          c.set(count);
          element(a, at);
          c.get(count);
          if (arithmetic) {
            constant(8 * size - 1);
            isInside();
            c.do(op.select, code);
          } else {
            c.do(code);
            constant(0);
            isInside();
            c.do(op.select);
          }
          c.lane(replaceLanes[size], n);
        }
      });
    };
  });

type Push = () => void;
/** By the values of two operands, 11 first, 00 last. */
const truths: Readonly<Record<number, readonly ('b' | 'c' | number)[]>> = {
  1: ['b', 'c', simd.v128_or, simd.v128_not],
  2: ['c', 'b', simd.v128_andnot],
  3: ['b', simd.v128_not],
  4: ['b', 'c', simd.v128_andnot],
  5: ['c', simd.v128_not],
  6: ['b', 'c', simd.v128_xor],
  7: ['b', 'c', simd.v128_and, simd.v128_not],
  8: ['b', 'c', simd.v128_and],
  9: ['b', 'c', simd.v128_xor, simd.v128_not],
  10: ['c'],
  11: ['b', 'c', simd.v128_andnot, simd.v128_not],
  12: ['b'],
  13: ['c', 'b', simd.v128_andnot, simd.v128_not],
  14: ['b', 'c', simd.v128_or],
};

function truth(e: Emitter, which: number, b: Push, c: Push): void {
  if (which === 0 || which === 15) e.c.v128(new Uint8Array(16).fill(which === 0 ? 0 : 255));
  for (const step of truths[which] ?? [])
    if (step === 'b') b();
    else if (step === 'c') c();
    else e.c.simd(step);
}

/** vpternlog: any function of three bits, the first of which is the destination's. */
const ternary = (element: 4 | 8): Row =>
  each(element, (e, b, c, i, part) => {
    const [upper, lower] = [immediateOf(i) >> 4, immediateOf(i) & 15];
    truth(e, upper, b, c);
    if (upper === lower) return;
    truth(e, lower, b, c);
    load(e, source(e, i.operands[0], 16), part);
    e.c.simd(simd.v128_bitselect);
  });

/** ptest: whether anything is common, and whether all of the last operand is in the first one. */
const test: Row = vector(
  (i) => {
    const all = operandsOf(i);
    if (!all) return undefined;
    const { to, last, bytes } = all;
    return (e) => {
      const { c } = e;
      const a = source(e, to, bytes);
      const b = wholeSource(e, i, last, bytes);
      const any = (code: number): void => {
        for (let n = 0; n < bytes / 16; n++) {
          load(e, b, n);
          load(e, a, n);
          c.simd(code);
          if (n > 0) c.simd(simd.v128_or);
        }
        c.simd(simd.v128_any_true);
      };
      e.setWords(
        () => {
          any(simd.v128_and);
        },
        () => {
          any(simd.v128_andnot);
          c.do(op.i32_eqz);
        },
      );
    };
  },
  { sets: 'all' },
);

const and = (element: Size): Row => lanes(element, simd.v128_and);
const or = (element: Size): Row => lanes(element, simd.v128_or);
const xor = (element: Size): Row => lanes(element, simd.v128_xor);

const table: Rows = {
  ...withVex({
    andnpd: andn(8), andnps: andn(4), andpd: and(8), andps: and(4), orpd: or(8), orps: or(4), xorpd: xor(8), xorps: xor(4),
    pand: and(1), pandn: andn(1), por: or(1), pxor: xor(1),
    pabsb: lane(1, simd.i8x16_abs), pabsd: lane(4, simd.i32x4_abs), pabsw: lane(2, simd.i16x8_abs),
    packssdw: lanes(2, simd.i16x8_narrow_i32x4_s), packsswb: lanes(1, simd.i8x16_narrow_i16x8_s),
    packusdw: lanes(2, simd.i16x8_narrow_i32x4_u), packuswb: lanes(1, simd.i8x16_narrow_i16x8_u),
    paddb: lanes(1, simd.i8x16_add), paddd: lanes(4, simd.i32x4_add), paddq: lanes(8, simd.i64x2_add), paddw: lanes(2, simd.i16x8_add),
    paddsb: lanes(1, simd.i8x16_add_sat_s), paddsw: lanes(2, simd.i16x8_add_sat_s), paddusb: lanes(1, simd.i8x16_add_sat_u),
    paddusw: lanes(2, simd.i16x8_add_sat_u), pavgb: lanes(1, simd.i8x16_avgr_u), pavgw: lanes(2, simd.i16x8_avgr_u),
    pcmpeqb: lanes(1, simd.i8x16_eq), pcmpeqd: lanes(4, simd.i32x4_eq), pcmpeqq: lanes(8, simd.i64x2_eq), pcmpeqw: lanes(2, simd.i16x8_eq),
    pcmpgtb: lanes(1, simd.i8x16_gt_s), pcmpgtd: lanes(4, simd.i32x4_gt_s), pcmpgtq: lanes(8, simd.i64x2_gt_s), pcmpgtw: lanes(2, simd.i16x8_gt_s),
    phaddd: neighbours(4, simd.i32x4_add), phaddsw: neighbours(2, simd.i16x8_add_sat_s), phaddw: neighbours(2, simd.i16x8_add),
    phsubd: neighbours(4, simd.i32x4_sub), phsubsw: neighbours(2, simd.i16x8_sub_sat_s), phsubw: neighbours(2, simd.i16x8_sub),
    pmaddubsw: multiplyAddBytes, pmaddwd: lanes(4, simd.i32x4_dot_i16x8_s),
    pmaxsb: lanes(1, simd.i8x16_max_s), pmaxsd: lanes(4, simd.i32x4_max_s), pmaxsw: lanes(2, simd.i16x8_max_s),
    pmaxub: lanes(1, simd.i8x16_max_u), pmaxud: lanes(4, simd.i32x4_max_u), pmaxuw: lanes(2, simd.i16x8_max_u),
    pminsb: lanes(1, simd.i8x16_min_s), pminsd: lanes(4, simd.i32x4_min_s), pminsw: lanes(2, simd.i16x8_min_s),
    pminub: lanes(1, simd.i8x16_min_u), pminud: lanes(4, simd.i32x4_min_u), pminuw: lanes(2, simd.i16x8_min_u),
    pmuldq: multiplyEven(simd.i64x2_extmul_low_i32x4_s), pmulhrsw: multiplyRounded,
    pmulhuw: high(simd.i32x4_extmul_low_i16x8_u, simd.i32x4_extmul_high_i16x8_u),
    pmulhw: high(simd.i32x4_extmul_low_i16x8_s, simd.i32x4_extmul_high_i16x8_s), pmulld: lanes(4, simd.i32x4_mul),
    pmullw: lanes(2, simd.i16x8_mul), pmuludq: multiplyEven(simd.i64x2_extmul_low_i32x4_u),
    psadbw: differences, psignb: signedBy(1), psignd: signedBy(4), psignw: signedBy(2),
    pslld: shift(4, simd.i32x4_shl), psllq: shift(8, simd.i64x2_shl), psllw: shift(2, simd.i16x8_shl),
    psrad: shift(4, simd.i32x4_shr_s, true), psraw: shift(2, simd.i16x8_shr_s, true),
    psrld: shift(4, simd.i32x4_shr_u), psrlq: shift(8, simd.i64x2_shr_u), psrlw: shift(2, simd.i16x8_shr_u),
    psubb: lanes(1, simd.i8x16_sub), psubd: lanes(4, simd.i32x4_sub), psubq: lanes(8, simd.i64x2_sub), psubw: lanes(2, simd.i16x8_sub),
    psubsb: lanes(1, simd.i8x16_sub_sat_s), psubsw: lanes(2, simd.i16x8_sub_sat_s), psubusb: lanes(1, simd.i8x16_sub_sat_u),
    psubusw: lanes(2, simd.i16x8_sub_sat_u), ptest: test,
  }),
  vpabsq: lane(8, simd.i64x2_abs),
  vpandd: and(4), vpandnd: andn(4), vpandnq: andn(8), vpandq: and(8), vpord: or(4), vporq: or(8), vpxord: xor(4), vpxorq: xor(8),
  vpmaxsq: choose64(true), vpminsq: choose64(false), vpmullq: lanes(8, simd.i64x2_mul),
  vpsllvd: ownShift(4, op.i32_shl), vpsllvq: ownShift(8, op.i64_shl), vpsraq: shift(8, simd.i64x2_shr_s, true),
  vpsravd: ownShift(4, op.i32_shr_s, true), vpsravq: ownShift(8, op.i64_shr_s, true), vpsrlvd: ownShift(4, op.i32_shr_u),
  vpsrlvq: ownShift(8, op.i64_shr_u), vpternlogd: ternary(4), vpternlogq: ternary(8),
}; // prettier-ignore

/** EVEX's form has its result in a mask. */
export const vectorIntegers: Rows = {
  ...table,
  ...Object.fromEntries(
    Object.entries(comparisons).map(([name, into]): [string, Row] => [
      name,
      { sets: 'none', plan: (i) => (i.evex ? into : table[name])?.plan(i) },
    ]),
  ),
};
