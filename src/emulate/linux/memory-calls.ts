// brk and the mmap family (man 2 mmap, mremap, mprotect, madvise).
import { pageSize, READ, WRITE } from '../memory.js';
import { anonymous } from '../regions.js';
import type { Region } from '../regions.js';
import { readAt } from './contents.js';
import { EACCES, EBADF, EEXIST, EFAULT, EINVAL, ENOMEM } from './errno.js';
import type { Handler, Kernel } from './kernel.js';

const lowest = 0x10000;
const MAP_PRIVATE = 2;
const MAP_SHARED_VALIDATE = 3;
const MAP_TYPE = 15;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_FIXED_NOREPLACE = 0x100000;
const MREMAP_MAYMOVE = 1;
const MREMAP_FIXED = 2;
const MREMAP_DONTUNMAP = 4;
const MADV_DONTNEED = 4;
const MADV_FREE = 8;

const up = (n: number): number => Math.ceil(n / pageSize) * pageSize;

export const brk: Handler = (k, [want = 0]) => {
  if (want < k.brkStart) return k.brk;
  const old = up(k.brk);
  const end = up(want);
  if (end > old) {
    if (!k.memory.regions.isFree(old, end)) return k.brk;
    k.memory.map(anonymous(old, end, READ | WRITE, '[heap]'));
  } else if (end < old) k.memory.unmap(end, old);
  k.brk = want;
  return want;
};

/** A place: the hint if it is free, else the highest free one. */
function choose(k: Kernel, hint: number, size: number): number | undefined {
  const regions = k.memory.regions;
  if (
    hint >= lowest &&
    hint % pageSize === 0 &&
    hint + size <= k.addressEnd &&
    regions.isFree(hint, hint + size)
  )
    return hint;
  if (k.apart && k.recovering()) return regions.highestFree(size, k.abi.apart.end, k.abi.apart.start);
  return regions.highestFree(size, k.mmapTop, lowest);
}

export const mmap: Handler = (k, [hint = 0, length = 0, protection = 0, flags = 0, fd = -1, offset = 0]) => {
  const type = flags & MAP_TYPE;
  if (length <= 0 || offset % pageSize !== 0 || type === 0 || type > MAP_SHARED_VALIDATE) return EINVAL;
  const size = up(length);
  const fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0;
  if (fixed && (hint % pageSize !== 0 || hint < 0)) return EINVAL;
  if (size > k.addressEnd || (fixed && hint + size > k.addressEnd)) return ENOMEM;
  if (flags & MAP_FIXED_NOREPLACE && !k.memory.regions.isFree(hint, hint + size)) return EEXIST;
  const start = fixed ? hint : choose(k, hint - (hint % pageSize), size);
  if (start === undefined) return ENOMEM;
  let region: Region = anonymous(start, start + size, protection & 7);
  if (type !== MAP_PRIVATE) region = { ...region, shared: true };
  if (!(flags & MAP_ANONYMOUS)) {
    const file = k.open.get(fd | 0);
    if (!file) return EBADF;
    if (file.node.kind !== 'file') return EACCES;
    if (type !== MAP_PRIVATE && protection & WRITE)
      k.missing('mmap of a file with MAP_SHARED and PROT_WRITE');
    // A private mapping of a file: what is written to the file later may be seen or not (man 2 mmap); here it is not.
    const data = readAt(file.node, 0, file.node.size).slice();
    region = { ...region, file: data, offset, fileEnd: data.length, name: file.path };
  }
  k.memory.map(region);
  return start;
};

export const munmap: Handler = (k, [start = 0, length = 0]) => {
  if (start % pageSize !== 0 || length <= 0 || start < 0 || start + length > k.addressEnd) return EINVAL;
  k.memory.unmap(start, start + up(length));
  return 0;
};

export const mprotect: Handler = (k, [start = 0, length = 0, protection = 0]) => {
  if (start % pageSize !== 0) return EINVAL;
  if (length === 0) return 0;
  return k.memory.protect(start, start + up(length), protection & 7) ? 0 : ENOMEM;
};

export const madvise: Handler = (k, [start = 0, length = 0, advice = 0]) => {
  if (start % pageSize !== 0) return EINVAL;
  const end = start + up(length);
  if (!k.memory.regions.covers(start, end)) return ENOMEM;
  if (advice === MADV_DONTNEED || advice === MADV_FREE) k.memory.dropPages(start, end);
  return 0;
};

export const mremap: Handler = (k, [old = 0, oldLength = 0, newLength = 0, flags = 0, wanted = 0]) => {
  if (old % pageSize !== 0 || newLength <= 0 || oldLength === 0 || flags & MREMAP_DONTUNMAP) return EINVAL;
  const regions = k.memory.regions;
  const from = up(oldLength);
  const size = up(newLength);
  const region = regions.find(old);
  if (!region || region.end < old + from) return EFAULT;
  const moves = (flags & MREMAP_FIXED) !== 0;
  if (moves && !(flags & MREMAP_MAYMOVE)) return EINVAL;
  if (!moves && size <= from) {
    if (size < from) k.memory.unmap(old + size, old + from);
    return old;
  }
  const grow = (start: number, base: Region): void => {
    const added = {
      ...base,
      start: start + from,
      end: start + size,
      offset: base.offset + (old - base.start) + from,
    };
    if (size > from) k.memory.map(added);
  };
  if (
    !moves &&
    region.end === old + from &&
    regions.isFree(old + from, old + size) &&
    old + size <= k.addressEnd
  ) {
    grow(old, region);
    return old;
  }
  if (!(flags & MREMAP_MAYMOVE)) return ENOMEM;
  const to = moves ? wanted : choose(k, 0, size);
  if (to === undefined) return ENOMEM;
  if (moves && (to % pageSize !== 0 || (to < old + from && old < to + size))) return EINVAL;
  const kept = Math.min(from, size);
  if (from > kept) k.memory.unmap(old + kept, old + from);
  k.memory.unmap(to, to + size);
  const moved = k.memory.isPresentIn(old, old + kept);
  const part = { ...region, start: to, end: to + kept, offset: region.offset + (old - region.start), moved };
  regions.add(part);
  k.memory.movePages(old, old + kept, to);
  regions.remove(old, old + kept);
  grow(to, region);
  return to;
};

export const mincore: Handler = (k, [start = 0, length = 0, vector = 0]) => {
  if (start % pageSize !== 0) return EINVAL;
  const end = start + up(length);
  if (!k.memory.regions.covers(start, end)) return ENOMEM;
  const pages = (end - start) / pageSize;
  k.write(
    vector,
    Uint8Array.from({ length: pages }, (_, n) => (k.memory.isPresent(start + n * pageSize) ? 1 : 0)),
  );
  return 0;
};
