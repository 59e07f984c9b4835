// What rows of instructions are made of: operands, flags, and instructions that the interpreter executes.
//
// As every way out of a region leaves the state before an instruction, a row first reads and checks all memory that it touches, and changes
// registers and flags only behind its last check.
import type { Decoded, ImmediateOperand, Operand } from '../instruction.js';
import { AF, CF, OF, PF, SF, ZR } from '../state.js';
import { Accesses } from './accesses.js';
import { access, I32, op, typeOf } from './encode.js';
import { family, FlagReader, joined, kindOf, overBoth, overCarry } from './flags.js';
import type { Family } from './flags.js';
import { budgetLocal, wordAt } from './frame.js';
import { helper } from './region-module.js';
import { RSP, slot } from './twins.js';
import { watch } from './watch-words.js';

export class Emitter extends Accesses {
  /** Whether the flags that the instruction sets are looked at before all are set again. */
  flagsMatter = true;
  /** By number, the byte from which on a vector register is known to be zero. */
  readonly zeroFrom = new Map<number, number>();
  override begin(instructions: readonly Decoded[], length: number): void {
    super.begin(instructions, length);
    this.zeroFrom.clear();
  }

  // Operands.

  immediate({ lo, hi }: ImmediateOperand, size: number): void {
    if (size === 8) this.c.i64((BigInt(hi) << 32n) | BigInt(lo >>> 0));
    else this.c.i32(size === 1 ? lo & 0xff : size === 2 ? lo & 0xffff : lo);
  }

  /** Pushes an operand's value. */
  read(o: Operand, size: number): void {
    if (o.kind === 'register') this.readRegister({ ...o, size });
    else if (o.kind === 'immediate') this.immediate(o, size);
    else if (o.kind === 'memory') this.load(this.host(o, size, false), size);
    else throw new Error('no value');
  }

  /** A destination: its value in a variable if it is read, and how a variable is written to it. */
  destination(o: Operand, size: number, reads: boolean): Destination {
    const { c } = this;
    const value = this.temporary(typeOf(size));
    if (o.kind === 'memory') {
      const host = this.host(o, size, true);
      if (reads) {
        this.load(host, size);
        c.set(value);
      }
      return {
        value,
        write: (from) => {
          this.store(host, size, from);
        },
      };
    }
    if (o.kind !== 'register') throw new Error('no destination');
    if (reads) {
      this.readRegister({ ...o, size });
      c.set(value);
    }
    return {
      value,
      write: (from) => {
        c.get(from);
        this.writeRegister({ ...o, size });
      },
    };
  }

  /** An operand's value in a variable. */
  held(o: Operand, size: number): number {
    const value = this.temporary(typeOf(size));
    this.read(o, size);
    this.c.set(value);
    return value;
  }

  /** Bytes of a slot of the stack. */
  get word(): 4 | 8 {
    return this.bits === 32 ? 4 : 8;
  }

  /** Has the room for a word below the stack pointer checked; that is moved by the caller, with `moveStack`. */
  pushPlace(): number {
    return this.host(slot(this.bits), this.word, true);
  }

  moveStack(by: number): void {
    this.get(RSP);
    this.c.i64(BigInt(by));
    this.c.do(op.i64_add);
    if (this.bits === 32) this.modulo(32);
    this.set(RSP);
  }

  // Flags.

  private setKnown(of: Family, size: number): void {
    this.flags = { family: of, size, carry: false, overflow: false };
  }

  private setFlagValue(local: number, from: number, size: number): void {
    this.c.get(from);
    if (size < 8) this.c.do(op.i64_extend_i32_u);
    this.c.set(local);
  }

  /** All flags, as an operation on variables makes them. `carry`: a variable with what adc and sbb began with. */
  setFlags(of: Family, size: number, a: number, b?: number, carry?: number): void {
    if (!this.flagsMatter) return;
    const { c } = this;
    this.setFlagValue(this.flagLocals.a, a, size);
    if (b !== undefined) this.setFlagValue(this.flagLocals.b, b, size);
    c.i32(kindOf(of, size));
    if (carry !== undefined) {
      c.get(carry);
      c.do(op.i32_or);
    }
    c.set(this.flagLocals.kind);
    c.i32(0);
    c.set(this.flagLocals.over);
    this.setKnown(of, size);
  }

  /** CF alone, 0 or 1 on the stack. */
  setCarry(): void {
    const { c } = this;
    if (!this.flagsMatter) {
      c.do(op.drop);
      return;
    }
    const value = this.temporary(I32);
    c.set(value);
    c.get(this.flagLocals.over);
    c.i32(~1);
    c.do(op.i32_and);
    c.i32(overCarry);
    c.do(op.i32_or);
    c.get(value);
    c.do(op.i32_or);
    c.set(this.flagLocals.over);
    this.flags = { ...this.flags, carry: true };
  }

  /** CF and OF from variables that are 0 or 1. */
  setCarryAndOverflow(carry: number, overflow: number): void {
    if (!this.flagsMatter) return;
    const { c } = this;
    c.get(carry);
    c.get(overflow);
    c.i32(1);
    c.do(op.i32_shl, op.i32_or);
    c.i32(overBoth);
    c.do(op.i32_or);
    c.set(this.flagLocals.over);
    this.flags = { ...this.flags, carry: true, overflow: true };
  }

  /** Runs code on a condition that is on the stack; what it makes of the flags is not known behind it. */
  flagsIf(change: () => void): void {
    const before = this.flags;
    this.c.if();
    change();
    this.c.end();
    this.flags = joined(this.flags, before);
  }

  /** The flags as the interpreter has them. */
  flush(): void {
    const { c, flagLocals, flags } = this;
    if (flags.family !== family.memory || flags.carry !== false || flags.overflow !== false) {
      c.get(flagLocals.kind);
      c.get(flagLocals.over);
      c.get(flagLocals.a);
      c.get(flagLocals.b);
      c.call(helper('flush'));
    }
    this.inMemory();
  }

  /** The flags are the interpreter's words, whatever they were. */
  inMemory(): void {
    for (const local of [this.flagLocals.kind, this.flagLocals.over]) {
      this.c.i32(0);
      this.c.set(local);
    }
    this.setKnown(family.memory, 8);
  }

  /** One of the interpreter's words (state.ts), behind flush; the value is on the stack. */
  storeWord(n: number, value: () => void): void {
    this.c.i32(0);
    value();
    this.c.memory(access.i32_store, wordAt(n));
  }

  /** All flags as words: ZF is set by 0, SF and OF by the upper bit; the others than CF are cleared. */
  setWords(zero: () => void, carry: () => void, sign?: () => void, overflow?: () => void): void {
    if (!this.flagsMatter) return;
    const constant = (value: number) => (): void => {
      this.c.i32(value);
    };
    this.inMemory();
    this.storeWord(ZR, zero);
    this.storeWord(CF, carry);
    this.storeWord(SF, sign ?? constant(0));
    this.storeWord(PF, constant(1));
    this.storeWord(OF, overflow ?? constant(0));
    this.storeWord(AF, constant(0));
  }

  private reader(): FlagReader {
    const { flags } = this;
    if (flags.family === undefined || flags.carry === undefined || flags.overflow === undefined) this.flush();
    return new FlagReader(this.c, this.flagLocals, this.flags);
  }

  condition(name: string): void {
    this.reader().condition(name);
  }

  carry(): void {
    if (this.flags.carry === true) new FlagReader(this.c, this.flagLocals, this.flags).carry();
    else this.reader().carry();
  }

  // Instructions that the interpreter executes.

  /** Has the interpreter execute the instruction that is compiled: for what is rare. */
  byInterpreter: () => void = () => undefined;

  /**
   * Runs `then` if what is pushed is true; else the interpreter executes the instruction. Both leave the same above a vector destination; flags the
   * interpreter has put into memory, which `then` may not have.
   */
  orInterpreter(then: () => void): void {
    const { c } = this;
    const before = this.flags;
    c.ifUsual();
    then();
    const [zeros, after] = [[...this.zeroFrom], this.flags];
    c.else();
    this.flags = before;
    this.byInterpreter();
    c.end();
    this.flags = joined(after, this.flags);
    for (const [register, from] of zeros) this.zeroFrom.set(register, from);
  }

  /** Calls the interpreter's closure; -1 when it threw, 1 when the region has to be left behind it. `plain`: it has nothing to do with flags. */
  callInterpreter(index: number, next: bigint, plain: boolean, registers: boolean): void {
    const { c } = this;
    const result = this.temporary(I32);
    this.zeroFrom.clear();
    if (!plain) this.flush();
    if (this.watched) {
      c.i32(0);
      c.get(budgetLocal);
      c.memory(access.i32_store, watch.budget);
      this.watched.forgetPending();
    }
    c.i32(index);
    c.call(helper('call'));
    c.tee(result);
    c.ifRare();
    c.get(result);
    c.i32(0);
    c.do(op.i32_lt_s);
    c.ifRare();
    this.leave();
    c.end();
    this.leave(next, this.left - 1);
    c.end();
    if (registers) this.loadRegisters();
  }
}

export interface Destination {
  readonly value: number;
  readonly write: (from: number) => void;
}
