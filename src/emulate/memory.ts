// Guest memory: regions as the kernel keeps them, pages filled on first touch, and a software TLB in front. Every page lies in one buffer, so
// that a hit is two comparisons and an index. What is rare (a miss, a page with code, a store that is watched) shares one slow path.
import { Frames } from './frames.js';
import { framesAt, largestShared, tlbEntries, wasmPage } from './layout.js';
import { addressOf, MemoryFault } from './memory-fault.js';
import type { MemorySnapshot, Page } from './pages.js';
import { fileBytes, Regions, untouched } from './regions.js';
import type { Region } from './regions.js';
import { Runs } from './runs.js';
import { emptyTlb, Tlb } from './tlb.js';
import { wasm } from './wasm/api.js';
import type { WasmMemory } from './wasm/api.js';

export { addressOf, MemoryFault } from './memory-fault.js';
export type { MemorySnapshot } from './pages.js';
export const pageSize = 4096;
export const READ = 1;
export const WRITE = 2;
export const EXECUTE = 4;

const addressLimit = 0x8000; // upper word: user addresses have 47 bits

export class Memory {
  readonly regions = new Regions();
  /** The upper word of what read64 read. */
  high = 0;
  private storeWatcher: ((lo: number, hi: number, size: number) => void) | undefined;
  /** Called before loads and stores of the program and its system calls: page, place in it, bytes. While it is set each takes the slow path. */
  onTouch: ((page: number, offset: number, size: number) => void) | undefined;
  /** Called with the number of a page that is given up or moved away. */
  onDrop: ((page: number) => void) | undefined;
  /** Called when decoded instructions may have changed. */
  onCodeChange: () => void = () => undefined;
  /** What compiled code works on: the CPU's registers, the TLB and the pages (layout.ts). */
  readonly shared: WasmMemory;
  readonly runs: Runs;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly pages = new Map<number, Page>();
  /** Pages that a memory error took: Linux has an entry in their place that refuses every access until something else is put there. */
  private lost = new Set<number>();
  private readonly frames: Frames;
  readonly tlb: Tlb;
  private readonly readTlb: Int32Array;
  private readonly ownWriteTlb: Int32Array;
  /** Where interpreted stores look: an empty one while each has to take the slow path. */
  private writeTlb: Int32Array;

  /** size: bytes that pages may take, at most 2 GiB; they cost nothing before they are used. */
  constructor(size = 0x40000000) {
    const length = Math.min(framesAt + size, largestShared);
    const pages = Math.ceil(length / wasmPage);
    this.shared = new wasm.Memory({ initial: pages, maximum: pages });
    const { buffer } = this.shared;
    this.bytes = new Uint8Array(buffer, 0, length);
    this.runs = new Runs(buffer);
    this.view = new DataView(buffer);
    this.frames = new Frames(this.bytes, pageSize, framesAt);
    this.tlb = new Tlb(buffer);
    this.readTlb = this.tlb.read;
    this.ownWriteTlb = this.writeTlb = this.tlb.write;
  }

  get onStore(): ((lo: number, hi: number, size: number) => void) | undefined {
    return this.storeWatcher;
  }

  /** Called behind every store of an interpreted instruction; while it is set each takes the slow path. */
  set onStore(watcher) {
    this.storeWatcher = watcher;
    this.writeTlb = watcher ? emptyTlb : this.ownWriteTlb;
    this.runs.onStore = watcher;
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
    this.probe(lo, hi, size, WRITE);
  }

  probeRead(lo: number, hi: number, size: number): void {
    this.probe(lo, hi, size, READ);
  }

  private probe(lo: number, hi: number, size: number, access: number): void {
    this.translate(lo, hi, access, size);
    const last = addressOf(lo, hi) + size - 1;
    if ((lo & 4095) + size > pageSize) this.translate(last | 0, (last / 0x100000000) | 0, access);
  }

  /** For compiled code: fills the TLB's entry of an operand. False: the interpreter has to make this access, or to find why it cannot be made. */
  prepare(lo: number, hi: number, size: number, access: number): boolean {
    if ((lo & 4095) + size > pageSize) return false;
    try {
      this.translate(lo, hi, access, size);
    } catch (fault) {
      if (fault instanceof MemoryFault) return false;
      throw fault;
    }
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const tlb = access === READ ? this.readTlb : this.ownWriteTlb;
    return tlb[i] === (lo & -pageSize) && tlb[i + 1] === hi;
  }

  /** Copies out, as the kernel or a debugger does; throws a MemoryFault. */
  readBytes(address: number, length: number): Uint8Array {
    // A size that no memory has, as a program gone astray may pass to a system call.
    if (!(length >= 0 && length <= this.bytes.length))
      throw new MemoryFault(address | 0, (address / 0x100000000) | 0, READ, 'unmapped');
    const out = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = address + done;
      const n = Math.min(length - done, pageSize - (at % pageSize));
      const from = this.translate(at | 0, (at / 0x100000000) | 0, READ, n) + (at % pageSize);
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
      const to = this.translate(at | 0, (at / 0x100000000) | 0, access, n) + (at % pageSize);
      if (access === WRITE) this.noteCode(at);
      this.bytes.set(data.subarray(done, done + n), to);
      done += n;
    }
  }

  /** Whether a page has been touched: what was not is zero, or what its file has. */
  isPresent(address: number): boolean {
    return this.pages.has(Math.floor(address / pageSize));
  }

  isPresentIn(start: number, end: number): boolean {
    let found = false;
    this.forPages(start, end, () => (found = true));
    return found;
  }

  /** Pages that have been touched, by number, unordered. */
  presentPages(): IterableIterator<number> {
    return this.pages.keys();
  }

  /** Code from an address, at most so many bytes; fewer than 15 only where memory ends. */
  fetch(address: number, most = 15): Uint8Array {
    const first = this.fetchPart(address, most);
    if (first.length >= 15) return first;
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
    const frame = this.translate(address | 0, (address / 0x100000000) | 0, EXECUTE);
    const page = this.pages.get(Math.floor(address / pageSize));
    if (page && !page.code) {
      page.code = true;
      this.tlb.flushWrites();
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
      this.onDrop?.(number);
      this.frames.letGo(page.frame);
      this.pages.delete(number);
      this.lost.delete(number);
    });
    this.tlb.flush();
  }

  /** Takes a page away, as a memory error does. False: it was never touched, or is lost already. */
  lose(number: number): boolean {
    const page = this.pages.get(number);
    if (!page || this.lost.has(number)) return false;
    if (page.code) this.onCodeChange();
    this.lost.add(number);
    this.tlb.flush();
    return true;
  }

  isLost(number: number): boolean {
    return this.lost.has(number);
  }

  /** False: part of it is not mapped. */
  protect(start: number, end: number, protection: number): boolean {
    if (!this.regions.covers(start, end)) return false;
    this.regions.protect(start, end, protection);
    this.forPages(start, end, (_, page) => {
      if (page.code) this.onCodeChange();
      page.protection = protection;
    });
    this.tlb.flush();
    return true;
  }

  /** Moves touched pages; the regions are the caller's to move. */
  movePages(start: number, end: number, to: number): void {
    const moved: [number, Page][] = [];
    this.forPages(start, end, (number, page) => moved.push([number, page]));
    for (const [number] of moved) {
      this.onDrop?.(number);
      this.pages.delete(number);
    }
    const by = (to - start) / pageSize;
    const lost = moved.filter(([number]) => this.lost.delete(number));
    for (const [number, page] of moved) this.pages.set(number + by, page);
    for (const [number] of lost) this.lost.add(number + by);
    this.tlb.flush();
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

  /** The offset of the page's frame; throws a MemoryFault. x86 cannot forbid reading what may be written or executed. */
  private translate(lo: number, hi: number, access: number, size = 1): number {
    if (hi >>> 0 >= addressLimit) throw new MemoryFault(lo, hi, access, 'noncanonical');
    const number = Math.floor(addressOf(lo, hi) / pageSize);
    const page = this.pages.get(number) ?? this.populate(number, lo, hi, access);
    const needed = access === READ ? READ | WRITE | EXECUTE : access;
    if (!(page.protection & needed)) throw new MemoryFault(lo, hi, access, 'denied');
    if (this.lost.size > 0 && this.lost.has(number)) throw new MemoryFault(lo, hi, access, 'lost');
    if (this.onTouch && access !== EXECUTE) {
      this.onTouch(number, lo & 4095, Math.min(size, pageSize - (lo & 4095)));
      if (access === WRITE) this.unshare(page, lo);
      return page.frame;
    }
    const i = ((lo >>> 12) & (tlbEntries - 1)) << 2;
    const tlb = access === READ ? this.readTlb : this.ownWriteTlb;
    if (access === WRITE) this.unshare(page, lo);
    if (access === READ || (access === WRITE && !page.code)) {
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
    const page = { frame: this.frames.take(), protection: region.protection, code: false };
    if (region.file) {
      const data = fileBytes(region, address, pageSize);
      const from = region.offset + (address - region.start);
      if (data.length === 0 && from >= Math.ceil(region.fileEnd / pageSize) * pageSize)
        throw new MemoryFault(lo, hi, access, 'beyond');
      this.bytes.set(data, page.frame);
    }
    this.pages.set(number, page);
    return page;
  }

  /** What is written is to be this memory's alone. */
  private unshare(page: Page, lo: number): void {
    const old = page.frame;
    if (!this.frames.isShared(old)) return;
    page.frame = this.frames.take();
    this.bytes.copyWithin(page.frame, old, old + pageSize);
    this.frames.letGo(old);
    this.tlb.moved(lo);
  }

  snapshot(): MemorySnapshot {
    const pages = new Map<number, { readonly frame: number; readonly protection: number }>();
    for (const [number, { frame, protection }] of this.pages) {
      this.frames.share(frame);
      pages.set(number, { frame, protection });
    }
    this.tlb.flushWrites();
    return { pages, regions: this.regions.all().slice(), lost: new Set(this.lost) };
  }

  /** A snapshot that is not needed any more gives its pages back. */
  release(snapshot: MemorySnapshot): void {
    for (const { frame } of snapshot.pages.values()) this.frames.letGo(frame);
  }

  restore(snapshot: MemorySnapshot): void {
    let codeChanged = false;
    for (const [number, page] of [...this.pages]) {
      const wanted = snapshot.pages.get(number);
      if (wanted?.frame === page.frame && wanted.protection === page.protection) continue;
      codeChanged ||= page.code;
      this.frames.letGo(page.frame);
      this.pages.delete(number);
    }
    for (const [number, { frame, protection }] of snapshot.pages) {
      if (this.pages.has(number)) continue;
      this.frames.share(frame);
      this.pages.set(number, { frame, protection, code: false });
    }
    this.regions.replaceAll(snapshot.regions);
    this.lost = new Set(snapshot.lost);
    this.tlb.flush();
    if (codeChanged) this.onCodeChange();
  }

  /** Whether a page and what a snapshot has in its place hold the same bytes. */
  equals(snapshot: MemorySnapshot, number: number): boolean {
    const [own, other] = [this.pages.get(number), snapshot.pages.get(number)];
    return own && other ? this.sameFrames(own.frame, other.frame) : own === other;
  }

  /** What a snapshot has in a page's place: what it would hold if it was not touched. */
  pageBytes(snapshot: MemorySnapshot, number: number): Uint8Array {
    const page = snapshot.pages.get(number);
    if (page) return this.bytes.subarray(page.frame, page.frame + pageSize);
    return untouched(snapshot.regions, number * pageSize, pageSize);
  }

  /** Changes a bit, whatever the protection, and tells nobody. */
  flipBit(address: number, bit: number): void {
    const number = Math.floor(address / pageSize);
    const page = this.frameOf(number) === undefined ? undefined : this.pages.get(number);
    if (!page) throw new Error(`no page ${number}`);
    this.unshare(page, address | 0);
    const at = page.frame + (address % pageSize);
    this.bytes[at] = (this.bytes[at] ?? 0) ^ (1 << bit);
    if (page.code) this.onCodeChange();
  }

  /** Whether two pages hold the same bytes; undefined: one of them cannot be read. Nobody is told of the access. */
  samePages(a: number, b: number): boolean | undefined {
    const [first, second] = [this.frameOf(a), this.frameOf(b)];
    return first === undefined || second === undefined ? undefined : this.sameFrames(first, second);
  }

  /** Puts one page's bytes in the place of another's, whatever the protection. */
  copyPage(from: number, to: number): void {
    const source = this.frameOf(from);
    const page = this.frameOf(to) === undefined ? undefined : this.pages.get(to);
    if (source === undefined || !page) throw new Error(`no page ${from} or ${to}`);
    this.unshare(page, (to * pageSize) | 0);
    this.bytes.copyWithin(page.frame, source, source + pageSize);
    if (page.code) this.onCodeChange();
  }

  private sameFrames(a: number, b: number): boolean {
    const bytes = (at: number): Uint8Array => this.bytes.subarray(at, at + pageSize);
    return a === b || Buffer.compare(bytes(a), bytes(b)) === 0;
  }

  private frameOf(number: number): number | undefined {
    const page = this.pages.get(number);
    if (page) return page.frame;
    const address = number * pageSize;
    try {
      return this.populate(number, address | 0, (address / 0x100000000) | 0, READ).frame;
    } catch (fault) {
      if (fault instanceof MemoryFault) return undefined;
      throw fault;
    }
  }

  private noteCode(address: number): void {
    const page = this.pages.get(Math.floor(address / pageSize));
    if (!page?.code) return;
    page.code = false;
    this.onCodeChange();
  }

  private slowRead(lo: number, hi: number, size: number): number {
    const frame = this.translate(lo, hi, READ, size);
    const o = lo & 4095;
    const inside = o + size <= pageSize;
    const view = inside ? this.view : new DataView(this.readBytes(addressOf(lo, hi), size).buffer);
    const at = inside ? frame + o : 0;
    if (size === 2) return view.getUint16(at, true);
    if (size === 8) this.high = view.getInt32(at + 4, true);
    return view.getInt32(at, true);
  }

  private slowWrite(lo: number, hi: number, size: number, low: number, high: number): void {
    const frame = this.translate(lo, hi, WRITE, size);
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
    this.storeWatcher?.(lo, hi, size);
  }
}
