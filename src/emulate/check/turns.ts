// What the check keeps for each thread: its own clock, and what it did last.
import { Recent } from './recent.js';
import type { Window } from './pending.js';
import type { WindowClass } from './result.js';

export class Turns {
  /** Its last mirror stores. */
  readonly recent = new Recent();
  /** Of the program, before the runtime was entered. */
  stackPointer = 0;
  lastClosed:
    | { readonly window: Window; readonly known: WindowClass; readonly at: number; readonly length: number }
    | undefined;
  /** In 32-bit code: where its last call has put the return address, and its instructions before. */
  called: { readonly address: number; readonly executed: number } | undefined;
  /** Its instructions in the runtime, in turns that are over, and where its turn began. */
  inRuntime = 0;
  private before = 0;
  private since: number | undefined;

  /** `executed`: instructions of all threads so far. */
  begin(executed: number): void {
    this.since = executed;
  }

  end(executed: number): void {
    this.before = this.executed(executed);
    this.since = undefined;
  }

  /** Its own instructions, of so many that all threads have executed by now. */
  executed(all: number): number {
    return this.since === undefined ? this.before : this.before + all - this.since;
  }

  inProgram(all: number): number {
    return this.executed(all) - this.inRuntime;
  }
}
