// Compiled: movs and stos once, as loops for short copies have them; repeated ones by a function that does them by pages (repeat.ts), and what is
// not so simple by the interpreter.
import type { Decoded } from '../instruction.js';
import { DF } from '../state.js';
import { access, I64, op, typeOf } from './encode.js';
import type { Emitter } from './emitter.js';
import { wordAt } from './frame.js';
import { helper } from './region-module.js';
import type { Row, Rows } from './row.js';

const RAX = 0;
const RCX = 1;
const RSI = 6;
const RDI = 7;

const isRepeated = (i: Decoded): boolean => i.rep || i.repne;

/** Once: addresses of 64 bits, whose registers need no cutting. */
const isSimple = (i: Decoded): boolean =>
  i.addressSize === i.bits && i.segment === undefined && (i.bits === 64 || isRepeated(i));

/** A check of stores is told of each by the interpreter. */
const repeated =
  (run: number, size: number) =>
  (e: Emitter): void => {
    const { c } = e;
    if (e.isWatched) {
      e.settleStores();
      e.byInterpreter();
      return;
    }
    c.i32(size);
    c.call(run);
    e.orInterpreter(() => undefined);
    for (const register of [RCX, RSI, RDI]) e.reload(register);
  };

/** Moves registers on by an element. */
function advance(e: Emitter, size: number, registers: readonly number[]): void {
  const { c } = e;
  const by = e.temporary(I64);
  c.i64(BigInt(size));
  c.i32(0);
  c.memory(access.i32_load, wordAt(DF));
  c.do(op.i64_extend_i32_u);
  c.i64(BigInt(2 * size));
  c.do(op.i64_mul, op.i64_sub);
  c.set(by);
  for (const register of registers) {
    e.get(register);
    c.get(by);
    c.do(op.i64_add);
    e.set(register);
  }
}

const movs = (size: number): Row => ({
  sets: 'none',
  plan: (i) => {
    const [to, from] = i.operands;
    if (to?.kind !== 'memory' || from?.kind !== 'memory' || !isSimple(i)) return undefined;
    if (isRepeated(i)) return repeated(helper('copy'), size);
    return (e) => {
      const value = e.held(from, size);
      e.store(e.host(to, size, true), size, value);
      advance(e, size, [RSI, RDI]);
    };
  },
});

const stos = (size: number): Row => ({
  sets: 'none',
  plan: (i) => {
    const [to] = i.operands;
    if (to?.kind !== 'memory' || !isSimple(i)) return undefined;
    if (isRepeated(i)) return repeated(helper('fill'), size);
    return (e) => {
      const value = e.temporary(typeOf(size));
      e.readRegister({ number: RAX, size, high: false });
      e.c.set(value);
      e.store(e.host(to, size, true), size, value);
      advance(e, size, [RDI]);
    };
  },
});

/** The row's name: movsd has that of a vector instruction. */
export const rowName = ({ name, operands }: Decoded): string =>
  name === 'movsd' && operands.every((o) => o.kind === 'memory') ? 'movsl' : name;

export const strings: Rows = {
  movsb: movs(1),
  movsl: movs(4),
  movsq: movs(8),
  movsw: movs(2),
  stosb: stos(1),
  stosd: stos(4),
  stosq: stos(8),
  stosw: stos(2),
};
