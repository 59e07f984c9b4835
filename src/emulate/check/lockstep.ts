// The lockstep check: at every store, native memory and mirror agree, or differ in the bytes of a write whose other half is about to come.
import { addressOf, MemoryFault, pageSize } from '../memory.js';
import type { Decoded } from '../instruction.js';
import type { Machine } from '../machine.js';
import { RSP } from '../state.js';
import { Pending } from './pending.js';
import type { Part, Window, Writer } from './pending.js';
import { mirrorIn, mirrorOf, nativeOf } from './mirror.js';
import type { Mirror } from './mirror.js';
import { runtimeMap, runtimeStack, within } from './runtime-map.js';
import type { RuntimeMap } from './runtime-map.js';
import type { StoreWatch } from '../store-watch.js';
import { Turns } from './turns.js';
import type { Finding, LockstepResult, WindowClass } from './result.js';

/** A write whose other half has not come after so many of the program's instructions has none. The longest pattern takes 64. */
const patience = 256;
/** From a mirror store to the native store that it belongs to, and from a call in 32-bit code to its mirror store. */
const nearby = 8;
/** Stores of the x87 and repeated ones, whose mirror store never comes before them. */
const copiedAfterwards = /^(f|rep )/;
const AHEAD = 1;
const BEHIND = 2;
const UNCHANGED = 4;

export class Lockstep implements StoreWatch {
  private readonly map: RuntimeMap;
  private readonly inRuntime = new WeakMap<readonly Decoded[], boolean>();
  private readonly halves = new Pending((window) => {
    this.closed(window);
  });
  private readonly windows = new Map<string, WindowClass>();
  private readonly findings = new Map<string, Finding>();
  /** Undefined until the program's first instruction. */
  private copy: Mirror | undefined;
  private runtimeExecuted = 0;
  private readonly threads = new Map<number, Turns>();
  /** Of the thread that runs. */
  private own: Turns;
  /** Bytes that a finding speaks of. */
  private readonly explained = new Set<number>();
  private tallied = -1;
  private lastMirrorStore = -1;
  private seen = 0;
  private comparedBytes = 0;
  private readonly counts = {
    stores: 0,
    ahead: 0,
    after: 0,
    unchanged: 0,
    mirrorStores: 0,
    takenBack: 0,
    runtimeStores: 0,
    longestAhead: 0,
  };

  /** Before the first instruction. Throws where the program is not a mirrored one. */
  constructor(private readonly machine: Machine) {
    this.map = runtimeMap(machine.elf, machine.start.bias);
    const { interpreter, kernel } = machine;
    interpreter.precise = true;
    interpreter.onBlock = (instructions, count) => {
      this.block(instructions, count);
    };
    interpreter.watchStores(this);
    const { onWrite } = kernel;
    this.own = this.turnsOf(kernel.current);
    this.own.begin(machine.executed);
    kernel.onSwitch = (thread) => {
      this.own.end(machine.executed);
      this.own = this.turnsOf(thread);
      this.own.begin(machine.executed);
    };
    kernel.onWrite = (address, length) => {
      onWrite?.(address, length);
      if (this.copy) this.write(address, length, { ...this.writer(), kind: 'kernel', name: kernel.call });
    };
  }

  private turnsOf(thread: number): Turns {
    let turns = this.threads.get(thread);
    if (!turns) {
      turns = new Turns();
      turns.stackPointer = this.stackPointer();
      this.threads.set(thread, turns);
    }
    return turns;
  }

  private stackPointer(): number {
    const { s } = this.machine.cpu;
    return addressOf(s[RSP] ?? 0, s[RSP + 1] ?? 0);
  }

  private isRuntime(address: number): boolean {
    return within(this.map.code, address);
  }

  private block(instructions: readonly Decoded[], count: number): void {
    if (!this.isRuntimeBlock(instructions)) {
      this.left();
      return;
    }
    this.runtimeExecuted += count;
    this.own.inRuntime += count;
    if (!this.copy && !this.isRuntime(this.machine.rip)) this.begin();
  }

  private isRuntimeBlock(instructions: readonly Decoded[]): boolean {
    let runtime = this.inRuntime.get(instructions);
    if (runtime === undefined) {
      runtime = this.isRuntime(Number(instructions[0]?.address));
      this.inRuntime.set(instructions, runtime);
    }
    return runtime;
  }

  // What compiled code asks for and tells: all of it is the program's.

  get copies(): Mirror | undefined {
    return this.copy;
  }

  compiles(address: number): boolean {
    return !this.isRuntime(address);
  }

  get pending(): boolean {
    return this.halves.all().length > 0;
  }

  get longestAhead(): number {
    return this.counts.longestAhead;
  }

  get longestCall(): number {
    return this.windows.get('call')?.longest ?? 0;
  }

  stored(instruction: Decoded, address: number, size: number): void {
    const { interpreter } = this.machine;
    interpreter.current = instruction;
    interpreter.position = 0;
    this.expire();
    this.write(address, size, this.writer());
  }

  paired(count: number): void {
    this.counts.stores += count;
    this.counts.ahead += count;
    this.counts.mirrorStores += count;
  }

  called(all: number, changing: number, instructions: number): void {
    const { counts } = this;
    counts.stores += all;
    counts.mirrorStores += all;
    counts.after += changing;
    counts.unchanged += all - changing;
    const known = this.windows.get('call');
    if (!known) return; // none of them has changed memory
    known.windows += changing;
    known.bytes += 4 * changing;
    known.instructions += instructions;
  }

  left(): void {
    this.own.stackPointer = this.stackPointer();
    this.expire();
  }

  private isRuntimeStack(lo: number, hi: number): boolean {
    const top = this.own.stackPointer - this.map.redZone;
    return hi <= top && lo >= top - runtimeStack;
  }

  /** The runtime has made the mirrors: from here on they have to agree. */
  private begin(): void {
    const { memory } = this.machine;
    this.copy = mirrorIn(this.machine);
    if (!this.copy) throw new Error('the runtime has made no mirror');
    const { onStore } = memory;
    memory.onStore = (lo, hi, size) => {
      onStore?.(lo, hi, size);
      this.write(addressOf(lo, hi), size, this.writer());
    };
    memory.tlb.flush();
    this.compareAll(this.copy, 'at the start');
  }

  private writer(): Writer {
    const i = this.machine.interpreter.current;
    const address = Number(i?.address ?? 0n);
    const prefix = i?.rep === true ? 'rep ' : i?.repne === true ? 'repne ' : i?.lock === true ? 'lock ' : '';
    return { kind: this.isRuntime(address) ? 'runtime' : 'program', name: prefix + (i?.name ?? ''), address };
  }

  private now(): number {
    return this.machine.cpu.executed + this.machine.interpreter.position;
  }

  private write(address: number, size: number, writer: Writer): void {
    if (!this.copy) return;
    const native = nativeOf(this.copy, address);
    if (native === address) this.native(address, address + size, writer);
    else this.mirror(native, native + size, writer);
  }

  private window(kind: Window['kind'], address: number, writer: Writer): Window {
    const { cpu, interpreter } = this.machine;
    const { own } = this;
    return {
      kind,
      writer,
      opened: this.now(),
      openedInProgram: own.inProgram(cpu.executed) + (writer.kind === 'program' ? interpreter.position : 0),
      openedInThread: own.executed(this.now()),
      thread: own,
      bytes: 0,
      missed: false,
      parts: 0,
      address,
    };
  }

  private native(lo: number, hi: number, writer: Writer): void {
    const { state } = this.map;
    if (lo >= state.lo && lo < state.hi) {
      this.counts.runtimeStores++;
      return;
    }
    const differs = this.differs(lo, hi);
    if (differs === undefined) {
      // Without a mirror: the runtime's own mappings, or a mapping of the program's that the runtime does not know.
      if (writer.kind !== 'program') this.counts.runtimeStores++;
      else {
        this.find('never', writer, lo, hi - lo);
        this.tally(this.now(), BEHIND);
      }
      return;
    }
    const now = this.now();
    if (differs && writer.kind === 'runtime' && this.leavesAsItWas(lo, hi)) {
      this.tally(now, UNCHANGED);
      return;
    }
    let ahead = false;
    // None before a call in 32-bit code is its own.
    const copied = this.isCopiedByCallee(writer);
    const before = copied ? undefined : this.own.recent.take(lo, hi, now, this.own.executed(now));
    if (copied) this.own.called = { address: lo, executed: this.own.executed(now) };
    // A store of which any part differs is not the one whose mirror store came before.
    if (!differs && !(this.tallied === now && this.seen & BEHIND)) this.refute(writer, before);
    if (this.halves.touches(lo, hi))
      this.halves.take(lo, hi, (window, from, to) => {
        if (window.kind === 'ahead') {
          ahead = true;
          this.counts.longestAhead = Math.max(this.counts.longestAhead, this.lengthOf(window));
          if (this.differs(from, to) !== true) return;
          // What the kernel tells, the runtime copies, whatever it had put there before (runtime/limits.h, NO_THREAD).
          if (writer.kind === 'kernel') this.overwritten(window);
          else this.miss(window);
        } else if (window.opened !== now) this.overwritten(window);
      });
    if (differs) this.halves.add(lo, hi, this.window('behind', lo, writer));
    // Atomic operations of the program are done in the runtime: only what it uses of the stack for itself does not count.
    if (writer.kind === 'program' || (writer.kind === 'runtime' && !this.isRuntimeStack(lo, hi)))
      this.tally(now, differs ? BEHIND : ahead || before !== undefined ? AHEAD : UNCHANGED);
  }

  /**
   * An atomic operation that fails, or changes nothing, writes back what it found and looks at no mirror: that may be ahead of another thread's plain
   * store, which then comes (docs/architecture.md, Threads).
   */
  private leavesAsItWas(lo: number, hi: number): boolean {
    return this.halves
      .all()
      .some(
        ({ window, ...part }) =>
          window.kind === 'ahead' && window.thread !== this.own && part.lo < hi && part.hi > lo,
      );
  }

  private mirror(lo: number, hi: number, writer: Writer): void {
    const now = this.now();
    if (now !== this.lastMirrorStore) this.counts.mirrorStores++;
    this.lastMirrorStore = now;
    if (!this.isOfCall(lo, hi, now)) this.own.recent.add(lo, hi, now, this.own.executed(now));
    // Native memory that is not there (any more) differs.
    const differs = this.differs(lo, hi) ?? true;
    if (this.halves.touches(lo, hi))
      this.halves.take(lo, hi, (window, from, to) => {
        const stillDiffers = this.differs(from, to) ?? true;
        if (window.kind === 'behind') {
          if (stillDiffers) this.overwritten(window);
        } else if (stillDiffers) {
          if (window.opened !== now) this.overwritten(window);
        } else this.counts.takenBack++;
      });
    if (differs) this.halves.add(lo, hi, this.window('ahead', lo, writer));
  }

  /** In 32-bit code a called function makes the call's mirror store. */
  private isCopiedByCallee({ kind, name }: Writer): boolean {
    return kind === 'program' && name === 'call' && this.machine.cpu.bits === 32;
  }

  /** Whether a mirror store is that of the last call: no other native store has it as its own. */
  private isOfCall(lo: number, hi: number, now: number): boolean {
    const { own } = this;
    const { called } = own;
    if (called?.address !== lo || hi - lo !== 4 || this.stackPointer() !== lo) return false;
    own.called = undefined;
    return own.executed(now) - called.executed <= nearby;
  }

  /** The other half of a write will not come. The runtime and the kernel write the same stack bytes again and again before they are copied. */
  private overwritten(window: Window): void {
    if (window.writer.kind === 'program') this.miss(window);
    else window.missed = true;
  }

  private miss(window: Window): void {
    if (window.missed) return;
    window.missed = true;
    for (let at = window.address; at < window.address + window.bytes; at++) this.explained.add(at);
    this.find(window.kind === 'behind' ? 'never' : 'stray', window.writer, window.address, window.bytes);
  }

  private lengthOf(window: Window): number {
    return window.thread.executed(this.now()) - window.openedInThread;
  }

  /** A window was closed by a mirror store that turns out to be this native store's own: of the same value by chance. */
  private refute(writer: Writer, mirrorStore: number | undefined): void {
    const last = this.own.lastClosed;
    if (!last || writer.kind !== 'program' || mirrorStore !== last.at || copiedAfterwards.test(writer.name))
      return;
    if (writer.address === last.window.writer.address || this.now() - last.at > nearby) return; // of one turn: at most so many instructions lie between
    if (this.isCopiedByCallee(writer)) return;
    last.known.windows--;
    last.known.bytes -= last.window.bytes;
    last.known.instructions -= last.length;
    if (last.known.windows === 0) this.windows.delete(last.known.class);
    this.own.lastClosed = undefined;
    this.miss(last.window);
  }

  private closed(window: Window): void {
    if (window.missed || window.kind === 'ahead') return;
    const { kind, name } = window.writer;
    const label =
      kind === 'program' ? name : kind === 'kernel' ? `system call ${name}` : "the runtime's stack";
    const length = this.lengthOf(window);
    let known = this.windows.get(label);
    if (!known) {
      known = { class: label, writer: kind, windows: 0, bytes: 0, instructions: 0, longest: 0 };
      this.windows.set(label, known);
    }
    known.windows++;
    known.bytes += window.bytes;
    known.instructions += length;
    known.longest = Math.max(known.longest, length);
    if (kind === 'program' && !this.isCopiedByCallee(window.writer))
      this.own.lastClosed = { window, known, at: this.now(), length };
  }

  /** Bytes that have been pending for too long; what became equal by other writes is settled. */
  private expire(): void {
    const { executed } = this.machine.cpu;
    const isOld = ({ window }: Part): boolean =>
      window.thread.inProgram(executed) - window.openedInProgram > patience;
    if (!this.halves.all().some(isOld)) return;
    for (const part of this.halves.all().filter(isOld)) {
      const differs = this.differs(part.lo, part.hi);
      if (differs === true) this.miss(part.window);
      else part.window.missed = true; // equal again, or unmapped: no window whose length says anything
      this.halves.take(part.lo, part.hi, () => undefined);
    }
  }

  /** What all writes of one instruction came to. */
  private tally(now: number, what: number): void {
    if (now !== this.tallied) {
      this.settleTally();
      this.tallied = now;
    }
    this.seen |= what;
  }

  private settleTally(): void {
    const { counts, seen } = this;
    if (seen === 0) return;
    counts.stores++;
    if (seen & BEHIND) counts.after++;
    else if (seen & AHEAD) counts.ahead++;
    else counts.unchanged++;
    this.seen = 0;
  }

  /** Undefined: not both are readable. */
  private differs(lo: number, hi: number): boolean | undefined {
    const m = this.machine.memory;
    if (!this.copy) return undefined;
    const between = mirrorOf(this.copy, lo) - lo;
    try {
      for (let at = lo; at < hi;) {
        const left = hi - at;
        const low = at | 0;
        const high = (at / 0x100000000) | 0;
        const other = at + between;
        const otherLow = other | 0;
        const otherHigh = (other / 0x100000000) | 0;
        if (left >= 4) {
          if (m.read32(low, high) !== m.read32(otherLow, otherHigh)) return true;
          at += 4;
        } else {
          if (m.read8(low, high) !== m.read8(otherLow, otherHigh)) return true;
          at += 1;
        }
      }
      return false;
    } catch (fault) {
      if (fault instanceof MemoryFault) return undefined;
      throw fault;
    }
  }

  private find(kind: Finding['kind'], writer: Writer, address: number, bytes: number): void {
    const key = `${kind} ${writer.kind} ${writer.name} ${writer.address}`;
    const known = this.findings.get(key);
    if (known) {
      known.count++;
      return;
    }
    const { machine } = this;
    const source = writer.kind === 'kernel' ? undefined : machine.sourceLine(writer.address);
    this.findings.set(key, {
      kind,
      instruction: writer.kind === 'kernel' ? `system call ${writer.name}` : writer.name,
      at: writer.address,
      symbol: machine.symbolize(writer.address),
      ...(source ? { source } : {}),
      address,
      object: machine.symbolize(address),
      bytes,
      count: 1,
    });
  }

  /** Every page of both copies, by content: what no store made differ (dropped pages, mappings without a copy) is found here. */
  private compareAll(copy: Mirror, when: string): void {
    const { memory } = this.machine;
    const pages = new Set<number>();
    for (const page of memory.presentPages()) {
      const address = page * pageSize;
      pages.add(nativeOf(copy, address));
    }
    for (const address of pages) {
      const { state } = this.map;
      if (address >= state.lo && address < state.hi) continue;
      const differs = this.differs(address, address + pageSize);
      if (differs === undefined) continue;
      this.comparedBytes += pageSize;
      if (!differs) continue;
      for (let at = address; at < address + pageSize; at++)
        if (this.differs(at, at + 1) === true && !this.halves.touches(at, at + 1) && !this.explained.has(at))
          this.find('differs', { kind: 'kernel', name: when, address: 0 }, at, 1);
    }
  }

  /** After the last instruction. With `ended` the program has: nothing can come any more, but what the runtime left below the stack. */
  finish(ended: boolean): LockstepResult {
    if (!this.copy) throw new Error('the program ended before its own code began');
    this.settleTally();
    this.compareAll(this.copy, 'at the end');
    let unfinished = 0;
    for (const part of this.halves.all()) {
      if (
        part.window.writer.kind !== 'program' &&
        part.hi <= part.window.thread.stackPointer - this.map.redZone
      )
        unfinished += part.hi - part.lo;
      else if (ended && this.differs(part.lo, part.hi) === true) this.miss(part.window);
    }
    const { counts } = this;
    const found = [...this.findings.values()];
    const count = (kind: Finding['kind']): number =>
      found.filter((f) => f.kind === kind).reduce((sum, f) => sum + f.count, 0);
    const never = count('never');
    return {
      instructions: this.machine.executed,
      runtimeInstructions: this.runtimeExecuted,
      distance: this.copy.distance,
      stores: counts.stores,
      mirroredAhead: counts.ahead,
      longestAhead: counts.longestAhead,
      mirroredAfter: Math.max(0, counts.after - never),
      unchanged: counts.unchanged,
      neverMirrored: never,
      mirrorStores: counts.mirrorStores,
      mirrorStoresWithoutNative: count('stray'),
      takenBack: counts.takenBack,
      runtimeStores: counts.runtimeStores,
      bytesUnfinished: unfinished,
      bytesCompared: this.comparedBytes,
      bytesDiffering: count('differs'),
      windows: [...this.windows.values()].sort((a, b) => b.windows - a.windows),
      findings: found,
    };
  }
}
