// A row of decoded instructions, as the interpreter executes them and as they are compiled.
import type { Decoded } from './instruction.js';
import type { Op } from './operands.js';

export interface Block {
  readonly lo: number;
  readonly hi: number;
  /** How many instructions it has. */
  readonly length: number;
  /** Undefined: given back. They and closures take ten times the memory of threaded code, which has no use for them. */
  instructions: readonly Decoded[] | undefined;
  /** Closures of those that were executed by theirs. */
  readonly ops: (Op | undefined)[];
  readonly nextLo: number;
  readonly nextHi: number;
  /** Whether it may be compiled under a check of every store; undefined: that was not asked yet. */
  isWatchable: boolean | undefined;
  /** How often the interpreter began it; threaded code counts in its header. */
  count: number;
  /** Of its threaded code; 0: none. */
  header: number;
  /** Where its last instruction, a jump or call by a register or memory, went to; undefined: it ends in none. */
  readonly targets: Block[] | undefined;
  /** Where it is compiled. */
  compiled: Compiled | undefined;
}

/** A compiled region of so many instructions, and which of its entries. */
export interface Compiled {
  readonly index: number;
  readonly size: number;
  readonly entry: number;
}
