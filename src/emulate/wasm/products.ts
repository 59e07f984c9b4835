// Compiled: products and quotients, as ops/multiply.ts has them.
import type { Decoded, Operand } from '../instruction.js';
import { I32, I64, op, typeOf } from './encode.js';
import type { Emitter } from './emitter.js';
import { firstSize, isGeneral, isPlace, isValue } from './row.js';
import type { Row, Rows } from './row.js';

const RAX = 0;
const RDX = 2;

/** Pushes the upper half of a product of two i64. */
function highProduct(e: Emitter, a: number, b: number, signed: boolean): void {
  const { c } = e;
  const low = (of: number): void => {
    c.get(of);
    c.i64(0xffffffffn);
    c.do(op.i64_and);
  };
  const high = (of: number): void => {
    c.get(of);
    c.i64(32n);
    c.do(op.i64_shr_u);
  };
  const first = e.temporary(I64);
  const second = e.temporary(I64);
  // Schoolbook, in halves; no sum overflows.
  high(a);
  low(b);
  c.do(op.i64_mul);
  low(a);
  low(b);
  c.do(op.i64_mul);
  c.i64(32n);
  c.do(op.i64_shr_u, op.i64_add);
  c.set(first);
  low(a);
  high(b);
  c.do(op.i64_mul);
  low(first);
  c.do(op.i64_add);
  c.set(second);
  high(a);
  high(b);
  c.do(op.i64_mul);
  high(first);
  c.do(op.i64_add);
  high(second);
  c.do(op.i64_add);
  if (!signed) return;
  for (const [x, y] of [
    [a, b],
    [b, a],
  ] as const) {
    c.get(x);
    c.i64(63n);
    c.do(op.i64_shr_s);
    c.get(y);
    c.do(op.i64_and, op.i64_sub);
  }
}

/** CF and OF: whether a signed product does not fit. */
function productFlags(e: Emitter, push: () => void): void {
  if (!e.flagsMatter) return;
  const lost = e.temporary(I32);
  push();
  e.c.set(lost);
  e.setCarryAndOverflow(lost, lost);
}

/** imul with a destination. */
function imulTo(i: Decoded): ((e: Emitter) => void) | undefined {
  const to = i.operands[0];
  const three = i.operands.length === 3;
  const first = i.operands[three ? 1 : 0];
  const second = i.operands[three ? 2 : 1];
  const size = firstSize(i);
  if (!to || !first || !second || size < 4 || !isGeneral(to) || !isPlace(first) || !isValue(second))
    return undefined;
  return (e) => {
    const { c } = e;
    const a = e.held(first, size);
    const b = e.held(second, size);
    const r = e.temporary(I64);
    for (const of of [a, b]) {
      c.get(of);
      if (size === 4) c.do(op.i64_extend_i32_s);
    }
    c.do(op.i64_mul);
    c.set(r);
    c.get(r);
    if (size === 4) c.do(op.i32_wrap_i64);
    e.writeRegister({ ...generalRegister(to), size });
    productFlags(e, () => {
      if (size === 4) {
        c.get(r);
        c.do(op.i64_extend32_s);
      } else {
        c.get(r);
        c.i64(63n);
        c.do(op.i64_shr_s);
        highProduct(e, a, b, true);
      }
      if (size === 4) c.get(r);
      c.do(op.i64_ne);
    });
  };
}

function generalRegister(o: Operand): { readonly number: number; readonly high: boolean } {
  if (o.kind !== 'register') throw new Error('no register');
  return o;
}

/** mul and imul of the accumulator. */
const multiply =
  (signed: boolean) =>
  (i: Decoded): ((e: Emitter) => void) | undefined => {
    const [from] = i.operands;
    const size = firstSize(i);
    if (!from || size < 4 || !isPlace(from)) return undefined;
    return (e) => {
      const { c } = e;
      const b = e.held(from, size);
      const a = e.temporary(typeOf(size));
      e.readRegister({ number: RAX, size, high: false });
      c.set(a);
      const low = e.temporary(I64);
      const high = e.temporary(I64);
      for (const of of [a, b]) {
        c.get(of);
        if (size === 4) c.do(signed ? op.i64_extend_i32_s : op.i64_extend_i32_u);
      }
      c.do(op.i64_mul);
      c.set(low);
      if (size === 4) {
        c.get(low);
        c.i64(32n);
        c.do(op.i64_shr_u);
      } else highProduct(e, a, b, signed);
      c.set(high);
      if (size === 4) {
        c.get(low);
        c.i64(0xffffffffn);
        c.do(op.i64_and);
      } else c.get(low);
      e.set(RAX);
      c.get(high);
      e.set(RDX);
      productFlags(e, () => {
        if (!signed) {
          c.get(high);
          c.i64(0n);
        } else if (size === 4) {
          c.get(low);
          c.do(op.i64_extend32_s);
          c.get(low);
        } else {
          c.get(low);
          c.i64(63n);
          c.do(op.i64_shr_s);
          c.get(high);
        }
        c.do(op.i64_ne);
      });
    };
  };

/** What fits into WebAssembly's division; the rest, and what faults, is the interpreter's. */
const divide = (signed: boolean): Row => ({
  sets: 'none',
  leaves: true,
  plan: (i) => {
    const [from] = i.operands;
    const size = firstSize(i);
    if (!from || size < 4 || !isPlace(from)) return undefined;
    return (e) => {
      const { c } = e;
      const d = e.temporary(I64);
      const n = e.temporary(I64);
      const q = e.temporary(I64);
      const refuse = (): void => {
        c.ifRare();
        e.leave();
        c.end();
      };
      e.read(from, size);
      if (size === 4) c.do(signed ? op.i64_extend_i32_s : op.i64_extend_i32_u);
      c.set(d);
      e.get(RAX);
      if (size === 4) {
        c.i64(0xffffffffn);
        c.do(op.i64_and);
        e.get(RDX);
        c.i64(32n);
        c.do(op.i64_shl, op.i64_or);
      }
      c.set(n);
      c.get(d);
      c.do(op.i64_eqz);
      refuse();
      if (size === 8) {
        e.get(RDX);
        if (signed) {
          c.get(n);
          c.i64(63n);
          c.do(op.i64_shr_s);
        } else c.i64(0n);
        c.do(op.i64_ne);
        refuse();
      }
      if (signed) {
        c.get(d);
        c.i64(-1n);
        c.do(op.i64_eq);
        refuse();
      }
      c.get(n);
      c.get(d);
      c.do(signed ? op.i64_div_s : op.i64_div_u);
      c.set(q);
      if (size === 4) {
        c.get(q);
        c.get(q);
        if (signed) c.do(op.i64_extend32_s);
        else {
          c.i64(0xffffffffn);
          c.do(op.i64_and);
        }
        c.do(op.i64_ne);
        refuse();
      }
      const put = (register: number): void => {
        if (size === 4) {
          c.i64(0xffffffffn);
          c.do(op.i64_and);
        }
        e.set(register);
      };
      c.get(n);
      c.get(d);
      c.do(signed ? op.i64_rem_s : op.i64_rem_u);
      put(RDX);
      c.get(q);
      put(RAX);
    };
  },
});

export const products: Rows = {
  div: divide(false),
  idiv: divide(true),
  imul: { sets: 'some', plan: (i) => (i.operands.length === 1 ? multiply(true)(i) : imulTo(i)) },
  mul: { sets: 'some', plan: multiply(false) },
};
