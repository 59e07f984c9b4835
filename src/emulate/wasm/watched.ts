// Stores of compiled code under a check of every store: what they tell (../store-watch.ts).
//
// Nearly all come in pairs, a mirror store and, mostly in the next instruction, the native store of the same bytes. Of a pair nothing is told, only its
// number, when nothing was pending before it and addresses and values prove that it is one. Which stores may be pairs is guessed from their operands
// (twins.ts); a wrong guess costs time: what has not been told is told before the next store that is told, and on each way out. Where the operands
// leave no doubt about addresses, the mirror store looks for both pages at once, and where they leave none about values nothing is compared.
import type { Decoded, MemoryOperand } from '../instruction.js';
import type { Copies, StoreWatch } from '../store-watch.js';
import { access, I32, I64, op, storeOf } from './encode.js';
import type { Code } from './encode.js';
import { exchange, load, parts, pushIsMirror32 } from './stores.js';
import type { Store } from './stores.js';
import { isPlainStore, RSP, Twins } from './twins.js';
import { watch } from './watch-words.js';
import { WatchedCalls } from './watched-calls.js';

/** A mirror store that is not told: variables that keep what telling it takes, and one that says that it was told after all. */
interface Open extends Pool {
  readonly twin: string;
  readonly number: number;
  readonly position: number;
  readonly size: number;
  /** Both pages were looked for. */
  readonly joined: boolean;
  /** And the value is that of the next instruction's native store, or this one was told. */
  readonly isCertain: boolean;
  /** And where this one was told, so was that. */
  readonly areBothTold: boolean;
}

/** `at` is the native store's address and `native` its place where both pages were looked for. */
interface Pool {
  readonly at: number;
  readonly host: number;
  readonly native: number;
  readonly told: number;
}

export interface WatchSource {
  readonly watch: StoreWatch;
  readonly copies: Copies;
  /** Numbers a store: the instruction, how many counted ones, itself included, are not executed before it, and bytes. */
  readonly number: (instruction: Decoded, left: number, size: number) => number;
}

export class WatchedStores {
  readonly twins: Twins;
  readonly calls: WatchedCalls;
  private open: Open[] = [];
  /** Pairs in this node. */
  private pairs = 0;
  /** A variable that is not 0 where each store is told, and whether it says so here. */
  private readonly pending: number;
  private isKnown = false;
  private readonly pools: Pool[] = [];
  /** Pools that this node has used. */
  private used = 0;

  constructor(
    private readonly c: Code,
    private readonly bits: 32 | 64,
    private readonly source: WatchSource,
    /** The function that is told, an import by number. */
    private readonly teller: number,
    private readonly budget: number,
    private readonly pushRegister: (number: number) => void,
  ) {
    this.pending = c.local(I32);
    this.twins = new Twins(bits, source.copies);
    this.calls = new WatchedCalls(c, source.watch, this.twins, {
      tell: (number, push, since) => {
        this.tell(number, push, since);
      },
      pushMirror: (at) => {
        this.pushMirror(at);
      },
      pushStackPointer: () => {
        pushRegister(RSP);
      },
    });
  }

  /** A node with these instructions begins. */
  begin(instructions: readonly Decoded[]): void {
    this.twins.begin(instructions);
    this.calls.begin(instructions);
    this.isKnown = false;
  }

  /** The mirror store that an operand of a store at a position belongs to, as far as can be seen. */
  first(operand: MemoryOperand, position: number, size: number): Open | undefined {
    const name = this.twins.name(operand, position);
    return this.open.find((o) => o.twin === name && o.size === size);
  }

  /** Whether a store is to look for the page of its native store, too. */
  looksForBoth(operand: MemoryOperand, position: number): boolean {
    return this.twins.isJoined(operand, position) || this.calls.isCopy(position);
  }

  /** Variables that nothing open uses. */
  pool(): Pool {
    const { c, open } = this;
    let n = this.pools.findIndex((pool) => !open.some(({ at }) => at === pool.at));
    if (n < 0) n = this.pools.length;
    this.used = Math.max(this.used, n + 1);
    return (this.pools[n] ??= {
      at: c.local(I64),
      host: c.local(I32),
      native: c.local(I32),
      told: c.local(I32),
    });
  }

  /** At the end of a node: see Frame.forgetTemporaries. */
  forget(): void {
    const { c } = this;
    for (const { at, host, native, told } of this.pools.slice(0, this.used)) {
      c.i64(0n);
      c.set(at);
      for (const local of [host, native, told]) {
        c.i32(0);
        c.set(local);
      }
    }
    this.used = 0;
    c.i32(0);
    c.set(this.pending);
  }

  /** In 32-bit code: whether an address in a variable is the mirror's. */
  pushIsMirror(at: number): void {
    this.c.get(at);
    pushIsMirror32(this.c, this.source.copies);
  }

  /** The instruction at a position has stored. `callee`: it is a call of these instructions. */
  stored(position: number, left: number, store: Store, callee?: readonly Decoded[]): void {
    const { c } = this;
    const { operand, size, at } = store;
    const instruction = this.twins.at(position);
    const number = this.source.number(instruction, left, size);
    if (this.calls.isCopy(position)) {
      this.calls.copied(number, store);
      return;
    }
    const first = this.first(operand, position, size);
    if (first) {
      this.open = this.open.filter((o) => o !== first);
      this.pair(first, number, position, store);
      return;
    }
    const length = this.twins.ahead(operand, position);
    if (length > 0) {
      this.leaveOpen(number, position, left, store, length);
      return;
    }
    this.settleOpen();
    if (callee && this.calls.mayStayOpen(instruction, callee)) this.calls.leaveOpen(number, at);
    else
      this.tell(number, () => {
        c.get(at);
      });
  }

  /** Once for all pairs until something else is told: what is told of a pair is because of this variable, or changes it. */
  private pushPending(): void {
    const { c } = this;
    if (this.isKnown) {
      c.get(this.pending);
      return;
    }
    c.i32(0);
    c.memory(access.i32_load, watch.pending);
    c.tee(this.pending);
    this.isKnown = true;
  }

  /** The interpreter may tell of stores. */
  forgetPending(): void {
    this.isKnown = false;
  }

  private leaveOpen(number: number, position: number, left: number, store: Store, length: number): void {
    const { c } = this;
    const { operand, size } = store;
    const joined = store.native !== undefined;
    // A store that has looked for both pages has put its variables there.
    const pool = this.pool();
    if (!joined) {
      c.get(store.at);
      c.set(pool.at);
      c.get(store.host);
      c.set(pool.host);
    }
    this.pushPending();
    const call = joined ? this.twins.calledBehind(position) : undefined;
    if (call) {
      this.pushRegister(call.register);
      c.i64(call.address);
      c.do(op.i64_ne, op.i32_or);
    }
    if (length > this.source.watch.longestAhead) {
      c.i32(0);
      c.memory(access.i32_load, watch.longest);
      c.i32(length);
      c.do(op.i32_lt_s, op.i32_or);
    }
    const isCertain = joined && (call !== undefined || this.twins.isSameValue(position + 1));
    const areBothTold = isCertain && this.twins.isUndivided(position + 1);
    const open = {
      ...pool,
      joined,
      isCertain,
      areBothTold,
      twin: this.twins.twinOf(operand, position),
      number,
      position,
      size,
    };
    this.open.push(open);
    if (!areBothTold) c.tee(pool.told);
    c.ifRare();
    this.tellFirst(open);
    if (areBothTold) {
      this.storeSecond(open, call?.address);
      this.tellSecond(this.source.number(this.twins.at(position + 1), left - 1, size), open.at);
    }
    c.end();
  }

  /** The native store of a pair, ahead of its instruction, which stores the same once more. `value`: left out, that of the mirror store. */
  private storeSecond({ host, native, size }: Open, value?: bigint): void {
    const { c } = this;
    for (const { at, bytes } of parts(size)) {
      c.get(native);
      if (value === undefined) load(c, host, at, bytes);
      else if (bytes === 8) c.i64(value);
      else c.i32(Number(value));
      c.memory(storeOf(bytes), at);
    }
  }

  private tellFirst({ number, at, joined }: Open): void {
    this.tell(number, () => {
      if (joined) this.pushMirror(at);
      else this.c.get(at);
    });
  }

  private pair(mirror: Open, number: number, position: number, native: Store): void {
    const { c } = this;
    this.pairs++;
    if (mirror.areBothTold) return;
    c.get(mirror.told);
    if (!mirror.joined) this.pushOtherAddress(mirror, position, native);
    if (!mirror.isCertain)
      parts(native.size).forEach(({ at, bytes }) => {
        for (const host of [mirror.host, native.host]) load(c, host, at, bytes);
        c.do(bytes === 8 ? op.i64_ne : op.i32_ne, op.i32_or);
      });
    c.ifRare();
    // Of values that are certainly the same the first was told.
    if (!mirror.isCertain) this.tellLate(mirror, native);
    this.tellSecond(number, native.at);
    c.end();
  }

  /** Of what will be counted as a pair. */
  private tellSecond(number: number, at: number): void {
    const { c } = this;
    this.tell(number, () => {
      c.get(at);
    });
    this.count(-1);
    c.i32(1);
    c.set(this.pending);
  }

  /** With a condition on the stack: or the addresses are not those of a pair. */
  private pushOtherAddress(mirror: Open, position: number, native: Store): void {
    const { c } = this;
    // The distance, modulo 2^32 in 32-bit code. Then in 64-bit code the first is in the mirror and the second is not. Behind an
    // instruction in front of this one that changes no register it is known.
    if (position !== mirror.position + 1 || !isPlainStore(this.twins.at(mirror.position))) {
      c.get(native.at);
      c.get(mirror.at);
      c.do(op.i64_sub);
      if (this.bits === 32) {
        c.i64(0xffffffffn);
        c.do(op.i64_and);
      }
      c.i64(BigInt(this.source.copies.distance));
      c.do(op.i64_ne, op.i32_or);
    }
    if (this.bits === 32) {
      this.pushIsMirror(native.at);
      c.do(op.i32_or);
    }
  }

  /** The first half, as if the second had not been stored yet. */
  private tellLate(mirror: Open, native: Store): void {
    const { c } = this;
    c.get(mirror.told);
    c.do(op.i32_eqz);
    c.ifRare();
    exchange(c, native);
    this.tellFirst(mirror);
    exchange(c, native);
    c.end();
  }

  /** The address of the mirror of a native one in a variable. */
  private pushMirror(at: number): void {
    const { c } = this;
    c.get(at);
    c.i64(BigInt(this.source.copies.distance));
    c.do(op.i64_sub);
    if (this.bits === 64) return;
    c.i64(0xffffffffn);
    c.do(op.i64_and);
  }

  /** `since`: instructions that were counted since the store. */
  private tell(number: number | (() => void), address: () => void, since = 0): void {
    const { c } = this;
    if (typeof number === 'number') c.i32(number);
    else number();
    address();
    c.do(op.i32_wrap_i64);
    address();
    c.i64(32n);
    c.do(op.i64_shr_u, op.i32_wrap_i64);
    c.get(this.budget);
    if (since > 0) {
      c.i32(since);
      c.do(op.i32_add);
    }
    c.call(this.teller);
  }

  private tellOpen(): void {
    const { c } = this;
    for (const open of this.open) {
      if (open.areBothTold) throw new Error('a way out between the two stores of a pair');
      c.get(open.told);
      c.do(op.i32_eqz);
      c.if();
      this.tellFirst(open);
      c.end();
    }
  }

  private settleOpen(): void {
    this.forgetPending();
    this.calls.settle();
    this.tellOpen();
    this.open = [];
  }

  /** Before the interpreter does anything, where the region goes on behind it, and at the end of a node. */
  settle(): void {
    this.settleOpen();
    this.count(this.pairs);
    this.pairs = 0;
  }

  /** On each way out. */
  leaving(): void {
    this.calls.leaving();
    this.tellOpen();
    this.count(this.pairs);
  }

  /** In memory: a variable would be carried through all of the region, and be added on each way out. */
  private count(pairs: number): void {
    if (pairs === 0) return;
    const { c } = this;
    c.i32(0);
    c.i32(0);
    c.memory(access.i64_load, watch.pairs);
    c.i64(BigInt(pairs));
    c.do(op.i64_add);
    c.memory(access.i64_store, watch.pairs);
  }
}
