// imul, mul, div, idiv.
import { CF, OF, RAX, RDX } from '../state.js';
import { access, op } from '../wasm/encode.js';
import { field } from './record.js';
import { cut, found, pushRegister, register, slotAt, toRegister, wide } from './routine.js';
import type { Routine, Rows } from './routine.js';
import type { Writer } from './writer.js';

/** Signed, of two registers, or of one or memory and a constant. A product of 64 bits that may be too large is the closure's. */
function multiplyRows(): Rows {
  return (['r', 'm'] as const).flatMap((from) =>
    (['r', 'i'] as const).flatMap((factor) =>
      wide.map((size): readonly [string, Routine] => [
        `imul ${from}${factor}${size}`,
        (w) => {
          const { c, a, b, r } = w;
          const signed = (into: number): void => {
            if (size === 4) c.do(op.i64_extend32_s);
            c.set(into);
          };
          if (from === 'm') {
            w.find(size, false);
            c.get(w.place);
          } else w.field(field.from);
          w.load(size);
          signed(a);
          if (factor === 'i') w.immediate();
          else {
            w.field(field.to);
            w.load(size);
          }
          signed(b);
          if (size === 8) {
            for (const local of [a, b]) {
              c.get(local);
              c.do(op.i64_extend32_s);
              c.get(local);
              c.do(op.i64_ne);
            }
            c.do(op.i32_or);
            c.brIf(w.ways.closure);
          }
          c.get(a);
          c.get(b);
          c.do(op.i64_mul);
          c.set(r);
          for (const flag of [CF, OF])
            w.setWord(flag, () => {
              if (size === 8) {
                c.i32(0);
                return;
              }
              if (flag === OF) c.i32(0);
              c.get(r);
              c.do(op.i64_extend32_s);
              c.get(r);
              c.do(op.i64_ne);
              if (flag === OF) c.do(op.i32_sub);
            });
          toRegister(w, size, true);
        },
      ]),
    ),
  );
}

/** The divisor or factor in `b`, the accumulator's upper half with `a`: what traps, or has more than 64 bits, is the closure's. */
const accumulated: Readonly<Record<string, (w: Writer, size: 4 | 8) => void>> = {
  div: (w, size) => {
    const { c, a, b, r, address } = w;
    dividend(w, size, false);
    c.get(b);
    c.do(op.i64_eqz);
    c.brIf(w.ways.closure);
    c.get(a);
    c.get(b);
    c.do(op.i64_div_u);
    c.tee(r);
    if (size === 4) {
      c.i64(32n);
      c.do(op.i64_shr_u, op.i64_eqz, op.i32_eqz);
      c.brIf(w.ways.closure);
    } else c.do(op.drop);
    c.get(a);
    c.get(b);
    c.do(op.i64_rem_u);
    c.set(address);
    quotientAndRemainder(w);
  },
  idiv: (w, size) => {
    const { c, a, b, r, address } = w;
    if (size === 4) {
      c.get(b);
      c.do(op.i64_extend32_s);
      c.set(b);
    }
    dividend(w, size, true);
    // By 0, and what may overflow.
    c.get(b);
    c.i64(1n);
    c.do(op.i64_add);
    c.i64(2n);
    c.do(op.i64_lt_u);
    c.brIf(w.ways.closure);
    c.get(a);
    c.get(b);
    c.do(op.i64_div_s);
    c.set(r);
    if (size === 4) {
      c.get(r);
      c.do(op.i64_extend32_s);
      c.get(r);
      c.do(op.i64_ne);
      c.brIf(w.ways.closure);
    }
    c.get(a);
    c.get(b);
    c.do(op.i64_rem_s);
    cut(w, size);
    c.set(address);
    c.get(r);
    cut(w, size);
    c.set(r);
    quotientAndRemainder(w);
  },
  mul: (w, size) => {
    const { c, a, b, r, address } = w;
    pushRegister(w, RAX);
    cut(w, size);
    c.set(a);
    if (size === 8) {
      c.get(a);
      c.get(b);
      c.do(op.i64_or);
      c.i64(32n);
      c.do(op.i64_shr_u, op.i64_eqz, op.i32_eqz);
      c.brIf(w.ways.closure);
    }
    c.get(a);
    c.get(b);
    c.do(op.i64_mul);
    c.tee(r);
    if (size === 4) {
      c.i64(32n);
      c.do(op.i64_shr_u);
    } else {
      c.do(op.drop);
      c.i64(0n);
    }
    c.set(address);
    w.setWord(CF, () => {
      c.get(address);
      c.do(op.i64_eqz, op.i32_eqz);
    });
    w.setWord(OF, () => {
      c.i32(0);
      c.get(address);
      c.do(op.i64_eqz, op.i32_eqz, op.i32_sub);
    });
    c.get(r);
    cut(w, size);
    c.set(r);
    quotientAndRemainder(w);
  },
};

/** rdx:rax to `a`, where it has no more than 64 bits. */
function dividend(w: Writer, size: 4 | 8, signed: boolean): void {
  const { c, a } = w;
  pushRegister(w, RAX);
  if (size === 4) {
    cut(w, 4);
    pushRegister(w, RDX);
    c.i64(32n);
    c.do(op.i64_shl, op.i64_or);
    c.set(a);
    return;
  }
  c.set(a);
  pushRegister(w, RDX);
  if (signed) {
    c.get(a);
    c.i64(63n);
    c.do(op.i64_shr_s);
  } else c.i64(0n);
  c.do(op.i64_ne);
  c.brIf(w.ways.closure);
}

/** `r` to rax and `address` to rdx. */
function quotientAndRemainder({ c, r, address }: Writer): void {
  c.i32(0);
  c.get(r);
  c.memory(access.i64_store, slotAt(RAX));
  c.i32(0);
  c.get(address);
  c.memory(access.i64_store, slotAt(RDX));
}

function accumulatorRows(name: string, run: (w: Writer, size: 4 | 8) => void): Rows {
  return wide.flatMap((size): Rows => [
    [
      `${name} r${size}`,
      (w) => {
        register(w, field.from, size, w.b);
        run(w, size);
      },
    ],
    [
      `${name} m${size}`,
      (w) => {
        w.find(size, false);
        found(w, size, w.b);
        run(w, size);
      },
    ],
  ]);
}

export const products: Rows = [
  ...multiplyRows(),
  ...Object.entries(accumulated).flatMap(([name, run]) => accumulatorRows(name, run)),
];
