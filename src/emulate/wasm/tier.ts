// Tier 1: compiles regions around hot blocks and runs them. What it leaves is as the interpreter would have left it at the same instruction.
import type { Block, Compiled } from '../block.js';
import { exitAt, jumpCacheAt, jumpCacheEntries, wasmPage } from '../layout.js';
import { MemoryFault } from '../memory-fault.js';
import type { Op } from '../operands.js';
import { Missing } from '../missing.js';
import { RIP, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import { wasm } from './api.js';
import { jumpSlot, makeDriver, types } from './driver.js';
import type { Driver } from './driver.js';
import { encodeModule } from './encode.js';
import { compileRegion } from './region.js';

/** One call of compiled code executes at most so many instructions: the next one may find better code. */
const slice = 1 << 22;
/** A block that is reached from a hot one is compiled with it if it was executed so often. */
const share = 32;

export class Tier1 {
  private driver: Driver | undefined;
  private readonly callables: Op[] = [];
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
    private readonly find: (address: number) => Block | undefined,
    /** Executions after which a block is hot. */
    readonly hot: number,
  ) {
    this.view = new DataView(cpu.memory.shared.buffer);
  }

  private start(): Driver {
    if (!this.driver) {
      this.driver = makeDriver(this.cpu.memory);
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
    this.exits.length = 0;
    this.emptyJumpCache();
  }

  /** An empty entry has an address that belongs elsewhere: -1, and in place 0, where that belongs, 1. */
  private emptyJumpCache(): void {
    new Uint8Array(this.view.buffer, jumpCacheAt, 16 * jumpCacheEntries).fill(0xff);
    this.view.setBigInt64(jumpCacheAt, 1n, true);
  }

  /** Of a block that has become hot. It may have to stay with the interpreter. */
  compile(block: Block): void {
    const region = compileRegion(block, {
      find: (address) => {
        const found = this.find(Number(address));
        return found && found.count * share >= this.hot ? found : undefined;
      },
      callable: (run) => this.callables.push(run) - 1,
      exit: (address, left) => this.exits.push({ address: Number(address), left }) - 1,
      place: (writes) => this.cpu.memory.tlb.place(writes),
      index: this.regions,
    });
    if (!region) return;
    const { table, imports } = this.start();
    const module = new wasm.Module(
      encodeModule({
        types: [types.region, types.miss, types.flush, types.call],
        imports: [
          { name: 'miss', type: 1 },
          { name: 'flush', type: 2 },
          { name: 'call', type: 3 },
        ],
        table: false,
        pages: this.view.byteLength / wasmPage,
        functions: [{ name: 'run', type: 0, code: region.code }],
      }),
    );
    const { exports } = new wasm.Instance(module, {
      e: { ...imports, call: (n: number) => this.call(n) },
    });
    const index = this.regions++;
    if (index >= table.length) table.grow(table.length);
    table.set(index, exports['run']);
    this.compiledInstructions += region.instructions;
    region.entries.forEach((address, entry) => {
      const found = this.find(Number(address));
      if (found && (found === block || !found.compiled))
        found.compiled = { index, entry, size: region.instructions };
    });
  }

  /** Executes from a compiled block on, at most `room` instructions, and gives their number; throws what an instruction of the interpreter's threw. */
  run(block: Block, compiled: Compiled, room: number): number {
    const { cpu, view } = this;
    const slot = jumpSlot(block.lo);
    view.setInt32(slot, block.lo, true);
    view.setInt32(slot + 4, block.hi, true);
    view.setInt32(slot + 8, compiled.index, true);
    view.setInt32(slot + 12, compiled.entry, true);
    const budget = Math.min(room, slice);
    const left = this.start().go(compiled.index, compiled.entry, budget);
    let done = budget - left;
    if (left < 0) {
      const exit = this.exits[view.getInt32(exitAt, true)];
      if (!exit) throw new Error('no such way out of compiled code');
      done = budget - ~left - exit.left;
      cpu.s[RIP] = exit.address | 0;
      cpu.s[RIP + 1] = (exit.address / 0x100000000) | 0;
    }
    cpu.executed += done;
    this.executed += done;
    const { thrown } = this;
    if (thrown !== undefined) {
      this.thrown = undefined;
      throw thrown;
    }
    return done;
  }

  /** One instruction of the interpreter's: -1 where it throws, 1 where compiled code may not be valid any more. */
  private call(n: number): number {
    const { cpu } = this;
    cpu.end = 1;
    try {
      this.callables[n]?.();
    } catch (thrown) {
      if (!(thrown instanceof MemoryFault || thrown instanceof Trap || thrown instanceof Missing))
        throw thrown;
      this.thrown = thrown;
      return -1;
    }
    return cpu.end === 0 ? 1 : 0;
  }
}
