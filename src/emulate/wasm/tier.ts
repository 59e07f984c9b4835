// Tier 1: compiles regions around hot blocks and runs them. What it leaves is as the interpreter would have left it at the same instruction.
import type { Block, Compiled } from '../block.js';
import { exitAt, jumpCacheAt, jumpCacheEntries, stoppedAt, wasmPage } from '../layout.js';
import type { Decoded } from '../instruction.js';
import { addressOf, MemoryFault } from '../memory-fault.js';
import type { Op } from '../operands.js';
import { Missing } from '../missing.js';
import { GS, RIP, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import { compileModule, wasm } from './api.js';
import { jumpSlot, makeDriver } from './driver.js';
import type { Driver } from './driver.js';
import { compileRegion } from './region.js';
import { regionModule } from './region-module.js';
import type { StoreWatch } from '../store-watch.js';
import type { Threaded } from '../threaded/threaded.js';
import { showPending, tellCounted, watch as watchWords } from './watch-words.js';
import type { WatchSource } from './watched.js';

/** One call of compiled code executes at most so many instructions: the next one may find better code. */
const slice = 1 << 22;
/** A block that is reached from a hot one is compiled with it if it was executed so often. */
const share = 32;

/** The interpreter's. */
export interface Blocks {
  /** By address, with how often it was begun. */
  readonly find: (address: number) => Block | undefined;
  readonly instructions: (block: Block) => readonly Decoded[];
  readonly op: (block: Block, position: number) => Op;
}

export class Tier1 {
  private driver: Driver | undefined;
  private readonly callables: { readonly run: Op; readonly counted: number }[] = [];
  /** Stores that are told. */
  private readonly stores: {
    readonly instruction: Decoded;
    readonly left: number;
    readonly size: number;
  }[] = [];
  /** Who is told of stores; set before the first block. */
  watch: StoreWatch | undefined;
  /** Instructions that were executed before this call of compiled code, and its budget. */
  private before = 0;
  private budget = 0;
  /** Ways out to the interpreter, by number: the address that it goes on at, and how many counted instructions were not executed. */
  private readonly exits: { readonly address: number; readonly left: number }[] = [];
  private regions = 0;
  private thrown: MemoryFault | Trap | Missing | undefined;
  private readonly view: DataView;
  /** Instructions executed here, and compiled. */
  executed = 0;
  compiledInstructions = 0;

  constructor(
    private readonly cpu: Cpu,
    private readonly blocks: Blocks,
    private readonly threaded: Threaded | undefined,
  ) {
    this.view = new DataView(cpu.memory.shared.buffer);
  }

  private start(): Driver {
    if (!this.driver) {
      this.driver = makeDriver(this.cpu.memory, this.threaded?.function, this.watch?.copies);
      this.emptyJumpCache();
    }
    return this.driver;
  }

  /** Compiled code is that of decoded instructions which are not valid any more. */
  forget(): void {
    if (!this.driver) return;
    for (let n = 0; n < this.regions; n++) this.driver.table.set(n, null);
    this.regions = 0;
    this.callables.length = 0;
    this.stores.length = 0;
    this.exits.length = 0;
    this.emptyJumpCache();
  }

  /** An empty entry has an address that belongs elsewhere: -1, and in place 0, where that belongs, 1. */
  private emptyJumpCache(): void {
    new Uint8Array(this.view.buffer, jumpCacheAt, 16 * jumpCacheEntries).fill(0xff);
    this.view.setBigInt64(jumpCacheAt, 1n, true);
  }

  /** Of a block that has become hot, after so many executions. It may have to stay with the interpreter. Gives the blocks that are entered from now on. */
  compile(block: Block, hot: number): Block[] {
    const region = compileRegion(block, {
      instructions: this.blocks.instructions,
      find: (address) => {
        const found = this.blocks.find(Number(address));
        return found && found.count * share >= hot ? found : undefined;
      },
      callable: (block, position, counted) =>
        this.callables.push({ run: this.blocks.op(block, position), counted }) - 1,
      exit: (address, left) => this.exits.push({ address: Number(address), left }) - 1,
      place: (of) => this.cpu.memory.tlb.place(of),
      index: this.regions,
      watch: this.watchSource(),
    });
    if (!region) return [];
    const { table, imports } = this.start();
    const module = compileModule(regionModule(region.code, this.view.byteLength / wasmPage));
    const { exports } = new wasm.Instance(module, {
      e: { ...imports, store: this.stored, call: this.called },
    });
    const index = this.regions++;
    if (index >= table.length) table.grow(table.length);
    table.set(index, exports['run']);
    this.compiledInstructions += region.instructions;
    return region.entries.flatMap((address, entry) => {
      const found = this.blocks.find(Number(address));
      if (!found || (found !== block && found.compiled)) return [];
      found.compiled = { index, entry, size: region.instructions };
      return [found];
    });
  }

  /** Where the last run ended inside threaded code, what that said (threaded/loop.ts); else 0. */
  stopped = 0;

  /** Whether mirror stores of 64-bit code go where compiled code has them go. */
  private get hasMirror(): boolean {
    const { watch, cpu } = this;
    if (!watch?.copies || cpu.bits === 32) return true;
    const base = -watch.copies.distance;
    return cpu.s[GS] === (base | 0) && cpu.s[GS + 1] === Math.floor(base / 2 ** 32);
  }

  /** Executes from a compiled block on, at most `room` instructions, and gives their number; throws what an instruction of the interpreter's threw. */
  run(block: Block, compiled: Compiled, room: number): number {
    const { cpu, view } = this;
    if (!this.hasMirror) return 0;
    const slot = jumpSlot(block.lo);
    view.setInt32(slot, block.lo, true);
    view.setInt32(slot + 4, block.hi, true);
    view.setInt32(slot + 8, compiled.index, true);
    view.setInt32(slot + 12, compiled.entry, true);
    const budget = Math.min(room, slice);
    this.before = cpu.executed;
    this.budget = budget;
    if (this.watch) showPending(view, this.watch);
    const left = this.start().go(compiled.index, compiled.entry, budget);
    let done = budget - left;
    const way = left < 0 ? view.getInt32(exitAt, true) : 0;
    this.stopped = way < 0 ? -1 - way : 0;
    if (this.stopped !== 0) done = budget - ~left;
    else if (left < 0) {
      const exit = this.exits[way];
      if (!exit) throw new Error('no such way out of compiled code');
      done = budget - ~left - exit.left;
      cpu.s[RIP] = exit.address | 0;
      cpu.s[RIP + 1] = (exit.address / 0x100000000) | 0;
    }
    cpu.executed += done;
    this.executed += done - this.byThreaded();
    if (this.watch) tellCounted(view, this.watch);
    const { thrown } = this;
    if (thrown !== undefined) {
      this.thrown = undefined;
      throw thrown;
    }
    return done;
  }

  /** Instructions of the last run that threaded code executed. */
  private byThreaded(): number {
    const { threaded, stopped } = this;
    if (!threaded) return 0;
    const at = stoppedAt + 8;
    let count = this.view.getInt32(at, true);
    this.view.setInt32(at, 0, true);
    if (stopped !== 0) count -= threaded.locate(stopped);
    threaded.executed += count;
    return count;
  }

  private watchSource(): WatchSource | undefined {
    const { watch } = this;
    if (!watch?.copies) return undefined;
    return {
      watch,
      copies: watch.copies,
      number: (instruction, left, size) => this.stores.push({ instruction, left, size }) - 1,
    };
  }

  /** With the CPU's count as it is before an instruction that is so far from the end of what was counted. */
  private counted<T>(budget: number, left: number, then: () => T): T {
    const { cpu } = this;
    const { executed } = cpu;
    cpu.executed = this.before + this.budget - budget - left;
    try {
      return then();
    } finally {
      cpu.executed = executed;
      if (this.watch) showPending(this.view, this.watch);
    }
  }

  private readonly stored = (n: number, lo: number, hi: number, budget: number): void => {
    const store = this.stores[n];
    if (!store) throw new Error('no such store');
    const { instruction, left, size } = store;
    this.counted(budget, left, () => this.watch?.stored(instruction, addressOf(lo, hi), size));
  };

  /** One instruction of the interpreter's: -1 where it throws, 1 where compiled code may not be valid any more. */
  private readonly called = (n: number): number => {
    const { cpu } = this;
    const callable = this.callables[n];
    if (!callable) throw new Error('no such instruction');
    const { run, counted } = callable;
    cpu.end = 1;
    try {
      if (this.watch) this.counted(this.view.getInt32(watchWords.budget, true), counted, run);
      else run();
    } catch (thrown) {
      if (!(thrown instanceof MemoryFault || thrown instanceof Trap || thrown instanceof Missing))
        throw thrown;
      this.thrown = thrown;
      return -1;
    }
    return cpu.end === 0 || !this.hasMirror ? 1 : 0;
  };
}
