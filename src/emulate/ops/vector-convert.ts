// Conversions of SSE to AVX and F16C: between formats, to and from integers.
import * as soft from '../softfloat.js';
import type { Environment, Format, Soft } from '../softfloat.js';
import type { Decoded } from '../instruction.js';
import { address, immediateOf, operand, place, sizeOf } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { AH, HI } from '../state.js';
import type { Cpu } from '../state.js';
import { given, placeOf, scalar, scratch, scratch2, source, storer, withVex, zeroing } from './vector.js';
import type { Elements } from './vector.js';
import { computed, environment, number, settle, sizeOfFormat, write } from './vector-soft.js';

/** Rounded to an integer; what does not fit is 0x80...0, or all ones of one without sign, and invalid. */
export function integerOf(x: Soft, bits: number, isSigned: boolean, env: Environment): bigint {
  if (isSigned) return soft.toInteger(x, bits, env) ?? BigInt.asIntN(bits, 1n << BigInt(bits - 1));
  const own: Environment = { ...env, flags: 0 };
  const n = soft.toInteger(x, bits + 1, own);
  const fits = n !== undefined && n >= 0n;
  env.flags |= fits ? own.flags : soft.INVALID;
  return fits ? n : BigInt.asUintN(bits, -1n);
}

/** To a general register; `truncate`: towards zero whatever MXCSR says. */
export const toInteger =
  (f: Format, truncate: boolean, isSigned = true): Builder =>
  (cpu, i) => {
    const { at, load } = source(cpu, i, 1);
    const { write: put } = place(cpu, i, 0);
    const bits = 8 * sizeOf(i, 0);
    return () => {
      load?.();
      const env = environment(cpu);
      const x = number(cpu, f, at, env);
      const mode = truncate ? { ...env, rounding: 3 } : env;
      const n = integerOf(x, bits, isSigned, mode);
      settle(cpu, mode);
      put(Number(BigInt.asIntN(32, n)), Number(BigInt.asIntN(32, n >> 32n)));
    };
  };

export const fromInteger =
  (f: Format, isSigned = true): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const last = given(i) - 1;
    const a = last === 2 ? placeOf(i, 1) : d;
    const size = sizeOf(i, last);
    const { read: get } = place(cpu, i, last);
    const { s, vd, vb } = cpu;
    return () => {
      const lo = get();
      if (f === soft.double && size === 4) {
        if (a !== d) vb.copyWithin(d, a, a + 16);
        vd[d >> 3] = isSigned ? lo : lo >>> 0;
        return;
      }
      const env = environment(cpu);
      const whole = size === 8 ? (BigInt(s[HI] ?? 0) << 32n) | BigInt(lo >>> 0) : BigInt(lo);
      const n = isSigned ? whole : BigInt.asUintN(8 * size, whole);
      const bits = soft.pack(soft.fromInteger(n, f, env), f);
      settle(cpu, env);
      if (a !== d) vb.copyWithin(d, a, a + 16);
      write(cpu, f, d, bits);
    };
  };

export function convert(v: Soft, f: Format, env: Environment): Soft {
  if (v.kind === 'nan') {
    if (v.signaling === true) env.flags |= soft.INVALID;
    return soft.quiet(v);
  }
  if (v.kind !== 'finite') return v;
  soft.noteDenormals(env, v);
  return soft.round(v.negative, v.significand, v.exponent, f, env);
}

const toFormat =
  (from: Format, to: Format): Elements =>
  (cpu, d, _, b, count) => {
    const size = sizeOfFormat(from);
    computed(cpu, to, d, count, (n, env) =>
      soft.pack(convert(number(cpu, from, b + n * size, env), to, env), to),
    );
  };

/** As many as there are both sources and places for results; results that are narrower than their sources have zeros behind them. */
const several =
  (from: number, to: number, elements: Elements): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const { at, load } = source(cpu, i, 1);
    const count = Math.min(sizeOf(i, 1) / from, sizeOf(i, 0) / to);
    const { vb } = cpu;
    return () => {
      load?.();
      elements(cpu, scratch2, at, at, count);
      // From MMX registers only the lower half is written.
      if (isMmx(i, 1) && to === 4) vb.copyWithin(d, scratch2, scratch2 + 8);
      else {
        vb.fill(0, d, d + Math.max(16, count * to));
        vb.copyWithin(d, scratch2, scratch2 + count * to);
      }
    };
  };

function isMmx(i: Decoded, n: number): boolean {
  const o = operand(i, n);
  // Two integers in memory have no other use here.
  return (o.kind === 'register' && o.file === 'mmx') || i.name === 'cvtpi2ps';
}

const between = (from: Format, to: Format): Builder =>
  several(sizeOfFormat(from), sizeOfFormat(to), toFormat(from, to));

/** Packed 32-bit integers from floats. */
const packedToInteger = (f: Format, truncate: boolean): Builder => {
  const size = sizeOfFormat(f);
  return several(size, 4, (cpu, d, _, b, count) => {
    const base = environment(cpu);
    const env = truncate ? { ...base, rounding: 3 } : base;
    const results = Array.from({ length: count }, (_unused, n) =>
      Number(soft.toInteger(number(cpu, f, b + n * size, env), 32, env) ?? -0x80000000n),
    );
    settle(cpu, env);
    results.forEach((value, n) => {
      cpu.vi[(d >> 2) + n] = value;
    });
  });
};

const packedFromInteger = (f: Format): Builder =>
  several(4, sizeOfFormat(f), (cpu, d, _, b, count) => {
    computed(cpu, f, d, count, (n, env) =>
      soft.pack(soft.fromInteger(BigInt(cpu.vi[(b >> 2) + n] ?? 0), f, env), f),
    );
  });

/** Denormal halves are numbers whatever MXCSR says, and no denormal is told of (SDM vol. 2, VCVTPH2PS). */
const fromHalf = several(2, 4, (cpu, d, _, b, count) => {
  computed(cpu, soft.single, d, count, (n, env) => {
    const plain: Environment = { ...env, flags: 0, denormalsAreZero: false };
    const v = convert(number(cpu, soft.half, b + 2 * n, plain), soft.single, plain);
    env.flags |= plain.flags & ~soft.DENORMAL;
    return soft.pack(v, soft.single);
  });
});

/** Rounds as the immediate says; nothing is flushed to zero. */
const toHalf: Builder = (cpu, i): Op => {
  const a = placeOf(i, 1);
  const count = sizeOf(i, 1) / 4;
  const control = immediateOf(i, 2).lo;
  const to = operand(i, 0);
  const d = to.kind === 'memory' ? scratch : placeOf(i, 0);
  const store = to.kind === 'memory' ? storer(cpu, to, to.size, scratch, false) : undefined;
  const { vb, s, memory } = cpu;
  const at = to.kind === 'memory' ? address(cpu, to) : undefined;
  const elements = (c: Cpu): void => {
    const base = environment(c);
    const env: Environment = {
      ...base,
      flushToZero: false,
      rounding: control & 4 ? base.rounding : control & 3,
    };
    const results = Array.from({ length: count }, (_, n) =>
      soft.pack(convert(number(c, soft.single, a + 4 * n, env), soft.half, env), soft.half),
    );
    settle(c, env);
    vb.fill(0, d, d + 16);
    results.forEach((bits, n) => {
      write(c, soft.half, d + 2 * n, bits);
    });
  };
  return () => {
    // A fault comes before the conversion's own exceptions.
    if (at && to.kind === 'memory') memory.probeWrite(at(), s[AH] ?? 0, to.size);
    elements(cpu);
    store?.();
  };
};

export const vectorConversions: Table = {
  ...withVex({
    cvtdq2pd: packedFromInteger(soft.double),
    cvtdq2ps: packedFromInteger(soft.single),
    cvtpd2dq: packedToInteger(soft.double, false),
    cvtpd2ps: between(soft.double, soft.single),
    cvtps2dq: packedToInteger(soft.single, false),
    cvtps2pd: between(soft.single, soft.double),
    cvtsd2si: toInteger(soft.double, false),
    cvtsd2ss: scalar(4, toFormat(soft.double, soft.single)),
    cvtsi2sd: fromInteger(soft.double),
    cvtsi2ss: fromInteger(soft.single),
    cvtss2sd: scalar(8, toFormat(soft.single, soft.double)),
    cvtss2si: toInteger(soft.single, false),
    cvttpd2dq: packedToInteger(soft.double, true),
    cvttps2dq: packedToInteger(soft.single, true),
    cvttsd2si: toInteger(soft.double, true),
    cvttss2si: toInteger(soft.single, true),
  }),
  cvtpd2pi: packedToInteger(soft.double, false),
  cvtpi2pd: packedFromInteger(soft.double),
  cvtpi2ps: packedFromInteger(soft.single),
  cvtps2pi: packedToInteger(soft.single, false),
  cvttpd2pi: packedToInteger(soft.double, true),
  cvttps2pi: packedToInteger(soft.single, true),
  vcvtph2ps: zeroing(fromHalf),
  vcvtps2ph: zeroing(toHalf),
};
