// Blocks that are executed again become threaded code: where the interpreter's closures take some twenty nanoseconds an
// instruction, and several cache lines, records take a few and one. What a block has no routine for stays with its closures.
import type { Block } from '../block.js';
import { blockEntries, blocksAt, enterAt, framesAt, recordsAt, stoppedAt } from '../layout.js';
import type { Cpu } from '../state.js';
import type { Decoded } from '../instruction.js';
import type { StoreWatch } from '../store-watch.js';
import { Twins } from '../wasm/twins.js';
import { showPending, tellCounted } from '../wasm/watch-words.js';
import { blockEntry, entering, goesOn, makeLoop, routineNumbers, stopped } from './loop.js';
import type { Loop, Run } from './loop.js';
import { encoded } from './encode.js';
import { watchedSteps } from './pairs.js';
import { field, head, recordBytes, write } from './record.js';
import type { Step } from './record.js';

/** One call executes at most so many instructions: the next one may find that V8 has better code. */
const most = 1 << 17;

export class Threaded {
  private made: Loop | undefined;
  private readonly view: DataView;
  private readonly words: Int32Array;
  private end = recordsAt;
  private readonly blocks: Block[] = [];
  /** Where the last run stopped: the block, and how many of its instructions were executed. */
  block: Block | undefined;
  position = 0;
  /** Who is told of stores, but for those of the closures; set before the first block. */
  watch: StoreWatch | undefined;
  /** Instructions executed by routines. */
  executed = 0;

  constructor(
    private readonly cpu: Cpu,
    /** Executions after which a block is the compiler's. */
    private readonly hot: number | undefined,
  ) {
    const { buffer } = cpu.memory.shared;
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
    this.words[(enterAt + field.routine) >> 2] = routineNumbers.get(entering) ?? 0;
    this.forget();
  }

  /** An empty entry has an address that belongs elsewhere, as in the jump cache. */
  forget(): void {
    this.words.fill(-1, blocksAt >> 2, (blocksAt >> 2) + 4 * blockEntries);
    this.view.setBigInt64(blocksAt, 1n, true);
    this.end = recordsAt;
    this.blocks.length = 0;
  }

  /** Makes a block's records. When there is no more room, blocks stay as they are. */
  add(block: Block, instructions: readonly Decoded[]): void {
    const { bits } = this.cpu;
    const header = this.end;
    const bytes = recordBytes * (instructions.length + 2);
    if (header + bytes > framesAt) return;
    this.end += bytes;
    const { view } = this;
    const put = (place: number, value: number): void => {
      view.setInt32(header + place, value, true);
    };
    put(head.length, instructions.length);
    put(head.count, block.count);
    put(head.stop, block.compiled ? 1 : 0);
    put(head.number, this.blocks.push(block) - 1);
    put(head.address, block.lo);
    put(head.address + 4, block.hi);
    let at = header;
    const record = (routine: number): void => {
      at += recordBytes;
      view.setInt32(at + field.routine, routine, true);
      view.setInt32(at + field.header, header, true);
    };
    for (const { routine, fields } of this.steps(instructions)) {
      const number = routine === undefined ? undefined : routineNumbers.get(routine);
      record(number ?? 0);
      if (fields) write(view, at, fields);
    }
    record(routineNumbers.get(goesOn) ?? 0);
    const next = instructions.at(-1)?.next ?? 0n;
    write(view, at, { routine: goesOn, taken: bits === 32 ? BigInt.asUintN(32, next) : next });
    block.header = header;
    block.instructions = undefined;
    block.ops.length = 0;
  }

  private steps(instructions: readonly Decoded[]): readonly Step[] {
    const { bits } = this.cpu;
    const fields = instructions.map((i) => encoded(i, bits));
    const copies = this.watch?.copies;
    return copies
      ? watchedSteps(instructions, fields, this.loop.storing, new Twins(bits, copies))
      : fields.map((one) => ({ routine: one?.routine, fields: one }));
  }

  /** Takes the entry, which another block may have had. */
  private enter({ lo, hi, header }: Block): void {
    const { words } = this;
    const entry = blockEntry(lo) >> 2;
    words[entry] = lo;
    words[entry + 1] = hi;
    words[entry + 2] = header;
  }

  /** How often a block was begun. */
  countOf(block: Block): number {
    return block.header === 0 ? block.count : (this.words[(block.header + head.count) >> 2] ?? 0);
  }

  /** It is begun once more. */
  begin(block: Block): void {
    this.words[(block.header + head.count) >> 2] = this.countOf(block) + 1;
  }

  /** A block that is compiled. */
  leave(block: Block): void {
    if (block.header !== 0) this.words[(block.header + head.stop) >> 2] = 1;
  }

  /** Whether an instruction has no routine. */
  needsClosure(block: Block, position: number): boolean {
    return this.words[(block.header + recordBytes * (position + 1) + field.routine) >> 2] === 0;
  }

  /** As a function of compiled code: from the record at `enterAt` on. */
  get function(): Run {
    return this.loop.go;
  }

  private get loop(): Loop {
    const { cpu, hot, watch } = this;
    return (this.made ??= makeLoop(cpu.memory, cpu.bits, hot, watch?.copies));
  }

  /**
   * Executes from an instruction of a block on; `room` counts from the block's first. What it gives is one of `stopped`; `cpu.executed` are then the
   * instructions before the block where it stopped.
   */
  run(block: Block, position: number, room: number): number {
    const { cpu, watch, words } = this;
    if (position === 0) this.enter(block);
    if (watch) showPending(this.view, watch);
    const budget = room > most ? most : room;
    const from = cpu.executed + position;
    const last = cpu.executed + budget;
    const why = this.function(block.header + recordBytes * (position + 1), budget - block.length);
    cpu.executed = last - (words[stoppedAt >> 2] ?? 0);
    this.executed += cpu.executed - from;
    if (why !== stopped.block) this.executed -= this.locate(why);
    if (watch) tellCounted(this.view, watch);
    return why;
  }

  /** Where it stopped; of a block that a closure goes on with, the instructions count for nothing. What it gives is how many were not executed. */
  locate(why: number): number {
    const { cpu, words } = this;
    const record = words[(stoppedAt >> 2) + 1] ?? 0;
    const header = words[(record + field.header) >> 2] ?? 0;
    const found = this.blocks[words[(header + head.number) >> 2] ?? 0];
    if (!found) throw new Error('no such record');
    this.block = found;
    this.position = (record - header) / recordBytes - 1;
    if (why !== stopped.closure) return 0;
    cpu.executed -= found.length;
    return found.length - this.position;
  }
}
