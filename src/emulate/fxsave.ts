// The image of x87 and SSE state that fxsave writes in 64-bit mode (SDM vol. 1, table 10-2 and vol. 2, FXSAVE): signal frames hold one.
import { codeSelector, dataSelector } from './segments.js';
import { MXCSR } from './state.js';
import type { Cpu } from './state.js';

export const fxsaveBytes = 512;
const registersAt = 32;
const vectorsAt = 160;
/** Bytes of a vector register in Cpu.vb. */
const vectorStride = 64;
/** What is there when a process begins, and when a signal handler does (fpu__clear_user_states). */
const initialControl = 0x37f;
const initialMxcsr = 0x1f80;
/** All flags, masks, rounding, flush to zero and denormals are zero. */
export const mxcsrBits = 0xffff;

/** 32-bit code has eight vector registers. */
export const registersIn = ({ bits }: Cpu): number => (bits === 64 ? 16 : 8);

export function saveFpu(cpu: Cpu): Uint8Array {
  const { s, vb, fpu } = cpu;
  const bytes = new Uint8Array(fxsaveBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, fpu.control, true);
  view.setUint16(2, fpu.statusWord(), true);
  let used = 0;
  fpu.empty.forEach((empty, n) => {
    if (!empty) used |= 1 << n;
  });
  view.setUint8(4, used);
  view.setInt32(24, s[MXCSR] ?? 0, true);
  view.setInt32(28, mxcsrBits, true);
  for (let n = 0; n < 8; n++) {
    const at = (fpu.top + n) & 7;
    view.setBigUint64(registersAt + 16 * n, fpu.significand[at] ?? 0n, true);
    view.setUint16(registersAt + 16 * n + 8, fpu.exponent[at] ?? 0, true);
  }
  for (let n = 0; n < registersIn(cpu); n++)
    bytes.set(vb.subarray(vectorStride * n, vectorStride * n + 16), vectorsAt + 16 * n);
  return bytes;
}

/** Of an image, the parts that are wanted. */
export function restoreFpu(cpu: Cpu, bytes: Uint8Array, { x87, sse } = { x87: true, sse: true }): void {
  const { s, vb } = cpu;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (x87) restoreStack(cpu, view);
  if (!sse) return;
  s[MXCSR] = view.getInt32(24, true) & mxcsrBits;
  for (let n = 0; n < registersIn(cpu); n++)
    vb.set(bytes.subarray(vectorsAt + 16 * n, vectorsAt + 16 * n + 16), vectorStride * n);
}

function restoreStack({ fpu }: Cpu, view: DataView): void {
  const status = view.getUint16(2, true);
  fpu.control = (view.getUint16(0, true) & 0x1f3f) | 0x40;
  fpu.status = status & 0x477f;
  fpu.top = (status >> 11) & 7;
  const used = view.getUint8(4);
  for (let n = 0; n < 8; n++) {
    fpu.empty[n] = (used >> n) & 1 ? 0 : 1;
    const at = (fpu.top + n) & 7;
    fpu.significand[at] = view.getBigUint64(registersAt + 16 * n, true);
    fpu.exponent[at] = view.getUint16(registersAt + 16 * n + 8, true);
  }
}

/** What fnsave writes, with the status and a zero that says that an fxsave image follows: what 32-bit signal frames begin with (struct _fpstate_32). */
export const x87Bytes = 112;
const stackAt = 28;
const upperOnes = 0xffff0000;
const valid = 0;
const zero = 1;
const special = 2;
const nothing = 3;

/** As Linux makes it of an fxsave image (arch/x86/kernel/fpu/regset.c, convert_from_fxsr). */
export function saveX87({ fpu }: Cpu): Uint8Array {
  const bytes = new Uint8Array(x87Bytes);
  const view = new DataView(bytes.buffer);
  const status = fpu.statusWord();
  let tags = 0;
  for (let n = 0; n < 8; n++) tags |= tagOf(fpu, n) << (2 * n);
  [fpu.control, status, tags].forEach((value, n) => {
    view.setUint32(4 * n, (value | upperOnes) >>> 0, true);
  });
  view.setUint32(16, codeSelector, true);
  view.setUint32(24, (dataSelector | upperOnes) >>> 0, true);
  for (let n = 0; n < 8; n++) {
    const at = (fpu.top + n) & 7;
    view.setBigUint64(stackAt + 10 * n, fpu.significand[at] ?? 0n, true);
    view.setUint16(stackAt + 10 * n + 8, fpu.exponent[at] ?? 0, true);
  }
  view.setUint16(108, status, true);
  return bytes;
}

export function tagOf({ empty, exponent, significand }: Cpu['fpu'], at: number): number {
  if (empty[at] === 1) return nothing;
  const value = significand[at] ?? 0n;
  const power = (exponent[at] ?? 0) & 0x7fff;
  if (power === 0) return value === 0n ? zero : special;
  return power !== 0x7fff && value >> 63n === 1n ? valid : special;
}

export function restoreX87({ fpu }: Cpu, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const status = view.getUint16(4, true);
  const tags = view.getUint16(8, true);
  fpu.control = view.getUint16(0, true);
  fpu.status = status & 0x477f;
  fpu.top = (status >> 11) & 7;
  for (let n = 0; n < 8; n++) {
    fpu.empty[n] = ((tags >> (2 * n)) & 3) === nothing ? 1 : 0;
    const at = (fpu.top + n) & 7;
    fpu.significand[at] = view.getBigUint64(stackAt + 10 * n, true);
    fpu.exponent[at] = view.getUint16(stackAt + 10 * n + 8, true);
  }
}

export function resetX87({ fpu }: Cpu): void {
  fpu.reset();
  fpu.control = initialControl;
  fpu.significand.fill(0n);
  fpu.exponent.fill(0);
}

/** All of the vector registers: no state is left for AVX. */
export function resetSse({ s, vb }: Cpu): void {
  s[MXCSR] = initialMxcsr;
  for (let n = 0; n < 16; n++) vb.fill(0, vectorStride * n, vectorStride * n + 16);
}
