// Compiled: shifts and rotates. Flags are those of ops/shifts.ts: what is undefined there, too.
import type { Operand } from '../instruction.js';
import { I32, I64, op, typeOf } from './encode.js';
import type { Emitter } from './emitter.js';
import { family } from './flags.js';
import { by, firstSize, isGeneral, isPlace } from './row.js';
import type { Row, Rows } from './row.js';

type Direction = 'left' | 'right' | 'arithmetic';

/** The count of a shift: a number, or cl in a variable. */
function countOf(o: Operand | undefined, size: number): number | 'cl' {
  const mask = size === 8 ? 63 : 31;
  if (!o) return 1;
  return o.kind === 'immediate' ? o.lo & mask : 'cl';
}

/** Pushes value (operation) count in 64 bits. */
function wideShift(e: Emitter, value: number, size: number, signed: boolean): void {
  const { c } = e;
  c.get(value);
  if (size === 8) return;
  if (!signed) {
    c.do(op.i64_extend_i32_u);
    return;
  }
  if (size === 1) c.do(op.i32_extend8_s);
  if (size === 2) c.do(op.i32_extend16_s);
  c.do(op.i64_extend_i32_s);
}

/** Pushes bit n of an i64 as an i32; `n` pushes its number. */
function bitOf(e: Emitter, push: () => void, n: () => void): void {
  push();
  n();
  e.c.do(op.i64_shr_u, op.i32_wrap_i64);
  e.c.i32(1);
  e.c.do(op.i32_and);
}

/** shl, shr, sar: in 64 bits, where counts up to 31 lose nothing. */
function shiftBy(
  e: Emitter,
  direction: Direction,
  value: number,
  size: number,
  count: () => void,
): {
  readonly result: number;
  readonly flags: () => void;
} {
  const { c } = e;
  const bits = 8 * size;
  const result = e.temporary(typeOf(size));
  const push = (): void => {
    wideShift(e, value, size, direction === 'arithmetic');
  };
  push();
  count();
  c.do(direction === 'left' ? op.i64_shl : direction === 'right' ? op.i64_shr_u : op.i64_shr_s);
  if (size < 8) c.do(op.i32_wrap_i64);
  e.mask(size);
  c.set(result);
  return {
    result,
    flags: () => {
      const carry = e.temporary(I32);
      const overflow = e.temporary(I32);
      const zero = (): void => {
        c.i64(0n);
      };
      const top = (from: number): void => {
        bitOf(
          e,
          () => {
            wideShift(e, from, size, false);
          },
          () => {
            c.i64(BigInt(bits - 1));
          },
        );
      };
      if (direction === 'left') {
        if (size === 8)
          bitOf(e, push, () => {
            c.i64(64n);
            count();
            c.do(op.i64_sub);
          });
        else
          bitOf(
            e,
            () => {
              push();
              count();
              c.do(op.i64_shl);
            },
            () => {
              c.i64(BigInt(bits));
            },
          );
        c.set(carry);
        top(result);
        c.get(carry);
        c.do(op.i32_xor);
        c.set(overflow);
      } else {
        push();
        count();
        c.i64(1n);
        c.do(op.i64_sub, direction === 'right' ? op.i64_shr_u : op.i64_shr_s);
        bitOf(e, () => undefined, zero);
        c.set(carry);
        if (direction === 'right') {
          top(value);
          count();
          c.i64(1n);
          c.do(op.i64_eq, op.i32_and);
        } else c.i32(0);
        c.set(overflow);
      }
      e.setFlags(family.result, size, result);
      e.setCarryAndOverflow(carry, overflow);
    },
  };
}

/** Runs `emit` with a way to push the count in 64 bits; flags change only where it is not 0. */
function counted(
  e: Emitter,
  count: number | 'cl',
  size: number,
  emit: (push: () => void) => () => void,
): void {
  const { c } = e;
  if (count !== 'cl') {
    const flags = emit(() => {
      c.i64(BigInt(count));
    });
    if (count !== 0 && e.flagsMatter) flags();
    return;
  }
  const n = e.temporary(I64);
  e.get(1);
  c.i64(size === 8 ? 63n : 31n);
  c.do(op.i64_and);
  c.set(n);
  const flags = emit(() => {
    c.get(n);
  });
  if (!e.flagsMatter) return;
  c.get(n);
  c.i64(0n);
  c.do(op.i64_ne);
  e.flagsIf(flags);
}

const shift = (direction: Direction): Row => ({
  sets: 'some',
  plan: (i) => {
    const [to, from] = i.operands;
    if (!to || !isPlace(to)) return undefined;
    const size = firstSize(i);
    const count = countOf(from, size);
    return (e) => {
      const { value, write } = e.destination(to, size, true);
      counted(e, count, size, (push) => {
        const { result, flags } = shiftBy(e, direction, value, size, push);
        write(result);
        return flags;
      });
    };
  },
});

const rotate = (left: boolean): Row => ({
  sets: 'some',
  plan: (i) => {
    const [to, from] = i.operands;
    if (!to || !isPlace(to)) return undefined;
    const size = firstSize(i);
    const bits = 8 * size;
    const count = countOf(from, size);
    return (e) => {
      const { c } = e;
      const { value, write } = e.destination(to, size, true);
      counted(e, count, size, (push) => {
        const r = e.temporary(typeOf(size));
        c.get(value);
        if (size >= 4) {
          push();
          if (size === 4) c.do(op.i32_wrap_i64);
          c.do(left ? by(size, op.i32_rotl, op.i64_rotl) : by(size, op.i32_rotr, op.i64_rotr));
        } else {
          // Twice or four times beside itself, 32 bits rotate as 8 or 16 do.
          c.i32(size === 1 ? 0x01010101 : 0x00010001);
          c.do(op.i32_mul);
          push();
          c.do(op.i32_wrap_i64, left ? op.i32_rotl : op.i32_rotr);
          e.mask(size);
        }
        c.set(r);
        write(r);
        return () => {
          const bit = (n: number): void => {
            bitOf(
              e,
              () => {
                wideShift(e, r, size, false);
              },
              () => {
                c.i64(BigInt(n));
              },
            );
          };
          const carry = e.temporary(I32);
          const overflow = e.temporary(I32);
          bit(left ? 0 : bits - 1);
          c.set(carry);
          bit(left ? bits - 1 : bits - 2);
          c.get(carry);
          c.do(op.i32_xor);
          c.set(overflow);
          e.setCarryAndOverflow(carry, overflow);
        };
      });
    };
  },
});

/** shld, shrd of 32 and 64 bits by a constant. */
const double = (left: boolean): Row => ({
  sets: 'some',
  plan: (i) => {
    const [to, from, by8] = i.operands;
    const size = firstSize(i);
    const count = countOf(by8, size);
    if (!to || !from || !isPlace(to) || !isGeneral(from) || size < 4 || count === 'cl' || !by8)
      return undefined;
    const bits = 8 * size;
    return (e) => {
      const { c } = e;
      const b = e.held(from, size);
      const { value, write } = e.destination(to, size, true);
      if (count === 0) {
        write(value);
        return;
      }
      const amount = (n: number): void => {
        if (size === 8) c.i64(BigInt(n));
        else c.i32(n);
      };
      const r = e.temporary(typeOf(size));
      c.get(value);
      amount(count);
      c.do(left ? by(size, op.i32_shl, op.i64_shl) : by(size, op.i32_shr_u, op.i64_shr_u));
      c.get(b);
      amount(bits - count);
      c.do(left ? by(size, op.i32_shr_u, op.i64_shr_u) : by(size, op.i32_shl, op.i64_shl));
      c.do(by(size, op.i32_or, op.i64_or));
      c.set(r);
      write(r);
      if (!e.flagsMatter) return;
      const bit = (of: number, n: number): void => {
        bitOf(
          e,
          () => {
            wideShift(e, of, size, false);
          },
          () => {
            c.i64(BigInt(n));
          },
        );
      };
      const carry = e.temporary(I32);
      const overflow = e.temporary(I32);
      bit(value, left ? bits - count : count - 1);
      c.set(carry);
      bit(value, bits - 1);
      bit(r, bits - 1);
      c.do(op.i32_xor);
      c.set(overflow);
      e.setFlags(family.result, size, r);
      e.setCarryAndOverflow(carry, overflow);
    };
  },
});

export const shifts: Rows = {
  rol: rotate(true),
  ror: rotate(false),
  sal: shift('left'),
  sar: shift('arithmetic'),
  shl: shift('left'),
  shld: double(true),
  shr: shift('right'),
  shrd: double(false),
};
