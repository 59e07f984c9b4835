// x87: loads and stores of all formats, and operands as numbers.
import type { Decoded } from '../instruction.js';
import { address, memoryOf, operand, sizeOf } from '../operands.js';
import type { Builder } from '../operands.js';
import * as soft from '../softfloat.js';
import type { Environment, Format, Soft } from '../softfloat.js';
import { AH } from '../state.js';
import type { Cpu } from '../state.js';
import { C1, pack80 } from '../x87.js';

const formats: Readonly<Record<number, Format>> = { 4: soft.single, 8: soft.double };

export function stack(i: Decoded, n: number): number {
  const o = operand(i, n);
  if (o.kind !== 'register' || o.file !== 'x87')
    throw new Error(`${i.name}: operand ${n} is no stack register`);
  return o.number;
}

type Load = (env: Environment) => Soft;

/** 80 bits as they stand in memory: what is no number stays what it is until it is used. */
function loadExtended(cpu: Cpu, i: Decoded): () => { readonly significand: bigint; readonly word: number } {
  const at = address(cpu, memoryOf(i));
  const { memory: m, s } = cpu;
  return () => {
    const lo = at();
    const hi = s[AH] ?? 0;
    const low = m.read64(lo, hi);
    const significand = (BigInt(m.high >>> 0) << 32n) | BigInt(low >>> 0);
    const next = (lo + 8) | 0;
    return { significand, word: m.read16(next, hi + (next >>> 0 < lo >>> 0 ? 1 : 0)) };
  };
}

/** Memory as a number: 32 and 64 bits, or an integer. */
export function loadNumber(cpu: Cpu, i: Decoded, integer: boolean): Load {
  const o = memoryOf(i);
  const at = address(cpu, o);
  const m = cpu.memory;
  const s = cpu.s;
  const raw = (): bigint => {
    const lo = m.read64(at(), s[AH] ?? 0);
    return (BigInt(m.high >>> 0) << 32n) | BigInt(lo >>> 0);
  };
  if (integer) {
    const whole = (n: bigint): Soft =>
      n === 0n
        ? soft.zero(false)
        : { kind: 'finite', negative: n < 0n, significand: n < 0n ? -n : n, exponent: 0 };
    if (o.size === 2) return () => whole(BigInt((m.read16(at(), s[AH] ?? 0) << 16) >> 16));
    if (o.size === 4) return () => whole(BigInt(m.read32(at(), s[AH] ?? 0)));
    return () => whole(BigInt.asIntN(64, raw()));
  }
  const format = formats[o.size];
  if (!format) throw new Error('not a number in memory');
  if (o.size === 4) return (env) => soft.unpack(BigInt(m.read32(at(), s[AH] ?? 0) >>> 0), format, env);
  return (env) => soft.unpack(raw(), format, env);
}

/** fld, fild. An 80-bit load looks at nothing; a shorter one makes a signaling NaN quiet. */
export const load =
  (integer: boolean): Builder =>
  (cpu, i) => {
    const { fpu } = cpu;
    if (operand(i, 0).kind === 'register' || i.operands.length === 2) {
      const n = stack(i, i.operands.length - 1);
      return () => {
        fpu.status &= ~C1;
        const env = fpu.environment();
        const at = (fpu.top + n) & 7;
        if (fpu.empty[at] === 1) {
          const nan = fpu.stackFault(env);
          if (!fpu.settle(env)) return;
          fpu.top = (fpu.top - 1) & 7;
          fpu.set(0, nan);
          return;
        }
        fpu.pushRaw(fpu.significand[at] ?? 0n, fpu.exponent[at] ?? 0);
      };
    }
    if (memoryOf(i).size === 10) {
      const get = loadExtended(cpu, i);
      return () => {
        const { significand, word } = get();
        fpu.status &= ~C1;
        fpu.pushRaw(significand, word);
      };
    }
    const get = loadNumber(cpu, i, integer);
    return () => {
      const env = fpu.environment();
      const value = get(env);
      fpu.status &= ~C1;
      // A stack fault comes before what the operand would raise.
      if (fpu.isEmpty(7)) {
        soft.noteDenormals(env, value);
        if (value.kind === 'nan' && value.signaling === true) env.flags |= soft.INVALID;
      }
      // A denormal is loaded, whether that is masked or not (AMD's CPUs).
      fpu.status |= env.flags & soft.DENORMAL;
      env.flags &= ~soft.DENORMAL;
      if (fpu.settle(env)) fpu.push(value.kind === 'nan' ? soft.quiet(value) : value);
    };
  };

/** fst, fstp. */
export const store =
  (pops: boolean): Builder =>
  (cpu, i) => {
    const { fpu, s } = cpu;
    const m = cpu.memory;
    const o = operand(i, 0);
    if (o.kind === 'register') {
      const n = o.number;
      return () => {
        fpu.status &= ~C1;
        const env = fpu.environment();
        const from = fpu.top;
        const to = (fpu.top + n) & 7;
        if (fpu.isEmpty(0)) {
          const value = fpu.get(0, env);
          if (!fpu.settle(env)) return;
          fpu.set(n, value);
        } else {
          fpu.significand[to] = fpu.significand[from] ?? 0n;
          fpu.exponent[to] = fpu.exponent[from] ?? 0;
          fpu.empty[to] = 0;
        }
        if (pops) fpu.pop();
      };
    }
    const at = address(cpu, memoryOf(i));
    const size = sizeOf(i, 0);
    const format = formats[size];
    return () => {
      fpu.status &= ~C1;
      const env = fpu.environment();
      const lo = at();
      const hi = s[AH] ?? 0;
      m.probeWrite(lo, hi, size);
      const empty = fpu.isEmpty(0);
      const value = fpu.get(0, env);
      if (!format) {
        if (!fpu.settle(empty ? env : fpu.environment())) return;
        const raw = pack80(value);
        const significand = empty ? raw.significand : (fpu.significand[fpu.top] ?? 0n);
        const next = (lo + 8) | 0;
        m.write64(
          lo,
          hi,
          Number(BigInt.asIntN(32, significand)),
          Number(BigInt.asIntN(32, significand >> 32n)),
        );
        m.write16(
          next,
          hi + (next >>> 0 < lo >>> 0 ? 1 : 0),
          empty ? raw.exponent : (fpu.exponent[fpu.top] ?? 0),
        );
      } else {
        const rounded = toFormat(value, format, env);
        if (!fpu.settle(env, true)) return;
        const bits = soft.pack(rounded, format);
        if (size === 4) m.write32(lo, hi, Number(BigInt.asIntN(32, bits)));
        else m.write64(lo, hi, Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n)));
      }
      if (pops) fpu.pop();
    };
  };

function toFormat(v: Soft, format: Format, env: Environment): Soft {
  if (v.kind === 'nan') {
    if (v.signaling === true) env.flags |= soft.INVALID;
    return soft.quiet(v);
  }
  return v.kind === 'finite' ? soft.round(v.negative, v.significand, v.exponent, format, env) : v;
}

/** fist, fistp, fisttp. */
export const storeInteger =
  (pops: boolean, truncate: boolean): Builder =>
  (cpu, i) => {
    const { fpu, s } = cpu;
    const m = cpu.memory;
    const at = address(cpu, memoryOf(i));
    const size = sizeOf(i, 0);
    return () => {
      fpu.status &= ~C1;
      const plain = fpu.environment();
      const env = truncate ? { ...plain, rounding: 3 } : plain;
      const lo = at();
      const hi = s[AH] ?? 0;
      m.probeWrite(lo, hi, size);
      const n = soft.toInteger(fpu.get(0, env), 8 * size, env) ?? -(1n << BigInt(8 * size - 1));
      if (!fpu.settle(env)) return;
      const low = Number(BigInt.asIntN(32, n));
      if (size === 2) m.write16(lo, hi, low);
      else if (size === 4) m.write32(lo, hi, low);
      else m.write64(lo, hi, low, Number(BigInt.asIntN(32, n >> 32n)));
      if (pops) fpu.pop();
    };
  };
