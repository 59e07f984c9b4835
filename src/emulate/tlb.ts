// Which pages may be accessed where they lie, in the memory that compiled code shares: a table by page number, and the pages that places in
// compiled code remember. An entry is a page's address (low, high word), the offset of its frame, nothing; what a place has is said in layout.ts.
import { pagesAt, pagesEach, pairPagesAt, readTlbAt, tlbEntries, writeTlbAt } from './layout.js';

/** Of a place: what is read, what may be written, and both copies of what is. */
export type Remembered = 'read' | 'write' | 'pair';

const pageSize = 4096;
/** By entry, an address that belongs into another one: no address differs from it by less than a page. */
const noTag = (entry: number): number => (entry ^ 1) << 12;
/** Of a table in which nothing is found. */
export const emptyTlb = new Int32Array(4 * tlbEntries);
for (let entry = 0; entry < tlbEntries; entry++) emptyTlb[4 * entry] = noTag(entry);
/** A page that no program has, and a frame that is in no memory. */
const noPage = [-0x21524000, 0x4badf00d | -0x80000000, -pageSize, 0];
const placesAt: Readonly<Record<Remembered, number>> = {
  read: pagesAt,
  write: pagesAt + 16 * pagesEach,
  pair: pairPagesAt,
};
const noPages = new Int32Array(4 * pagesEach);
for (let place = 0; place < pagesEach; place++) noPages.set(noPage, 4 * place);

export class Tlb {
  readonly read: Int32Array;
  readonly write: Int32Array;
  private readonly readPages: Int32Array;
  private readonly writePages: Int32Array;
  private readonly pairPages: Int32Array;
  private places = 0;

  constructor(buffer: ArrayBuffer) {
    this.read = new Int32Array(buffer, readTlbAt, tlbEntries * 4);
    this.write = new Int32Array(buffer, writeTlbAt, tlbEntries * 4);
    this.readPages = new Int32Array(buffer, pagesAt, pagesEach * 4);
    this.writePages = new Int32Array(buffer, pagesAt + 16 * pagesEach, pagesEach * 4);
    this.pairPages = new Int32Array(buffer, pairPagesAt, pagesEach * 4);
    for (const pages of [this.readPages, this.writePages, this.pairPages]) pages.set(noPages);
    this.flush();
  }

  flush(): void {
    this.read.set(emptyTlb);
    this.forgetPages(this.readPages);
    this.flushWrites();
  }

  flushWrites(): void {
    this.write.set(emptyTlb);
    this.forgetPages(this.writePages);
    this.forgetPages(this.pairPages);
  }

  /** A page has moved: of what is read, the writer's entry is replaced. */
  moved(lo: number): void {
    const entry = (lo >>> 12) & (tlbEntries - 1);
    this.read[entry << 2] = noTag(entry);
    this.forgetPages(this.readPages);
  }

  private forgetPages(pages: Int32Array): void {
    pages.set(noPages.subarray(0, 4 * Math.min(this.places, pagesEach)));
  }

  /** The next place where compiled code remembers a page: others may have the same one. */
  place(of: Remembered): number {
    return placesAt[of] + 16 * (this.places++ % pagesEach);
  }
}
