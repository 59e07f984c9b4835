// Compiled: AVX-512's mask registers, as ops/masks.ts has them, and comparisons whose results are bits of one, as ops/evex-compare.ts has them.
import type { Decoded, Operand } from '../instruction.js';
import { access, I64, op } from './encode.js';
import type { Emitter } from './emitter.js';
import { isGeneral, isPlace } from './row.js';
import type { Row, Rows } from './row.js';
import { bitmasks, simd } from './simd.js';
import type { Size } from './simd.js';
import { isVector, isVectorSource, load, maskAt, source, vector, wholeSource } from './vector-operands.js';

const widths = { b: 8, w: 16, d: 32, q: 64 } as const;
type Width = (typeof widths)[keyof typeof widths];
type Push = () => void;

/** Of a mask register. */
export const numberOf = (o: Operand | undefined): number | undefined =>
  o?.kind === 'register' && o.file === 'mask' ? o.number : undefined;

/** Pushes a mask's 64 bits. */
function get(e: Emitter, mask: number): void {
  e.c.i32(0);
  e.c.memory(access.i64_load, maskAt(mask));
}

/** Cuts off what lies above so many bits. */
function cut(e: Emitter, width: number): void {
  if (width === 64) return;
  e.c.i64((1n << BigInt(width)) - 1n);
  e.c.do(op.i64_and);
}

function set(e: Emitter, mask: number, value: Push): void {
  e.c.i32(0);
  value();
  e.c.memory(access.i64_store, maskAt(mask));
}

/** A row of masks alone and an immediate: `emit` finds what the sources push. */
const row =
  (sources: 1 | 2, emit: (e: Emitter, width: Width, a: Push, b: Push, i: Decoded) => void) =>
  (width: Width): Row => ({
    sets: 'none',
    plan: (i) => {
      const [to, a, b = a] = i.operands.map(numberOf);
      if (to === undefined || a === undefined || (sources === 2 && b === undefined)) return undefined;
      return (e) => {
        set(e, to, () => {
          emit(
            e,
            width,
            () => {
              get(e, a);
            },
            () => {
              get(e, b ?? a);
            },
            i,
          );
          cut(e, width);
        });
      };
    },
  });

/** Both sources, then opcodes. */
const binary = (...codes: readonly number[]) =>
  row(2, (e, _, a, b) => {
    a();
    b();
    e.c.do(...codes);
  });

const not = (e: Emitter, push: Push): void => {
  push();
  e.c.i64(-1n);
  e.c.do(op.i64_xor);
};

const shift = (code: number) =>
  row(1, (e, width, a, _, i) => {
    const o = i.operands[2];
    const count = o?.kind === 'immediate' ? o.lo & 255 : 0;
    if (count >= width) {
      e.c.i64(0n);
      return;
    }
    a();
    cut(e, width);
    e.c.i64(BigInt(count));
    e.c.do(code);
  });

/** The low half is the last source's. */
const unpack = row(2, (e, width, a, b) => {
  a();
  e.c.i64(BigInt(width / 2));
  e.c.do(op.i64_shl);
  b();
  cut(e, width / 2);
  e.c.do(op.i64_or);
});

/** Between masks, from and to general registers and memory. */
const move = (width: Width): Row => ({
  sets: 'none',
  plan: (i) => {
    const [to, from] = i.operands;
    const [d, a] = [numberOf(to), numberOf(from)];
    const bytes = width / 8;
    if (!to || !from) return undefined;
    if (d !== undefined && a !== undefined)
      return (e) => {
        set(e, d, () => {
          get(e, a);
          cut(e, width);
        });
      };
    if (d !== undefined && isPlace(from))
      return (e) => {
        const size = isGeneral(from) ? (width === 64 ? 8 : 4) : bytes;
        const value = e.held(from, size);
        set(e, d, () => {
          e.c.get(value);
          if (size < 8) e.c.do(op.i64_extend_i32_u);
          cut(e, width);
        });
      };
    if (a === undefined || !isPlace(to)) return undefined;
    return (e) => {
      const size = isGeneral(to) ? (width === 64 ? 8 : 4) : bytes;
      const { value, write } = e.destination(to, size, false);
      get(e, a);
      cut(e, width);
      if (size < 8) e.c.do(op.i32_wrap_i64);
      e.c.set(value);
      write(value);
    };
  },
});

const test =
  (zero: (e: Emitter, a: Push, b: Push) => void, carry: (e: Emitter, a: Push, b: Push) => void) =>
  (width: Width): Row => ({
    sets: 'all',
    plan: (i) => {
      const [first, second] = i.operands.map(numberOf);
      if (first === undefined || second === undefined) return undefined;
      return (e) => {
        const a = (): void => {
          get(e, first);
        };
        const b = (): void => {
          get(e, second);
        };
        e.setWords(
          () => {
            zero(e, a, b);
            cut(e, width);
            e.c.i64(0n);
            e.c.do(op.i64_ne);
          },
          () => {
            carry(e, a, b);
            cut(e, width);
            e.c.do(op.i64_eqz);
          },
        );
      };
    },
  });

const both =
  (code: number) =>
  (e: Emitter, a: Push, b: Push): void => {
    a();
    b();
    e.c.do(code);
  };

const rows: Readonly<Record<string, (width: Width) => Row>> = {
  kadd: binary(op.i64_add),
  kand: binary(op.i64_and),
  kandn: row(2, (e, _, a, b) => {
    not(e, a);
    b();
    e.c.do(op.i64_and);
  }),
  kmov: move,
  knot: row(1, (e, _, a) => {
    not(e, a);
  }),
  kor: binary(op.i64_or),
  kortest: test(both(op.i64_or), (e, a, b) => {
    not(e, () => {
      both(op.i64_or)(e, a, b);
    });
  }),
  kshiftl: shift(op.i64_shl),
  kshiftr: shift(op.i64_shr_u),
  ktest: test(both(op.i64_and), (e, a, b) => {
    not(e, a);
    b();
    e.c.do(op.i64_and);
  }),
  kxnor: row(2, (e, _, a, b) => {
    not(e, () => {
      both(op.i64_xor)(e, a, b);
    });
  }),
  kxor: binary(op.i64_xor),
};

// Comparisons.

/** By the low bits of the immediate; false and true hold for none and all. */
type Relation = 'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge';
const relations: readonly (Relation | boolean)[] = ['eq', 'lt', 'le', false, 'ne', 'ge', 'gt', true];
/** Of elements with sign, and without. */
const codes: Readonly<Record<Size, Readonly<Record<Relation, readonly [signed: number, unsigned: number]>>>> = {
  1: {
    eq: [simd.i8x16_eq, simd.i8x16_eq], ne: [simd.i8x16_ne, simd.i8x16_ne], lt: [simd.i8x16_lt_s, simd.i8x16_lt_u],
    gt: [simd.i8x16_gt_s, simd.i8x16_gt_u], le: [simd.i8x16_le_s, simd.i8x16_le_u], ge: [simd.i8x16_ge_s, simd.i8x16_ge_u],
  },
  2: {
    eq: [simd.i16x8_eq, simd.i16x8_eq], ne: [simd.i16x8_ne, simd.i16x8_ne], lt: [simd.i16x8_lt_s, simd.i16x8_lt_u],
    gt: [simd.i16x8_gt_s, simd.i16x8_gt_u], le: [simd.i16x8_le_s, simd.i16x8_le_u], ge: [simd.i16x8_ge_s, simd.i16x8_ge_u],
  },
  4: {
    eq: [simd.i32x4_eq, simd.i32x4_eq], ne: [simd.i32x4_ne, simd.i32x4_ne], lt: [simd.i32x4_lt_s, simd.i32x4_lt_u],
    gt: [simd.i32x4_gt_s, simd.i32x4_gt_u], le: [simd.i32x4_le_s, simd.i32x4_le_u], ge: [simd.i32x4_ge_s, simd.i32x4_ge_u],
  },
  // Without sign as with it, of both sides with the upper bit changed.
  8: {
    eq: [simd.i64x2_eq, simd.i64x2_eq], ne: [simd.i64x2_ne, simd.i64x2_ne], lt: [simd.i64x2_lt_s, simd.i64x2_lt_s],
    gt: [simd.i64x2_gt_s, simd.i64x2_gt_s], le: [simd.i64x2_le_s, simd.i64x2_le_s], ge: [simd.i64x2_ge_s, simd.i64x2_ge_s],
  },
}; // prettier-ignore

/** Puts the bits of elements of 16 bytes, in which all ones are pushed, to those of others in a variable. */
export function collect(e: Emitter, size: Size, part: number, bits: number): void {
  const { c } = e;
  c.simd(bitmasks[size]);
  c.do(op.i64_extend_i32_u);
  if (part > 0) {
    c.i64(BigInt((16 * part) / size));
    c.do(op.i64_shl);
    c.get(bits);
    c.do(op.i64_or);
  }
  c.set(bits);
}

/** Writes such bits to a mask; those that are not chosen are 0. */
export function setChosen(e: Emitter, i: Decoded, to: number, bits: number): void {
  set(e, to, () => {
    e.c.get(bits);
    const mask = i.evex?.mask ?? 0;
    if (mask === 0) return;
    get(e, mask);
    e.c.do(op.i64_and);
  });
}

/** Bits of elements in which `emit` pushes ones. */
const intoMask = (size: Size, emit: (e: Emitter, a: Push, b: Push, i: Decoded) => void): Row =>
  vector((i) => {
    const [to, first, last] = i.operands;
    const d = numberOf(to);
    if (d === undefined || !isVector(first) || !last || !isVectorSource(last)) return undefined;
    return (e) => {
      const b = wholeSource(e, i, last, first.size);
      const a = source(e, first, first.size);
      const bits = e.temporary(I64);
      for (let part = 0; part < first.size / 16; part++) {
        emit(
          e,
          () => {
            load(e, a, part);
          },
          () => {
            load(e, b, part);
          },
          i,
        );
        collect(e, size, part, bits);
      }
      setChosen(e, i, d, bits);
    };
  });

const compare =
  (isSigned: boolean, relation?: Relation) =>
  (size: Size): Row =>
    intoMask(size, (e, a, b, i) => {
      const { c } = e;
      const o = i.operands.at(-1);
      const found = relation ?? relations[o?.kind === 'immediate' ? o.lo & 7 : 0] ?? false;
      if (typeof found === 'boolean') {
        c.v128(new Uint8Array(16).fill(found ? 255 : 0));
        return;
      }
      for (const push of [a, b]) {
        push();
        if (size < 8 || isSigned) continue;
        c.i64(-(1n << 63n));
        c.simd(simd.i64x2_splat);
        c.simd(simd.v128_xor);
      }
      c.simd(codes[size][found][isSigned ? 0 : 1]);
    });

/** vptestm, vptestnm: whether elements have a bit in common, or none. */
const common =
  (relation: 'eq' | 'ne') =>
  (size: Size): Row =>
    intoMask(size, (e, a, b) => {
      a();
      b();
      e.c.simd(simd.v128_and);
      e.c.v128([]);
      e.c.simd(codes[size][relation][0]);
    });

const sizes: readonly (readonly [letter: string, size: Size])[] = [
  ['b', 1],
  ['w', 2],
  ['d', 4],
  ['q', 8],
];
const bySize = (name: string, make: (size: Size) => Row): Rows =>
  Object.fromEntries(sizes.map(([letter, size]) => [name + letter, make(size)]));

/** VEX's form leaves ones in the elements, EVEX's bits in a mask. */
export const comparisons: Rows = {
  ...bySize('vpcmpeq', compare(true, 'eq')),
  ...bySize('vpcmpgt', compare(true, 'gt')),
};

export const masks: Rows = {
  ...Object.fromEntries(
    Object.entries(rows).flatMap(([name, make]) =>
      Object.entries(widths).map(([letter, width]) => [`${name}${letter}`, make(width)]),
    ),
  ),
  kunpckbw: unpack(16),
  kunpckdq: unpack(64),
  kunpckwd: unpack(32),
  ...bySize('vpcmp', compare(true)),
  ...bySize('vpcmpu', compare(false)),
  ...bySize('vptestm', common('ne')),
  ...bySize('vptestnm', common('eq')),
};
