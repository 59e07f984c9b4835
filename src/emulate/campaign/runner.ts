// Executes single cases: to the moment, page lost and rebuilt, and on to the end or to where the state is that of the clean run again.
import { pageSize } from '../memory.js';
import type { MemorySnapshot } from '../memory.js';
import type { Machine, RunResult, Snapshot } from '../machine.js';
import { runToProgram } from '../check/start.js';
import type { RuntimeMap } from '../check/runtime-map.js';
import { AH, HI } from '../state.js';
import type { Mark, Terminal } from './terminal.js';
import type { Clean, FaultCase } from './trace.js';

/** same: exit code, output and memory are those of the clean run; the others name the first thing that is not. */
export type Outcome = 'same' | 'crash' | 'hang' | 'exit' | 'output' | 'memory';
export const outcomes: readonly Outcome[] = ['same', 'crash', 'hang', 'exit', 'output', 'memory'];

interface Moment {
  readonly snapshot: Snapshot;
  readonly mark: Mark;
  readonly executed: number;
  readonly calls: number;
}

export interface Executed {
  readonly outcome: Outcome;
  readonly text: string;
}

const moments = 100;
const closest = 2048;

export class Runner {
  private readonly grid: Moment[] = [];
  private readonly final: MemorySnapshot;
  private readonly result: RunResult;
  private readonly written: readonly [Buffer, Buffer];
  /** The last case's moment: the next one's is not far. */
  private moving: Moment | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly terminal: Terminal,
    private readonly map: RuntimeMap,
    private readonly clean: Clean,
  ) {
    if (!runToProgram(machine, map)) throw new Error('the program ended before its own code began');
    const step = Math.max(closest, Math.ceil((clean.end - clean.start) / moments));
    let result: RunResult;
    do {
      this.grid.push(this.moment());
      result = machine.run(step);
    } while (result.kind === 'limit');
    this.result = result;
    this.final = machine.snapshot().memory;
    this.written = [terminal.written(1), terminal.written(2)];
    if (machine.executed !== clean.end) throw new Error('two clean runs are not the same');
  }

  private moment(): Moment {
    const { machine } = this;
    return {
      snapshot: machine.snapshot(),
      mark: this.terminal.mark(),
      executed: machine.executed,
      calls: machine.kernel.calls,
    };
  }

  private goTo(at: number): void {
    const { machine, moving } = this;
    let base = moving && moving.executed <= at ? moving : undefined;
    for (const m of this.grid) if (m.executed <= at && m.executed > (base?.executed ?? -1)) base = m;
    if (!base) throw new RangeError(`the program's own code begins at instruction ${this.clean.start}`);
    machine.restore(base.snapshot);
    this.terminal.restore(base.mark);
    if (base.executed === at) return;
    if (machine.run(at - base.executed).kind !== 'limit')
      throw new RangeError(`the program ends at instruction ${this.clean.end}`);
    const next = this.moment();
    if (moving) machine.release(moving.snapshot);
    this.moving = next;
  }

  execute(fault: Pick<FaultCase, 'at' | 'lost' | 'page'>): Executed {
    this.goTo(fault.at);
    try {
      return this.follow(fault);
    } catch (error) {
      // A program gone astray may ask for what the emulator cannot do, such as more memory than it has.
      if (!(error instanceof Error)) throw error;
      return { outcome: 'crash', text: `the emulator stops: ${error.message}` };
    }
  }

  private follow(fault: Pick<FaultCase, 'at' | 'lost' | 'page'>): Executed {
    const { machine, clean } = this;
    const { memory, kernel } = machine;
    const mirror = fault.page - clean.distance / pageSize;
    if (fault.lost === 'native') memory.copyPage(mirror, fault.page);
    else memory.copyPage(fault.page, mirror);
    // Until the next system call the kernel's state is the clean run's, and so is the rest of the run once registers and memory are.
    const { calls } = kernel;
    for (const m of this.grid) {
      if (m.executed <= fault.at) continue;
      const result = machine.run(m.executed - machine.executed);
      if (result.kind !== 'limit') return this.classify(result);
      if (kernel.calls !== calls || m.calls !== calls) break;
      if (this.isAt(m)) return { outcome: 'same', text: 'goes on as the clean run' };
    }
    return this.classify(machine.run(2 * clean.end + 1_000_000 - machine.executed));
  }

  private isAt({ snapshot }: Moment): boolean {
    const { cpu, memory } = this.machine;
    const own = cpu.snapshot();
    const { general, vectors, fpu } = snapshot.cpu;
    // Two places are what an instruction leaves to itself.
    if (!general.every((word, n) => word === own.general[n] || n === HI || n === AH)) return false;
    if (!vectors.every((word, n) => word === own.vectors[n])) return false;
    const scalars =
      fpu.control === own.fpu.control && fpu.status === own.fpu.status && fpu.top === own.fpu.top;
    if (!scalars || !fpu.empty.every((value, n) => value === own.fpu.empty[n])) return false;
    if (!fpu.significand.every((value, n) => value === own.fpu.significand[n])) return false;
    if (!fpu.exponent.every((value, n) => value === own.fpu.exponent[n])) return false;
    let pages = 0;
    for (const number of memory.presentPages()) {
      pages++;
      if (!memory.equals(snapshot.memory, number)) return false;
    }
    return pages === snapshot.memory.pages.size;
  }

  private classify(result: RunResult): Executed {
    if (result.kind === 'limit') return { outcome: 'hang', text: 'does not end' };
    if (result.kind === 'signal') return { outcome: 'crash', text: `signal ${result.number}` };
    if (result.kind !== 'exit') return { outcome: 'crash', text: result.text };
    if (this.result.kind !== 'exit' || result.code !== this.result.code)
      return { outcome: 'exit', text: `exit code ${result.code}` };
    for (const number of [1, 2] as const)
      if (!this.terminal.written(number).equals(this.written[number - 1] ?? Buffer.alloc(0)))
        return { outcome: 'output', text: `file descriptor ${number} got something else` };
    const differing = this.differingByte();
    if (differing === undefined) return { outcome: 'same', text: 'same exit code, output and memory' };
    const where = `0x${differing.toString(16)} (${this.machine.symbolize(differing)})`;
    return { outcome: 'memory', text: `${where} differs at the end` };
  }

  /** The first address at which protected memory is not as the clean run leaves it; a page that was never touched is zeros. */
  private differingByte(): number | undefined {
    const { memory } = this.machine;
    const { state } = this.map;
    const { unused, distance } = this.clean;
    const now = memory.snapshot();
    try {
      const numbers = [...new Set([...now.pages.keys(), ...this.final.pages.keys()])].sort((a, b) => a - b);
      for (const number of numbers) {
        if (memory.equals(this.final, number)) continue;
        const own = memory.pageBytes(now, number);
        const clean = memory.pageBytes(this.final, number);
        for (let n = 0; n < pageSize; n++) {
          if (own[n] === clean[n]) continue;
          const address = number * pageSize + n;
          const native = address >= distance ? address : address + distance;
          const exempt =
            (native >= state.lo && native < state.hi) || (native >= unused.lo && native < unused.hi);
          if (!exempt) return address;
        }
      }
      return undefined;
    } finally {
      memory.release(now);
    }
  }
}
