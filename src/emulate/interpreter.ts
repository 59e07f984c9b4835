// Runs blocks: instructions in a row, each decoded once into a closure. A block ends behind what may change RIP, at the end of its page or at its
// limit; stopping after any instruction, stores into code and faults are exact.
import type { Block } from './block.js';
import { longestInstruction, Reader } from './instruction.js';
import type { Decoded } from './instruction.js';
import { addressOf, MemoryFault } from './memory.js';
import { Missing } from './missing.js';
import { endsBlock } from './ops/control.js';
import { builderOf } from './ops/table.js';
import type { Op } from './operands.js';
import { RIP, Trap } from './state.js';
import type { Cpu } from './state.js';
import type { StoreWatch } from './store-watch.js';
import { stopped } from './threaded/loop.js';
import { Threaded } from './threaded/threaded.js';
import { Tier1 } from './wasm/tier.js';

/** Why the interpreter came back. `done`: as many instructions as asked for. */
export type Stop =
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'fault'; readonly fault: MemoryFault }
  | { readonly kind: 'trap'; readonly trap: Trap }
  | { readonly kind: 'missing'; readonly name: string; readonly bytes: Uint8Array; readonly address: number };

/** The clock is the number of instructions before, however they are cut into blocks. */
const readsClock = new Set(['rdtsc', 'rdtscp', 'syscall', 'int']);
const longestBlock = 64;
const hotBlock = 4000;
const warmBlock = 2;
/** Takes closures as long as making the function of threaded code takes: what ends before is better without. */
const coldBlocks = 1000;
const cacheSize = 1 << 14;
const codePage = 4096;
/** Bytes at a time: most blocks are shorter. */
const fetched = 64;

export interface Tiers {
  /** 1: hot code is compiled to WebAssembly. */
  readonly tier: 0 | 1;
  /** Executions after which a block is compiled. */
  readonly hot?: number;
  /** Executions after which a block becomes threaded code; 0: none does. */
  readonly warm?: number;
  /** How often blocks that are warm are executed by closures before any becomes threaded code; left out, none is where `warm` is said. */
  readonly cold?: number;
  /** Instructions in a block at most. */
  readonly longest?: number;
}

/** Jumps and calls to an address that is not in the instruction. */
const goesAnywhere = (i: Decoded | undefined): boolean =>
  (i?.name === 'jmp' || i?.name === 'call') && i.operands[0]?.kind !== 'target';

export class Interpreter {
  private blocks = new Map<number, Block>();
  private cache: (Block | undefined)[] = new Array<Block | undefined>(cacheSize).fill(undefined);
  private stale = false;
  private interrupted = false;
  /** Set by whoever wants run() to come back behind the running instruction. */
  stopRequested = false;
  /** Called with each block that is executed and how many of its instructions were. */
  onBlock: ((instructions: readonly Decoded[], count: number) => void) | undefined;
  /** The instruction that runs; only meaningful inside one, with `precise`. */
  current: Decoded | undefined;
  /** Its place in the block: `cpu.executed + position` were executed before it. */
  position = 0;
  /** Called before each instruction, with `precise`; set before the first block. */
  onInstruction: ((instruction: Decoded) => void) | undefined;
  /** Keeps `current` and `position`; set before the first block. */
  precise = false;

  /** Compiled code, if there is to be any. */
  readonly compiled: Tier1 | undefined;
  readonly threaded: Threaded | undefined;
  private readonly warm: number;
  private cold: number;
  private hot: number;
  private readonly longest: number;
  private watched: Interpreter['onBlock'];

  constructor(
    readonly cpu: Cpu,
    { tier, hot = hotBlock, warm, cold, longest = longestBlock }: Tiers = { tier: 0 },
  ) {
    this.longest = longest;
    this.warm = warm ?? warmBlock;
    this.cold = cold ?? (warm === undefined ? coldBlocks : 0);
    this.hot = hot;
    if (this.warm > 0) this.threaded = new Threaded(cpu, tier === 1 ? hot : undefined);
    if (tier === 1)
      this.compiled = new Tier1(
        cpu,
        {
          find: (address) => this.counted(address),
          instructions: (block) => this.instructionsOf(block),
          op: (block, position) => this.op(block, position),
        },
        this.threaded,
      );
    cpu.memory.onCodeChange = () => {
      this.stale = true;
      cpu.end = 0;
    };
  }

  /**
   * Compiled code tells its stores; the interpreter's are told by `onStore`, its blocks by what is `onBlock` now. Whoever sets another one has the
   * interpreter execute all.
   */
  watchStores(watch: StoreWatch): void {
    if (!this.compiled) return;
    this.compiled.watch = watch;
    if (this.threaded) this.threaded.watch = watch;
    this.watched = this.onBlock;
  }

  /** run() comes back as if it had been asked for no more. */
  interrupt(): void {
    this.interrupted = true;
    this.cpu.end = 0;
  }

  stop(): void {
    this.stopRequested = true;
    this.cpu.end = 0;
  }

  /** Executes at most `limit` instructions. RIP is then the next one, or the one that faulted. */
  run(limit: number): Stop {
    const { cpu, threaded } = this;
    const s = cpu.s;
    const last = cpu.executed + limit;
    this.stopRequested = false;
    this.interrupted = false;
    let block: Block | undefined;
    let before: Block | undefined;
    let n = 0;
    try {
      while (cpu.executed < last) {
        if (this.stale) this.forget();
        block = undefined;
        n = 0;
        const lo = s[RIP] ?? 0;
        const hi = s[RIP + 1] ?? 0;
        const slot = (lo ^ (lo >>> 14)) & (cacheSize - 1);
        const cached = this.cache[slot];
        const next =
          cached !== undefined && cached.lo === lo && cached.hi === hi ? cached : this.lookUp(lo, hi, slot);
        if (before?.targets?.includes(next) === false) before.targets.push(next);
        before = undefined;
        let whole = next.length;
        const room = last - cpu.executed;
        let why = room >= whole ? this.runAhead(next, room) : undefined;
        if (why === undefined) {
          block = next;
          const { ops } = block;
          cpu.end = room < whole ? room : whole;
          s[RIP] = block.nextLo;
          s[RIP + 1] = block.nextHi;
          while (n < cpu.end) {
            (ops[n] ?? this.op(block, n))();
            n++;
          }
        } else {
          while (why === stopped.closure && threaded?.block) {
            const inside = threaded.block;
            block = inside;
            whole = inside.length;
            n = threaded.position;
            cpu.end = whole;
            s[RIP] = inside.nextLo;
            s[RIP + 1] = inside.nextHi;
            do {
              (inside.ops[n] ?? this.op(inside, n))();
              n++;
            } while (n < cpu.end && threaded.needsClosure(inside, n));
            if (n >= cpu.end) break;
            why = threaded.run(inside, n, last - cpu.executed);
          }
          if (why !== stopped.closure || !block) {
            if (this.stopRequested) return { kind: 'stopped' };
            if (this.interrupted) break;
            if (why === stopped.anywhere) before = threaded?.block;
            continue;
          }
        }
        cpu.executed += n;
        if (n < whole) this.setRip(block, n);
        this.onBlock?.(this.instructionsOf(block), n);
        if (block.targets) before = block;
        if (this.stopRequested) return { kind: 'stopped' };
        if (this.interrupted) break;
      }
      return { kind: 'done' };
    } catch (thrown) {
      if (block) {
        cpu.executed += n;
        if (n < block.length) this.setRip(block, n);
        this.onBlock?.(this.instructionsOf(block), n);
      }
      if (thrown instanceof MemoryFault) return { kind: 'fault', fault: thrown };
      if (thrown instanceof Trap) return { kind: 'trap', trap: thrown };
      if (thrown instanceof Missing) {
        const { instruction, bytes } = thrown;
        return {
          kind: 'missing',
          name: instruction.name,
          bytes: bytes.subarray(0, instruction.length),
          address: Number(instruction.address),
        };
      }
      throw thrown;
    } finally {
      this.position = 0;
    }
  }

  /** By compiled or threaded code, from a block's beginning: why that stopped (threaded/loop.ts). Undefined: it is for closures. */
  private runAhead(block: Block, room: number): number | undefined {
    const { compiled, threaded } = this;
    if (compiled && this.runCompiled(compiled, block, room)) return compiled.stopped;
    if (!threaded || !this.isTold(block)) return undefined;
    if (!compiled) this.begin(block);
    if (block.header === 0 && block.count >= this.warm) {
      if (this.cold-- > 0) return undefined;
      threaded.add(block, this.instructionsOf(block));
    }
    return block.header === 0 ? undefined : threaded.run(block, 0, room);
  }

  /** Whether all who watch are told what they want by compiled and threaded code, too. */
  private isTold(block: Block): boolean {
    const { onStore, onTouch } = this.cpu.memory;
    if (onTouch || this.onInstruction) return false;
    const watch = this.compiled?.watch;
    if (watch)
      return (
        this.onBlock === this.watched &&
        watch.copies !== undefined &&
        (block.isWatchable ??= watch.compiles(addressOf(block.lo, block.hi)))
      );
    return !this.onBlock && !this.precise && !onStore;
  }

  /** False: nothing was executed. Whoever watches each instruction has the interpreter do them all. */
  private runCompiled(tier: Tier1, block: Block, room: number): boolean {
    if (!this.isTold(block)) return false;
    if (this.begin(block) === this.hot && !block.compiled)
      for (const found of tier.compile(block, this.hot)) this.threaded?.leave(found);
    return block.compiled !== undefined && tier.run(block, block.compiled, room) > 0;
  }

  /** How often a block was begun. */
  private begin(block: Block): number {
    const { threaded } = this;
    if (threaded && block.header !== 0) threaded.begin(block);
    else block.count++;
    return threaded?.countOf(block) ?? block.count;
  }

  private counted(address: number): Block | undefined {
    const block = this.blocks.get(address);
    if (block && this.threaded) block.count = this.threaded.countOf(block);
    return block;
  }

  /** To an instruction of a block. */
  private setRip(block: Block, position: number): void {
    const address = Number(this.instructionsOf(block)[position]?.address);
    this.cpu.s[RIP] = address | 0;
    this.cpu.s[RIP + 1] = (address / 0x100000000) | 0;
  }

  /** An instruction's closure. */
  private op(block: Block, position: number): Op {
    // Kept: it may change the code that it would have to be decoded from.
    block.instructions ??= this.instructionsOf(block);
    const instruction = block.instructions[position];
    if (!instruction) throw new Error('no such instruction');
    return (block.ops[position] ??= this.build(instruction, position));
  }

  /** Of a block, decoded again where they were given back. */
  private instructionsOf({ lo, hi, length, instructions }: Block): readonly Decoded[] {
    return instructions ?? this.decode(addressOf(lo, hi), length);
  }

  private forget(): void {
    this.blocks.clear();
    this.compiled?.forget();
    this.threaded?.forget();
    this.cache.fill(undefined);
    this.stale = false;
  }

  private lookUp(lo: number, hi: number, slot: number): Block {
    const address = addressOf(lo, hi);
    let block = this.blocks.get(address);
    if (!block) {
      block = this.translate(lo, hi);
      this.blocks.set(address, block);
    }
    this.cache[slot] = block;
    return block;
  }

  private translate(lo: number, hi: number): Block {
    const instructions = this.decode(addressOf(lo, hi), this.longest);
    const last = instructions.at(-1);
    const next = Number(last?.next);
    return {
      lo,
      hi,
      length: instructions.length,
      instructions,
      ops: [],
      nextLo: next | 0,
      nextHi: (next / 0x100000000) | 0,
      isWatchable: undefined,
      count: 0,
      header: 0,
      targets: goesAnywhere(last) ? [] : undefined,
      compiled: undefined,
    };
  }

  /** At least one instruction, and at most so many, up to where a block ends. */
  private decode(start: number, most: number): readonly Decoded[] {
    const { cpu } = this;
    const pageEnd = start - (start % codePage) + codePage;
    const instructions: Decoded[] = [];
    let at = start;
    let reader: Reader | undefined;
    try {
      while (instructions.length < most && at < pageEnd) {
        if (reader === undefined || reader.left < longestInstruction) {
          // A fault is this block's only if it is its first instruction.
          let bytes: Uint8Array;
          try {
            bytes = cpu.memory.fetch(at, fetched);
          } catch (fault) {
            if (instructions.length > 0 && fault instanceof MemoryFault) break;
            throw fault;
          }
          reader?.free();
          reader = new Reader(bytes, BigInt(at), cpu.bits);
        }
        const decoded = reader.next();
        if (!decoded) {
          if (instructions.length > 0) break;
          // Cut short by the end of memory: the fault is that of the byte behind.
          if (reader.left < longestInstruction) cpu.memory.fetch(at + reader.left);
          throw new Trap('illegal', 'not an instruction');
        }
        instructions.push(decoded);
        at += decoded.length;
        if (endsBlock(decoded.name)) break;
      }
    } finally {
      reader?.free();
    }
    // As long as it is: an array that has grown keeps room for more.
    return instructions.slice();
  }

  private build(decoded: Decoded, position: number): Op {
    const builder = builderOf(decoded);
    let op: Op;
    try {
      if (!builder) throw new Error('no row');
      op = builder(this.cpu, decoded);
    } catch {
      const missing = new Missing(decoded, this.cpu.memory.fetch(Number(decoded.address)));
      return () => {
        throw missing;
      };
    }
    if (readsClock.has(decoded.name)) {
      const { cpu } = this;
      const inner = op;
      op = () => {
        cpu.position = position;
        inner();
      };
    }
    if (!this.precise) return op;
    const { onInstruction } = this;
    return () => {
      this.current = decoded;
      this.position = position;
      onInstruction?.(decoded);
      op();
    };
  }
}
