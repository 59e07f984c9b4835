// add to xor, cmp, test, mov, inc, dec, neg, not.
import { AF, CF, OF } from '../state.js';
import { access, op } from '../wasm/encode.js';
import { field } from './record.js';
import { found, register, sizes, toMemory, toRegister } from './routine.js';
import type { Operation, Rows } from './routine.js';
import type { Size } from './writer.js';

const full = (size: Size): bigint => 64n - 8n * BigInt(size);

/** Moved up to the sign bit, words of all sizes carry and overflow alike. */
const sum =
  (kind: 'add' | 'sub', carries: boolean): Operation =>
  (w, size) => {
    const { c, a, b, r } = w;
    const up = full(size);
    const adds = kind === 'add';
    const top = (local: number): void => {
      c.get(local);
      if (up === 0n) return;
      c.i64(up);
      c.do(op.i64_shl);
    };
    const down = (): void => {
      c.get(r);
      if (up === 0n) return;
      c.i64(up);
      c.do(op.i64_shr_u);
    };
    w.setWord(AF, () => {
      // Of the result below: with the operands it gives what was carried.
      top(a);
      top(b);
      c.do(adds ? op.i64_add : op.i64_sub);
      if (carries) {
        c.i32(0);
        c.memory(access.i64_load32_u, 4 * CF);
        if (up !== 0n) {
          c.i64(up);
          c.do(op.i64_shl);
        }
        c.do(adds ? op.i64_add : op.i64_sub);
      }
      c.set(r);
      down();
      c.get(a);
      c.get(b);
      c.do(op.i64_xor, op.i64_xor, op.i32_wrap_i64);
    });
    w.setWord(CF, () => {
      if (!carries) {
        if (adds) c.get(r);
        else top(a);
        top(adds ? a : b);
        c.do(op.i64_lt_u);
        return;
      }
      // The carry out of a full adder, or the borrow, by its operands and its sum (H. S. Warren, Hacker's Delight, 2-13).
      const first = (): void => {
        top(a);
        if (adds) return;
        c.i64(-1n);
        c.do(op.i64_xor);
      };
      first();
      top(b);
      c.do(op.i64_and);
      first();
      top(b);
      c.do(op.i64_or);
      c.get(r);
      if (adds) {
        c.i64(-1n);
        c.do(op.i64_xor);
      }
      c.do(op.i64_and, op.i64_or);
      c.i64(63n);
      c.do(op.i64_shr_u, op.i32_wrap_i64);
    });
    w.setWord(OF, () => {
      top(a);
      if (adds) c.get(r);
      else top(b);
      c.do(op.i64_xor);
      if (adds) top(b);
      else top(a);
      c.get(r);
      c.do(op.i64_xor, op.i64_and);
      c.i64(32n);
      c.do(op.i64_shr_u, op.i32_wrap_i64);
    });
    down();
    c.set(r);
    w.resultFlags(size);
  };

const logic =
  (code: number): Operation =>
  (w, size) => {
    const { c, a, b, r } = w;
    c.get(a);
    c.get(b);
    c.do(code);
    c.set(r);
    w.clearCarries();
    w.resultFlags(size);
  };

const second: Operation = ({ c, b, r }) => {
  c.get(b);
  c.set(r);
};

const withB =
  (value: bigint, then: Operation): Operation =>
  (w, size) => {
    w.c.i64(value);
    w.c.set(w.b);
    then(w, size);
  };

/** As an addition or subtraction of 1, which leave CF. */
const step = (kind: 'add' | 'sub'): Operation =>
  withB(1n, (w, size) => {
    const { c } = w;
    const carry = w.kept;
    c.i32(0);
    c.memory(access.i32_load, 4 * CF);
    c.set(carry);
    sum(kind, false)(w, size);
    w.setWord(CF, () => {
      c.get(carry);
    });
  });

const negate: Operation = (w, size) => {
  const { c, a, b } = w;
  c.get(a);
  c.set(b);
  c.i64(0n);
  c.set(a);
  sum('sub', false)(w, size);
};

const invert: Operation = ({ c, a, r }) => {
  c.get(a);
  c.i64(-1n);
  c.do(op.i64_xor);
  c.set(r);
};

interface TwoOperands {
  readonly run: Operation;
  /** Whether the destination is read, and written. */
  readonly reads: boolean;
  readonly writes: boolean;
}

const change = (run: Operation): TwoOperands => ({ run, reads: true, writes: true });
const compare = (run: Operation): TwoOperands => ({ run, reads: true, writes: false });

const twoOperands: Readonly<Record<string, TwoOperands>> = {
  adc: change(sum('add', true)),
  add: change(sum('add', false)),
  and: change(logic(op.i64_and)),
  cmp: compare(sum('sub', false)),
  mov: { run: second, reads: false, writes: true },
  or: change(logic(op.i64_or)),
  sbb: change(sum('sub', true)),
  sub: change(sum('sub', false)),
  test: compare(logic(op.i64_and)),
  xor: change(logic(op.i64_xor)),
};

function twoOperandRows(name: string, { run, reads, writes }: TwoOperands): Rows {
  return sizes.flatMap((size): Rows => [
    [
      `${name} rr${size}`,
      (w) => {
        register(w, field.from, size, w.b);
        if (reads) register(w, field.to, size, w.a);
        run(w, size);
        if (writes) toRegister(w, size);
      },
    ],
    [
      `${name} rm${size}`,
      (w) => {
        w.find(size, false);
        found(w, size, w.b);
        if (reads) register(w, field.to, size, w.a);
        run(w, size);
        if (writes) toRegister(w, size);
      },
    ],
    [
      `${name} mr${size}`,
      (w) => {
        w.find(size, writes);
        register(w, field.from, size, w.b);
        if (reads) found(w, size, w.a);
        run(w, size);
        if (writes) toMemory(w, size);
      },
    ],
  ]);
}

function oneOperandRows(name: string, run: Operation): Rows {
  return sizes.flatMap((size): Rows => [
    [
      `${name} r${size}`,
      (w) => {
        register(w, field.to, size, w.a);
        run(w, size);
        toRegister(w, size, name === 'not');
      },
    ],
    [
      `${name} m${size}`,
      (w) => {
        w.find(size, true);
        found(w, size, w.a);
        run(w, size);
        toMemory(w, size);
      },
    ],
  ]);
}

export const arithmetic: Rows = [
  ...Object.entries(twoOperands).flatMap(([name, row]) => twoOperandRows(name, row)),
  ...Object.entries({ dec: step('sub'), inc: step('add'), neg: negate, not: invert }).flatMap(([name, run]) =>
    oneOperandRows(name, run),
  ),
];
