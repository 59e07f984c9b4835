// The last mirror stores: a native store of a value that stands there already is told from one without a mirror store by them.

interface Entry {
  lo: number;
  hi: number;
  instruction: number;
  executed: number;
  /** The native store that it belongs to, by its instruction; -1: none yet. */
  taken: number;
}

/** A native store comes at most so many of its thread's instructions behind its mirror store: the longest pattern has as many. */
const longest = 64;
const kept = 64;

export class Recent {
  private readonly entries: Entry[] = Array.from({ length: kept }, () => ({
    lo: 0,
    hi: 0,
    instruction: -1,
    executed: -Infinity,
    taken: -1,
  }));
  private next = 0;

  /** `executed`: instructions of the thread before. */
  add(lo: number, hi: number, instruction: number, executed: number): void {
    const last = this.entries[(this.next + kept - 1) % kept];
    if (last?.instruction === instruction && (last.hi === lo || last.lo === hi)) {
      last.lo = Math.min(last.lo, lo);
      last.hi = Math.max(last.hi, hi);
      return;
    }
    const entry = this.entries[this.next];
    if (!entry) return;
    entry.lo = lo;
    entry.hi = hi;
    entry.instruction = instruction;
    entry.executed = executed;
    entry.taken = -1;
    this.next = (this.next + 1) % kept;
  }

  /** Gives a native store the last mirror store of the whole range, and that one's instruction; undefined: none of late is left. */
  take(lo: number, hi: number, instruction: number, executed: number): number | undefined {
    for (let n = 1; n <= kept; n++) {
      const e = this.entries[(this.next + kept - n) % kept];
      if (!e || executed - e.executed > longest) return undefined;
      if (e.lo > lo || e.hi < hi || (e.taken >= 0 && e.taken !== instruction)) continue;
      e.taken = instruction;
      return e.instruction;
    }
    return undefined;
  }
}
