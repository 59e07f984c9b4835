// Repeated string instructions a page at a time, where the TLB has the pages: what it has not, or must not have, is done by elements.
import { readTlbAt, stateAt, tlbEntries, writeTlbAt } from './layout.js';

const pageSize = 4096;

export class Runs {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  /** Called behind what is written, as Memory's. */
  onStore: ((lo: number, hi: number, size: number) => void) | undefined;

  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }

  /** The place of an address's byte; 0: the TLB does not have it. */
  private place(tlb: number, lo: number, hi: number): number {
    const { words } = this;
    const at = (tlb >> 2) + (((lo >>> 12) & (tlbEntries - 1)) << 2);
    if (words[at] !== (lo & -pageSize) || words[at + 1] !== hi) return 0;
    return (words[at + 2] ?? 0) + (lo & (pageSize - 1));
  }

  /** Copies whole elements upwards, at most so many bytes, and gives their number. */
  copy(lo: number, hi: number, toLo: number, toHi: number, most: number, size: number): number {
    const left = pageSize - Math.max(lo & (pageSize - 1), toLo & (pageSize - 1));
    const length = Math.min(most, left) & -size;
    const from = this.place(readTlbAt, lo, hi);
    const to = this.place(writeTlbAt, toLo, toHi);
    if (length === 0 || from === 0 || to === 0) return 0;
    // An element that is read after it was written repeats what is before it.
    if (to > from && to < from + length) return 0;
    this.bytes.copyWithin(to, from, from + length);
    this.onStore?.(toLo, toHi, length);
    return length;
  }

  /** Writes elements of rax. */
  fill(lo: number, hi: number, most: number, size: number): number {
    const { bytes } = this;
    const length = Math.min(most, pageSize - (lo & (pageSize - 1))) & -size;
    const to = this.place(writeTlbAt, lo, hi);
    if (length === 0 || to === 0) return 0;
    bytes.copyWithin(to, stateAt, stateAt + size);
    for (let done = size; done < length; done *= 2)
      bytes.copyWithin(to + done, to, to + Math.min(done, length - done));
    this.onStore?.(lo, hi, length);
    return length;
  }
}
