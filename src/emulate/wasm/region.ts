// One WebAssembly function from the blocks that are reached from a hot one: branches, calls and returns between them stay inside.
import type { Block } from '../block.js';
import { effectsOf } from '../instruction.js';
import type { Decoded } from '../instruction.js';
import { jumpCacheAt } from '../layout.js';
import type { Remembered } from '../tlb.js';
import { pushSlot } from './driver.js';
import { Emitter } from './emitter.js';
import { access, I32, I64, op } from './encode.js';
import type { Code } from './encode.js';
import { sameKnown, unknown } from './flags.js';
import type { Known } from './flags.js';
import { entryLocal } from './frame.js';
import type { Exits } from './frame.js';
import { popAddress, pushAddress, wideAddress } from './moves.js';
import { collect, flagsThatMatter, mayLeave, targets, usesRegisters } from './node.js';
import type { End, Node, Source } from './node.js';
import { Layout, shape } from './structure.js';
import type { Shape } from './structure.js';
import type { WatchSource } from './watched.js';

/** Addresses that a return is compared with before it is looked up. */
const compared = 4;

export interface RegionSource extends Source {
  /** A number by which compiled code can have the interpreter execute one instruction of a node that counts so many. */
  readonly callable: (block: Block, position: number, counted: number) => number;
  readonly exit: Exits;
  /** A place where a page is remembered. */
  readonly place: (of: Remembered) => number;
  /** Of the region, by which the jump cache knows it. */
  readonly index: number;
  /** Who is told of stores. */
  readonly watch: WatchSource | undefined;
}

export interface Region {
  readonly code: Code;
  /** Addresses at which it can be entered, by number. */
  readonly entries: readonly bigint[];
  readonly instructions: number;
}

/** Undefined: not even the first instruction can be compiled. */
export function compileRegion(head: Block, source: RegionSource): Region | undefined {
  const nodes = collect(head, source);
  const [first] = nodes;
  if (!first || first.length === 0) return undefined;
  return new RegionCompiler(nodes, source, first.instructions[0]?.bits ?? 64).compile();
}

const dispatcher = 0;

class RegionCompiler {
  private readonly e: Emitter;
  /** By address, the number in the graph: 0 is the dispatcher's. */
  private readonly numbers: ReadonlyMap<bigint, number>;
  private readonly sites: readonly number[];
  private readonly shape: Shape;
  private readonly layout: Layout;
  private readonly entering: number[];
  private readonly successorsOf: readonly (readonly number[])[];
  private readonly reaches = new Map<number, number>();
  private readonly arrivals = new Map<number, { known: Known; count: number }>();

  constructor(
    private readonly nodes: readonly Node[],
    private readonly source: RegionSource,
    bits: 32 | 64,
  ) {
    this.e = new Emitter(bits, source.exit, source.place, source.watch);
    this.numbers = new Map(nodes.map((node, n) => [node.address, n + 1]));
    // Where returns, jumps and calls to any address may go to.
    const found = new Set<number>();
    for (const node of nodes) {
      const { end } = node;
      const to =
        end.kind === 'call'
          ? [end.next]
          : end.kind === 'callAt' || end.kind === 'jumpTo'
            ? targets(node)
            : [];
      for (const address of to) {
        const number = this.numbers.get(address);
        if (number !== undefined) found.add(number);
      }
    }
    this.sites = [...found];
    const successors = [[], ...nodes.map((node) => this.successors(node))];
    this.successorsOf = successors;
    this.shape = shape(successors, [...new Set([1, ...this.sites, ...this.functions()])]);
    this.entering = successors.map(() => 0);
    successors.forEach((to, from) => {
      if ((this.shape.order[from] ?? -1) >= 0)
        for (const v of to) if (!this.isDetour(from, v)) this.entering[v] = (this.entering[v] ?? 0) + 1;
    });
    for (const v of this.shape.entries) this.entering[v] = Infinity;
    this.layout = new Layout(this.e.c, this.shape, (n) => {
      if (n === dispatcher) this.dispatch();
      else this.node(n);
    });
  }

  /** Nodes that are called. */
  private functions(): number[] {
    return this.nodes.flatMap(({ end }) => {
      const n = end.kind === 'call' ? this.numbers.get(end.to) : undefined;
      return n === undefined ? [] : [n];
    });
  }

  compile(): Region {
    this.layout.tree(dispatcher);
    return {
      code: this.e.finish(),
      entries: this.shape.entries.map((n) => this.addressOf(n)),
      instructions: this.nodes.reduce((sum, node) => sum + node.length, 0),
    };
  }

  /** Whether the number of instructions that may be executed is looked at: somewhere on each way round. */
  private isChecked(n: number): boolean {
    return this.shape.heads[n] === true || this.shape.entries.includes(n);
  }

  /** Instructions from a node on to where the number is looked at again, on the longest way. */
  private reach(n: number): number {
    let reach = this.reaches.get(n);
    if (reach === undefined) {
      const next = (this.successorsOf[n] ?? []).filter((to) => to !== dispatcher && !this.isChecked(to));
      reach = (this.nodes[n - 1]?.length ?? 0) + Math.max(0, ...next.map((to) => this.reach(to)));
      this.reaches.set(n, reach);
    }
    return reach;
  }

  private addressOf(n: number): bigint {
    return this.nodes[n - 1]?.address ?? 0n;
  }

  private isDetour(from: number, to: number): boolean {
    return this.shape.detours.has(from * this.shape.order.length + to);
  }

  private successors({ end }: Node): number[] {
    const known = (address: bigint): number[] => {
      const n = this.numbers.get(address);
      return n === undefined ? [] : [n];
    };
    switch (end.kind) {
      case 'branch':
        return [...known(end.to), ...known(end.next)];
      case 'go':
      case 'call':
        return known(end.to);
      case 'return':
      case 'callAt':
      case 'jumpTo':
        return this.sites.length > 0 ? [dispatcher] : [];
      case 'stop':
        return [];
    }
  }

  /** To the entry whose number is in a variable; with one that no entry has, to the one whose address is in `rip`. */
  private dispatch(): void {
    const { e, layout, shape } = this;
    const { c } = e;
    const { entries } = shape;
    const [only] = entries;
    if (only !== undefined && entries.length === 1 && this.sites.length === 0) {
      layout.branch(dispatcher, only);
      return;
    }
    const labels = entries.map((n) => layout.label(n));
    const [first] = labels;
    if (first === undefined) throw new Error('a region without an entry');
    const slot = c.local(I32);
    const enter = (): void => {
      c.get(entryLocal);
      c.brTable(labels, first);
    };
    c.get(entryLocal);
    c.i32(labels.length);
    c.do(op.i32_lt_u);
    c.if();
    enter();
    c.end();
    for (const n of this.likely()) {
      c.get(e.rip);
      c.i64(this.addressOf(n));
      c.do(op.i64_eq);
      c.brIf(layout.label(n));
    }
    pushSlot(c, e.rip);
    c.tee(slot);
    c.memory(access.i64_load, jumpCacheAt);
    c.get(e.rip);
    c.do(op.i64_eq);
    c.if();
    c.get(slot);
    c.memory(access.i32_load, jumpCacheAt + 8);
    c.i32(this.source.index);
    c.do(op.i32_eq);
    c.if();
    c.get(slot);
    c.memory(access.i32_load, jumpCacheAt + 12);
    c.set(entryLocal);
    enter();
    c.end();
    c.end();
    e.leaveToRip();
  }

  /** Where returns and jumps by an address went to most often: a comparison is predicted, a look into the jump cache and a table are not. */
  private likely(): number[] {
    const count = (n: number): number => this.nodes[n - 1]?.block.count ?? 0;
    return this.sites
      .filter((n) => this.shape.entries.includes(n))
      .sort((a, b) => count(b) - count(a))
      .slice(0, compared);
  }

  private node(n: number): void {
    const node = this.nodes[n - 1];
    if (!node) throw new Error('no such node');
    const { e } = this;
    const arrived = this.arrivals.get(n);
    e.flags = arrived && arrived.count === this.entering[n] ? arrived.known : unknown;
    e.forgetPages();
    e.begin(node.instructions, node.length);
    if (this.isChecked(n)) e.need(node.address, this.reach(n));
    if (node.length > 0) e.count(node.length);
    const matters = flagsThatMatter(node);
    node.steps.forEach((step, position) => {
      const { i, emit } = step;
      if (mayLeave(step)) e.save();
      e.at(i, node.length - position);
      e.flagsMatter = matters[position] ?? true;
      e.byInterpreter = () => {
        const index = this.source.callable(node.block, position, node.length);
        e.callInterpreter(index, i.next, !effectsOf(i.code).flags, usesRegisters(i));
      };
      if (emit) emit(e);
      else {
        e.settleStores();
        e.byInterpreter();
      }
      e.tellStores();
    });
    e.flagsMatter = true;
    e.save();
    this.end(n, node.end);
  }

  private end(n: number, end: End): void {
    const { e } = this;
    if (end.kind !== 'call' && end.kind !== 'callAt') e.settleStores();
    switch (end.kind) {
      case 'branch': {
        e.condition(end.condition);
        const { flags } = e;
        e.forgetTemporaries();
        e.c.if();
        this.go(n, end.to);
        e.c.end();
        e.flags = flags;
        this.go(n, end.next);
        return;
      }
      case 'go':
        e.forgetTemporaries();
        this.go(n, end.to);
        return;
      case 'call':
        e.at(end.i, 1);
        this.pushReturn(end.next, this.nodes[(this.numbers.get(end.to) ?? 0) - 1]?.instructions);
        e.save();
        e.forgetTemporaries();
        this.go(n, end.to);
        return;
      case 'callAt':
      case 'jumpTo': {
        e.at(end.i, 1);
        const to = e.temporary(I64);
        e.read(end.from, e.word);
        wideAddress(e);
        e.c.set(to);
        if (end.kind === 'callAt') this.pushReturn(end.next);
        e.c.get(to);
        e.c.set(e.rip);
        this.goToRip(n);
        return;
      }
      case 'return':
        e.at(end.i, 1);
        popAddress(e, end.i);
        this.goToRip(n);
        return;
      case 'stop':
        e.leave(end.at, 0);
    }
  }

  /** `callee`: what is called, where that is in this region. */
  private pushReturn(address: bigint, callee?: readonly Decoded[]): void {
    const { e } = this;
    pushAddress(e, address);
    e.tellStores(callee);
    e.settleStores();
  }

  private goToRip(from: number): void {
    const { e } = this;
    e.save();
    if (this.sites.length === 0) {
      e.leaveToRip();
      return;
    }
    e.forgetTemporaries();
    e.c.i32(this.shape.entries.length);
    e.c.set(entryLocal);
    this.layout.branch(from, dispatcher);
  }

  private go(from: number, address: bigint): void {
    const { e } = this;
    const to = this.numbers.get(address);
    if (to === undefined) {
      e.leaveTo(address);
      return;
    }
    if (this.isDetour(from, to)) {
      e.c.i32(this.shape.entries.indexOf(to));
      e.c.set(entryLocal);
      this.layout.branch(from, dispatcher);
      return;
    }
    const before = this.arrivals.get(to);
    if (!before) this.arrivals.set(to, { known: e.flags, count: 1 });
    else
      this.arrivals.set(to, {
        known: sameKnown(before.known, e.flags) ? before.known : unknown,
        count: before.count + 1,
      });
    this.layout.branch(from, to);
  }
}
