// A region's function around its instructions: registers and flags in local variables, and the ways out.
//
// Every way out leaves the state before an instruction, and says which. Registers that have changed are stored before the next instruction that may
// leave, so that ways out have only flags to store: a compiler of WebAssembly takes far longer for hundreds of ways that meet with all registers.
import type { Decoded, RegisterOperand } from '../instruction.js';
import { exitAt, stateAt } from '../layout.js';
import { RIP } from '../state.js';
import { access, Code, F32, F64, I32, I64, op, V128 } from './encode.js';
import type { Hole, ValueType } from './encode.js';
import { family, kindOf, lazy, unknown } from './flags.js';
import type { FlagLocals, Known } from './flags.js';

/** Parameters of a region: instructions that it may execute, and which entry it is entered at. */
export const budgetLocal = 0;
export const entryLocal = 1;

const registerAt = (n: number): number => stateAt + 8 * n;
export const wordAt = (n: number): number => stateAt + 4 * n;

/** Numbers a way out to the interpreter: the address of its next instruction, and how many counted ones are not executed. */
export type Exits = (address: bigint, left: number) => number;

const types = [I32, I64, F32, F64, V128] as const;

export class Frame {
  readonly c = new Code(2);
  readonly flagLocals: FlagLocals;
  readonly rip: number;
  /** What is known of the flags now. */
  flags: Known = unknown;
  private readonly registers: readonly number[];
  private readonly pools: Record<ValueType, number[]> = {
    [I32]: [],
    [I64]: [],
    [F32]: [],
    [F64]: [],
    [V128]: [],
  };
  private readonly used = { [I32]: 0, [I64]: 0, [F32]: 0, [F64]: 0, [V128]: 0 };
  /** At most, since the node began. */
  private readonly most = { [I32]: 0, [I64]: 0, [F32]: 0, [F64]: 0, [V128]: 0 };
  /** Registers that are used, that changed and are not stored, and those of them that did before this instruction: a bit for each. */
  private touched = 0;
  private changed = 0;
  private unsaved = 0;
  /** Where registers are loaded: which of them is known at the end. */
  private readonly loads: Hole[] = [];
  /** Of the instruction: its address, and how many of its block's are not executed when it is not. */
  protected address = 0n;
  protected left = 0;

  constructor(
    readonly bits: 32 | 64,
    private readonly exits: Exits,
  ) {
    const { c } = this;
    this.registers = Array.from({ length: bits / 4 }, () => c.local(I64));
    this.flagLocals = { kind: c.local(I32), over: c.local(I32), a: c.local(I64), b: c.local(I64) };
    this.rip = c.local(I64);
    this.loadRegisters();
    for (const [local, at, how] of this.lazyFlags()) {
      c.i32(0);
      c.memory(how === access.i32_store ? access.i32_load : access.i64_load, at);
      c.set(local);
    }
  }

  private lazyFlags() {
    const { kind, over, a, b } = this.flagLocals;
    return [
      [kind, lazy.kind, access.i32_store],
      [over, lazy.over, access.i32_store],
      [a, lazy.a, access.i64_store],
      [b, lazy.b, access.i64_store],
    ] as const;
  }

  /** Behind the last instruction of the region. */
  finish(): Code {
    const { c } = this;
    c.do(op.unreachable);
    for (const hole of this.loads.reverse())
      c.fill(hole, () => {
        this.registers.forEach((local, n) => {
          if (!(this.touched & (1 << n))) return;
          c.i32(0);
          c.memory(access.i64_load, registerAt(n));
          c.set(local);
        });
      });
    return c;
  }

  protected loadRegisters(): void {
    this.loads.push(this.c.hole());
  }

  /** Stores registers that have changed. Only where the code is on no condition. */
  save(): void {
    const { c } = this;
    this.registers.forEach((_, n) => {
      if (!(this.changed & (1 << n))) return;
      c.i32(0);
      this.get(n);
      c.memory(access.i64_store, registerAt(n));
    });
    this.changed = this.unsaved = 0;
  }

  /** A variable for the time of an instruction. */
  temporary(type: ValueType): number {
    const pool = this.pools[type];
    const n = this.used[type]++;
    this.most[type] = Math.max(this.most[type], n + 1);
    return (pool[n] ??= this.c.local(type));
  }

  /** At the end of a node: variables whose values differ where ways meet are work for a compiler, even when nothing reads them. */
  forgetTemporaries(): void {
    const { c } = this;
    for (const type of types) {
      for (const local of this.pools[type].slice(0, this.most[type])) {
        if (type === I32) c.i32(0);
        else if (type === I64) c.i64(0n);
        else if (type === F32) c.f32(0);
        else if (type === F64) c.f64(0);
        else c.v128([]);
        c.set(local);
      }
      this.most[type] = 0;
    }
  }

  at(i: Decoded, left: number): void {
    this.address = i.address;
    this.left = left;
    for (const type of types) this.used[type] = 0;
    this.unsaved = this.changed;
  }

  // Ways out.

  /** To the interpreter, with the state before the instruction. */
  leave(address = this.address, left = this.left): void {
    const { c } = this;
    c.i32(0);
    c.i32(this.exit(address, left));
    c.memory(access.i32_store, exitAt);
    this.refuse();
  }

  /** The number of a way out. */
  protected exit(address = this.address, left = this.left): number {
    if (this.unsaved !== 0) throw new Error(`registers are not stored before ${address.toString(16)}`);
    return this.exits(address, left);
  }

  /** As leave, where the number of the way is stored. */
  protected refuse(): void {
    const { c } = this;
    this.leaving();
    this.storeFlags();
    c.get(budgetLocal);
    c.i32(-1);
    c.do(op.i32_xor, op.return);
  }

  /** On each way out. */
  protected leaving(): void {
    // What a check of stores has to be told (watched.ts).
  }

  /** To wherever the program goes on, which is not in this region. */
  leaveTo(address: bigint): void {
    this.go(() => {
      this.c.i64(address);
    });
  }

  /** As leaveTo, with the address in `rip`. */
  leaveToRip(): void {
    this.go(() => {
      this.c.get(this.rip);
    });
  }

  private go(address: () => void): void {
    const { c } = this;
    this.leaving();
    c.i32(0);
    address();
    c.memory(access.i64_store, wordAt(RIP));
    this.storeFlags();
    c.get(budgetLocal);
    c.do(op.return);
  }

  private storeFlags(): void {
    const { c } = this;
    const { family: of, size, carry, overflow } = this.flags;
    const plain =
      of !== undefined && of !== family.adc && of !== family.sbb && carry === false && overflow === false;
    for (const [local, at, how] of this.lazyFlags()) {
      if (at === lazy.over && plain) continue;
      if (at >= lazy.a && of === family.memory) continue;
      if (at === lazy.b && of === family.result) continue;
      c.i32(0);
      if (at === lazy.kind && plain) {
        // Both words.
        c.i64(BigInt(of === family.memory ? 0 : kindOf(of, size)));
        c.memory(access.i64_store, at);
      } else {
        c.get(local);
        c.memory(how, at);
      }
    }
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
    c.ifRare();
    this.unsaved = this.changed;
    this.leave(address, 0);
    c.end();
  }

  // Registers.

  get(n: number): void {
    this.touched |= 1 << n;
    this.c.get(this.registers[n] ?? 0);
  }

  set(n: number): void {
    this.touched |= 1 << n;
    this.changed |= 1 << n;
    this.c.set(this.registers[n] ?? 0);
  }

  /** What has been changed where registers are stored. */
  reload(n: number): void {
    this.touched |= 1 << n;
    this.c.i32(0);
    this.c.memory(access.i64_load, registerAt(n));
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
