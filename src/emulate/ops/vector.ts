// What the builders of vector instructions share: operands as places in `Cpu.vb`, memory operands copied to a scratch place first, an
// operation on 16 bytes run for each 16 of the destination.
import type { Decoded, MemoryOperand } from '../instruction.js';
import { address, operand } from '../operands.js';
import type { Builder, Op } from '../operands.js';
import { AH, Trap } from '../state.js';
import type { Cpu } from '../state.js';

export const registerBytes = 64;
/** Places behind the registers, for memory operands and results in the making. */
export const scratch = 32 * registerBytes;
export const scratch2 = 33 * registerBytes;

/** An operation on 16 bytes: byte offsets of destination and sources in `vb`. */
export type Lane = (cpu: Cpu, d: number, a: number, b: number) => void;

export function vectorNumber(i: Decoded, n: number): number {
  const o = operand(i, n);
  if (o.kind !== 'register' || o.file !== 'vector')
    throw new Error(`${i.name}: operand ${n} is no vector register`);
  return o.number * registerBytes;
}

/** Loads a memory operand to a place of `vb`. */
export function loader(cpu: Cpu, o: MemoryOperand, bytes: number, to: number, aligned: boolean): Op {
  const at = address(cpu, o);
  const m = cpu.memory;
  const { s, vi, vb, vw } = cpu;
  const w = to >> 2;
  switch (bytes) {
    case 1:
      return () => {
        vb[to] = m.read8(at(), s[AH] ?? 0);
      };
    case 2:
      return () => {
        vw[to >> 1] = m.read16(at(), s[AH] ?? 0);
      };
    case 4:
      return () => {
        vi[w] = m.read32(at(), s[AH] ?? 0);
      };
    case 8:
      return () => {
        vi[w] = m.read64(at(), s[AH] ?? 0);
        vi[w + 1] = m.high;
      };
    default:
      return () => {
        let lo = at();
        let hi = s[AH] ?? 0;
        if (aligned && lo & (bytes - 1)) throw new Trap('protection', 'a misaligned vector operand');
        for (let n = 0; n < bytes; n += 8) {
          vi[w + (n >> 2)] = m.read64(lo, hi);
          vi[w + (n >> 2) + 1] = m.high;
          lo = (lo + 8) | 0;
          if (lo >>> 0 < 8) hi++;
        }
      };
  }
}

export function storer(cpu: Cpu, o: MemoryOperand, bytes: number, from: number, aligned: boolean): Op {
  const at = address(cpu, o);
  const m = cpu.memory;
  const { s, vi, vb, vw } = cpu;
  const w = from >> 2;
  switch (bytes) {
    case 1:
      return () => {
        m.write8(at(), s[AH] ?? 0, vb[from] ?? 0);
      };
    case 2:
      return () => {
        m.write16(at(), s[AH] ?? 0, vw[from >> 1] ?? 0);
      };
    case 4:
      return () => {
        m.write32(at(), s[AH] ?? 0, vi[w] ?? 0);
      };
    case 8:
      return () => {
        m.write64(at(), s[AH] ?? 0, vi[w] ?? 0, vi[w + 1] ?? 0);
      };
    default:
      return () => {
        let lo = at();
        let hi = s[AH] ?? 0;
        if (aligned && lo & (bytes - 1)) throw new Trap('protection', 'a misaligned vector operand');
        // All or nothing, also across a page.
        if ((lo & 4095) + bytes > 4096) m.probeWrite(lo, hi, bytes);
        for (let n = 0; n < bytes; n += 8) {
          m.write64(lo, hi, vi[w + (n >> 2)] ?? 0, vi[w + (n >> 2) + 1] ?? 0);
          lo = (lo + 8) | 0;
          if (lo >>> 0 < 8) hi++;
        }
      };
  }
}

export interface Source {
  /** Offset in `vb` once `load` has run. */
  readonly at: number;
  readonly load: Op | undefined;
}

export function source(
  cpu: Cpu,
  i: Decoded,
  n: number,
  bytes: number,
  to = scratch,
  aligned = !i.vex,
): Source {
  const o = operand(i, n);
  if (o.kind !== 'memory') return { at: vectorNumber(i, n), load: undefined };
  return { at: to, load: loader(cpu, o, bytes, to, aligned && bytes >= 16) };
}

/** An instruction with a destination and one or two sources, of `bytes` (16 and up: the destination's own size). */
export const lanes =
  (lane: Lane, unary = false): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const d = vectorNumber(i, 0);
    const { at, load } = source(cpu, i, 1, 16);
    const a = unary ? at : d;
    if (load)
      return () => {
        load();
        lane(cpu, d, a, at);
      };
    return () => {
      lane(cpu, d, a, at);
    };
  };

/** A scalar: only `bytes` of the source are read, the lane writes its part of the destination. */
export const scalar =
  (bytes: number, lane: Lane): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const d = vectorNumber(i, 0);
    const { at, load } = source(cpu, i, 1, bytes);
    if (load)
      return () => {
        load();
        lane(cpu, d, d, at);
      };
    return () => {
      lane(cpu, d, d, at);
    };
  };
