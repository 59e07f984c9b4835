// Compiled: add to xor, test, inc, dec, neg, not. Flags are those of ops/arithmetic.ts.
import type { Decoded, Operand } from '../instruction.js';
import { I32, op, typeOf } from './encode.js';
import type { Emitter } from './emitter.js';
import { family } from './flags.js';
import type { Family } from './flags.js';
import { by, firstSize, isPlace, isValue } from './row.js';
import type { Row, Rows } from './row.js';

/** Two operands, checked; the code gets them and the first one's size. */
const two =
  (emit: (e: Emitter, to: Operand, from: Operand, size: number) => void) =>
  (i: Decoded): ((e: Emitter) => void) | undefined => {
    const [to, from] = i.operands;
    if (!to || !from || !isPlace(to) || !isValue(from)) return undefined;
    const size = firstSize(i);
    return (e) => {
      emit(e, to, from, size);
    };
  };

const one =
  (emit: (e: Emitter, to: Operand, size: number) => void) =>
  (i: Decoded): ((e: Emitter) => void) | undefined => {
    const [to] = i.operands;
    if (!to || !isPlace(to)) return undefined;
    const size = firstSize(i);
    return (e) => {
      emit(e, to, size);
    };
  };

function combine(e: Emitter, size: number, narrow: number, wide: number, a: number, b: number): number {
  const r = e.temporary(typeOf(size));
  e.c.get(a);
  e.c.get(b);
  e.c.do(by(size, narrow, wide));
  e.mask(size);
  e.c.set(r);
  return r;
}

const sum = (of: Family, narrow: number, wide: number, keep = true): Row => ({
  sets: 'all',
  plan: two((e, to, from, size) => {
    const b = e.held(from, size);
    const { value, write } = keep
      ? e.destination(to, size, true)
      : { value: e.held(to, size), write: () => undefined };
    if (keep) write(combine(e, size, narrow, wide, value, b));
    e.setFlags(of, size, value, b);
  }),
});

const logic = (narrow: number, wide: number, keep = true): Row => ({
  sets: 'all',
  plan: two((e, to, from, size) => {
    const b = e.held(from, size);
    const { value, write } = keep
      ? e.destination(to, size, true)
      : { value: e.held(to, size), write: () => undefined };
    const r = combine(e, size, narrow, wide, value, b);
    if (keep) write(r);
    e.setFlags(family.result, size, r);
  }),
});

/** adc, sbb. */
const chain = (of: Family, narrow: number, wide: number): Row => ({
  sets: 'all',
  reads: true,
  plan: two((e, to, from, size) => {
    const { c } = e;
    const b = e.held(from, size);
    const { value, write } = e.destination(to, size, true);
    const carry = e.temporary(I32);
    e.carry();
    c.set(carry);
    const r = e.temporary(typeOf(size));
    c.get(value);
    c.get(b);
    c.do(by(size, narrow, wide));
    c.get(carry);
    if (size === 8) c.do(op.i64_extend_i32_u);
    c.do(by(size, narrow, wide));
    e.mask(size);
    c.set(r);
    write(r);
    e.setFlags(of, size, value, b, carry);
  }),
});

/** inc, dec: CF stays. */
const step = (of: Family, narrow: number, wide: number): Row => ({
  sets: 'some',
  plan: one((e, to, size) => {
    const { c } = e;
    const { value, write } = e.destination(to, size, true);
    const b = e.temporary(typeOf(size));
    if (size === 8) c.i64(1n);
    else c.i32(1);
    c.set(b);
    const carry = e.temporary(I32);
    if (e.flagsMatter) {
      e.carry();
      c.set(carry);
    }
    write(combine(e, size, narrow, wide, value, b));
    e.setFlags(of, size, value, b);
    if (!e.flagsMatter) return;
    c.get(carry);
    e.setCarry();
  }),
});

const neg: Row = {
  sets: 'all',
  plan: one((e, to, size) => {
    const { value, write } = e.destination(to, size, true);
    const zero = e.temporary(typeOf(size));
    if (size === 8) e.c.i64(0n);
    else e.c.i32(0);
    e.c.set(zero);
    write(combine(e, size, op.i32_sub, op.i64_sub, zero, value));
    e.setFlags(family.sub, size, zero, value);
  }),
};

const not: Row = {
  sets: 'none',
  plan: one((e, to, size) => {
    const { value, write } = e.destination(to, size, true);
    const ones = e.temporary(typeOf(size));
    if (size === 8) e.c.i64(-1n);
    else e.c.i32(-1);
    e.c.set(ones);
    write(combine(e, size, op.i32_xor, op.i64_xor, value, ones));
  }),
};

export const arithmetic: Rows = {
  adc: chain(family.adc, op.i32_add, op.i64_add),
  add: sum(family.add, op.i32_add, op.i64_add),
  and: logic(op.i32_and, op.i64_and),
  cmp: sum(family.sub, op.i32_sub, op.i64_sub, false),
  dec: step(family.sub, op.i32_sub, op.i64_sub),
  inc: step(family.add, op.i32_add, op.i64_add),
  neg,
  not,
  or: logic(op.i32_or, op.i64_or),
  sbb: chain(family.sbb, op.i32_sub, op.i64_sub),
  sub: sum(family.sub, op.i32_sub, op.i64_sub),
  test: logic(op.i32_and, op.i64_and, false),
  xor: logic(op.i32_xor, op.i64_xor),
};
