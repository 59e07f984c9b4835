// What xsave writes with x87, SSE and AVX enabled (SDM vol. 1, 13.4): the image of fxsave, a header, the upper halves of the vector registers. Signal frames hold
// one.
import { fxsaveBytes, registersIn, resetSse, resetX87, restoreFpu, saveFpu } from './fxsave.js';
import { MXCSR } from './state.js';
import type { Cpu } from './state.js';

export const X87 = 1;
export const SSE = 2;
export const AVX = 4;
/** XCR0: x87, SSE and AVX. */
export const extendedControl = X87 | SSE | AVX;
/** XSTATE_BV, XCOMP_BV and what has to be zero. */
export const headerAt = fxsaveBytes;
const headerBytes = 64;
export const uppersAt = fxsaveBytes + headerBytes;
export const uppersBytes = 256;
export const xsaveBytes = uppersAt + uppersBytes;
/** Bytes of a vector register in Cpu.vb. */
const vectorStride = 64;

/** XINUSE as AMD's CPUs have it: by value. */
export function inUse(cpu: Cpu): number {
  const { vb, fpu } = cpu;
  const some = (from: number): boolean => {
    for (let n = 0; n < registersIn(cpu); n++)
      if (vb.subarray(vectorStride * n + from, vectorStride * n + from + 16).some((b) => b !== 0))
        return true;
    return false;
  };
  const x87 =
    fpu.control !== 0x37f ||
    fpu.statusWord() !== 0 ||
    fpu.empty.includes(0) ||
    fpu.significand.some((v) => v !== 0n) ||
    fpu.exponent.some((v) => v !== 0);
  return (x87 ? X87 : 0) | (some(0) ? SSE : 0) | (some(16) ? AVX : 0);
}

/** All of it, with a header that names `features`. */
export function saveExtended(cpu: Cpu, features: number): Uint8Array {
  const bytes = new Uint8Array(xsaveBytes);
  bytes.set(saveFpu(cpu));
  bytes[headerAt] = features;
  for (let n = 0; n < registersIn(cpu); n++)
    bytes.set(cpu.vb.subarray(vectorStride * n + 16, vectorStride * n + 32), uppersAt + 16 * n);
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
  if (!(wanted & AVX)) return;
  for (let n = 0; n < registersIn(cpu); n++) {
    const to = vectorStride * n + 16;
    const from = uppersAt + 16 * n;
    if (present & AVX) vb.set(bytes.subarray(from, from + 16), to);
    else vb.fill(0, to, to + 16);
  }
}

/** Upper halves as at a program's start. */
export function resetUppers({ vb }: Cpu): void {
  for (let n = 0; n < 16; n++) vb.fill(0, vectorStride * n + 16, vectorStride * n + 32);
}
