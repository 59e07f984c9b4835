// What xsave writes with x87, SSE, AVX and AVX-512 enabled (SDM vol. 1, 13.4): the image of fxsave, a header, then what other components have of the vector registers.
// Offsets are those of AMD's CPUs; programs find them by CPUID. Signal frames hold one.
import { fxsaveBytes, registersIn, resetSse, resetX87, restoreFpu, saveFpu } from './fxsave.js';
import { maskRegisters, masksAt, MXCSR } from './state.js';
import type { Cpu } from './state.js';

export const X87 = 1;
export const SSE = 2;
export const AVX = 4;
/** XSTATE_BV, XCOMP_BV and what has to be zero. */
export const headerAt = fxsaveBytes;
export const headerBytes = 64;
export const extendedAt = fxsaveBytes + headerBytes;
/** Bytes of a vector register in Cpu.vb. */
const vectorStride = 64;

/** From where in Cpu.vb, to where in the component, how many bytes. */
type Slice = readonly [from: number, to: number, bytes: number];
export interface Component {
  readonly bit: number;
  readonly at: number;
  readonly bytes: number;
  readonly slices: (cpu: Cpu) => readonly Slice[];
}

const parts =
  (first: number, from: number, bytes: number) =>
  (count: number): readonly Slice[] =>
    Array.from({ length: count }, (_, n) => [vectorStride * (first + n) + from, bytes * n, bytes]);
const lowest = parts(0, 0, 16);
const uppers = parts(0, 16, 16);
const upperHalves = parts(0, 32, 32);
const upperRegisters = parts(16, 0, 64);

/** Behind the header, in the order of their bits. */
export const components: readonly Component[] = [
  { bit: 2, at: extendedAt, bytes: 256, slices: (cpu) => uppers(registersIn(cpu)) },
  { bit: 5, at: 832, bytes: 64, slices: () => [[masksAt, 0, 8 * maskRegisters]] },
  { bit: 6, at: 896, bytes: 512, slices: (cpu) => upperHalves(registersIn(cpu)) },
  { bit: 7, at: 1408, bytes: 1024, slices: ({ bits }) => upperRegisters(bits === 64 ? 16 : 0) },
];
/** XCR0. */
export const extendedControl = components.reduce((all, { bit }) => all | (1 << bit), X87 | SSE);
export const xsaveBytes = components.reduce((end, { at, bytes }) => Math.max(end, at + bytes), extendedAt);

/** XINUSE as AMD's CPUs have it: by value. */
export function inUse(cpu: Cpu): number {
  const { vi, fpu } = cpu;
  const some = (slices: readonly Slice[]): boolean =>
    slices.some(([from, , bytes]) => vi.subarray(from >> 2, (from + bytes) >> 2).some((v) => v !== 0));
  const x87 =
    fpu.control !== 0x37f ||
    fpu.statusWord() !== 0 ||
    fpu.empty.includes(0) ||
    fpu.significand.some((v) => v !== 0n) ||
    fpu.exponent.some((v) => v !== 0);
  return components.reduce(
    (all, { bit, slices }) => all | (some(slices(cpu)) ? 1 << bit : 0),
    (x87 ? X87 : 0) | (some(lowest(registersIn(cpu))) ? SSE : 0),
  );
}

/** All of it, with a header that names `features`. */
export function saveExtended(cpu: Cpu, features: number): Uint8Array {
  const bytes = new Uint8Array(xsaveBytes);
  bytes.set(saveFpu(cpu));
  bytes[headerAt] = features;
  for (const { at, slices } of components)
    for (const [from, to, length] of slices(cpu)) bytes.set(cpu.vb.subarray(from, from + length), at + to);
  return bytes;
}

/** Components of `wanted` from memory if they are in `present`, else as they are at a program's start. */
export function restoreExtended(cpu: Cpu, bytes: Uint8Array, wanted: number, present: number): void {
  const { s, vb } = cpu;
  const mxcsr = s[MXCSR] ?? 0;
  restoreFpu(cpu, bytes, { x87: (wanted & present & X87) !== 0, sse: (wanted & present & SSE) !== 0 });
  const control = new DataView(bytes.buffer, bytes.byteOffset).getInt32(24, true);
  if (wanted & X87 & ~present) resetX87(cpu);
  if (wanted & SSE & ~present) resetSse(cpu);
  // MXCSR comes with either, whatever the header says.
  s[MXCSR] = wanted & (SSE | AVX) ? control : mxcsr;
  for (const { bit, at, slices } of components) {
    if (!(wanted & (1 << bit))) continue;
    for (const [to, from, length] of slices(cpu))
      if (present & (1 << bit)) vb.set(bytes.subarray(at + from, at + from + length), to);
      else vb.fill(0, to, to + length);
  }
}

/** All that SSE does not have as at a program's start. */
export function resetUppers(cpu: Cpu): void {
  for (const { slices } of components)
    for (const [from, , length] of slices(cpu)) cpu.vb.fill(0, from, from + length);
}
