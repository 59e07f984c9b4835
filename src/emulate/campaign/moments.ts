// Moments of the clean run, so that a case does not begin at the program's start.
import type { Machine, RunResult, Snapshot } from '../machine.js';
import type { Mark, Terminal } from './terminal.js';
import type { Clean } from './trace.js';

export interface Moment {
  readonly snapshot: Snapshot;
  readonly mark: Mark;
  readonly executed: number;
  readonly calls: number;
}

const moments = 100;
const closest = 2048;

export class Moments {
  readonly grid: Moment[] = [];
  /** How the clean run ends. */
  readonly result: RunResult;
  /** The last one asked for: the next is not far. */
  private moving: Moment | undefined;

  /** The machine is where the program's own code begins; it is at the end afterwards. */
  constructor(
    private readonly machine: Machine,
    private readonly terminal: Terminal,
    private readonly clean: Clean,
  ) {
    const step = Math.max(closest, Math.ceil((clean.end - clean.start) / moments));
    let result: RunResult;
    do {
      this.grid.push(this.take());
      result = machine.run(step);
    } while (result.kind === 'limit');
    this.result = result;
    if (machine.executed !== clean.end) throw new Error('two clean runs are not the same');
  }

  take(): Moment {
    const { machine } = this;
    // Whose turn it is from here on.
    machine.kernel.untilDue();
    return {
      snapshot: machine.snapshot(),
      mark: this.terminal.mark(),
      executed: machine.executed,
      calls: machine.kernel.calls,
    };
  }

  restore(moment: Moment): void {
    this.machine.restore(moment.snapshot);
    this.terminal.restore(moment.mark);
  }

  release(moment: Moment): void {
    this.machine.release(moment.snapshot);
  }

  /** Brings the machine to an instruction boundary; what it gives is good until the next time. */
  goTo(at: number): Moment {
    const { machine, moving } = this;
    let base = moving && moving.executed <= at ? moving : undefined;
    for (const m of this.grid) if (m.executed <= at && m.executed > (base?.executed ?? -1)) base = m;
    if (!base) throw new RangeError(`the program's own code begins at instruction ${this.clean.start}`);
    this.restore(base);
    if (base.executed === at) return base;
    if (machine.run(at - base.executed).kind !== 'limit')
      throw new RangeError(`the program ends at instruction ${this.clean.end}`);
    const next = this.take();
    if (moving) this.release(moving);
    this.moving = next;
    return next;
  }
}
