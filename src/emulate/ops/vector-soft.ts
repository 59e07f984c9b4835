// Between MXCSR, elements of vector registers and softfloat.ts: what all floating point of SSE and AVX shares.
import * as soft from '../softfloat.js';
import type { Environment, Format, Soft } from '../softfloat.js';
import { MXCSR, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import { lanes, packed, scalar } from './vector.js';
import type { Elements } from './vector.js';
import type { Table } from '../operands.js';

export { lanes, packed, scalar };

const exceptionMask = 0x3f;

export function environment({ s }: Cpu): Environment {
  const mxcsr = s[MXCSR] ?? 0;
  return {
    rounding: (mxcsr >> 13) & 3,
    flags: 0,
    flushToZero: (mxcsr & 0x8000) !== 0,
    denormalsAreZero: (mxcsr & 0x40) !== 0,
    overflowTraps: (mxcsr & 0x400) === 0,
    underflowTraps: (mxcsr & 0x800) === 0,
  };
}

/** Keeps the flags; an unmasked one is a fault before the destination changes. */
export function settle(cpu: Cpu, env: Environment): void {
  if (env.flags === 0) return;
  const s = cpu.s;
  const mxcsr = s[MXCSR] ?? 0;
  const before = env.flags & (soft.INVALID | soft.DENORMAL | soft.DIVIDE);
  const masked = (mxcsr >> 7) & exceptionMask;
  // What stands before the operation hides what would come behind it (SDM vol. 1, 4.9.2).
  const seen = before & ~masked ? before : env.flags;
  s[MXCSR] = mxcsr | seen;
  if (seen & ~masked) throw new Trap('float', 'an unmasked SSE exception');
}

export const sizeOfFormat = (f: Format): 2 | 4 | 8 => (f === soft.double ? 8 : f === soft.single ? 4 : 2);

export const read = ({ vq, vi, vw }: Cpu, f: Format, at: number): bigint =>
  f === soft.double
    ? (vq[at >> 3] ?? 0n)
    : BigInt(f === soft.single ? (vi[at >> 2] ?? 0) >>> 0 : (vw[at >> 1] ?? 0));

export const write = ({ vq, vi, vw }: Cpu, f: Format, at: number, bits: bigint): void => {
  if (f === soft.double) vq[at >> 3] = bits;
  else if (f === soft.single) vi[at >> 2] = Number(BigInt.asIntN(32, bits));
  else vw[at >> 1] = Number(bits);
};

/** Each element's bits by its number; nothing is written before all are known, or if an exception is not masked. */
export function computed(
  cpu: Cpu,
  f: Format,
  d: number,
  count: number,
  element: (n: number, env: Environment) => bigint,
): void {
  const env = environment(cpu);
  const results = Array.from({ length: count }, (_, n) => element(n, env));
  settle(cpu, env);
  const size = sizeOfFormat(f);
  results.forEach((bits, n) => {
    write(cpu, f, d + n * size, bits);
  });
}

export const number = (cpu: Cpu, f: Format, at: number, env: Environment): Soft =>
  soft.unpack(read(cpu, f, at), f, env);

/** The four forms of an instruction. */
export const both = (name: string, make: (f: Format) => Elements, unary = false): Table => ({
  ...packedBoth(name, make, unary),
  [`${name}sd`]: scalar(8, make(soft.double)),
  [`${name}ss`]: scalar(4, make(soft.single)),
});

export const packedBoth = (name: string, make: (f: Format) => Elements, unary = false): Table => ({
  [`${name}pd`]: packed(8, make(soft.double), unary),
  [`${name}ps`]: packed(4, make(soft.single), unary),
});
