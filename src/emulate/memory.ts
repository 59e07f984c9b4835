// Guest memory: regions as the kernel keeps them, pages filled on first touch, and a software TLB in front. Every page lies in one buffer, so
// that a hit is two comparisons and an index. What is rare (a miss, a page with code, a store that is watched) shares one slow path.
import { Regions } from './regions.js';
import type { Region } from './regions.js';

export const pageSize = 4096;
export const READ = 1;
export const WRITE = 2;
export const EXECUTE = 4;

const tlbEntries = 1024;
const noTag = 1;
const addressLimit = 0x8000; // upper word: user addresses have 47 bits

interface Page {
  readonly frame: number;
  protection: number;
  /** Holds decoded instructions: a store has to be noticed. */
  code: boolean;
}

/** An access that memory refuses. The guest's address is hi * 2^32 + lo. */
export class MemoryFault {
  constructor(
    readonly lo: number,
    readonly hi: number,
    readonly access: number,
    /** unmapped: SEGV_MAPERR; denied: SEGV_ACCERR; noncanonical: #GP; beyond: SIGBUS behind the end of a file. */
    readonly why: 'unmapped' | 'denied' | 'noncanonical' | 'beyond',
  ) {}

  get address(): number {
    return addressOf(this.lo, this.hi);
  }
}

export function addressOf(lo: number, hi: number): number {
  return (hi >>> 0) * 0x100000000 + (lo >>> 0);
}

export class Memory {
  readonly regions = new Regions();
  /** The upper word of what read64 read. */
  high = 0;
  /** Called behind every store of an instruction; while it is set each store takes the slow path. */
  onStore: ((lo: number, hi: number, size: number) => void) | undefined;
  /** Called when decoded instructions may have changed. */
  onCodeChange: () => void = () => undefined;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly pages = new Map<number, Page>();
  private readonly freeFrames: number[] = [];
  private nextFrame = 0;
  // An entry: page address (low, high word), offset of its frame.
  private readonly readTlb = new Int32Array(tlbEntries * 4).fill(noTag);
  private readonly writeTlb = new Int32Array(tlbEntries * 4).fill(noTag);

  /** size: bytes that pages may take, at most 2 GiB; they cost nothing before they are used. */
  constructor(size = 0x40000000) {
    this.bytes = new Uint8Array(new ArrayBuffer(size));
    this.view = new DataView(this.bytes.buffer);
  }

  read8(lo: number, hi: number): number {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.readTlb;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi)
      return this.view.getUint8((t[i + 2] ?? 0) + (lo & 4095));
    return this.view.getUint8(this.translate(lo, hi, READ) + (lo & 4095));
  }

  read16(lo: number, hi: number): number {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.readTlb;
    const o = lo & 4095;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi && o < 4095)
      return this.view.getUint16((t[i + 2] ?? 0) + o, true);
    return this.slowRead(lo, hi, 2);
  }

  /** A signed word. */
  read32(lo: number, hi: number): number {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.readTlb;
    const o = lo & 4095;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi && o < 4093)
      return this.view.getInt32((t[i + 2] ?? 0) + o, true);
    return this.slowRead(lo, hi, 4);
  }

  /** The low word; the upper one is then in `high`. */
  read64(lo: number, hi: number): number {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.readTlb;
    const o = lo & 4095;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi && o < 4089) {
      const at = (t[i + 2] ?? 0) + o;
      this.high = this.view.getInt32(at + 4, true);
      return this.view.getInt32(at, true);
    }
    return this.slowRead(lo, hi, 8);
  }

  write8(lo: number, hi: number, value: number): void {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.writeTlb;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi)
      this.view.setUint8((t[i + 2] ?? 0) + (lo & 4095), value);
    else this.slowWrite(lo, hi, 1, value, 0);
  }

  write16(lo: number, hi: number, value: number): void {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.writeTlb;
    const o = lo & 4095;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi && o < 4095)
      this.view.setUint16((t[i + 2] ?? 0) + o, value, true);
    else this.slowWrite(lo, hi, 2, value, 0);
  }

  write32(lo: number, hi: number, value: number): void {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.writeTlb;
    const o = lo & 4095;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi && o < 4093)
      this.view.setInt32((t[i + 2] ?? 0) + o, value, true);
    else this.slowWrite(lo, hi, 4, value, 0);
  }

  write64(lo: number, hi: number, low: number, high: number): void {
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const t = this.writeTlb;
    const o = lo & 4095;
    if (t[i] === (lo & -pageSize) && t[i + 1] === hi && o < 4089) {
      const at = (t[i + 2] ?? 0) + o;
      this.view.setInt32(at, low, true);
      this.view.setInt32(at + 4, high, true);
    } else this.slowWrite(lo, hi, 8, low, high);
  }

  /** Throws the fault that a store of `size` bytes (at most a page) would give; nothing is written. */
  probeWrite(lo: number, hi: number, size: number): void {
    this.translate(lo, hi, WRITE);
    const last = addressOf(lo, hi) + size - 1;
    if ((lo & 4095) + size > pageSize) this.translate(last | 0, (last / 0x100000000) | 0, WRITE);
  }

  probeRead(lo: number, hi: number, size: number): void {
    this.translate(lo, hi, READ);
    const last = addressOf(lo, hi) + size - 1;
    if ((lo & 4095) + size > pageSize) this.translate(last | 0, (last / 0x100000000) | 0, READ);
  }

  /** Copies out, as the kernel or a debugger does; throws a MemoryFault. */
  readBytes(address: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = address + done;
      const n = Math.min(length - done, pageSize - (at % pageSize));
      const from = this.translate(at | 0, (at / 0x100000000) | 0, READ) + (at % pageSize);
      out.set(this.bytes.subarray(from, from + n), done);
      done += n;
    }
    return out;
  }

  /** Copies in as the kernel does: onStore is not called. */
  writeBytes(address: number, data: Uint8Array, access = WRITE): void {
    for (let done = 0; done < data.length;) {
      const at = address + done;
      const n = Math.min(data.length - done, pageSize - (at % pageSize));
      const to = this.translate(at | 0, (at / 0x100000000) | 0, access) + (at % pageSize);
      if (access === WRITE) this.noteCode(at);
      this.bytes.set(data.subarray(done, done + n), to);
      done += n;
    }
  }

  /** Whether a page has been touched: what was not is zero, or what its file has. */
  isPresent(address: number): boolean {
    return this.pages.has(Math.floor(address / pageSize));
  }

  /** Pages that have been touched, by number, unordered. */
  presentPages(): IterableIterator<number> {
    return this.pages.keys();
  }

  /** Up to 15 bytes of code from an address; what is behind them may be no memory. */
  fetch(address: number): Uint8Array {
    const first = this.fetchPart(address, 15);
    if (first.length === 15) return first;
    const out = new Uint8Array(15);
    out.set(first);
    try {
      const second = this.fetchPart(address + first.length, 15 - first.length);
      out.set(second, first.length);
      return out;
    } catch (fault) {
      if (fault instanceof MemoryFault) return first;
      throw fault;
    }
  }

  private fetchPart(address: number, length: number): Uint8Array {
    const lo = address | 0;
    const hi = (address / 0x100000000) | 0;
    const frame = this.translate(lo, hi, EXECUTE);
    const page = this.pages.get(Math.floor(address / pageSize));
    if (page && !page.code) {
      page.code = true;
      this.writeTlb.fill(noTag);
    }
    const o = address % pageSize;
    return this.bytes.slice(frame + o, frame + Math.min(pageSize, o + length));
  }

  map(region: Region): void {
    this.unmap(region.start, region.end);
    this.regions.add(region);
  }

  unmap(start: number, end: number): void {
    this.regions.remove(start, end);
    this.dropPages(start, end);
  }

  /** Gives up the contents of pages: the next touch finds zeros or the file. */
  dropPages(start: number, end: number): void {
    this.forPages(start, end, (number, page) => {
      if (page.code) this.onCodeChange();
      this.bytes.fill(0, page.frame, page.frame + pageSize);
      this.freeFrames.push(page.frame);
      this.pages.delete(number);
    });
    this.flush();
  }

  /** False: part of it is not mapped. */
  protect(start: number, end: number, protection: number): boolean {
    if (!this.regions.covers(start, end)) return false;
    this.regions.protect(start, end, protection);
    this.forPages(start, end, (_, page) => {
      if (page.code) this.onCodeChange();
      page.protection = protection;
    });
    this.flush();
    return true;
  }

  /** Moves touched pages; the regions are the caller's to move. */
  movePages(start: number, end: number, to: number): void {
    const moved: [number, Page][] = [];
    this.forPages(start, end, (number, page) => moved.push([number, page]));
    for (const [number] of moved) this.pages.delete(number);
    for (const [number, page] of moved) this.pages.set(number + (to - start) / pageSize, page);
    this.flush();
  }

  private forPages(start: number, end: number, visit: (number: number, page: Page) => void): void {
    const first = start / pageSize;
    const last = end / pageSize;
    if (last - first > this.pages.size) {
      for (const [number, page] of [...this.pages]) if (number >= first && number < last) visit(number, page);
      return;
    }
    for (let number = first; number < last; number++) {
      const page = this.pages.get(number);
      if (page) visit(number, page);
    }
  }

  flush(): void {
    this.readTlb.fill(noTag);
    this.writeTlb.fill(noTag);
  }

  /** The offset of the page's frame; throws a MemoryFault. x86 cannot forbid reading what may be written or executed. */
  private translate(lo: number, hi: number, access: number): number {
    if (hi >>> 0 >= addressLimit) throw new MemoryFault(lo, hi, access, 'noncanonical');
    const number = Math.floor(addressOf(lo, hi) / pageSize);
    const page = this.pages.get(number) ?? this.populate(number, lo, hi, access);
    const needed = access === READ ? READ | WRITE | EXECUTE : access;
    if (!(page.protection & needed)) throw new MemoryFault(lo, hi, access, 'denied');
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const tlb = access === READ ? this.readTlb : this.writeTlb;
    if (access === READ || (access === WRITE && !page.code && this.onStore === undefined)) {
      tlb[i] = lo & -pageSize;
      tlb[i + 1] = hi;
      tlb[i + 2] = page.frame;
    }
    return page.frame;
  }

  private populate(number: number, lo: number, hi: number, access: number): Page {
    const address = number * pageSize;
    const region = this.regions.find(address);
    if (!region) throw new MemoryFault(lo, hi, access, 'unmapped');
    if (region.protection === 0) throw new MemoryFault(lo, hi, access, 'denied');
    const page = { frame: this.takeFrame(), protection: region.protection, code: false };
    if (region.file) {
      const from = region.offset + (address - region.start);
      const data = region.file.subarray(from, Math.min(from + pageSize, region.fileEnd));
      if (data.length === 0 && from >= Math.ceil(region.fileEnd / pageSize) * pageSize)
        throw new MemoryFault(lo, hi, access, 'beyond');
      this.bytes.set(data, page.frame);
    }
    this.pages.set(number, page);
    return page;
  }

  private takeFrame(): number {
    const free = this.freeFrames.pop();
    if (free !== undefined) return free;
    if (this.nextFrame + pageSize > this.bytes.length)
      throw new Error(`the program uses more than ${this.bytes.length / 0x100000} MiB: raise --memory`);
    const frame = this.nextFrame;
    this.nextFrame += pageSize;
    return frame;
  }

  private noteCode(address: number): void {
    const page = this.pages.get(Math.floor(address / pageSize));
    if (!page?.code) return;
    page.code = false;
    this.onCodeChange();
  }

  private slowRead(lo: number, hi: number, size: number): number {
    const frame = this.translate(lo, hi, READ);
    const o = lo & 4095;
    const view = this.view;
    if (o + size <= pageSize) {
      const at = frame + o;
      if (size === 2) return view.getUint16(at, true);
      if (size === 8) this.high = view.getInt32(at + 4, true);
      return view.getInt32(at, true);
    }
    const bytes = new DataView(this.readBytes(addressOf(lo, hi), size).buffer);
    if (size === 2) return bytes.getUint16(0, true);
    if (size === 8) this.high = bytes.getInt32(4, true);
    return bytes.getInt32(0, true);
  }

  private slowWrite(lo: number, hi: number, size: number, low: number, high: number): void {
    const frame = this.translate(lo, hi, WRITE);
    const o = lo & 4095;
    const address = addressOf(lo, hi);
    if (o + size <= pageSize) {
      const at = frame + o;
      if (size === 1) this.view.setUint8(at, low);
      else if (size === 2) this.view.setUint16(at, low, true);
      else {
        this.view.setInt32(at, low, true);
        if (size === 8) this.view.setInt32(at + 4, high, true);
      }
      this.noteCode(address);
    } else {
      this.probeWrite(lo, hi, size);
      const bytes = new DataView(new ArrayBuffer(8));
      bytes.setInt32(0, low, true);
      bytes.setInt32(4, high, true);
      this.writeBytes(address, new Uint8Array(bytes.buffer, 0, size));
    }
    this.onStore?.(lo, hi, size);
  }
}
