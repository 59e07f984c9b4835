// Where the second copy of a mirrored program's memory is, as plain data, and the way from one copy to the other.
import type { Machine } from '../machine.js';
import { GS } from '../state.js';
import { stateSymbol } from './runtime-map.js';

export interface Mirror {
  /** Native address minus mirror address, modulo `end`. */
  readonly distance: number;
  /** What is in between is mirror, all else native. */
  readonly lo: number;
  readonly hi: number;
  /** Of addresses. */
  readonly end: number;
}

/** MR_DISTANCE of 32-bit programs (runtime/limits.h). */
const distance32 = 0x7fe00000;
/** Where their mirrors may begin (runtime/i386/place.c). */
const lows = [0x60000000, 0x50000000, 0x40000000, 0x30000000, 0x20000000, 0x10000000];
const end32 = 0x100000000;

/** Undefined: the runtime has not made it, or the program is none that has one. */
export function mirrorIn({ cpu, memory, elf }: Machine): Mirror | undefined {
  if (cpu.bits === 64) {
    // The base of %gs says it.
    const distance = -((cpu.s[GS + 1] ?? 0) * end32 + ((cpu.s[GS] ?? 0) >>> 0));
    return distance === 0 ? undefined : { distance, lo: 0, hi: distance, end: Infinity };
  }
  if (!elf.symbols.some((s) => s.name === stateSymbol)) return undefined;
  // The runtime reserves all of it.
  const lo = lows.find((at) => memory.regions.covers(at, at + end32 - distance32));
  return lo === undefined ? undefined : { distance: distance32, lo, hi: lo + end32 - distance32, end: end32 };
}

export const isMirror = (m: Mirror, address: number): boolean => address >= m.lo && address < m.hi;

/** Of an address in either copy. */
export function nativeOf(m: Mirror, address: number): number {
  if (!isMirror(m, address)) return address;
  const native = address + m.distance;
  return native >= m.end ? native - m.end : native;
}

export function mirrorOf(m: Mirror, native: number): number {
  const address = native - m.distance;
  return address < 0 ? address + m.end : address;
}
