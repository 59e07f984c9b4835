// What may differ between the emulator and the CPU: what the manuals leave undefined, and approximations within their tolerance.
import type { Decoded } from '../../src/emulate/instruction.js';
import { state, extendedAt, placesOf } from './record.js';
import { undefinedFlags } from './undefined.js';

export const flagsCompared = 0xcd5;

/** Double shifts of 16 bits by more than 16, powers and logarithms of what is out of range: the result is undefined (AMD APM vol. 3, SHLD; vol. 5, F2XM1, FYL2XP1). */
export function isUndefined(i: Decoded, input: Uint8Array): boolean {
  const word = new DataView(input.buffer, input.byteOffset).getUint16(extendedAt + 40, true);
  const exponent = (word & 0x7fff) - 16383;
  if (i.name === 'f2xm1') return exponent >= 0;
  if (i.name === 'fyl2xp1') return exponent >= -2;
  const first = i.operands[0];
  const count = input[state + 8]! & 31;
  return (
    /^sh[lr]d$/.test(i.name) &&
    first?.kind === 'register' &&
    first.size === 2 &&
    i.operands[2]?.kind !== 'immediate' &&
    count > 16
  );
}

/** A partial remainder (C2): how far it gets is the CPU's choice (SDM vol. 2, FPREM: N is 32 to 63). */
export function isPartial(i: Decoded, native: Uint8Array): boolean {
  return /^fprem1?$/.test(i.name) && (native[extendedAt + 3]! & 4) !== 0;
}

const functions = /^(f2xm1|fyl2x|fyl2xp1|fpatan|fptan|fsin|fcos|fsincos)$/;
/** Units in the last place that a CPU's sines and logarithms may be away from the rounded result (SDM vol. 1, 8.3.10: one to nearest). */
const units = 1n;

/** Such results may differ, and with them which way they were rounded (C1). */
export function forgiveFunctions(i: Decoded, native: DataView, own: DataView): void {
  if (!functions.test(i.name)) return;
  own.setUint16(
    extendedAt + 2,
    (own.getUint16(extendedAt + 2, true) & ~0x200) | (native.getUint16(extendedAt + 2, true) & 0x200),
    true,
  );
  for (let n = 0; n < 8; n++) {
    const at = extendedAt + 32 + 16 * n;
    const value = (view: DataView): bigint =>
      (BigInt(view.getUint16(at + 8, true)) << 63n) + BigInt.asUintN(63, view.getBigUint64(at, true));
    const distance = value(native) - value(own);
    if (distance < -units || distance > units) continue;
    own.setBigUint64(at, native.getBigUint64(at, true), true);
    own.setUint16(at + 8, native.getUint16(at + 8, true), true);
  }
}

/** Each CPU has its own 12 bits of a reciprocal (SDM vol. 2, RCPPS: an error of 1.5 * 2^-12 at most): numbers that are as near as two such may be count as equal. Of AVX-512's the error is 2^-14. */
export function forgive(i: Decoded, native: Uint8Array, own: Uint8Array): void {
  const [to] = i.operands;
  if (!/^v?r(cp|sqrt)(14)?[ps][sd]$/.test(i.name) || to?.kind !== 'register') return;
  const [a, b] = [native, own].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset));
  if (i.name.endsWith('d')) {
    for (let n = 0; n < (i.name.endsWith('sd') ? 8 : to.size); n += 8) {
      const at = placesOf(to.number)[n >> 4]! + (n & 15);
      const [x, y] = [a!.getFloat64(at, true), b!.getFloat64(at, true)];
      if (Math.abs(x - y) <= Math.abs(x) * 2 ** -14) b!.setBigUint64(at, a!.getBigUint64(at, true), true);
    }
    return;
  }
  const error = i.evex ? 2 ** -14 : 2 ** -11;
  for (let n = 0; n < (i.name.endsWith('ss') ? 4 : to.size); n += 4) {
    const at = placesOf(to.number)[n >> 4]! + (n & 15);
    const [x, y] = [a!.getFloat32(at, true), b!.getFloat32(at, true)];
    if (Math.abs(x - y) <= Math.abs(x) * error) b!.setUint32(at, a!.getUint32(at, true), true);
  }
}

/** A gather of elements that are narrower than their indices, ended by a fault: whether what lies above the elements is zero by then depends on how far it got. */
export function forgiveGather(i: Decoded, native: Uint8Array, own: Uint8Array): void {
  const [to, memory] = i.operands;
  if (!i.evex || !/^vp?gatherq(d|ps)$/.test(i.name) || native[0] === 0) return;
  if (to?.kind !== 'register' || memory?.kind !== 'memory') return;
  for (let n = (memory.vectorIndexBytes ?? 0) / 2; n < 64; n++) {
    const at = placesOf(to.number)[n >> 4]! + (n & 15);
    own[at] = native[at]!;
  }
}

export function maskOf(i: Decoded, input: DataView): number {
  const rule = undefinedFlags[i.name];
  if (!rule) return flagsCompared;
  const first = i.operands[0];
  const bits = 8 * (first?.kind === 'register' || first?.kind === 'memory' ? first.size : 8);
  const last = i.operands.at(-1);
  const raw = last?.kind === 'immediate' ? last.lo : input.getUint8(state + 8);
  return flagsCompared & ~rule(raw & (bits === 64 ? 63 : 31), bits);
}
