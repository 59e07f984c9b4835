// Compiled: moves and packed integers of SSE and SSE2, as ops/vector-moves.ts and ops/vector-integer.ts have them. Vector registers stay in memory.
import type { Decoded, Operand } from '../instruction.js';
import { vectorsAt } from '../layout.js';
import { access, I32, I64, op, simd } from './encode.js';
import type { Emitter } from './emitter.js';
import { generalOf, isGeneral, isPlace } from './row.js';
import type { Row, Rows } from './row.js';

type Plan = Row['plan'];
const registerBytes = 64;

export const isVector = (o: Operand | undefined): boolean => o?.kind === 'register' && o.file === 'vector';

/** The place of a register. */
export function vectorAt(o: Operand | undefined): number {
  if (o?.kind !== 'register') throw new Error('no vector register');
  return vectorsAt + registerBytes * o.number;
}

const isMemory = (o: Operand | undefined): boolean =>
  o?.kind === 'memory' && o.vectorIndex === undefined && o.segment !== 'cs';

export const isVectorSource = (o: Operand | undefined): boolean => isVector(o) || isMemory(o);

/** A row of an instruction that is not of VEX, nor of MMX; string instructions have the names of some. */
export const legacy = (plan: Plan): Row => ({
  sets: 'none',
  plan: (i) => {
    const files = i.operands.flatMap((o) => (o.kind === 'register' ? [o.file] : []));
    return i.vex || files.includes('mmx') || !files.includes('vector') ? undefined : plan(i);
  },
});

/** What pushes an operand's place, apart from the distance in `offset`: of memory, checked. */
export interface Source {
  readonly push: () => void;
  readonly offset: number;
}

export function source(
  e: Emitter,
  o: Operand | undefined,
  bytes: number,
  aligned = false,
  writes = false,
): Source {
  const { c } = e;
  if (o?.kind !== 'memory')
    return {
      push: () => {
        c.i32(0);
      },
      offset: vectorAt(o),
    };
  const host = e.host(o, bytes, writes);
  if (aligned) {
    c.get(host);
    c.i32(15);
    c.do(op.i32_and);
    c.if();
    e.leave();
    c.end();
  }
  return {
    push: () => {
      c.get(host);
    },
    offset: 0,
  };
}

/** Pushes 16 bytes. */
function whole(e: Emitter, { push, offset }: Source): void {
  push();
  e.c.vector(simd.v128_load, offset);
}

/** Writes 16 bytes that `value` pushes. */
function put(e: Emitter, to: Source, value: () => void): void {
  to.push();
  value();
  e.c.vector(simd.v128_store, to.offset);
}

const move =
  (aligned: boolean): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!isVectorSource(to) || !isVectorSource(from)) return undefined;
    return (e) => {
      const a = source(e, from, 16, aligned);
      const d = source(e, to, 16, aligned, true);
      put(e, d, () => {
        whole(e, a);
      });
    };
  };

/** 4 or 8 bytes from one place to another. */
function part(e: Emitter, bytes: 4 | 8, from: Source, fromByte: number, to: Source, toByte: number): void {
  const { c } = e;
  to.push();
  from.push();
  c.memory(bytes === 8 ? access.i64_load : access.i32_load, from.offset + fromByte);
  c.memory(bytes === 8 ? access.i64_store : access.i32_store, to.offset + toByte);
}

/** As part, to the low end of a register; the rest becomes zero. */
function widened(e: Emitter, bytes: 4 | 8, from: Source, to: Source): void {
  put(e, to, () => {
    from.push();
    e.c.vector(bytes === 8 ? simd.v128_load64_zero : simd.v128_load32_zero, from.offset);
  });
}

/** movss, movsd: from memory the rest becomes zero, from a register it stays. */
const scalarMove =
  (bytes: 4 | 8): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!isVectorSource(to) || !isVectorSource(from)) return undefined;
    return (e) => {
      const a = source(e, from, bytes);
      const d = source(e, to, bytes, false, true);
      if (from?.kind === 'memory') widened(e, bytes, a, d);
      else part(e, bytes, a, 0, d, 0);
    };
  };

const half =
  (to: 0 | 8, from: 0 | 8): Plan =>
  (i) => {
    const [x, y] = i.operands;
    if (!isVectorSource(x) || !isVectorSource(y)) return undefined;
    return (e) => {
      const a = source(e, y, 8);
      const d = source(e, x, 8, false, true);
      if (x?.kind === 'memory') part(e, 8, a, to, d, 0);
      else part(e, 8, a, y?.kind === 'memory' ? 0 : from, d, to);
    };
  };

/** movd, movq. */
const narrow =
  (bytes: 4 | 8): Plan =>
  (i) => {
    const [to, from] = i.operands;
    const fits = (o: Operand | undefined): boolean => isVectorSource(o) || isGeneral(o);
    if (!to || !from || !fits(to) || !fits(from)) return undefined;
    return (e) => {
      const { c } = e;
      if (isGeneral(from)) {
        const d = vectorAt(to);
        c.i32(0);
        e.readRegister(generalOf(from, bytes));
        if (bytes === 4) c.do(op.i64_extend_i32_u);
        c.memory(access.i64_store, d);
        c.i32(0);
        c.i64(0n);
        c.memory(access.i64_store, d + 8);
      } else if (isGeneral(to)) {
        c.i32(0);
        c.memory(bytes === 8 ? access.i64_load : access.i32_load, vectorAt(from));
        e.writeRegister(generalOf(to, bytes));
      } else {
        const a = source(e, from, bytes);
        const d = source(e, to, bytes, false, true);
        if (isVector(to)) widened(e, bytes, a, d);
        else part(e, bytes, a, 0, d, 0);
      }
    };
  };

/** With 16 bytes of two operands; `emit` finds what the first and the second push. */
const two =
  (emit: (e: Emitter, a: () => void, b: () => void, i: Decoded) => void): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!isVector(to) || !isVectorSource(from)) return undefined;
    return (e) => {
      const a = source(e, to, 16);
      const b = source(e, from, 16, true);
      put(e, a, () => {
        emit(
          e,
          () => {
            whole(e, a);
          },
          () => {
            whole(e, b);
          },
          i,
        );
      });
    };
  };

const lanes = (...codes: readonly number[]): Row =>
  legacy(
    two((e, a, b) => {
      a();
      b();
      for (const code of codes) e.c.simd(code);
    }),
  );

/** ~a & b */
const andn: Row = legacy(
  two((e, a, b) => {
    b();
    a();
    e.c.simd(simd.v128_andnot);
  }),
);

/** By bytes of both operands: those of the second are 16 and up. */
const picked = (bytes: (i: Decoded) => readonly number[]): Row =>
  legacy(
    two((e, a, b, i) => {
      a();
      b();
      e.c.shuffle(bytes(i));
    }),
  );

/** Bytes of elements of `size`, by their numbers. */
const elements = (size: number, ...numbers: readonly number[]): number[] =>
  numbers.flatMap((n) => Array.from({ length: size }, (_, k) => n * size + k));

const unpack = (size: number, from: 0 | 8): Row => {
  const count = 8 / size;
  const numbers = Array.from({ length: count }, (_, n) => n + from / size).flatMap((n) => [n, n + 16 / size]);
  return picked(() => elements(size, ...numbers));
};

const control = (i: Decoded): number => {
  const o = i.operands[2];
  return o?.kind === 'immediate' ? o.lo & 255 : 0;
};
const two2 = (i: Decoded, n: number): number => (control(i) >> (2 * n)) & 3;

/** The upper halves of products of 16 bits. */
const high = (low: number, upper: number): Row =>
  legacy(
    two((e, a, b) => {
      a();
      b();
      e.c.simd(low);
      a();
      b();
      e.c.simd(upper);
      e.c.shuffle(elements(2, 1, 3, 5, 7, 9, 11, 13, 15));
    }),
  );

const multiplyEven: Row = legacy(
  two((e, a, b) => {
    for (const push of [a, b]) {
      push();
      e.c.i64(0xffffffffn);
      e.c.simd(simd.i64x2_splat);
      e.c.simd(simd.v128_and);
    }
    e.c.simd(simd.i64x2_mul);
  }),
);

/** A shift of all elements by an immediate or by the low 64 bits of an operand. */
const shift = (bits: number, code: number, arithmetic = false): Row =>
  legacy((i) => {
    const [to, by] = i.operands;
    if (!isVector(to)) return undefined;
    if (by?.kind === 'immediate') {
      const count = by.lo & 255;
      return (e) => {
        const d = source(e, to, 16);
        put(e, d, () => {
          if (count >= bits && !arithmetic) {
            e.c.i32(0);
            e.c.simd(simd.i32x4_splat);
            return;
          }
          whole(e, d);
          e.c.i32(Math.min(count, bits - 1));
          e.c.simd(code);
        });
      };
    }
    if (!isVectorSource(by)) return undefined;
    return (e) => {
      const { c } = e;
      const d = source(e, to, 16);
      const n = source(e, by, 16, true);
      const count = e.temporary(I64);
      n.push();
      c.memory(access.i64_load, n.offset);
      c.set(count);
      const inside = (): void => {
        c.get(count);
        c.i64(BigInt(bits));
        c.do(op.i64_lt_u);
      };
      put(e, d, () => {
        whole(e, d);
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

/** pslldq, psrldq: bytes. */
const byteShift = (direction: 1 | -1): Row =>
  legacy((i) => {
    const [to, by] = i.operands;
    if (!isVector(to) || by?.kind !== 'immediate') return undefined;
    const n = Math.min(16, by.lo & 255);
    return (e) => {
      const d = source(e, to, 16);
      put(e, d, () => {
        whole(e, d);
        e.c.i32(0);
        e.c.simd(simd.i32x4_splat);
        e.c.shuffle(
          Array.from({ length: 16 }, (_, k) => {
            const from = k - direction * n;
            return from >= 0 && from < 16 ? from : 16;
          }),
        );
      });
    };
  });

/** movmskps, movmskpd, pmovmskb. */
const signs = (code: number): Row =>
  legacy((i) => {
    const [to, from] = i.operands;
    if (!to || !isGeneral(to) || !isVector(from)) return undefined;
    return (e) => {
      whole(e, source(e, from, 16));
      e.c.simd(code);
      e.writeRegister(generalOf(to, 4));
    };
  });

const extract: Plan = (i) => {
  const [to, from] = i.operands;
  if (!to || !isGeneral(to) || !isVector(from)) return undefined;
  return (e) => {
    e.c.i32(0);
    e.c.memory(access.i32_load16_u, vectorAt(from) + 2 * (control(i) & 7));
    e.writeRegister(generalOf(to, 4));
  };
};

const insert: Plan = (i) => {
  const [to, from] = i.operands;
  if (!isVector(to) || !from || !isPlace(from)) return undefined;
  return (e) => {
    const value = e.temporary(I32);
    if (from.kind === 'memory') e.load(e.host(from, 2, false), 2);
    else e.readRegister(generalOf(from, 4));
    e.c.set(value);
    e.c.i32(0);
    e.c.get(value);
    e.c.memory(access.i32_store16, vectorAt(to) + 2 * (control(i) & 7));
  };
};

const and = lanes(simd.v128_and);
const or = lanes(simd.v128_or);
const xor = lanes(simd.v128_xor);
const aligned = legacy(move(true));
const anywhere = legacy(move(false));

export const vectors: Rows = {
  andnpd: andn, andnps: andn, andpd: and, andps: and, orpd: or, orps: or, xorpd: xor, xorps: xor, pand: and, pandn: andn, por: or, pxor: xor,
  lddqu: anywhere, movapd: aligned, movaps: aligned, movdqa: aligned, movdqu: anywhere, movntdq: aligned, movntpd: aligned, movntps: aligned,
  movupd: anywhere, movups: anywhere, movsd: legacy(scalarMove(8)), movss: legacy(scalarMove(4)), movd: legacy(narrow(4)), movq: legacy(narrow(8)),
  movhlps: legacy(half(0, 8)), movhpd: legacy(half(8, 0)), movhps: legacy(half(8, 0)), movlhps: legacy(half(8, 0)), movlpd: legacy(half(0, 0)),
  movlps: legacy(half(0, 0)), movmskpd: signs(simd.i64x2_bitmask), movmskps: signs(simd.i32x4_bitmask), pmovmskb: signs(simd.i8x16_bitmask),
  packssdw: lanes(simd.i16x8_narrow_i32x4_s), packsswb: lanes(simd.i8x16_narrow_i16x8_s), packuswb: lanes(simd.i8x16_narrow_i16x8_u),
  paddb: lanes(simd.i8x16_add), paddd: lanes(simd.i32x4_add), paddq: lanes(simd.i64x2_add), paddw: lanes(simd.i16x8_add),
  paddsb: lanes(simd.i8x16_add_sat_s), paddsw: lanes(simd.i16x8_add_sat_s), paddusb: lanes(simd.i8x16_add_sat_u),
  paddusw: lanes(simd.i16x8_add_sat_u), pavgb: lanes(simd.i8x16_avgr_u), pavgw: lanes(simd.i16x8_avgr_u),
  pcmpeqb: lanes(simd.i8x16_eq), pcmpeqd: lanes(simd.i32x4_eq), pcmpeqw: lanes(simd.i16x8_eq), pcmpgtb: lanes(simd.i8x16_gt_s),
  pcmpgtd: lanes(simd.i32x4_gt_s), pcmpgtw: lanes(simd.i16x8_gt_s), pextrw: legacy(extract), pinsrw: legacy(insert),
  pmaddwd: lanes(simd.i32x4_dot_i16x8_s), pmaxsw: lanes(simd.i16x8_max_s), pmaxub: lanes(simd.i8x16_max_u), pminsw: lanes(simd.i16x8_min_s),
  pminub: lanes(simd.i8x16_min_u), pmulhuw: high(simd.i32x4_extmul_low_i16x8_u, simd.i32x4_extmul_high_i16x8_u),
  pmulhw: high(simd.i32x4_extmul_low_i16x8_s, simd.i32x4_extmul_high_i16x8_s), pmullw: lanes(simd.i16x8_mul), pmuludq: multiplyEven,
  pshufd: picked((i) => elements(4, ...[0, 1, 2, 3].map((n) => 4 + two2(i, n)))),
  pshufhw: picked((i) => elements(2, 8, 9, 10, 11, ...[0, 1, 2, 3].map((n) => 12 + two2(i, n)))),
  pshuflw: picked((i) => elements(2, ...[0, 1, 2, 3].map((n) => 8 + two2(i, n)), 12, 13, 14, 15)),
  pslld: shift(32, simd.i32x4_shl), pslldq: byteShift(1), psllq: shift(64, simd.i64x2_shl), psllw: shift(16, simd.i16x8_shl),
  psrad: shift(32, simd.i32x4_shr_s, true), psraw: shift(16, simd.i16x8_shr_s, true), psrld: shift(32, simd.i32x4_shr_u),
  psrldq: byteShift(-1), psrlq: shift(64, simd.i64x2_shr_u), psrlw: shift(16, simd.i16x8_shr_u),
  psubb: lanes(simd.i8x16_sub), psubd: lanes(simd.i32x4_sub), psubq: lanes(simd.i64x2_sub), psubw: lanes(simd.i16x8_sub),
  psubsb: lanes(simd.i8x16_sub_sat_s), psubsw: lanes(simd.i16x8_sub_sat_s), psubusb: lanes(simd.i8x16_sub_sat_u),
  psubusw: lanes(simd.i16x8_sub_sat_u),
  punpckhbw: unpack(1, 8), punpckhdq: unpack(4, 8), punpckhqdq: unpack(8, 8), punpckhwd: unpack(2, 8), punpcklbw: unpack(1, 0),
  punpckldq: unpack(4, 0), punpcklqdq: unpack(8, 0), punpcklwd: unpack(2, 0), unpckhpd: unpack(8, 8), unpckhps: unpack(4, 8),
  unpcklpd: unpack(8, 0), unpcklps: unpack(4, 0),
  shufpd: picked((i) => elements(8, control(i) & 1, 2 + ((control(i) >> 1) & 1))),
  shufps: picked((i) => elements(4, two2(i, 0), two2(i, 1), 4 + two2(i, 2), 4 + two2(i, 3))),
}; // prettier-ignore
