// The regions of an address space, sorted, as the kernel lists them in /proc/self/maps.

export interface Region {
  readonly start: number;
  readonly end: number;
  readonly protection: number;
  /** What pages hold at first; undefined: zeros. */
  readonly file?: Uint8Array | undefined;
  /** Where in the file the region starts, and where what is taken from it ends. */
  readonly offset: number;
  readonly fileEnd: number;
  /** As /proc/self/maps shows it. */
  readonly name: string;
  readonly shared: boolean;
  /** Moved by mremap when it had contents: it keeps the page offset of its old place, and is never one with its neighbours again (mm/vma.c). */
  readonly moved?: boolean;
}

export function anonymous(start: number, end: number, protection: number, name = ''): Region {
  return { start, end, protection, offset: 0, fileEnd: 0, name, shared: false };
}

export class Regions {
  private list: Region[] = [];

  all(): readonly Region[] {
    return this.list;
  }

  replaceAll(regions: readonly Region[]): void {
    this.list = [...regions];
  }

  find(address: number): Region | undefined {
    const region = this.list[this.firstEndingAfter(address)];
    return region && region.start <= address ? region : undefined;
  }

  /** The place must be free. Neighbours that are alike become one, as mremap wants them (mm/vma.c, vma_merge). */
  add(region: Region): void {
    const at = this.firstEndingAfter(region.start);
    const before = this.list[at - 1];
    const after = this.list[at];
    let { start, end } = region;
    let [from, count] = [at, 0];
    if (before && joins(before, region)) [start, from, count] = [before.start, from - 1, count + 1];
    if (after && joins(region, after)) [end, count] = [after.end, count + 1];
    this.list.splice(from, count, { ...region, start, end });
  }

  isFree(start: number, end: number): boolean {
    const next = this.list[this.firstEndingAfter(start)];
    return next === undefined || next.start >= end;
  }

  covers(start: number, end: number): boolean {
    let at = start;
    for (let i = this.firstEndingAfter(start); at < end; i++) {
      const region = this.list[i];
      if (!region || region.start > at) return false;
      at = region.end;
    }
    return true;
  }

  /** Removes what lies in the range and gives it back. */
  remove(start: number, end: number): Region[] {
    const removed: Region[] = [];
    this.replace(start, end, (part) => {
      removed.push(part);
      return undefined;
    });
    return removed;
  }

  protect(start: number, end: number, protection: number): void {
    this.replace(start, end, (part) => ({ ...part, protection }));
  }

  /** The highest free place of a size below a limit, as Linux looks for one. */
  highestFree(size: number, limit: number, floor: number): number | undefined {
    let end = limit;
    for (let i = this.list.length - 1; i >= 0; i--) {
      const region = this.list[i];
      if (!region || region.start >= end) continue;
      if (region.end <= end && end - region.end >= size) break;
      end = Math.min(end, region.start);
    }
    return end - size >= floor ? end - size : undefined;
  }

  private replace(start: number, end: number, change: (part: Region) => Region | undefined): void {
    const from = this.firstEndingAfter(start);
    let to = from;
    const parts: Region[] = [];
    for (; to < this.list.length; to++) {
      const region = this.list[to];
      if (!region || region.start >= end) break;
      if (region.start < start) parts.push(cut(region, region.start, start));
      const changed = change(cut(region, Math.max(start, region.start), Math.min(end, region.end)));
      if (changed) parts.push(changed);
      if (region.end > end) parts.push(cut(region, end, region.end));
    }
    this.list.splice(from, to - from, ...parts);
  }

  private firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.list[middle]?.end ?? 0) > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** What a region's file has for the page at an address. */
export function fileBytes(region: Region, address: number, pageSize: number): Uint8Array {
  const from = region.offset + (address - region.start);
  return region.file?.subarray(from, Math.min(from + pageSize, region.fileEnd)) ?? new Uint8Array(0);
}

/** What a page holds that was not touched. */
export function untouched(regions: readonly Region[], address: number, pageSize: number): Uint8Array {
  const bytes = new Uint8Array(pageSize);
  const region = regions.find((one) => address >= one.start && address < one.end);
  if (region) bytes.set(fileBytes(region, address, pageSize));
  return bytes;
}

function joins(a: Region, b: Region): boolean {
  const plain = !a.file && !b.file && !a.shared && !b.shared && a.moved !== true && b.moved !== true;
  return plain && a.end === b.start && a.protection === b.protection && a.name === b.name;
}

function cut(region: Region, start: number, end: number): Region {
  return { ...region, start, end, offset: region.offset + (start - region.start) };
}
