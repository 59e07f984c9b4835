// Compiled: pcmpistri of bytes, which of a text's are any of a few, or the same as another's, as ops/vector-text.ts has it.
import { access, I32, op, V128 } from './encode.js';
import type { Emitter } from './emitter.js';
import type { Row, Rows } from './row.js';
import { simd } from './simd.js';
import { immediateOf, isVector, isVectorSource, load, source, vector, withVex } from './vector-operands.js';
import type { Source } from './vector-operands.js';

const RCX = 1;
const all = 0xffff;

/** A variable with bits for the zeros of 16 bytes in another. */
function zeros(e: Emitter, text: number): number {
  const bits = e.temporary(I32);
  e.c.get(text);
  e.c.v128([]);
  e.c.simd(simd.i8x16_eq);
  e.c.simd(simd.i8x16_bitmask);
  e.c.set(bits);
  return bits;
}

/** Pushes bits for what is in front of the first zero. */
function valid(e: Emitter, zero: number): void {
  const { c } = e;
  c.get(zero);
  c.i32(-1);
  c.do(op.i32_xor);
  c.get(zero);
  c.i32(1);
  c.do(op.i32_sub, op.i32_and);
  c.i32(all);
  c.do(op.i32_and);
}

/** Pushes bits for the bytes that are any of a register's, up to its first zero. */
function anyOf(e: Emitter, { offset }: Source, text: number): void {
  const { c } = e;
  const [n, byte, found] = [e.temporary(I32), e.temporary(I32), e.temporary(V128)];
  c.i32(0);
  c.set(n);
  c.v128([]);
  c.set(found);
  const end = c.block();
  const again = c.loop();
  c.get(n);
  c.memory(access.i32_load8_u, offset);
  c.tee(byte);
  c.do(op.i32_eqz);
  c.brIf(end);
  c.get(text);
  c.get(byte);
  c.simd(simd.i8x16_splat);
  c.simd(simd.i8x16_eq);
  c.get(found);
  c.simd(simd.v128_or);
  c.set(found);
  c.get(n);
  c.i32(1);
  c.do(op.i32_add);
  c.tee(n);
  c.i32(16);
  c.do(op.i32_lt_u);
  c.brIf(again);
  c.end();
  c.end();
  c.get(found);
  c.simd(simd.i8x16_bitmask);
}

const index: Row = vector(
  (i) => {
    const [first, last] = i.operands;
    const control = immediateOf(i);
    // Words, ranges and parts of texts are the interpreter's.
    if ((control & 5) !== 0 || !isVector(first) || !last || !isVectorSource(last)) return undefined;
    return (e) => {
      const { c } = e;
      const b = source(e, last, 16);
      const a = source(e, first, 16);
      const texts = [a, b].map((from) => {
        const text = e.temporary(V128);
        load(e, from);
        c.set(text);
        return text;
      });
      const [x = 0, y = 0] = texts;
      const [noX, noY] = [zeros(e, x), zeros(e, y)];
      const found = e.temporary(I32);
      if (control & 8) {
        c.get(x);
        c.get(y);
        c.simd(simd.i8x16_eq);
        c.simd(simd.i8x16_bitmask);
        valid(e, noX);
        c.do(op.i32_and);
      } else anyOf(e, a, y);
      valid(e, noY);
      c.do(op.i32_and);
      if (control & 8) {
        // Behind the ends of both all is the same.
        valid(e, noX);
        valid(e, noY);
        c.do(op.i32_or);
        c.i32(all);
        c.do(op.i32_xor, op.i32_or);
      }
      if (control & 16) {
        if (control & 32) valid(e, noY);
        else c.i32(all);
        c.do(op.i32_xor);
      }
      c.set(found);
      const topIf = (push: () => void) => (): void => {
        push();
        c.i32(31);
        c.do(op.i32_shl);
      };
      e.setWords(
        () => {
          c.get(noY);
          c.do(op.i32_eqz);
        },
        () => {
          c.get(found);
          c.i32(0);
          c.do(op.i32_ne);
        },
        topIf(() => {
          c.get(noX);
          c.i32(0);
          c.do(op.i32_ne);
        }),
        topIf(() => {
          c.get(found);
        }),
      );
      if (control & 64) {
        c.i32(31);
        c.get(found);
        c.do(op.i32_clz, op.i32_sub);
        c.i32(16);
        c.get(found);
        c.do(op.select);
      } else {
        c.get(found);
        c.i32(all + 1);
        c.do(op.i32_or, op.i32_ctz);
      }
      e.writeRegister({ number: RCX, size: 4, high: false });
    };
  },
  { sets: 'all' },
);

export const texts: Rows = withVex({ pcmpistri: index });
