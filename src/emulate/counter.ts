// What a run executes, exactly: how often each instruction, and the bytes that it stores. Such a run is interpreted.
import type { Decoded } from './instruction.js';
import type { Machine } from './machine.js';
import { addressOf } from './memory.js';
import { isMirror, mirrorIn } from './check/mirror.js';
import type { Mirror } from './check/mirror.js';
import type { Origin } from './marks.js';

/** One instruction of the program. */
export interface CountedSite {
  readonly address: number;
  readonly mnemonic: string;
  readonly origin: Origin;
  /** Whether it stored, loads memory, changes where control goes, or none of these; the first that holds. */
  readonly class: 'store' | 'load' | 'branch' | 'other';
  readonly executed: number;
  /** Bytes stored to native memory, and to the mirror. */
  readonly stored: number;
  readonly mirrored: number;
}

export interface Counted {
  /** By address. */
  readonly sites: readonly CountedSite[];
  /** Bytes that the kernel wrote, for system calls and signals. */
  readonly byKernel: number;
}

/** How often an instruction was executed, and what it stored. */
interface Tally {
  executed: number;
  stored: number;
  mirrored: number;
}

const nothing: Tally = { executed: 0, stored: 0, mirrored: 0 };

/** Operands that are addresses only. */
const addressOnly = /^(lea|nop|prefetch|clflush|invlpg|endbr)/;
const branches = /^(j|call|ret|loop|iret)/;

export class Counter {
  /** By decoded instruction: code that changes is decoded anew. */
  private readonly tallies = new Map<Decoded, Tally>();
  /** Blocks that were executed to their end. */
  private readonly whole = new Map<readonly Decoded[], number>();
  private byKernel = 0;
  private mirror: Mirror | undefined;

  /** Before the machine's first instruction. */
  constructor(private readonly machine: Machine) {
    const { interpreter, kernel, memory } = machine;
    interpreter.precise = true;
    const { onBlock } = interpreter;
    interpreter.onBlock = (instructions, count) => {
      onBlock?.(instructions, count);
      if (count === instructions.length)
        this.whole.set(instructions, (this.whole.get(instructions) ?? 0) + 1);
      else this.executed(instructions, count, 1);
    };
    const { onStore } = memory;
    memory.onStore = (lo, hi, size) => {
      onStore?.(lo, hi, size);
      this.stored(addressOf(lo, hi), size);
    };
    const { onWrite } = kernel;
    kernel.onWrite = (address, bytes) => {
      onWrite?.(address, bytes);
      this.byKernel += bytes;
    };
    memory.tlb.flush();
  }

  private tallyOf(instruction: Decoded): Tally {
    let tally = this.tallies.get(instruction);
    if (tally === undefined) this.tallies.set(instruction, (tally = { executed: 0, stored: 0, mirrored: 0 }));
    return tally;
  }

  private executed(instructions: readonly Decoded[], count: number, times: number): void {
    for (const instruction of instructions.slice(0, count)) this.tallyOf(instruction).executed += times;
  }

  private stored(address: number, bytes: number): void {
    const { current } = this.machine.interpreter;
    if (current === undefined) return;
    // The runtime makes the mirror among its first instructions.
    this.mirror ??= mirrorIn(this.machine);
    const tally = this.tallyOf(current);
    if (this.mirror && isMirror(this.mirror, address)) tally.mirrored += bytes;
    else tally.stored += bytes;
  }

  /** What was counted so far. */
  result(): Counted {
    for (const [instructions, times] of this.whole) this.executed(instructions, instructions.length, times);
    this.whole.clear();
    // One instruction may stand in several blocks, and code that changes may have another one there.
    const sites = new Map<string, [instruction: Decoded, tally: Tally]>();
    for (const [instruction, tally] of this.tallies) {
      const key = `${instruction.address} ${instruction.name}`;
      const [, { executed, stored, mirrored }] = sites.get(key) ?? [undefined, nothing];
      sites.set(key, [
        instruction,
        {
          executed: executed + tally.executed,
          stored: stored + tally.stored,
          mirrored: mirrored + tally.mirrored,
        },
      ]);
    }
    const all = [...sites.values()].filter(([, { executed }]) => executed > 0);
    return {
      sites: all
        .map(([instruction, tally]) => ({
          address: Number(instruction.address),
          mnemonic: instruction.name,
          origin: this.machine.originOf(Number(instruction.address)),
          class: classOf(instruction, tally),
          ...tally,
        }))
        .sort((a, b) => a.address - b.address),
      byKernel: this.byKernel,
    };
  }
}

function classOf({ name, operands }: Decoded, { stored, mirrored }: Tally): CountedSite['class'] {
  if (stored + mirrored > 0) return 'store';
  if (branches.test(name)) return 'branch';
  return operands.some(({ kind }) => kind === 'memory') && !addressOnly.test(name) ? 'load' : 'other';
}
