// Closures for addresses and operands. A 64-bit value is its low word, with the upper one in s[HI]; an address likewise, upper word in s[AH].
import type { Decoded, ImmediateOperand, MemoryOperand, Operand } from './instruction.js';
import { AH, FS, GS, HI } from './state.js';
import { throughSelector } from './segments.js';
import type { Cpu } from './state.js';

export type Op = () => void;
/** Makes the closure that executes an instruction. */
export type Builder = (cpu: Cpu, i: Decoded) => Op;
/** Builders by name. */
export type Table = Readonly<Record<string, Builder>>;
/** The low word of an address; the upper one goes to s[AH]. */
export type Address = () => number;
export type Read = () => number;
export type Write = (lo: number, hi: number) => void;

export interface Place {
  readonly read: Read;
  readonly write: Write;
}

const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
export const words = (value: bigint): readonly [number, number] => [low(value), high(value)];

export function memoryOf(i: Decoded): MemoryOperand {
  for (const operand of i.operands) if (operand.kind === 'memory') return operand;
  throw new Error(`${i.name} without a memory operand`);
}

export function operand(i: Decoded, n: number): Operand {
  const found = i.operands[n];
  if (!found) throw new Error(`${i.name} without operand ${n}`);
  return found;
}

export function immediateOf(i: Decoded, n: number): ImmediateOperand {
  const found = operand(i, n);
  if (found.kind !== 'immediate') throw new Error(`${i.name}: operand ${n} is no immediate`);
  return found;
}

export function sizeOf(i: Decoded, n: number): number {
  const found = operand(i, n);
  return found.kind === 'register' || found.kind === 'memory' ? found.size : 0;
}

/** With `plain` the segment's base is left out: lea. */
export function address(cpu: Cpu, m: MemoryOperand, plain = false): Address {
  const s = cpu.s;
  const inner = m.addressSize === 64 ? flatAddress(s, m) : narrowAddress(s, m, m.addressSize);
  if (m.segment === undefined || plain) return inner;
  if (m.segment === 'cs') throw new Error('a prefix of CS');
  if (cpu.bits === 32) return throughSelector(s, m.segment, inner);
  const base = m.segment === 'fs' ? FS : GS;
  return () => {
    const a = inner();
    const lo = (a + (s[base] ?? 0)) | 0;
    s[AH] = (s[AH] ?? 0) + (s[base + 1] ?? 0) + (lo >>> 0 < a >>> 0 ? 1 : 0);
    return lo;
  };
}

/** Modulo 2^32 or 2^16. */
function narrowAddress(s: Int32Array, m: MemoryOperand, size: 16 | 32): Address {
  const mask = size === 32 ? -1 : 0xffff;
  const d = low(m.displacement) & mask;
  const b = 2 * (m.base ?? 0);
  const x = 2 * (m.index ?? 0);
  const shift = Math.log2(m.scale);
  if (m.base === undefined && m.index === undefined)
    return () => {
      s[AH] = 0;
      return d;
    };
  if (m.index === undefined)
    return () => {
      s[AH] = 0;
      return ((s[b] ?? 0) + d) & mask;
    };
  if (m.base === undefined)
    return () => {
      s[AH] = 0;
      return (((s[x] ?? 0) << shift) + d) & mask;
    };
  return () => {
    s[AH] = 0;
    return ((s[b] ?? 0) + ((s[x] ?? 0) << shift) + d) & mask;
  };
}

function flatAddress(s: Int32Array, m: MemoryOperand): Address {
  const dl = low(m.displacement);
  const dh = high(m.displacement);
  if (m.base === undefined && m.index === undefined)
    return () => {
      s[AH] = dh;
      return dl;
    };
  if (m.index === undefined) {
    const b = 2 * (m.base ?? 0);
    return () => {
      const a = s[b] ?? 0;
      const lo = (a + dl) | 0;
      s[AH] = (s[b + 1] ?? 0) + dh + (lo >>> 0 < a >>> 0 ? 1 : 0);
      return lo;
    };
  }
  const x = 2 * m.index;
  const shift = Math.log2(m.scale);
  if (m.base === undefined)
    return () => {
      const a = (s[x] ?? 0) << shift;
      const ah = shift === 0 ? (s[x + 1] ?? 0) : ((s[x + 1] ?? 0) << shift) | ((s[x] ?? 0) >>> (32 - shift));
      const lo = (a + dl) | 0;
      s[AH] = ah + dh + (lo >>> 0 < a >>> 0 ? 1 : 0);
      return lo;
    };
  const b = 2 * m.base;
  return () => {
    const a = (s[x] ?? 0) << shift;
    const ah = shift === 0 ? (s[x + 1] ?? 0) : ((s[x + 1] ?? 0) << shift) | ((s[x] ?? 0) >>> (32 - shift));
    const part = (a + dl) | 0;
    const lo = (part + (s[b] ?? 0)) | 0;
    s[AH] = ah + dh + (s[b + 1] ?? 0) + (part >>> 0 < a >>> 0 ? 1 : 0) + (lo >>> 0 < part >>> 0 ? 1 : 0);
    return lo;
  };
}

/** Reads zero-extended below 32 bits. */
export function readMemory(cpu: Cpu, size: number, at: Address): Read {
  const m = cpu.memory;
  const s = cpu.s;
  switch (size) {
    case 1:
      return () => m.read8(at(), s[AH] ?? 0);
    case 2:
      return () => m.read16(at(), s[AH] ?? 0);
    case 4:
      return () => m.read32(at(), s[AH] ?? 0);
    case 8:
      return () => {
        const lo = m.read64(at(), s[AH] ?? 0);
        s[HI] = m.high;
        return lo;
      };
    default:
      throw new Error(`no reads of ${size} bytes`);
  }
}

export function writeMemory(cpu: Cpu, size: number, at: Address): Write {
  const m = cpu.memory;
  const s = cpu.s;
  switch (size) {
    case 1:
      return (lo) => {
        m.write8(at(), s[AH] ?? 0, lo);
      };
    case 2:
      return (lo) => {
        m.write16(at(), s[AH] ?? 0, lo);
      };
    case 4:
      return (lo) => {
        m.write32(at(), s[AH] ?? 0, lo);
      };
    case 8:
      return (lo, hi) => {
        m.write64(at(), s[AH] ?? 0, lo, hi);
      };
    default:
      throw new Error(`no writes of ${size} bytes`);
  }
}

/** The byte in `Cpu.b` of a register's lowest byte. */
export function byteAt(number: number, isHigh: boolean): number {
  return 8 * number + (isHigh ? 1 : 0);
}

function registerPlace(cpu: Cpu, number: number, size: number, isHigh: boolean): Place {
  const { s, b, w } = cpu;
  const lo = 2 * number;
  switch (size) {
    case 1: {
      const at = byteAt(number, isHigh);
      return {
        read: () => b[at] ?? 0,
        write: (value) => {
          b[at] = value;
        },
      };
    }
    case 2:
      return {
        read: () => w[4 * number] ?? 0,
        write: (value) => {
          w[4 * number] = value;
        },
      };
    case 4:
      return {
        read: () => s[lo] ?? 0,
        write: (value) => {
          s[lo] = value;
          s[lo + 1] = 0;
        },
      };
    case 8:
      return {
        read: () => {
          s[HI] = s[lo + 1] ?? 0;
          return s[lo] ?? 0;
        },
        write: (value, upper) => {
          s[lo] = value;
          s[lo + 1] = upper;
        },
      };
    default:
      throw new Error(`no general register has ${size} bytes`);
  }
}

/** A register or memory operand of 1 to 8 bytes, or an immediate (read only). */
export function place(cpu: Cpu, i: Decoded, n: number, size = sizeOf(i, n)): Place {
  const o = operand(i, n);
  const s = cpu.s;
  if (o.kind === 'register' && o.file === 'general') return registerPlace(cpu, o.number, size, o.high);
  if (o.kind === 'memory') {
    const at = address(cpu, o);
    return { read: readMemory(cpu, size, at), write: writeMemory(cpu, size, at) };
  }
  if (o.kind === 'immediate') {
    const { hi } = o;
    const lo = size === 1 ? o.lo & 0xff : size === 2 ? o.lo & 0xffff : o.lo;
    return {
      read: () => {
        s[HI] = hi;
        return lo;
      },
      write: () => {
        throw new Error('an immediate is not written');
      },
    };
  }
  throw new Error(`${i.name}: operand ${n} is not general`);
}

/** As `place`, for a destination that is read first: the address is computed once. */
export function modify(cpu: Cpu, i: Decoded, n: number, size = sizeOf(i, n)): Place {
  const o = operand(i, n);
  if (o.kind !== 'memory') return place(cpu, i, n, size);
  const s = cpu.s;
  const at = address(cpu, o);
  let lo = 0;
  let hi = 0;
  const saved: Address = () => {
    lo = at();
    hi = s[AH] ?? 0;
    return lo;
  };
  const again: Address = () => {
    s[AH] = hi;
    return lo;
  };
  const read = readMemory(cpu, size, saved);
  const m = cpu.memory;
  return {
    // A place that may be read but not written faults before anything changes.
    read: () => {
      const value = read();
      const upper = s[HI] ?? 0;
      m.probeWrite(lo, hi, size);
      s[HI] = upper;
      return value;
    },
    write: writeMemory(cpu, size, again),
  };
}
