// Computes all flags of an operation that is known at run time only, for the interpreter.
import { AF, CF, OF, PF, SF, ZR } from '../state.js';
import { access, Code, I32, I64, op } from './encode.js';
import { family, word } from './flags.js';

/**
 * The function (kind, over, a, b) that puts the interpreter's words into memory. Operands are moved to the upper end of 64 bits, where all sizes have
 * their sign in one place.
 */
export function flushFunction(): Code {
  const c = new Code(4);
  const [kind, over, a, b] = [0, 1, 2, 3];
  const up = c.local(I64);
  const x = c.local(I64);
  const y = c.local(I64);
  const r = c.local(I64);
  const carry = c.local(I64);
  const which = c.local(I32);
  const store = (at: number, value: () => void): void => {
    c.i32(word(at));
    value();
    c.memory(access.i32_store);
  };
  const topBit = (): void => {
    c.i64(63n);
    c.do(op.i64_shr_u, op.i32_wrap_i64);
  };
  const upperWord = (): void => {
    c.i64(32n);
    c.do(op.i64_shr_u, op.i32_wrap_i64);
  };

  c.get(kind);
  c.if();
  // 64 - 8 * size
  c.i64(64n);
  c.i64(8n);
  c.get(kind);
  c.i32(2);
  c.do(op.i32_shr_u);
  c.i32(3);
  c.do(op.i32_and, op.i64_extend_i32_u, op.i64_shl, op.i64_sub);
  c.set(up);
  c.get(kind);
  c.i32(4);
  c.do(op.i32_shr_u);
  c.set(which);
  c.get(kind);
  c.i32(1);
  c.do(op.i32_and, op.i64_extend_i32_u);
  c.get(up);
  c.do(op.i64_shl);
  c.set(carry);
  c.get(a);
  c.get(up);
  c.do(op.i64_shl);
  c.set(x);
  c.get(b);
  c.get(up);
  c.do(op.i64_shl);
  c.set(y);

  c.get(which);
  c.i32(family.result);
  c.do(op.i32_eq);
  c.if();
  c.get(x);
  c.set(r);
  for (const at of [CF, OF, AF])
    store(at, () => {
      c.i32(0);
    });
  c.else();
  c.get(which);
  c.i32(1);
  c.do(op.i32_and);
  c.if(); // sub, sbb
  c.get(x);
  c.get(y);
  c.do(op.i64_sub);
  c.get(carry);
  c.do(op.i64_sub);
  c.set(r);
  store(CF, () => {
    // (~x & y) | ((~x | y) & r)
    c.get(x);
    c.i64(-1n);
    c.do(op.i64_xor);
    c.get(y);
    c.do(op.i64_and);
    c.get(x);
    c.i64(-1n);
    c.do(op.i64_xor);
    c.get(y);
    c.do(op.i64_or);
    c.get(r);
    c.do(op.i64_and, op.i64_or);
    topBit();
  });
  store(OF, () => {
    c.get(x);
    c.get(y);
    c.do(op.i64_xor);
    c.get(x);
    c.get(r);
    c.do(op.i64_xor, op.i64_and);
    upperWord();
  });
  c.else();
  c.get(x);
  c.get(y);
  c.do(op.i64_add);
  c.get(carry);
  c.do(op.i64_add);
  c.set(r);
  store(CF, () => {
    // (x & y) | ((x | y) & ~r)
    c.get(x);
    c.get(y);
    c.do(op.i64_and);
    c.get(x);
    c.get(y);
    c.do(op.i64_or);
    c.get(r);
    c.i64(-1n);
    c.do(op.i64_xor, op.i64_and, op.i64_or);
    topBit();
  });
  store(OF, () => {
    c.get(x);
    c.get(r);
    c.do(op.i64_xor);
    c.get(y);
    c.get(r);
    c.do(op.i64_xor, op.i64_and);
    upperWord();
  });
  c.end();
  store(AF, () => {
    c.get(a);
    c.get(b);
    c.do(op.i64_xor);
    c.get(r);
    c.get(up);
    c.do(op.i64_shr_u, op.i64_xor, op.i32_wrap_i64);
  });
  c.end();
  store(ZR, () => {
    c.get(r);
    c.i64(0n);
    c.do(op.i64_ne);
  });
  store(SF, () => {
    c.get(r);
    upperWord();
  });
  store(PF, () => {
    c.get(r);
    c.get(up);
    c.do(op.i64_shr_u, op.i32_wrap_i64);
  });
  c.end();

  c.get(over);
  c.i32(4);
  c.do(op.i32_and);
  c.if();
  store(CF, () => {
    c.get(over);
    c.i32(1);
    c.do(op.i32_and);
  });
  c.end();
  c.get(over);
  c.i32(8);
  c.do(op.i32_and);
  c.if();
  store(OF, () => {
    c.get(over);
    c.i32(30);
    c.do(op.i32_shl);
  });
  c.end();
  return c;
}
