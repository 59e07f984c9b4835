// What routines are written with: the fields of the record that is executed, operands, flags, memory.
import { readTlbAt, writeTlbAt } from '../layout.js';
import { AF, CF, OF, PF, SF, ZR } from '../state.js';
import { access, Code, I32, I64, op } from '../wasm/encode.js';
import type { Label } from '../wasm/encode.js';
import { pushTlbOffset } from '../wasm/lookup.js';
import { field } from './record.js';

export type Size = 1 | 2 | 4 | 8;

const loads = {
  1: access.i64_load8_u,
  2: access.i64_load16_u,
  4: access.i64_load32_u,
  8: access.i64_load,
} as const;
const signedLoads = {
  1: access.i64_load8_s,
  2: access.i64_load16_s,
  4: access.i64_load32_s,
  8: access.i64_load,
} as const;
const stores = {
  1: access.i64_store8,
  2: access.i64_store16,
  4: access.i64_store32,
  8: access.i64_store,
} as const;

/** Functions of the module, in their order; the first is imported: whether the TLB has an operand now. */
export const functions = {
  prepare: 0,
  sum: 1,
  read: 2,
  write: 3,
  readAt: 4,
  writeAt: 5,
  copy: 6,
  fill: 7,
} as const;

/** Beside bytes - 1, which are below. */
export const prepareWrites = 32;

/** Where routines go on. */
export interface Ways {
  /** At the next record. */
  readonly next: Label;
  /** By the record's closure: nothing was changed. */
  readonly closure: Label;
  /** By the way whose place is in `place`. */
  readonly way: Label;
  /** At the address in `address`, remembered by the way at `place`. */
  readonly address: Label;
  /** There, but the interpreter is told. */
  readonly anywhere: Label;
}

export class Writer {
  readonly record = 0;
  /** Operands, zero-extended, and a result. */
  readonly a: number;
  readonly b: number;
  readonly r: number;
  readonly address: number;
  /** Of a memory operand. */
  readonly place: number;
  /** A word that has to be kept. */
  readonly kept: number;
  /** Whether memory is written: by the routine that is written since it was set to false. */
  stores = false;

  constructor(
    readonly c: Code,
    readonly bits: 32 | 64,
    readonly ways: Ways,
  ) {
    this.a = c.local(I64);
    this.b = c.local(I64);
    this.r = c.local(I64);
    this.address = c.local(I64);
    this.place = c.local(I32);
    this.kept = c.local(I32);
  }

  /** Bytes of a slot of the stack. */
  get slot(): 4 | 8 {
    return this.bits === 32 ? 4 : 8;
  }

  field(at: number): void {
    this.c.get(this.record);
    this.c.memory(access.i32_load, at);
  }

  immediate(): void {
    this.c.get(this.record);
    this.c.memory(access.i64_load, field.immediate);
  }

  load(size: Size, signed = false): void {
    this.c.memory((signed ? signedLoads : loads)[size]);
  }

  store(size: Size): void {
    this.c.memory(stores[size]);
  }

  /** The upper half of a register is cleared with its lower one. */
  storeRegister(size: Size): void {
    this.store(size === 4 ? 8 : size);
  }

  /** Where the record's memory operand lies, in `place`; what the TLB does not have is the closure's. */
  find(size: number, writes: boolean): void {
    const { c } = this;
    c.get(this.record);
    c.i32(size - 1);
    c.call(writes ? functions.writeAt : functions.readAt);
    this.stores ||= writes;
    this.found();
  }

  /** The same for an address that has been pushed. */
  findPushed(size: number, writes: boolean): void {
    this.c.i32(size - 1);
    this.c.call(writes ? functions.write : functions.read);
    this.stores ||= writes;
    this.found();
  }

  private found(): void {
    this.c.tee(this.place);
    this.c.do(op.i32_eqz);
    this.c.brIf(this.ways.closure);
  }

  setWord(at: number, push: () => void): void {
    this.c.i32(4 * at);
    push();
    this.c.memory(access.i32_store);
  }

  /** PF, ZF and SF of the result in `r`. */
  resultFlags(size: Size): void {
    const { c, r } = this;
    this.setWord(PF, () => {
      c.get(r);
      c.do(op.i32_wrap_i64);
    });
    this.setWord(ZR, () => {
      c.get(r);
      c.i64(0n);
      c.do(op.i64_ne);
    });
    this.setWord(SF, () => {
      c.get(r);
      this.signWord(size);
    });
  }

  /** The word whose sign bit is that of a value which has been pushed. */
  signWord(size: Size): void {
    const { c } = this;
    const by = 32 - 8 * size;
    if (by < 0) {
      c.i64(32n);
      c.do(op.i64_shr_u);
    } else if (by > 0) {
      c.i64(BigInt(by));
      c.do(op.i64_shl);
    }
    c.do(op.i32_wrap_i64);
  }

  /** CF, OF and AF are 0. */
  clearCarries(): void {
    for (const flag of [CF, OF, AF])
      this.setWord(flag, () => {
        this.c.i32(0);
      });
  }

  /** Pushes whether a condition holds: not 0. */
  condition(name: string): void {
    const { c } = this;
    const word = (at: number): void => {
      c.i32(0);
      c.memory(access.i32_load, 4 * at);
    };
    const carry = (): void => {
      word(CF);
    };
    const zero = (): void => {
      word(ZR);
      c.do(op.i32_eqz);
    };
    const less = (): void => {
      word(SF);
      word(OF);
      c.do(op.i32_xor);
      c.i32(31);
      c.do(op.i32_shr_u);
    };
    const sign = (at: number): void => {
      word(at);
      c.i32(31);
      c.do(op.i32_shr_u);
    };
    const either = (first: () => void, second: () => void): void => {
      first();
      second();
      c.do(op.i32_or);
    };
    const positive: Readonly<Record<string, () => void>> = {
      b: carry,
      be: () => {
        either(carry, zero);
      },
      e: zero,
      l: less,
      le: () => {
        either(less, zero);
      },
      o: () => {
        sign(OF);
      },
      p: () => {
        word(PF);
        c.i32(255);
        c.do(op.i32_and, op.i32_popcnt);
        c.i32(1);
        c.do(op.i32_and, op.i32_eqz);
      },
      s: () => {
        sign(SF);
      },
    };
    const opposite: Readonly<Record<string, string>> = {
      a: 'be',
      ae: 'b',
      g: 'le',
      ge: 'l',
      ne: 'e',
      no: 'o',
      np: 'p',
      ns: 's',
    };
    positive[opposite[name] ?? name]?.();
    if (name in opposite) c.do(op.i32_eqz);
  }
}

/** Pushes the sum that is an address, of the record in variable 0. */
function pushSum(c: Code, bits: 32 | 64): void {
  const register = (at: number): void => {
    c.get(0);
    c.memory(access.i32_load, at);
    c.memory(access.i64_load);
  };
  register(field.base);
  register(field.index);
  c.get(0);
  c.memory(access.i64_load32_u, field.shift);
  c.do(op.i64_shl, op.i64_add);
  c.get(0);
  c.memory(access.i64_load, field.displacement);
  c.do(op.i64_add);
  register(field.segment);
  c.do(op.i64_add);
  if (bits === 32) {
    c.i64(0xffffffffn);
    c.do(op.i64_and);
  }
}

/** (record): the sum of its memory operand. */
export function sumFunction(bits: 32 | 64): Code {
  const c = new Code(1);
  pushSum(c, bits);
  return c;
}

/** (address or record, bytes - 1): where the operand lies; 0: the TLB cannot have all of it. */
export function findFunction(bits: 32 | 64, given: 'address' | 'record', writes: boolean): Code {
  const c = new Code(2);
  const at = given === 'address' ? 0 : c.local(I64);
  const entry = c.local(I32);
  if (given === 'record') {
    pushSum(c, bits);
    c.set(at);
  }
  const tlb = writes ? writeTlbAt : readTlbAt;
  pushTlbOffset(c, at);
  c.tee(entry);
  c.memory(access.i64_load, tlb);
  c.get(at);
  c.do(op.i64_xor);
  c.i64(4095n);
  c.get(1);
  c.do(op.i64_extend_i32_u, op.i64_sub, op.i64_gt_u);
  c.ifRare();
  c.get(at);
  c.do(op.i32_wrap_i64);
  c.get(at);
  c.i64(32n);
  c.do(op.i64_shr_u, op.i32_wrap_i64);
  c.get(1);
  c.i32(writes ? prepareWrites : 0);
  c.do(op.i32_or);
  c.call(functions.prepare);
  c.do(op.i32_eqz);
  c.ifRare();
  c.i32(0);
  c.do(op.return);
  c.end();
  c.end();
  c.get(entry);
  c.memory(access.i32_load, tlb + 8);
  c.get(at);
  c.do(op.i32_wrap_i64);
  c.i32(4095);
  c.do(op.i32_and, op.i32_add);
  return c;
}
