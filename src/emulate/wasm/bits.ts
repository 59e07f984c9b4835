// Compiled: bit tests, scans and counts, as ops/bits.ts has them.
import type { Operand } from '../instruction.js';
import { CF, ZR } from '../state.js';
import { I32, op, typeOf } from './encode.js';
import type { Emitter } from './emitter.js';
import { firstSize, generalOf, isGeneral, isPlace, isValue } from './row.js';
import type { Row, Rows } from './row.js';

type Plan = Row['plan'];

/** Bit offsets that stay within the operand: those in a register with memory do not. */
const bitTest =
  (change?: 'set' | 'reset' | 'complement'): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !from || !isPlace(to) || !isValue(from)) return undefined;
    if (to.kind === 'memory' && from.kind !== 'immediate') return undefined;
    const size = firstSize(i);
    return (e) => {
      const { c } = e;
      const wide = size === 8;
      const a = change ? e.destination(to, size, true) : undefined;
      const value = a?.value ?? e.held(to, size);
      const n = e.temporary(typeOf(size));
      e.read(from, size);
      if (wide) c.i64(63n);
      else c.i32(8 * size - 1);
      c.do(wide ? op.i64_and : op.i32_and);
      c.set(n);
      const found = e.temporary(I32);
      c.get(value);
      c.get(n);
      c.do(wide ? op.i64_shr_u : op.i32_shr_u);
      if (wide) c.do(op.i32_wrap_i64);
      c.i32(1);
      c.do(op.i32_and);
      c.set(found);
      if (a && change) {
        const r = e.temporary(typeOf(size));
        c.get(value);
        if (wide) c.i64(1n);
        else c.i32(1);
        c.get(n);
        c.do(wide ? op.i64_shl : op.i32_shl);
        if (change === 'reset') {
          if (wide) c.i64(-1n);
          else c.i32(-1);
          c.do(wide ? op.i64_xor : op.i32_xor, wide ? op.i64_and : op.i32_and);
        } else if (change === 'set') c.do(wide ? op.i64_or : op.i32_or);
        else c.do(wide ? op.i64_xor : op.i32_xor);
        c.set(r);
        a.write(r);
      }
      c.get(found);
      e.setCarry();
    };
  };

/** Pushes the number of zeros at an end of a value that is not 0, or the width. */
function zeros(e: Emitter, value: number, size: number, trailing: boolean): void {
  const { c } = e;
  c.get(value);
  if (size === 8) {
    c.do(trailing ? op.i64_ctz : op.i64_clz, op.i32_wrap_i64);
    return;
  }
  if (size === 2 && trailing) {
    c.i32(0x10000);
    c.do(op.i32_or);
  }
  c.do(trailing ? op.i32_ctz : op.i32_clz);
  if (size === 2 && !trailing) {
    c.i32(16);
    c.do(op.i32_sub);
  }
}

function putCount(e: Emitter, to: Operand, size: number, count: number): void {
  e.c.get(count);
  if (size === 8) e.c.do(op.i64_extend_i32_u);
  e.writeRegister(generalOf(to, size));
}

/** Of a general register, and anything of its size. */
const ofRegister =
  (emit: (e: Emitter, to: Operand, from: Operand, size: number) => void): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !from || !isGeneral(to) || !isPlace(from)) return undefined;
    const size = firstSize(i);
    return (e) => {
      emit(e, to, from, size);
    };
  };

/** bsf, bsr: of 0 the destination stays; only ZF changes. */
const scan = (forward: boolean): Plan =>
  ofRegister((e, to, from, size) => {
    const { c } = e;
    const value = e.held(from, size);
    const notZero = (): void => {
      c.get(value);
      if (size === 8) c.i64(0n);
      else c.i32(0);
      c.do(size === 8 ? op.i64_ne : op.i32_ne);
    };
    if (e.flagsMatter) {
      e.flush();
      e.storeWord(ZR, notZero);
    }
    notZero();
    c.if();
    const n = e.temporary(I32);
    if (forward) zeros(e, value, size, true);
    else {
      c.i32(8 * size - 1);
      zeros(e, value, size, false);
      c.do(op.i32_sub);
    }
    c.set(n);
    putCount(e, to, size, n);
    c.end();
  });

/** tzcnt, lzcnt. */
const count = (trailing: boolean): Plan =>
  ofRegister((e, to, from, size) => {
    const { c } = e;
    const value = e.held(from, size);
    const n = e.temporary(I32);
    zeros(e, value, size, trailing);
    c.set(n);
    putCount(e, to, size, n);
    if (!e.flagsMatter) return;
    e.flush();
    e.storeWord(CF, () => {
      c.get(n);
      c.i32(8 * size);
      c.do(op.i32_eq);
    });
    e.storeWord(ZR, () => {
      c.get(n);
    });
  });

const popcnt: Plan = ofRegister((e, to, from, size) => {
  const { c } = e;
  const n = e.temporary(I32);
  e.read(from, size);
  if (size === 8) c.do(op.i64_popcnt, op.i32_wrap_i64);
  else c.do(op.i32_popcnt);
  c.set(n);
  putCount(e, to, size, n);
  e.setWords(
    () => {
      c.get(n);
    },
    () => {
      c.i32(0);
    },
  );
});

export const bits: Rows = {
  bsf: { sets: 'some', plan: scan(true) },
  bsr: { sets: 'some', plan: scan(false) },
  bt: { sets: 'some', plan: bitTest() },
  btc: { sets: 'some', plan: bitTest('complement') },
  btr: { sets: 'some', plan: bitTest('reset') },
  bts: { sets: 'some', plan: bitTest('set') },
  lzcnt: { sets: 'some', plan: count(false) },
  popcnt: { sets: 'all', plan: popcnt },
  tzcnt: { sets: 'some', plan: count(true) },
};
