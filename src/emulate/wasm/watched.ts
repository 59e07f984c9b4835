// Stores of compiled code under a check of every store: what they tell (../store-watch.ts).
//
// Nearly all come in pairs, a mirror store and, a few instructions behind it, the native store of the same bytes. Of a pair nothing is told, only its
// number, when nothing was pending before it and addresses and values prove that it is one. Which stores may be pairs is guessed from their operands;
// a wrong guess costs time: what has not been told is told before the next store that is told, and on each way out.
import type { Decoded, MemoryOperand } from '../instruction.js';
import { watchAt } from '../layout.js';
import type { Copies, StoreWatch } from '../store-watch.js';
import { access, I32, I64, loadOf, op, storeOf } from './encode.js';
import type { Code } from './encode.js';

/** Words of the shared memory: whether each store is told, the longest pair so far, what is left of the budget, and pairs since they were asked for. */
export const watch = {
  pending: watchAt,
  longest: watchAt + 4,
  budget: watchAt + 8,
  pairs: watchAt + 16,
} as const;

/** Instructions in which the other half of a pair is looked for. */
const nearby = 24;
const RSP = 4;

/** One store of an instruction: the variables with its address, with its place in shared memory, and with what stood there before. */
export interface Store {
  readonly operand: MemoryOperand;
  readonly at: number;
  readonly host: number;
  readonly size: number;
  readonly before: readonly number[];
}

/** A mirror store that is not told: variables that keep what telling it takes, and one that says that it was told after all. */
interface Open {
  readonly twin: string;
  readonly number: number;
  readonly position: number;
  readonly size: number;
  readonly at: number;
  readonly host: number;
  readonly told: number;
}

export interface WatchSource {
  readonly watch: StoreWatch;
  readonly copies: Copies;
  /** Numbers a store: the instruction, how many counted ones, itself included, are not executed before it, and bytes. */
  readonly number: (instruction: Decoded, left: number, size: number) => number;
}

/** By how much an instruction moves the stack pointer, where that is plain. */
function stackMove(i: Decoded): bigint {
  const word = BigInt(i.bits / 8);
  const [to, by] = i.operands;
  if (i.name === 'push' || i.name === 'call') return -word;
  if (i.name === 'pop') return word;
  if (to?.kind !== 'register' || to.file !== 'general' || to.number !== RSP || by?.kind !== 'immediate')
    return 0n;
  const value = (BigInt(by.hi) << 32n) | BigInt(by.lo >>> 0);
  return i.name === 'sub' ? -value : i.name === 'add' ? value : 0n;
}

/** Changes memory only. */
function isPlainStore(i: Decoded | undefined): boolean {
  const [to, from] = i?.operands ?? [];
  return /^v?mov/.test(i?.name ?? '') && to?.kind === 'memory' && from?.kind !== 'memory';
}

export class WatchedStores {
  private instructions: readonly Decoded[] = [];
  /** How far the stack pointer is from where it was at the node's beginning, before each instruction. */
  private moved: readonly bigint[] = [];
  /** By position, what operands have as names. */
  private names: readonly (readonly string[])[] = [];
  private open: Open[] = [];
  /** Pairs in this node, and a variable with those before. */
  private pairs = 0;
  private readonly counted: number;
  private readonly pools: { readonly at: number; readonly host: number; readonly told: number }[] = [];

  constructor(
    private readonly c: Code,
    private readonly bits: 32 | 64,
    private readonly source: WatchSource,
    /** The function that is told, an import by number. */
    private readonly teller: number,
    private readonly budget: number,
  ) {
    this.counted = c.local(I64);
  }

  /** A node with these instructions begins. */
  begin(instructions: readonly Decoded[]): void {
    let moved = 0n;
    this.instructions = instructions;
    this.moved = instructions.map((i) => {
      const before = moved;
      moved += stackMove(i);
      return before;
    });
    this.names = instructions.map((i, position) => {
      const operands = i.operands.filter((o) => o.kind === 'memory');
      const all = i.name === 'push' || i.name === 'call' ? [...operands, slot(i.bits)] : operands;
      return all.map((o) => this.name(o, position));
    });
  }

  /** The same for operands of the same address, as far as can be seen. */
  private name(o: MemoryOperand, position: number, between = 0n): string {
    const moved = o.base === RSP ? (this.moved[position] ?? 0n) : 0n;
    const displacement = BigInt.asIntN(this.bits, o.displacement + moved + between);
    return `${o.segment} ${o.base} ${o.index} ${o.scale} ${displacement}`;
  }

  /** What the native store of a mirror store has as name. */
  private twinOf(o: MemoryOperand, position: number): string {
    const between = this.bits === 32 ? BigInt(this.source.copies.distance) : 0n;
    return this.name({ ...o, segment: undefined }, position, between);
  }

  /** The instruction at a position has stored. */
  stored(position: number, left: number, store: Store): void {
    const instruction = this.instructions[position];
    if (!instruction) throw new Error('no such instruction');
    const { operand, size } = store;
    const number = this.source.number(instruction, left, size);
    const name = this.name(operand, position);
    const first = this.open.findIndex((o) => o.twin === name && o.size === size);
    const [other] = first < 0 ? [] : this.open.splice(first, 1);
    if (other) {
      this.pair(other, number, position, store);
      return;
    }
    const twin = this.twinOf(operand, position);
    const length = this.names
      .slice(position + 1, position + 1 + nearby)
      .findIndex((names) => names.includes(twin));
    if (length >= 0 && (this.bits === 32 || operand.segment === 'gs'))
      this.leaveOpen(number, position, store, twin, length + 1);
    else {
      this.tellOpen();
      this.open = [];
      this.tell(number, store.at);
    }
  }

  private leaveOpen(
    number: number,
    position: number,
    { at, host, size }: Store,
    twin: string,
    length: number,
  ): void {
    const { c } = this;
    const used = this.open.map((o) => o.at);
    let pool = this.pools.find((p) => !used.includes(p.at));
    if (!pool) this.pools.push((pool = { at: c.local(I64), host: c.local(I32), told: c.local(I32) }));
    c.get(at);
    c.set(pool.at);
    c.get(host);
    c.set(pool.host);
    c.i32(0);
    c.memory(access.i32_load, watch.pending);
    if (length > this.source.watch.longestAhead) {
      c.i32(0);
      c.memory(access.i32_load, watch.longest);
      c.i32(length);
      c.do(op.i32_lt_s, op.i32_or);
    }
    c.tee(pool.told);
    c.if();
    this.tell(number, at);
    c.end();
    this.open.push({ ...pool, twin, number, position, size });
  }

  private pair(mirror: Open, number: number, position: number, native: Store): void {
    const { c } = this;
    const { distance, lo, hi } = this.source.copies;
    c.get(mirror.told);
    // The distance, modulo 2^32 in 32-bit code. Then in 64-bit code the first is in the mirror and the second is not. Behind an
    // instruction in front of this one that changes no register it is known.
    if (position !== mirror.position + 1 || !isPlainStore(this.instructions[mirror.position])) {
      c.get(native.at);
      c.get(mirror.at);
      c.do(op.i64_sub);
      if (this.bits === 32) {
        c.i64(0xffffffffn);
        c.do(op.i64_and);
      }
      c.i64(BigInt(distance));
      c.do(op.i64_ne, op.i32_or);
    }
    if (this.bits === 32) {
      c.get(native.at);
      c.i64(BigInt(lo));
      c.do(op.i64_sub);
      c.i64(0xffffffffn);
      c.do(op.i64_and);
      c.i64(BigInt(hi - lo));
      c.do(op.i64_lt_u, op.i32_or);
    }
    parts(native.size).forEach(({ at, bytes }) => {
      for (const host of [mirror.host, native.host]) load(c, host, at, bytes);
      c.do(bytes === 8 ? op.i64_ne : op.i32_ne, op.i32_or);
    });
    c.if();
    this.tellLate(mirror, native);
    this.tell(number, native.at);
    c.get(this.counted);
    c.i64(-1n);
    c.do(op.i64_add);
    c.set(this.counted);
    c.end();
    this.pairs++;
  }

  /** The first half, as if the second had not been stored yet. */
  private tellLate(mirror: Open, native: Store): void {
    const { c } = this;
    c.get(mirror.told);
    c.do(op.i32_eqz);
    c.if();
    const exchange = (): void => {
      parts(native.size).forEach(({ at, bytes }, n) => {
        const before = native.before[n] ?? 0;
        c.get(native.host);
        c.get(before);
        load(c, native.host, at, bytes);
        c.set(before);
        c.memory(storeOf(bytes), at);
      });
    };
    exchange();
    this.tell(mirror.number, mirror.at);
    exchange();
    c.end();
  }

  private pushAddress(at: number): void {
    const { c } = this;
    c.get(at);
    c.do(op.i32_wrap_i64);
    c.get(at);
    c.i64(32n);
    c.do(op.i64_shr_u, op.i32_wrap_i64);
  }

  private tell(number: number, at: number): void {
    const { c } = this;
    c.i32(number);
    this.pushAddress(at);
    c.get(this.budget);
    c.call(this.teller);
  }

  private tellOpen(): void {
    const { c } = this;
    for (const { told, number, at } of this.open) {
      c.get(told);
      c.do(op.i32_eqz);
      c.if();
      this.tell(number, at);
      c.end();
    }
  }

  /** Before the interpreter does anything, where the region goes on behind it, and at the end of a node. */
  settle(): void {
    this.tellOpen();
    this.open = [];
    if (this.pairs === 0) return;
    this.pushCounted();
    this.c.set(this.counted);
    this.pairs = 0;
  }

  /** On each way out. */
  leaving(): void {
    const { c } = this;
    this.tellOpen();
    c.i32(0);
    c.i32(0);
    c.memory(access.i64_load, watch.pairs);
    this.pushCounted();
    c.do(op.i64_add);
    c.memory(access.i64_store, watch.pairs);
  }

  private pushCounted(): void {
    const { c } = this;
    c.get(this.counted);
    c.i64(BigInt(this.pairs));
    c.do(op.i64_add);
  }
}

/** Below the stack pointer. */
export const slot = (bits: 32 | 64): MemoryOperand => ({
  kind: 'memory',
  base: RSP,
  index: undefined,
  vectorIndex: undefined,
  scale: 1,
  displacement: BigInt(-bits / 8),
  segment: undefined,
  addressSize: bits,
  size: bits / 8,
});

/** Of so many bytes, those that are loaded and stored at once. */
export const parts = (size: number): { readonly at: number; readonly bytes: number }[] =>
  Array.from({ length: Math.ceil(size / 8) }, (_, n) => ({ at: 8 * n, bytes: Math.min(8, size - 8 * n) }));

/** Pushes bytes at a distance from a place in a variable. */
export function load(c: Code, host: number, at: number, bytes: number): void {
  c.get(host);
  c.memory(loadOf(bytes), at);
}
