// The last instructions of a run with what they stored, for whoever wants to know how it came to its end.
import type { Decoded } from './instruction.js';
import { disassemble } from './instruction.js';
import type { Machine } from './machine.js';
import { addressOf, MemoryFault } from './memory.js';
import { isMirror, mirrorIn, nativeOf } from './check/mirror.js';
import type { Mirror } from './check/mirror.js';

export interface Stored {
  lo: number;
  hi: number;
  /** The kernel wrote it, for a system call or a signal. */
  readonly byKernel: boolean;
}

export interface Recorded {
  /** Instructions executed before. */
  readonly at: number;
  readonly instruction: Decoded;
  readonly stores: readonly Stored[];
}

interface Entry extends Recorded {
  readonly stores: Stored[];
}

export class Recorder {
  private entries: Entry[] = [];
  private next = 0;

  /** Before the machine's first instruction; beside a Lockstep, before that is made. */
  constructor(
    private readonly machine: Machine,
    private readonly size: number,
  ) {
    const { cpu, interpreter, kernel, memory } = machine;
    interpreter.precise = true;
    interpreter.onInstruction = (instruction) => {
      this.entries[this.next] = { at: cpu.executed + interpreter.position, instruction, stores: [] };
      this.next = (this.next + 1) % this.size;
    };
    memory.onStore = (lo, hi, bytes) => {
      this.stored(addressOf(lo, hi), bytes, false);
    };
    const { onWrite } = kernel;
    kernel.onWrite = (address, bytes) => {
      onWrite?.(address, bytes);
      this.stored(address, bytes, true);
    };
    memory.tlb.flush();
  }

  private stored(lo: number, bytes: number, byKernel: boolean): void {
    const stores = this.entries[(this.next + this.size - 1) % this.size]?.stores;
    const last = stores?.at(-1);
    if (last?.byKernel === byKernel && last.hi === lo) last.hi += bytes;
    else if (last?.byKernel === byKernel && last.lo === lo + bytes) last.lo = lo;
    else stores?.push({ lo, hi: lo + bytes, byKernel });
  }

  /** What was executed so far does not count. */
  forget(): void {
    this.entries = [];
    this.next = 0;
  }

  /** Oldest first. */
  last(): readonly Recorded[] {
    return [...this.entries.slice(this.next), ...this.entries.slice(0, this.next)];
  }

  /** A line an instruction: its number, place, text, what it stored in which copy, and source line. */
  describe(): string {
    const { machine } = this;
    const mirror = mirrorIn(machine);
    const rows = this.last().map(({ at, instruction, stores }) => {
      const address = Number(instruction.address);
      const source = machine.sourceLine(address);
      return [
        String(at),
        machine.symbolize(address),
        this.text(instruction),
        stores.map((store) => storeText(store, mirror)).join(', '),
        source ? `${source.file}:${source.line}` : '',
      ] as const;
    });
    const widths = [0, 1, 2, 3].map((n) => Math.max(0, ...rows.map((row) => row[n]?.length ?? 0)));
    return rows
      .map(
        ([at, ...rest]) =>
          `${[at.padStart(widths[0] ?? 0), ...rest.map((cell, n) => cell.padEnd(widths[n + 1] ?? 0))].join('  ').trimEnd()}\n`,
      )
      .join('');
  }

  private text({ address, length, name }: Decoded): string {
    try {
      return disassemble(
        this.machine.memory.readBytes(Number(address), length),
        address,
        this.machine.elf.bits,
      );
    } catch (fault) {
      if (fault instanceof MemoryFault) return name; // unmapped since
      throw fault;
    }
  }
}

/** Without a mirror all memory is simply written. */
function storeText({ lo, hi, byKernel }: Stored, mirror: Mirror | undefined): string {
  const what = !mirror ? 'writes' : isMirror(mirror, lo) ? 'mirror of' : 'native';
  const address = mirror ? nativeOf(mirror, lo) : lo;
  const size = hi - lo;
  return `${byKernel ? 'kernel: ' : ''}${what} 0x${address.toString(16)} ${size} byte${size === 1 ? '' : 's'}`;
}
