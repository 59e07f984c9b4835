// What the runtime remembers of a recovery (how many, which, its report) differs from the clean run afterwards. Which words of its state these are is
// learned: a difference counts as harmless once a run with it went on to the same end. Locks never do.
import type { Machine } from '../machine.js';

export class Harmless {
  private readonly known = new Set<number>();
  /** mr_state begins with the runtime's lock; mr_locks are those of atomic operations. */
  private readonly locks: readonly { readonly lo: number; readonly hi: number }[];

  constructor(machine: Machine) {
    const symbol = (name: string, size?: number): { lo: number; hi: number } => {
      const found = machine.elf.symbols.find((s) => s.name === name);
      if (!found) throw new Error(`a runtime without ${name}`);
      const lo = found.address + machine.start.bias;
      return { lo, hi: lo + (size ?? found.size) };
    };
    this.locks = [symbol('mr_state', 8), symbol('mr_locks')];
  }

  forget(): void {
    this.known.clear();
  }

  are(words: ReadonlySet<number>): boolean {
    for (const word of words) if (!this.known.has(word)) return false;
    return true;
  }

  learn(words: ReadonlySet<number>): void {
    for (const word of words) if (!this.locks.some((l) => word >= l.lo && word < l.hi)) this.known.add(word);
  }
}
