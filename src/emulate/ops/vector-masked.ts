// Moves of chosen elements (AVX, AVX2): what is not chosen is neither accessed nor can it fault.
import type { MemoryOperand } from '../instruction.js';
import { address, memoryOf, operand, sizeOf } from '../operands.js';
import type { Address, Builder, Op, Table } from '../operands.js';
import { AH } from '../state.js';
import type { Cpu } from '../state.js';
import { placeOf, registerBytes, scratch, zeroing } from './vector.js';

const isChosen = ({ vb }: Cpu, mask: number, n: number, size: number): boolean =>
  ((vb[mask + n * size + size - 1] ?? 0) & 128) !== 0;

/** vmaskmovps and its like: elements in a row. */
const masked =
  (size: 4 | 8): Builder =>
  (cpu, i) => {
    const to = operand(i, 0);
    const at = address(cpu, memoryOf(i));
    const mask = placeOf(i, 1);
    const { s, vi, vb, memory } = cpu;
    const up = (lo: number, hi: number, n: number): number => hi + (((lo + n) | 0) >>> 0 < lo >>> 0 ? 1 : 0);
    if (to.kind === 'memory') {
      const count = sizeOf(i, 1) / size;
      const from = placeOf(i, 2) >> 2;
      return () => {
        const lo = at();
        const hi = s[AH] ?? 0;
        const chosen = Array.from({ length: count }, (_, n) => n).filter((n) => isChosen(cpu, mask, n, size));
        for (const n of chosen) memory.probeWrite((lo + n * size) | 0, up(lo, hi, n * size), size);
        for (const n of chosen) {
          const w = from + (n * size) / 4;
          const [place, upper] = [(lo + n * size) | 0, up(lo, hi, n * size)];
          if (size === 4) memory.write32(place, upper, vi[w] ?? 0);
          else memory.write64(place, upper, vi[w] ?? 0, vi[w + 1] ?? 0);
        }
      };
    }
    const d = placeOf(i, 0);
    const bytes = sizeOf(i, 0);
    return () => {
      const lo = at();
      const hi = s[AH] ?? 0;
      for (let n = 0; n < bytes; n += size) {
        const w = (scratch + n) >> 2;
        const chosen = isChosen(cpu, mask, n / size, size);
        load(cpu, w, size, chosen, (lo + n) | 0, chosen ? up(lo, hi, n) : 0);
      }
      vb.copyWithin(d, scratch, scratch + bytes);
    };
  };

/** Zero if it is not chosen. */
function load({ vi, memory }: Cpu, w: number, size: 4 | 8, chosen: boolean, lo: number, hi: number): void {
  vi[w] = !chosen ? 0 : size === 4 ? memory.read32(lo, hi) : memory.read64(lo, hi);
  if (size === 8) vi[w + 1] = chosen ? memory.high : 0;
}

/** Where an element of a gather lies: the index register's element is put into a word pair that the address is computed from. */
export function indexed(cpu: Cpu, m: MemoryOperand, size: 4 | 8): (n: number) => number {
  if (m.addressSize === 32 && cpu.bits === 64 && m.segment !== undefined)
    throw new Error('a gather by way of a segment with 32-bit addresses');
  const base: Address = address(cpu, { ...m, vectorIndex: undefined, index: undefined, scale: 1 });
  const index = ((m.vectorIndex ?? 0) * registerBytes) >> 2;
  const { s, vi } = cpu;
  const shift = Math.log2(m.scale);
  return (n) => {
    const lo = base();
    const hi = s[AH] ?? 0;
    const x = vi[index + (n * size) / 4] ?? 0;
    const xh = size === 4 ? x >> 31 : (vi[index + 2 * n + 1] ?? 0);
    const by = x << shift;
    const byHigh = shift === 0 ? xh : (xh << shift) | (x >>> (32 - shift));
    const at = (lo + by) | 0;
    s[AH] = m.addressSize === 32 ? 0 : hi + byHigh + (at >>> 0 < lo >>> 0 ? 1 : 0);
    return at;
  };
}

/** A fault leaves the elements before it done, their masks cleared; the program begins again behind them. */
const gather =
  (indexSize: 4 | 8, size: 4 | 8): Builder =>
  (cpu, i): Op => {
    const m = operand(i, 1);
    if (m.kind !== 'memory') throw new Error(`${i.name}: operand 1 is not memory`);
    const d = placeOf(i, 0);
    const mask = placeOf(i, 2);
    const count = countOf(m, indexSize, size, sizeOf(i, 0));
    const at = indexed(cpu, m, indexSize);
    const { s, vb, vi, memory } = cpu;
    return () => {
      for (let n = 0; n < count; n++) {
        const w = (d + n * size) >> 2;
        if (isChosen(cpu, mask, n, size)) {
          const lo = at(n);
          const value = size === 4 ? memory.read32(lo, s[AH] ?? 0) : memory.read64(lo, s[AH] ?? 0);
          vi[w] = value;
          if (size === 8) vi[w + 1] = memory.high;
        }
        vb.fill(0, mask + n * size, mask + (n + 1) * size);
      }
      vb.fill(0, mask, mask + registerBytes);
      vb.fill(0, d + count * size, d + registerBytes);
    };
  };

/** As many as there are both indices and places in a register. */
export function countOf(m: MemoryOperand, indexSize: number, size: number, bytes: number): number {
  const indices = (m.vectorIndexBytes ?? 16) / indexSize;
  return Math.min(indices, bytes / size);
}

export const vectorMasked: Table = {
  vgatherdpd: gather(4, 8),
  vgatherdps: gather(4, 4),
  vgatherqpd: gather(8, 8),
  vgatherqps: gather(8, 4),
  vmaskmovpd: zeroing(masked(8)),
  vmaskmovps: zeroing(masked(4)),
  vpgatherdd: gather(4, 4),
  vpgatherdq: gather(4, 8),
  vpgatherqd: gather(8, 4),
  vpgatherqq: gather(8, 8),
  vpmaskmovd: zeroing(masked(4)),
  vpmaskmovq: zeroing(masked(8)),
};
