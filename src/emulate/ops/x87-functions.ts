// x87: sines, powers, logarithms, and what takes numbers apart or writes them in decimal (SDM vol. 2, by name).
import * as functions from '../functions.js';
import { address, memoryOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import * as soft from '../softfloat.js';
import type { Environment, Soft } from '../softfloat.js';
import { AH } from '../state.js';
import { C1, C2, extended, largerNan } from '../x87.js';
import type { X87 } from '../x87.js';

const invalid = (env: Environment): Soft => {
  env.flags |= soft.INVALID;
  return soft.defaultNan;
};
const oneNumber: Soft = { kind: 'finite', negative: false, significand: 1n, exponent: 0 };

/** Beyond it the CPU wants the program to take multiples of pi away. */
const isBeyond = (x: Soft): boolean => x.kind === 'finite' && x.exponent + soft.bitLength(x.significand) > 63;

type Angle = (x: Soft, env: Environment) => Soft;
const atZero =
  (zero: (x: Soft) => Soft, f: typeof functions.sin): Angle =>
  (x, env) => {
    if (x.kind === 'infinite') return invalid(env);
    if (x.kind === 'zero') return zero(x);
    soft.noteDenormals(env, x);
    return f(x, extended, env);
  };
const sine = atZero((x) => x, functions.sin);
const cosine = atZero(() => oneNumber, functions.cos);
const tangent = atZero((x) => x, functions.tan);

/** fsin and its like: `pushed` is what comes on top of the result. */
const trigonometric =
  (run: Angle, pushed?: Angle): Builder =>
  ({ fpu }) =>
  () => {
    fpu.wait();
    fpu.status &= ~(C1 | C2);
    const env = fpu.environment();
    if (fpu.isEmpty(0) || (pushed && !fpu.isEmpty(7))) {
      const overflow = !fpu.isEmpty(0);
      const nan = fpu.stackFault(env);
      if (overflow) fpu.status |= C1;
      if (!fpu.settle(env)) return;
      fpu.set(0, nan);
      if (pushed) replace(fpu, nan);
      return;
    }
    const x = fpu.get(0, env);
    if (isBeyond(x)) {
      fpu.status |= C2;
      return;
    }
    const nan = largerNan(x, x, env);
    const result = nan ?? run(x, env);
    const second = pushed && (result.kind === 'nan' ? result : pushed(x, env));
    if (!fpu.settle(env)) return;
    fpu.set(0, result);
    if (second) replace(fpu, second);
  };

/** Pushes without looking at what is there. */
function replace(fpu: X87, value: Soft): void {
  fpu.top = (fpu.top - 1) & 7;
  fpu.set(0, value);
}

/** st1 and st0 become one number. */
const pair =
  (run: (y: Soft, x: Soft, env: Environment) => Soft): Builder =>
  ({ fpu }) =>
  () => {
    fpu.wait();
    fpu.status &= ~C1;
    const env = fpu.environment();
    let result: Soft;
    if (fpu.isEmpty(0) || fpu.isEmpty(1)) result = fpu.stackFault(env);
    else {
      const [y, x] = [fpu.get(1, env), fpu.get(0, env)];
      result = largerNan(y, x, env) ?? run(y, x, env);
    }
    if (!fpu.settle(env)) return;
    fpu.set(1, result);
    fpu.pop();
  };

/** y * log2 x. */
const logarithm = pair((y, x, env) => {
  if (x.kind !== 'zero' && x.negative) return invalid(env);
  if (x.kind === 'zero') {
    if (y.kind === 'zero') return invalid(env);
    if (y.kind === 'finite') env.flags |= soft.DIVIDE;
    return soft.infinity(!y.negative);
  }
  const sign = x.kind === 'infinite' ? 1 : (soft.compare(x, oneNumber) ?? 0);
  if (y.kind === 'infinite') {
    if (sign === 0) return invalid(env);
    soft.noteDenormals(env, x);
    return soft.infinity(y.negative !== sign < 0);
  }
  if (x.kind === 'infinite') {
    if (y.kind === 'zero') return invalid(env);
    soft.noteDenormals(env, y);
    return soft.infinity(y.negative);
  }
  soft.noteDenormals(env, y, x);
  if (y.kind === 'zero') return soft.zero(y.negative !== sign < 0);
  return functions.yLog2x(y, x, extended, env);
});

/** y * log2(x + 1). What x is out of range (from below -(1 - sqrt(1/2)) or above sqrt(2) - 1 on) is not defined. */
const logarithmPlus1 = pair((y, x, env) => {
  if (y.kind === 'infinite') {
    if (x.kind === 'zero') return invalid(env);
    soft.noteDenormals(env, x);
    return soft.infinity(y.negative !== x.negative);
  }
  if (x.kind === 'infinite') {
    if (x.negative || y.kind === 'zero') return invalid(env);
    return soft.infinity(y.negative);
  }
  soft.noteDenormals(env, y, x);
  if (x.kind === 'zero' || y.kind === 'zero') return soft.zero(x.negative !== y.negative);
  if (x.negative && (soft.compare(x, soft.negate(oneNumber)) ?? 0) <= 0) return invalid(env);
  return functions.yLog2xPlus1(y, x, extended, env);
});

const arcTangent = pair((y, x, env) => {
  soft.noteDenormals(env, y, x);
  return functions.arcTangent2(y, x, extended, env);
});

/** Beyond one either way it is not defined. */
const powerMinus1: Builder =
  ({ fpu }) =>
  () => {
    fpu.wait();
    fpu.status &= ~C1;
    const env = fpu.environment();
    const x = fpu.get(0, env);
    let result = largerNan(x, x, env) ?? x;
    if (x.kind === 'infinite' && x.negative) result = soft.negate(oneNumber);
    if (x.kind === 'finite') {
      soft.noteDenormals(env, x);
      if (x.exponent + soft.bitLength(x.significand) <= 1) result = functions.power2minus1(x, extended, env);
    }
    if (fpu.settle(env)) fpu.set(0, result);
  };

/** Exponent, then the significand on top of it. */
const extract: Builder =
  ({ fpu }) =>
  () => {
    fpu.wait();
    fpu.status &= ~C1;
    const env = fpu.environment();
    if (fpu.isEmpty(0) || !fpu.isEmpty(7)) {
      const overflow = !fpu.isEmpty(0);
      const nan = fpu.stackFault(env);
      if (overflow) fpu.status |= C1;
      if (!fpu.settle(env)) return;
      fpu.set(0, nan);
      replace(fpu, nan);
      return;
    }
    const x = fpu.get(0, env);
    const nan = largerNan(x, x, env);
    let [exponent, significand]: [Soft, Soft] = [nan ?? x, nan ?? x];
    if (x.kind === 'zero') {
      env.flags |= soft.DIVIDE;
      exponent = soft.infinity(true);
    } else if (x.kind === 'infinite') exponent = soft.infinity(false);
    else if (x.kind === 'finite') {
      soft.noteDenormals(env, x);
      const length = soft.bitLength(x.significand);
      exponent = soft.fromInteger(BigInt(x.exponent + length - 1), extended, env);
      significand = {
        kind: 'finite',
        negative: x.negative,
        significand: x.significand,
        exponent: 1 - length,
      };
    }
    if (!fpu.settle(env)) return;
    fpu.set(0, exponent);
    replace(fpu, significand);
  };

const digits = 18;
/** A sign and 18 decimal digits, two in a byte. */
const loadDecimal: Builder = (cpu, i) => {
  const at = address(cpu, memoryOf(i));
  const { fpu, s, memory } = cpu;
  return () => {
    fpu.wait();
    const lo = at();
    const hi = s[AH] ?? 0;
    const next = (lo + 8) | 0;
    let low = BigInt.asUintN(32, BigInt(memory.read64(lo, hi)));
    low |= BigInt(memory.high >>> 0) << 32n;
    const upper = memory.read16(next, hi + (next >>> 0 < lo >>> 0 ? 1 : 0));
    const all = (BigInt(upper & 0xff) << 64n) | low;
    let value = 0n;
    for (let n = digits - 1; n >= 0; n--) value = value * 10n + ((all >> BigInt(4 * n)) & 15n);
    fpu.status &= ~C1;
    const env = fpu.environment();
    const number = soft.fromInteger(value, extended, env);
    fpu.push({ ...number, negative: upper >> 15 === 1 });
  };
};

/** What does not fit is the indefinite number. */
const storeDecimal: Builder = (cpu, i) => {
  const at = address(cpu, memoryOf(i));
  const { fpu, s, memory } = cpu;
  return () => {
    fpu.wait();
    fpu.status &= ~C1;
    const env = fpu.environment();
    const lo = at();
    const hi = s[AH] ?? 0;
    memory.probeWrite(lo, hi, 10);
    const x = fpu.get(0, env);
    const before = env.flags;
    let n = soft.toInteger(x, 64, env);
    if (n !== undefined && (n >= 10n ** 18n || n <= -(10n ** 18n))) {
      n = undefined;
      env.flags = before | soft.INVALID;
    }
    if (!fpu.settle(env)) return;
    let low = 0xc000000000000000n;
    let upper = 0xffff;
    if (n !== undefined) {
      const text = (n < 0n ? -n : n).toString().padStart(digits, '0');
      low = BigInt(`0x${text.slice(2)}`);
      upper = parseInt(text.slice(0, 2), 16) | (x.negative ? 0x8000 : 0);
    }
    memory.write64(lo, hi, Number(BigInt.asIntN(32, low)), Number(BigInt.asIntN(32, low >> 32n)));
    const next = (lo + 8) | 0;
    memory.write16(next, hi + (next >>> 0 < lo >>> 0 ? 1 : 0), upper);
    fpu.pop();
  };
};

export const x87Functions: Table = {
  f2xm1: powerMinus1,
  fbld: loadDecimal,
  fbstp: storeDecimal,
  fcos: trigonometric(cosine),
  fpatan: arcTangent,
  fptan: trigonometric(tangent, () => oneNumber),
  fsin: trigonometric(sine),
  fsincos: trigonometric(sine, cosine),
  fxtract: extract,
  fyl2x: logarithm,
  fyl2xp1: logarithmPlus1,
};
