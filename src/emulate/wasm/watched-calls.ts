// Calls of compiled 32-bit code under a check of every store: a called function copies its return address itself, among its first instructions, so that
// the two halves of a pair are in different nodes. The call leaves its number in a variable; the copy, which finds it there, only counts, when nothing was
// pending before the call and the copy is right.
import type { Decoded } from '../instruction.js';
import type { StoreWatch } from '../store-watch.js';
import { access, I32, op } from './encode.js';
import type { Code } from './encode.js';
import { exchange, load } from './stores.js';
import type { Store } from './stores.js';
import type { Twins } from './twins.js';
import { changingCall, unchangedCall, watch } from './watch-words.js';

export interface Surroundings {
  /** How a store is told: its number, its address, and how many instructions were counted since it. */
  readonly tell: (number: number | (() => void), address: () => void, since?: number) => void;
  /** Pushes the address of the mirror of a native one in a variable. */
  readonly pushMirror: (at: number) => void;
  readonly pushStackPointer: () => void;
}

export class WatchedCalls {
  /** The number of the call whose return address is not copied yet, and one more; 0: there is none. The stack pointer is as it has left it. */
  private readonly open: number;
  /** Of the node: which instruction copies a return address, until it has. */
  private copy: number | undefined;
  /** Instructions of the node that are counted. */
  private since = 0;

  constructor(
    private readonly c: Code,
    private readonly told: StoreWatch,
    private readonly twins: Twins,
    private readonly around: Surroundings,
  ) {
    this.open = c.local(I32);
  }

  /** A node with these instructions begins. */
  begin(instructions: readonly Decoded[]): void {
    this.copy = this.twins.copyAt(instructions);
    this.since = 0;
  }

  /** So many of its instructions are counted. */
  count(instructions: number): void {
    this.since += instructions;
  }

  /** Whether the instruction at a position copies the return address. */
  isCopy(position: number): boolean {
    return this.copy === position;
  }

  mayStayOpen({ name, rep, repne }: Decoded, callee: readonly Decoded[]): boolean {
    return name === 'call' && !rep && !repne && this.twins.copyAt(callee) !== undefined;
  }

  /** A call of a function that copies its return address has stored that. */
  leaveOpen(number: number, at: number): void {
    const { c } = this;
    c.i32(0);
    c.memory(access.i32_load, watch.pending);
    c.ifRare();
    this.around.tell(number, () => {
      c.get(at);
    });
    c.else();
    c.i32(number + 1);
    c.set(this.open);
    c.end();
  }

  /** The return address is copied: by a store that has looked for both pages. */
  copied(number: number, store: Store): void {
    const { c, copy = 0 } = this;
    const { host, native = 0, before: [before = 0] = [] } = store;
    const length = copy + 1;
    this.copy = undefined;
    const pushChanging = (): void => {
      c.get(before);
      load(c, native, 0, 4);
      c.do(op.i32_ne);
    };
    c.get(this.open);
    c.do(op.i32_eqz);
    for (const place of [host, native]) load(c, place, 0, 4);
    c.do(op.i32_ne, op.i32_or);
    if (length > this.told.longestCall) {
      c.i32(0);
      c.memory(access.i32_load, watch.longestCall);
      c.i32(length);
      c.do(op.i32_lt_s);
      pushChanging();
      c.do(op.i32_and, op.i32_or);
    }
    c.ifRare();
    c.get(this.open);
    c.ifRare();
    // As if the copy had not been stored yet.
    exchange(c, store);
    this.tellCall();
    exchange(c, store);
    c.end();
    this.around.tell(number, () => {
      this.around.pushMirror(store.at);
    });
    c.else();
    c.i32(0);
    c.i64(changingCall(length));
    c.i64(unchangedCall);
    pushChanging();
    c.do(op.select);
    c.i32(0);
    c.memory(access.i64_load, watch.calls);
    c.do(op.i64_add);
    c.memory(access.i64_store, watch.calls);
    c.end();
    c.i32(0);
    c.set(this.open);
  }

  private tellCall(): void {
    const { c } = this;
    this.around.tell(
      () => {
        c.get(this.open);
        c.i32(1);
        c.do(op.i32_sub);
      },
      this.around.pushStackPointer,
      this.since,
    );
  }

  /** Where the copy does not come, or not before others store. */
  settle(): void {
    if (this.copy === undefined) return;
    const { c } = this;
    this.leaving();
    c.i32(0);
    c.set(this.open);
    this.copy = undefined;
  }

  /** On a way out. */
  leaving(): void {
    if (this.copy === undefined) return;
    const { c } = this;
    c.get(this.open);
    c.ifRare();
    this.tellCall();
    c.end();
  }
}
