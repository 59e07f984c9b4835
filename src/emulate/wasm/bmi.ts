// Compiled: BMI and MOVBE, as ops/bits.ts, ops/shifts.ts, ops/multiply.ts and ops/moves.ts have them.
import type { Operand } from '../instruction.js';
import { I32, I64, op, typeOf } from './encode.js';
import type { Emitter } from './emitter.js';
import { by, firstSize, isGeneral, isPlace } from './row.js';
import type { Row, Rows } from './row.js';

type Plan = Row['plan'];

function constant(e: Emitter, size: number, value: number): void {
  if (size === 8) e.c.i64(BigInt(value));
  else e.c.i32(value);
}

/** A general register of 4 or 8 bytes from two places, or one. */
const from =
  (emit: (e: Emitter, size: number, to: Operand, a: Operand, b: Operand) => void): Plan =>
  (i) => {
    const [to, a, b = a] = i.operands;
    const size = firstSize(i);
    if (!to || !isGeneral(to) || size < 4 || !a || !isPlace(a) || !b) return undefined;
    if (!isPlace(b) && b.kind !== 'immediate') return undefined;
    return (e) => {
      emit(e, size, to, a, b);
    };
  };

function write(e: Emitter, to: Operand, size: number, value: number): void {
  e.c.get(value);
  if (to.kind === 'register') e.writeRegister({ ...to, size });
}

type Compute = (e: Emitter, size: number, a: number, b: number) => void;

/** `compute` pushes the result of two variables, `carry` CF. */
const withFlags = (compute: Compute, carry: Compute): Row => ({
  sets: 'all',
  plan: from((e, size, to, x, y) => {
    const { c } = e;
    const a = e.held(x, size);
    const b = e.held(y, size);
    const r = e.temporary(typeOf(size));
    compute(e, size, a, b);
    c.set(r);
    e.setWords(
      () => {
        c.get(r);
        constant(e, size, 0);
        c.do(by(size, op.i32_ne, op.i64_ne));
      },
      () => {
        carry(e, size, a, b);
      },
      () => {
        c.get(r);
        if (size < 8) return;
        c.i64(32n);
        c.do(op.i64_shr_u, op.i32_wrap_i64);
      },
    );
    write(e, to, size, r);
  }),
});

const noCarry: Compute = (e) => {
  e.c.i32(0);
};
const isZero: Compute = (e, size, a) => {
  e.c.get(a);
  e.c.do(by(size, op.i32_eqz, op.i64_eqz));
};
const isNotZero: Compute = (e, size, a, b) => {
  isZero(e, size, a, b);
  e.c.do(op.i32_eqz);
};

/** With the value that is one less. */
const lessOne =
  (narrow: number, wide: number): Compute =>
  (e, size, a) => {
    const { c } = e;
    c.get(a);
    c.get(a);
    constant(e, size, 1);
    c.do(by(size, op.i32_sub, op.i64_sub), by(size, narrow, wide));
  };

/** Pushes a number of a byte of a variable, as i64. */
function byteOf(e: Emitter, size: number, value: number, shift: number): void {
  const { c } = e;
  c.get(value);
  if (size < 8) c.do(op.i64_extend_i32_u);
  c.i64(BigInt(shift));
  c.do(op.i64_shr_u);
  c.i64(255n);
  c.do(op.i64_and);
}

/** Pushes 2 to the power of what `count` pushes, less 1, as i64: all ones from 64 on. */
function pushOnes(e: Emitter, count: () => void): void {
  const { c } = e;
  c.i64(1n);
  count();
  c.do(op.i64_shl);
  c.i64(1n);
  c.do(op.i64_sub);
  c.i64(-1n);
  count();
  c.i64(64n);
  c.do(op.i64_lt_u, op.select);
}

const bextr: Compute = (e, size, a, b) => {
  const { c } = e;
  const value = e.temporary(I64);
  c.get(a);
  if (size < 8) c.do(op.i64_extend_i32_u);
  byteOf(e, size, b, 0);
  c.do(op.i64_shr_u);
  c.i64(0n);
  byteOf(e, size, b, 0);
  c.i64(64n);
  c.do(op.i64_lt_u, op.select);
  c.set(value);
  c.get(value);
  pushOnes(e, () => {
    byteOf(e, size, b, 8);
  });
  c.do(op.i64_and);
  if (size < 8) c.do(op.i32_wrap_i64);
};

const bzhi: Compute = (e, size, a, b) => {
  const { c } = e;
  c.get(a);
  if (size < 8) c.do(op.i64_extend_i32_u);
  pushOnes(e, () => {
    byteOf(e, size, b, 0);
  });
  c.do(op.i64_and);
  if (size < 8) c.do(op.i32_wrap_i64);
};

const shift = (narrow: number, wide: number): Row => ({
  sets: 'none',
  plan: from((e, size, to, x, y) => {
    const a = e.held(x, size);
    const count = e.held(y, size);
    const r = e.temporary(typeOf(size));
    e.c.get(a);
    e.c.get(count);
    e.c.do(by(size, narrow, wide));
    e.c.set(r);
    write(e, to, size, r);
  }),
});

/** To the right. */
const rorx: Row = {
  sets: 'none',
  plan: from((e, size, to, x, y) => {
    const a = e.held(x, size);
    const r = e.temporary(typeOf(size));
    e.c.get(a);
    constant(e, size, y.kind === 'immediate' ? y.lo & 63 : 0);
    e.c.do(by(size, op.i32_rotr, op.i64_rotr));
    e.c.set(r);
    write(e, to, size, r);
  }),
};

/** Pushes an i32's bytes the other way round. */
function swap(e: Emitter, value: number): void {
  const { c } = e;
  for (const [by, mask] of [
    [8, 0x00ff00ff],
    [24, 0xff00ff00 | 0],
  ] as const) {
    c.get(value);
    c.i32(by);
    c.do(op.i32_rotl);
    c.i32(mask);
    c.do(op.i32_and);
  }
  c.do(op.i32_or);
}

/** Between a general register and memory. */
const movbe: Plan = (i) => {
  const [to, source] = i.operands;
  const size = firstSize(i);
  if (!to || !source || !isPlace(to) || !isPlace(source) || size < 2) return undefined;
  return (e) => {
    const { c } = e;
    const value = e.held(source, size);
    const d = e.destination(to, size, false);
    const half = e.temporary(I32);
    if (size === 8) {
      for (const upper of [false, true]) {
        c.get(value);
        if (upper) {
          c.i64(32n);
          c.do(op.i64_shr_u);
        }
        c.do(op.i32_wrap_i64);
        c.set(half);
        swap(e, half);
        c.do(op.i64_extend_i32_u);
        if (upper) c.do(op.i64_or);
        else {
          c.i64(32n);
          c.do(op.i64_shl);
        }
      }
      c.set(d.value);
    } else {
      swap(e, value);
      if (size === 2) {
        c.i32(16);
        c.do(op.i32_shr_u);
      }
      c.set(d.value);
    }
    d.write(d.value);
  };
};

export const bmi: Rows = {
  andn: withFlags((e, size, a, b) => {
    e.c.get(a);
    constant(e, size, -1);
    e.c.do(by(size, op.i32_xor, op.i64_xor));
    e.c.get(b);
    e.c.do(by(size, op.i32_and, op.i64_and));
  }, noCarry),
  bextr: withFlags(bextr, noCarry),
  blsi: withFlags((e, size, a) => {
    constant(e, size, 0);
    e.c.get(a);
    e.c.do(by(size, op.i32_sub, op.i64_sub));
    e.c.get(a);
    e.c.do(by(size, op.i32_and, op.i64_and));
  }, isNotZero),
  blsmsk: withFlags(lessOne(op.i32_xor, op.i64_xor), isZero),
  blsr: withFlags(lessOne(op.i32_and, op.i64_and), isZero),
  bzhi: withFlags(bzhi, (e, size, _, b) => {
    byteOf(e, size, b, 0);
    e.c.i64(BigInt(8 * size));
    e.c.do(op.i64_ge_u);
  }),
  movbe: { sets: 'none', plan: movbe },
  rorx,
  sarx: shift(op.i32_shr_s, op.i64_shr_s),
  shlx: shift(op.i32_shl, op.i64_shl),
  shrx: shift(op.i32_shr_u, op.i64_shr_u),
};
