// Compiled: mov and its extensions, lea, xchg, xadd, cmpxchg, cmov, set, the stack, flags by name, and what does nothing.
import { conditions } from '../ops/conditions.js';
import type { Decoded, MemoryOperand, Operand } from '../instruction.js';
import { DF } from '../state.js';
import { I32, op, typeOf } from './encode.js';
import type { Emitter } from './emitter.js';
import { family } from './flags.js';
import { firstSize, generalOf, isGeneral, isPlace, isValue } from './row.js';
import type { Row, Rows } from './row.js';

type Plan = Row['plan'];
const RAX = 0;
const RDX = 2;
const RSP = 4;
const RBP = 5;

const sizeOf = (o: Operand | undefined): number =>
  o?.kind === 'register' || o?.kind === 'memory' ? o.size : 0;
const plain = (plan: Plan): Row => ({ sets: 'none', plan });
const simple = (emit: (e: Emitter) => void): Row => plain(() => emit);

const mov: Plan = (i) => {
  const [to, from] = i.operands;
  if (!to || !from || !isPlace(to) || !isValue(from)) return undefined;
  const size = firstSize(i);
  return (e) => {
    const value = e.held(from, size);
    e.destination(to, size, false).write(value);
  };
};

const extend =
  (signed: boolean): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !from || !isGeneral(to) || !isPlace(from)) return undefined;
    const size = firstSize(i);
    const small = sizeOf(from);
    return (e) => {
      const { c } = e;
      e.read(from, small);
      if (size < 8) {
        if (signed && small === 1) c.do(op.i32_extend8_s);
        if (signed && small === 2) c.do(op.i32_extend16_s);
      } else {
        c.do(op.i64_extend_i32_u);
        if (signed)
          c.do(small === 1 ? op.i64_extend8_s : small === 2 ? op.i64_extend16_s : op.i64_extend32_s);
      }
      e.writeRegister(generalOf(to, size));
    };
  };

const lea: Plan = (i) => {
  const [to, from] = i.operands;
  if (to?.kind !== 'register' || from?.kind !== 'memory' || from.vectorIndex !== undefined) return undefined;
  return (e) => {
    e.addressOf(from, true);
    if (to.size < 8) e.c.do(op.i32_wrap_i64);
    e.writeRegister(to);
  };
};

const xchg: Plan = (i) => {
  const [x, y] = i.operands;
  if (!x || !y || !isPlace(x) || !isPlace(y)) return undefined;
  const [first, second] = x.kind === 'memory' ? [x, y] : [y, x];
  const size = firstSize(i);
  return (e) => {
    const a = e.destination(first, size, true);
    const b = e.destination(second, size, true);
    a.write(b.value);
    b.write(a.value);
  };
};

/** Of anything, and a general register of its size. */
const withRegister =
  (emit: (e: Emitter, to: Operand, from: Operand, size: number) => void): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !from || !isPlace(to) || !isGeneral(from)) return undefined;
    const size = firstSize(i);
    return (e) => {
      emit(e, to, from, size);
    };
  };

const xadd: Plan = withRegister((e, to, from, size) => {
  const { c } = e;
  const a = e.destination(to, size, true);
  const b = e.destination(from, size, true);
  const r = e.temporary(typeOf(size));
  c.get(a.value);
  c.get(b.value);
  c.do(size === 8 ? op.i64_add : op.i32_add);
  e.mask(size);
  c.set(r);
  b.write(a.value);
  a.write(r);
  e.setFlags(family.add, size, a.value, b.value);
});

const cmpxchg: Plan = withRegister((e, to, from, size) => {
  const { c } = e;
  const a = e.destination(to, size, true);
  const b = e.held(from, size);
  const accumulator = e.temporary(typeOf(size));
  e.readRegister({ number: RAX, size, high: false });
  c.set(accumulator);
  c.get(accumulator);
  c.get(a.value);
  c.do(size === 8 ? op.i64_eq : op.i32_eq);
  c.if();
  a.write(b);
  c.else();
  // A register that is not written keeps its upper half.
  if (to.kind === 'memory') a.write(a.value);
  c.get(a.value);
  e.writeRegister({ number: RAX, size, high: false });
  c.end();
  e.setFlags(family.sub, size, accumulator, a.value);
});

const bswap: Plan = (i) => {
  const [to] = i.operands;
  const size = firstSize(i);
  if (!to || !isGeneral(to) || size < 4) return undefined;
  return (e) => {
    const { c } = e;
    const value = e.held(to, size);
    const half = (shift: number): void => {
      c.get(value);
      if (size === 8) {
        c.i64(BigInt(shift));
        c.do(op.i64_shr_u, op.i32_wrap_i64);
      }
    };
    /** The bytes of an i32, the other way round. */
    const swapped = (shift: number): void => {
      half(shift);
      c.i32(8);
      c.do(op.i32_rotl);
      c.i32(0x00ff00ff);
      c.do(op.i32_and);
      half(shift);
      c.i32(24);
      c.do(op.i32_rotl);
      c.i32(0xff00ff00 | 0);
      c.do(op.i32_and, op.i32_or);
    };
    swapped(0);
    if (size === 8) {
      c.do(op.i64_extend_i32_u);
      c.i64(32n);
      c.do(op.i64_shl);
      swapped(32);
      c.do(op.i64_extend_i32_u, op.i64_or);
    }
    e.writeRegister(generalOf(to, size));
  };
};

const cmov =
  (name: string): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !from || !isGeneral(to) || !isPlace(from)) return undefined;
    const size = firstSize(i);
    return (e) => {
      const value = e.held(from, size);
      e.c.get(value);
      e.readRegister(generalOf(to, size));
      e.condition(name);
      e.c.do(op.select);
      e.writeRegister(generalOf(to, size));
    };
  };

const set =
  (name: string): Plan =>
  (i) => {
    const [to] = i.operands;
    if (!to || !isPlace(to)) return undefined;
    return (e) => {
      const { write } = e.destination(to, 1, false);
      const value = e.temporary(I32);
      e.condition(name);
      e.c.set(value);
      write(value);
    };
  };

const push: Plan = (i) => {
  const [from] = i.operands;
  const word = i.bits / 8;
  const whole = from?.kind === 'immediate' ? !i.narrow : sizeOf(from) === word;
  if (!from || !isValue(from) || !whole) return undefined;
  return (e) => {
    const value = e.held(from, word);
    e.store(e.pushPlace(), word, value);
    e.moveStack(-word);
  };
};

/** A word of the stack. */
const stack = (e: Emitter, base: number): MemoryOperand => ({
  kind: 'memory',
  base,
  index: undefined,
  vectorIndex: undefined,
  scale: 1,
  displacement: 0n,
  segment: undefined,
  addressSize: e.bits,
  size: e.word,
});

const pop: Plan = (i) => {
  const [to] = i.operands;
  if (!to || !isGeneral(to) || sizeOf(to) !== i.bits / 8) return undefined;
  return (e) => {
    const value = e.held(stack(e, RSP), e.word);
    e.moveStack(e.word);
    e.c.get(value);
    e.writeRegister(generalOf(to, e.word));
  };
};

const leave: Plan = (i) => {
  if (i.narrow) return undefined;
  return (e) => {
    const value = e.held(stack(e, RBP), e.word);
    e.get(RBP);
    e.set(RSP);
    e.moveStack(e.word);
    e.c.get(value);
    e.writeRegister({ number: RBP, size: e.word, high: false });
  };
};

const carry = (push: (e: Emitter) => void): Row => ({
  sets: 'some',
  reads: true,
  plan: () => (e) => {
    push(e);
    e.setCarry();
  },
});

const direction = (value: number): Row =>
  simple((e) => {
    e.storeWord(DF, () => {
      e.c.i32(value);
    });
  });

/** rax to rax or rdx. */
const accumulator = (emit: (e: Emitter) => void, to: number, size: number): Row =>
  simple((e) => {
    emit(e);
    e.writeRegister({ number: to, size, high: false });
  });
const half =
  (size: number, ...codes: readonly number[]) =>
  (e: Emitter): void => {
    e.readRegister({ number: RAX, size, high: false });
    e.c.do(...codes);
  };
const sign =
  (size: number) =>
  (e: Emitter): void => {
    e.readRegister({ number: RAX, size, high: false });
    if (size === 2) e.c.do(op.i32_extend16_s);
    if (size === 8) e.c.i64(63n);
    else e.c.i32(31);
    e.c.do(size === 8 ? op.i64_shr_s : op.i32_shr_s);
  };

const nothing = simple(() => undefined);
const byCondition = (prefix: string, make: (name: string) => Plan): Rows =>
  Object.fromEntries(
    Object.keys(conditions).map((name) => [prefix + name, { sets: 'none', reads: true, plan: make(name) }]),
  );

export const moves: Rows = {
  ...byCondition('cmov', cmov),
  ...byCondition('set', set),
  bswap: plain(bswap),
  cbw: accumulator(half(1, op.i32_extend8_s), RAX, 2),
  cdq: accumulator(sign(4), RDX, 4),
  cdqe: accumulator(half(4, op.i64_extend_i32_s), RAX, 8),
  clc: carry((e) => {
    e.c.i32(0);
  }),
  cld: direction(0),
  clflush: nothing,
  clflushopt: nothing,
  clwb: nothing,
  cmc: carry((e) => {
    e.carry();
    e.c.do(op.i32_eqz);
  }),
  cmpxchg: { sets: 'all', plan: cmpxchg },
  cqo: accumulator(sign(8), RDX, 8),
  cwd: accumulator(sign(2), RDX, 2),
  cwde: accumulator(half(2, op.i32_extend16_s), RAX, 4),
  endbr32: nothing,
  endbr64: nothing,
  lea: plain(lea),
  leave: { ...plain(leave), leaves: true },
  lfence: nothing,
  mfence: nothing,
  mov: plain(mov),
  movnti: plain(mov),
  movsx: plain(extend(true)),
  movsxd: plain(extend(true)),
  movzx: plain(extend(false)),
  nop: nothing,
  pause: nothing,
  pop: { ...plain(pop), leaves: true },
  prefetchnta: nothing,
  prefetcht0: nothing,
  prefetcht1: nothing,
  prefetcht2: nothing,
  prefetchw: nothing,
  push: { ...plain(push), leaves: true },
  sfence: nothing,
  std: direction(1),
  stc: carry((e) => {
    e.c.i32(1);
  }),
  xadd: { sets: 'all', plan: xadd },
  xchg: plain(xchg),
};

/** Where calls and returns get and leave addresses. */
export function pushAddress(e: Emitter, address: bigint): void {
  const value = e.temporary(typeOf(e.word));
  if (e.word === 8) e.c.i64(address);
  else e.c.i32(Number(BigInt.asIntN(32, address)));
  e.c.set(value);
  e.store(e.pushPlace(), e.word, value);
  e.moveStack(-e.word);
}

/** An address on the stack, as long as the program has them, becomes what `rip` has. */
export function wideAddress(e: Emitter): void {
  if (e.word === 4) e.c.do(op.i64_extend_i32_u);
}

export function popAddress(e: Emitter, i: Decoded): void {
  const [extra] = i.operands;
  const value = e.held(stack(e, RSP), e.word);
  e.moveStack(e.word + (extra?.kind === 'immediate' ? extra.lo & 0xffff : 0));
  e.c.get(value);
  wideAddress(e);
  e.c.set(e.rip);
}
