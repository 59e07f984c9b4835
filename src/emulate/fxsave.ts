// The image of x87 and SSE state that fxsave writes in 64-bit mode (SDM vol. 1, table 10-2 and vol. 2, FXSAVE): signal frames hold one.
import { MXCSR } from './state.js';
import type { Cpu } from './state.js';

export const fxsaveBytes = 512;
const registersAt = 32;
const vectorsAt = 160;
const registers = 16;
/** Bytes of a vector register in Cpu.vb. */
const vectorStride = 64;
/** What is there when a process begins, and when a signal handler does (fpu__clear_user_states). */
const initialControl = 0x37f;
const initialMxcsr = 0x1f80;
/** All flags, masks, rounding, flush to zero and denormals are zero. */
const mxcsrBits = 0xffff;

export function saveFpu({ s, vb, fpu }: Cpu): Uint8Array {
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
  for (let n = 0; n < registers; n++)
    bytes.set(vb.subarray(vectorStride * n, vectorStride * n + 16), vectorsAt + 16 * n);
  return bytes;
}

export function restoreFpu({ s, vb, fpu }: Cpu, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const status = view.getUint16(2, true);
  fpu.control = view.getUint16(0, true);
  fpu.status = status & 0x477f;
  fpu.top = (status >> 11) & 7;
  const used = view.getUint8(4);
  for (let n = 0; n < 8; n++) {
    fpu.empty[n] = (used >> n) & 1 ? 0 : 1;
    const at = (fpu.top + n) & 7;
    fpu.significand[at] = view.getBigUint64(registersAt + 16 * n, true);
    fpu.exponent[at] = view.getUint16(registersAt + 16 * n + 8, true);
  }
  s[MXCSR] = view.getInt32(24, true) & mxcsrBits;
  for (let n = 0; n < registers; n++)
    vb.set(bytes.subarray(vectorsAt + 16 * n, vectorsAt + 16 * n + 16), vectorStride * n);
}

export function resetFpu({ s, vb, fpu }: Cpu): void {
  fpu.reset();
  fpu.control = initialControl;
  fpu.significand.fill(0n);
  fpu.exponent.fill(0);
  s[MXCSR] = initialMxcsr;
  for (let n = 0; n < registers; n++) vb.fill(0, vectorStride * n, vectorStride * n + 16);
}
