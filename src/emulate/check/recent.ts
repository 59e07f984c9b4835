// The last mirror stores: a native store of a value that stands there already is told from one without a mirror store by them.

interface Entry {
  lo: number;
  hi: number;
  instruction: number;
}

const kept = 16;

export class Recent {
  private readonly entries: Entry[] = Array.from({ length: kept }, () => ({ lo: 0, hi: 0, instruction: -1 }));
  private next = 0;

  add(lo: number, hi: number, instruction: number): void {
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
    this.next = (this.next + 1) % kept;
  }

  /** The instruction that last wrote the mirror of a whole range; undefined: none of those kept. */
  covering(lo: number, hi: number): number | undefined {
    let found: number | undefined;
    for (const e of this.entries)
      if (e.lo <= lo && e.hi >= hi && e.instruction > (found ?? -1)) found = e.instruction;
    return found;
  }
}
