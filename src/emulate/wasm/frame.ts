// A region's function around its instructions: registers and flags in local variables, and the ways out.
//
// Every way out leaves the state before an instruction, and says which.
import type { Decoded, RegisterOperand } from '../instruction.js';
import { stateAt } from '../layout.js';
import { RIP } from '../state.js';
import { access, Code, I32, I64, op } from './encode.js';
import type { Hole, Label, ValueType } from './encode.js';
import { lazy } from './flags.js';
import type { FlagLocals } from './flags.js';

/** Parameters of a region: instructions that it may execute, and which entry it is entered at. */
export const budgetLocal = 0;
export const entryLocal = 1;

const registerAt = (n: number): number => stateAt + 8 * n;
export const wordAt = (n: number): number => stateAt + 4 * n;

export class Frame {
  readonly c = new Code(2);
  readonly flagLocals: FlagLocals;
  readonly rip: number;
  protected readonly registers: readonly number[];
  private readonly refund: number;
  /** -1: the interpreter has to go on. */
  private readonly status: number;
  private readonly pools = { [I32]: [] as number[], [I64]: [] as number[] };
  private readonly used = { [I32]: 0, [I64]: 0 };
  protected readonly ways: { common: Label; raw: Label };
  private readonly beginning: Hole;
  /** Of the instruction: its address, and how many of its block's are not executed when it is not. */
  protected address = 0n;
  protected left = 0;

  constructor(readonly bits: 32 | 64) {
    const { c } = this;
    this.registers = Array.from({ length: bits / 4 }, () => c.local(I64));
    this.flagLocals = { kind: c.local(I32), over: c.local(I32), a: c.local(I64), b: c.local(I64) };
    this.rip = c.local(I64);
    this.refund = c.local(I32);
    this.status = c.local(I32);
    this.loadRegisters();
    this.loadFlags();
    const raw = c.block();
    this.ways = { raw, common: c.block() };
    this.beginning = c.hole();
  }

  /** Behind the last instruction of the region; what `begin` emits comes before the first. */
  protected end(begin: () => void): Code {
    const { c } = this;
    c.do(op.unreachable);
    c.fill(this.beginning, begin);
    c.end();
    this.storeRegisters();
    c.end();
    c.i32(0);
    c.get(this.rip);
    c.memory(access.i64_store, wordAt(RIP));
    const { kind, over, a, b } = this.flagLocals;
    for (const [local, at, how] of [
      [kind, lazy.kind, access.i32_store],
      [over, lazy.over, access.i32_store],
      [a, lazy.a, access.i64_store],
      [b, lazy.b, access.i64_store],
    ] as const) {
      c.i32(0);
      c.get(local);
      c.memory(how, at);
    }
    c.get(budgetLocal);
    c.get(this.refund);
    c.do(op.i32_add);
    c.get(this.status);
    c.do(op.i32_xor);
    return c;
  }

  protected loadRegisters(): void {
    this.registers.forEach((local, n) => {
      this.c.i32(0);
      this.c.memory(access.i64_load, registerAt(n));
      this.c.set(local);
    });
  }

  protected storeRegisters(): void {
    this.registers.forEach((_, n) => {
      this.spill(n);
    });
  }

  private spill(n: number): void {
    this.c.i32(0);
    this.get(n);
    this.c.memory(access.i64_store, registerAt(n));
  }

  private loadFlags(): void {
    const { c } = this;
    const { kind, over, a, b } = this.flagLocals;
    for (const [local, at, how] of [
      [kind, lazy.kind, access.i32_load],
      [over, lazy.over, access.i32_load],
      [a, lazy.a, access.i64_load],
      [b, lazy.b, access.i64_load],
    ] as const) {
      c.i32(0);
      c.memory(how, at);
      c.set(local);
    }
  }

  /** A variable for the time of an instruction. */
  temporary(type: ValueType): number {
    const pool = this.pools[type];
    const n = this.used[type]++;
    return (pool[n] ??= this.c.local(type));
  }

  at(i: Decoded, left: number): void {
    this.address = i.address;
    this.left = left;
    this.used[I32] = this.used[I64] = 0;
  }

  // Ways out.

  /** To the interpreter, with the state before the instruction. */
  leave(address = this.address, left = this.left): void {
    this.out(address, left, -1, this.ways.common);
  }

  /** To wherever the program goes on, which is not in this region. */
  leaveTo(address: bigint): void {
    this.out(address, 0, 0, this.ways.common);
  }

  /** As leaveTo, with the address in `rip` already. */
  leaveToRip(): void {
    this.c.br(this.ways.common);
  }

  protected out(address: bigint, left: number, status: number, way: Label): void {
    const { c } = this;
    c.i64(address);
    c.set(this.rip);
    if (left !== 0) {
      c.i32(left);
      c.set(this.refund);
    }
    if (status !== 0) {
      c.i32(status);
      c.set(this.status);
    }
    c.br(way);
  }

  /** To the interpreter, before anything was executed. */
  protected refuse(): void {
    const { c } = this;
    c.i32(0);
    c.memory(access.i64_load, wordAt(RIP));
    c.set(this.rip);
    c.i32(-1);
    c.set(this.status);
    c.br(this.ways.raw);
  }

  /** Counts a block's instructions. */
  count(instructions: number): void {
    const { c } = this;
    c.get(budgetLocal);
    c.i32(instructions);
    c.do(op.i32_sub);
    c.set(budgetLocal);
  }

  /** Where not as many instructions may be executed, the interpreter executes what may. */
  need(address: bigint, instructions: number): void {
    const { c } = this;
    c.get(budgetLocal);
    c.i32(instructions);
    c.do(op.i32_lt_s);
    c.if();
    this.leave(address, 0);
    c.end();
  }

  // Registers.

  get(n: number): void {
    this.c.get(this.registers[n] ?? 0);
  }

  set(n: number): void {
    this.c.set(this.registers[n] ?? 0);
  }

  /** i64 of 8 bytes, else an i32 with zeros above. */
  readRegister({ number, size, high }: Pick<RegisterOperand, 'number' | 'size' | 'high'>): void {
    const { c } = this;
    this.get(number);
    if (size === 8) return;
    c.do(op.i32_wrap_i64);
    if (high) {
      c.i32(8);
      c.do(op.i32_shr_u);
    }
    this.mask(size);
  }

  /** What is on the stack, in the form above; bits above the size are cut off. */
  writeRegister({ number, size, high }: Pick<RegisterOperand, 'number' | 'size' | 'high'>): void {
    const { c } = this;
    if (size < 4) {
      this.mask(size);
      const value = this.temporary(I64);
      c.do(op.i64_extend_i32_u);
      if (high) {
        c.i64(8n);
        c.do(op.i64_shl);
      }
      c.set(value);
      this.get(number);
      c.i64(high ? ~0xff00n : size === 1 ? ~0xffn : ~0xffffn);
      c.do(op.i64_and);
      c.get(value);
      c.do(op.i64_or);
    } else if (size === 4) c.do(op.i64_extend_i32_u);
    this.set(number);
  }

  mask(size: number): void {
    if (size >= 4) return;
    this.c.i32(size === 1 ? 0xff : 0xffff);
    this.c.do(op.i32_and);
  }
}
