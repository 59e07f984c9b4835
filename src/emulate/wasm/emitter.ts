// What rows of instructions are made of: operands, memory through the TLB, flags.
//
// As every way out of a region leaves the state before an instruction, a row first reads and checks all memory that it touches, and changes
// registers and flags only behind its last check.
import type { Decoded, ImmediateOperand, MemoryOperand, Operand } from '../instruction.js';
import type { Remembered } from '../tlb.js';
import { AF, CF, FS, FS_SELECTOR, GS, GS_SELECTOR, OF, PF, SF, ZR } from '../state.js';
import { access, I32, I64, loadOf, op, storeOf } from './encode.js';
import type { ValueType } from './encode.js';
import { family, FlagReader, kindOf, overBoth, overCarry } from './flags.js';
import type { Family } from './flags.js';
import { budgetLocal, Frame, wordAt } from './frame.js';
import type { Exits } from './frame.js';
import { load, parts } from './stores.js';
import type { Store } from './stores.js';
import { RSP, slot } from './twins.js';
import { watch } from './watch-words.js';
import { WatchedStores } from './watched.js';
import type { WatchSource } from './watched.js';

/** Functions that every region imports, in this order. */
export const imported = { miss: 0, flush: 1, call: 2, store: 3, copy: 4, fill: 5, missBoth: 6 } as const;

/** By registers of an operand, which page it may be in: native memory and mirror are far apart. */
function pageName({ segment, base, index, displacement }: MemoryOperand): string {
  const isFixed = base === undefined && index === undefined;
  const far = isFixed ? displacement >> 12n : (displacement + 0x80000n) >> 20n;
  return `${base === RSP ? stackName : base} ${index} ${segment} ${far}`;
}
const stackName = 'stack';

/** What `miss` is told: bytes, whether they are written, and in the bits above the number of the way out where they cannot be accessed. */
export const missWrites = 128;
export const missExit = 8;

export class Emitter extends Frame {
  /** Whether the flags that the instruction sets are looked at before all are set again. */
  flagsMatter = true;
  /** By number, the byte from which on a vector register is known to be zero. */
  readonly zeroFrom = new Map<number, number>();
  /** By registers of operands: where their page is remembered. */
  private readonly pages = new Map<string, number>();
  /** Instructions of the node. */
  private length = 0;
  /** The variable with the address of the last operand. */
  private lastAddress = 0;
  /** Operands that the instruction writes. */
  private stores: Store[] = [];
  /** Under a check of every store. */
  private readonly watched: WatchedStores | undefined;

  constructor(
    bits: 32 | 64,
    exits: Exits,
    /** A new place for a page. */
    private readonly place: (of: Remembered) => number,
    watchSource: WatchSource | undefined,
  ) {
    super(bits, exits);
    if (watchSource)
      this.watched = new WatchedStores(this.c, bits, watchSource, imported.store, budgetLocal, (number) => {
        this.get(number);
      });
  }

  // The check of stores.

  get isWatched(): boolean {
    return this.watched !== undefined;
  }

  /** A node with these instructions begins, of which so many are executed here. */
  begin(instructions: readonly Decoded[], length: number): void {
    this.watched?.begin(instructions);
    this.zeroFrom.clear();
    this.length = length;
  }

  override count(instructions: number): void {
    super.count(instructions);
    this.watched?.calls.count(instructions);
  }

  /** Of the instruction in its node. */
  private get position(): number {
    return this.length - this.left;
  }

  /** Behind an instruction: tells what it has stored. `callee`: it is a call of these instructions, which are in this region. */
  tellStores(callee?: readonly Decoded[]): void {
    for (const store of this.stores) this.watched?.stored(this.position, this.left, store, callee);
    this.stores = [];
  }

  override forgetTemporaries(): void {
    super.forgetTemporaries();
    this.watched?.forget();
  }

  /** Behind this, the interpreter or another node may store. */
  settleStores(): void {
    this.watched?.settle();
  }

  protected override leaving(): void {
    this.watched?.leaving();
  }

  // Memory.

  /** Pushes an operand's address; `plain`: without a segment's base. */
  addressOf(m: MemoryOperand, plain = false): void {
    const { c } = this;
    let parts = 0;
    const plus = (): void => {
      if (parts++ > 0) c.do(op.i64_add);
    };
    if (m.base !== undefined) {
      this.get(m.base);
      plus();
    }
    if (m.index !== undefined) {
      this.get(m.index);
      if (m.scale > 1) {
        c.i64(BigInt(Math.log2(m.scale)));
        c.do(op.i64_shl);
      }
      plus();
    }
    if (m.displacement !== 0n || parts === 0) {
      c.i64(m.displacement);
      plus();
    }
    if (m.addressSize !== 64) this.modulo(m.addressSize);
    if (m.segment === undefined || plain) return;
    if (this.bits === 32) this.needSelector(m.segment === 'fs' ? FS_SELECTOR : GS_SELECTOR);
    c.i32(0);
    c.memory(access.i64_load, wordAt(m.segment === 'fs' ? FS : GS));
    c.do(op.i64_add);
    if (this.bits === 32) this.modulo(32);
  }

  private modulo(bits: 16 | 32): void {
    this.c.i64(bits === 32 ? 0xffffffffn : 0xffffn);
    this.c.do(op.i64_and);
  }

  /** By way of a null selector nothing is there. */
  private needSelector(at: number): void {
    const { c } = this;
    c.i32(0);
    c.memory(access.i32_load, wordAt(at));
    c.i32(0xfffc);
    c.do(op.i32_and, op.i32_eqz);
    c.if();
    this.leave();
    c.end();
  }

  /** A variable with the place in shared memory of an operand that can be accessed; else the region is left. */
  host(m: MemoryOperand, size: number, writes: boolean): number {
    const { watched, position } = this;
    if (!writes || !watched) return this.translate(m, size, writes);
    const first = watched.first(m, position, size);
    if (!first && watched.looksForBoth(m, position)) return this.translateBoth(watched, m, size);
    const host = first?.joined === true ? first.native : this.translate(m, size, true);
    const before = first && !first.isCertain ? this.keptBytes(host, size) : [];
    const at = first?.joined === true ? first.at : this.lastAddress;
    this.stores.push({ operand: m, at, host, size, before });
    return host;
  }

  /** Variables with what stands at a place. */
  private keptBytes(host: number, size: number): number[] {
    return parts(size).map(({ at, bytes }) => {
      const value = this.temporary(typeOf(bytes));
      load(this.c, host, at, bytes);
      this.c.set(value);
      return value;
    });
  }

  /** Behind this operands with the same registers may be in other pages. */
  forgetPages(): void {
    for (const name of this.pages.keys()) if (!name.startsWith(stackName)) this.pages.delete(name);
  }

  /** Where operands with the same registers have their page remembered. */
  private pageOf(operand: MemoryOperand, of: Remembered): number {
    const name = `${pageName(operand)} ${of}`;
    let page = this.pages.get(name);
    if (page === undefined) this.pages.set(name, (page = this.place(of)));
    return page;
  }

  /** Where an address in a variable is not in a remembered page, has that looked for by an imported function. */
  private remember(at: number, size: number, page: number, of: Remembered): void {
    const { c } = this;
    c.get(at);
    c.i32(0);
    c.memory(access.i64_load, page);
    c.do(op.i64_xor);
    c.i64(BigInt(4096 - size));
    c.do(op.i64_gt_u);
    c.if();
    if (of === 'pair' && this.bits === 32) {
      this.watched?.pushIsMirror(at);
      c.if();
      this.leave();
      c.end();
    }
    c.get(at);
    c.i32(size | (of === 'read' ? 0 : missWrites) | (this.exit() << missExit));
    c.i32(page);
    c.call(of === 'pair' ? imported.missBoth : imported.miss);
    c.do(op.i32_eqz);
    c.if();
    this.refuse();
    c.end();
    c.end();
  }

  /**
   * As host. The operand's page is compared with the one that operands with the same registers were in last: as that is
   * predicted, the access does not wait for a look into the TLB.
   */
  private translate(operand: MemoryOperand, size: number, stores: boolean): number {
    const { c } = this;
    this.addressOf(operand);
    const at = this.temporary(I64);
    const host = this.temporary(I32);
    const of = stores || operand.base === RSP ? 'write' : 'read';
    const page = this.pageOf(operand, of);
    c.set(at);
    this.remember(at, size, page, of);
    c.get(at);
    c.do(op.i32_wrap_i64);
    c.i32(4095);
    c.do(op.i32_and);
    c.i32(0);
    c.memory(access.i32_load, page + 8);
    c.do(op.i32_add);
    c.set(host);
    this.lastAddress = at;
    return host;
  }

  /** As host, of a mirror store whose native store is of the same place in the other copy. */
  private translateBoth(watched: WatchedStores, operand: MemoryOperand, size: number): number {
    const { c } = this;
    const native = watched.twins.native(operand);
    const pool = watched.pool();
    const page = this.pageOf(native, 'pair');
    this.addressOf(native);
    c.set(pool.at);
    this.remember(pool.at, size, page, 'pair');
    c.get(pool.at);
    c.do(op.i32_wrap_i64);
    c.i32(4095);
    c.do(op.i32_and);
    c.tee(pool.native);
    c.i32(0);
    c.memory(access.i32_load, page + 12);
    c.do(op.i32_add);
    c.set(pool.host);
    c.get(pool.native);
    c.i32(0);
    c.memory(access.i32_load, page + 8);
    c.do(op.i32_add);
    c.set(pool.native);
    const before = watched.calls.isCopy(this.position) ? this.keptBytes(pool.host, size) : [];
    this.stores.push({ operand, ...pool, size, before });
    return pool.host;
  }

  load(host: number, size: number): void {
    this.c.get(host);
    this.c.memory(loadOf(size));
  }

  /** Of a value in a variable. */
  store(host: number, size: number, value: number): void {
    this.c.get(host);
    this.c.get(value);
    this.c.memory(storeOf(size));
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
    const { flags } = this;
    const same = before.family === flags.family && before.size === flags.size;
    this.flags = {
      family: same ? flags.family : undefined,
      size: flags.size,
      carry: same && before.carry === flags.carry ? flags.carry : undefined,
      overflow: same && before.overflow === flags.overflow ? flags.overflow : undefined,
    };
  }

  /** The flags as the interpreter has them. */
  flush(): void {
    const { c, flagLocals, flags } = this;
    if (flags.family !== family.memory || flags.carry !== false || flags.overflow !== false) {
      c.get(flagLocals.kind);
      c.get(flagLocals.over);
      c.get(flagLocals.a);
      c.get(flagLocals.b);
      c.call(imported.flush);
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
    c.call(imported.call);
    c.tee(result);
    c.if();
    c.get(result);
    c.i32(0);
    c.do(op.i32_lt_s);
    c.if();
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

export const typeOf = (size: number): ValueType => (size === 8 ? I64 : I32);
