// Floating point of any format in whole numbers: exact results, one rounding, all flags (IEEE 754; SDM vol. 1, 4.8 and 4.9). The reference for
// what the fast paths leave to it, and all of x87.

export const INVALID = 1;
export const DENORMAL = 2;
export const DIVIDE = 4;
export const OVERFLOW = 8;
export const UNDERFLOW = 16;
export const INEXACT = 32;

export interface Format {
  /** Bits of the significand, the leading one included. */
  readonly precision: number;
  readonly exponentBits: number;
}
export const single: Format = { precision: 24, exponentBits: 8 };
export const double: Format = { precision: 53, exponentBits: 11 };
export const half: Format = { precision: 11, exponentBits: 5 };

/** A number: significand * 2^exponent. A NaN keeps its significand with the quiet bit on top, left-aligned to 64 bits. */
export interface Soft {
  readonly kind: 'zero' | 'finite' | 'infinite' | 'nan';
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
  readonly signaling?: boolean;
  readonly denormal?: boolean;
}

/** 0 nearest, 1 down, 2 up, 3 to zero: as in MXCSR and the x87 control word. */
export interface Environment {
  readonly rounding: number;
  flags: number;
  readonly flushToZero: boolean;
  readonly denormalsAreZero: boolean;
  /** Underflow is not masked: every tiny result raises it, and is inexact only if it would be with an unlimited exponent (SDM vol. 1, 4.9.1.5). */
  readonly underflowTraps?: boolean;
  /** Likewise for overflow. */
  readonly overflowTraps?: boolean;
  /** By how much the exponent of a result that traps is smaller after an overflow, larger after an underflow (SDM vol. 1, 8.5.4 and 8.5.5). */
  readonly wrap?: number;
  /** The last rounding went away from zero: what x87 tells in C1. */
  up?: boolean;
}

export const quietBit = 1n << 62n;
const top = 1n << 63n;
export const defaultNan: Soft = { kind: 'nan', negative: true, significand: top | quietBit, exponent: 0 };
export const zero = (negative: boolean): Soft => ({ kind: 'zero', negative, significand: 0n, exponent: 0 });
export const infinity = (negative: boolean): Soft => ({
  kind: 'infinite',
  negative,
  significand: 0n,
  exponent: 0,
});

export function bitLength(n: bigint): number {
  const text = n.toString(16);
  return 4 * text.length - Math.clz32(parseInt(text[0] ?? '0', 16)) + 28;
}

const bias = (f: Format): number => (1 << (f.exponentBits - 1)) - 1;

/** Takes apart what stands in memory; a denormal is DENORMAL, or zero if the environment says so. */
export function unpack(bits: bigint, f: Format, env: Environment): Soft {
  const fraction = f.precision - 1;
  const negative = bits >> BigInt(fraction + f.exponentBits) !== 0n;
  const field = Number((bits >> BigInt(fraction)) & BigInt((1 << f.exponentBits) - 1));
  const low = bits & ((1n << BigInt(fraction)) - 1n);
  if (field === (1 << f.exponentBits) - 1) {
    if (low === 0n) return infinity(negative);
    const significand = top | (low << BigInt(63 - fraction));
    return { kind: 'nan', negative, significand, exponent: 0, signaling: (significand & quietBit) === 0n };
  }
  if (field === 0) {
    if (low === 0n || env.denormalsAreZero) return zero(negative);
    return { kind: 'finite', negative, significand: low, exponent: 1 - bias(f) - fraction, denormal: true };
  }
  return {
    kind: 'finite',
    negative,
    significand: low | (1n << BigInt(fraction)),
    exponent: field - bias(f) - fraction,
  };
}

export function pack(v: Soft, f: Format): bigint {
  const fraction = BigInt(f.precision - 1);
  const sign = v.negative ? 1n << (fraction + BigInt(f.exponentBits)) : 0n;
  const full = BigInt((1 << f.exponentBits) - 1) << fraction;
  switch (v.kind) {
    case 'zero':
      return sign;
    case 'infinite':
      return sign | full;
    case 'nan':
      return sign | full | ((v.significand & (top - 1n)) >> (63n - fraction));
    case 'finite': {
      const length = bitLength(v.significand);
      const e = v.exponent + length - 1 + bias(f);
      if (e <= 0) return sign | (v.significand << BigInt(v.exponent - (1 - bias(f) - (f.precision - 1))));
      const aligned = v.significand << BigInt(f.precision - length);
      return sign | (BigInt(e) << fraction) | (aligned & ((1n << fraction) - 1n));
    }
  }
}

function roundsUp(env: Environment, negative: boolean, odd: boolean, rest: bigint, half: bigint): boolean {
  switch (env.rounding) {
    case 0:
      return rest > half || (rest === half && odd);
    case 1:
      return negative && rest !== 0n;
    case 2:
      return !negative && rest !== 0n;
    default:
      return false;
  }
}

function cut(
  env: Environment,
  negative: boolean,
  n: bigint,
  shift: number,
): { value: bigint; exact: boolean; up: boolean } {
  if (shift <= 0) return { value: n << BigInt(-shift), exact: true, up: false };
  const by = BigInt(shift);
  const rest = n & ((1n << by) - 1n);
  const value = n >> by;
  const up = roundsUp(env, negative, (value & 1n) === 1n, rest, 1n << (by - 1n));
  return { value: up ? value + 1n : value, exact: rest === 0n, up };
}

/** One rounding of significand * 2^exponent; the lowest bit may stand for any remainder below it. */
export function round(
  negative: boolean,
  significand: bigint,
  exponent: number,
  f: Format,
  env: Environment,
): Soft {
  const p = f.precision;
  const least = 1 - bias(f);
  const most = bias(f);
  const length = bitLength(significand);
  const e = exponent + length - 1;
  const unit = Math.max(e, least) - (p - 1);
  const { value, exact, up } = cut(env, negative, significand, unit - exponent);
  env.up = up;
  if (e < least) {
    // Tiny is what is below the least normal number after rounding with an unlimited exponent (SDM vol. 1, 4.9.1.5).
    const free = cut(env, negative, significand, e - (p - 1) - exponent);
    const tiny = e + (bitLength(free.value) > p ? 1 : 0) < least;
    if (tiny && env.underflowTraps === true) {
      env.flags |= UNDERFLOW | (free.exact ? 0 : INEXACT);
      env.up = free.up;
      if (env.wrap === undefined) return zero(negative);
      return wrapped(negative, free.value, e - (p - 1) + env.wrap, f, env);
    }
    if (tiny && env.flushToZero) {
      env.flags |= UNDERFLOW | INEXACT;
      return zero(negative);
    }
    if (tiny && !exact) env.flags |= UNDERFLOW;
  }
  if (!exact) env.flags |= INEXACT;
  if (value === 0n) return zero(negative);
  if (unit + bitLength(value) - 1 > most) {
    env.flags |= env.overflowTraps === true ? OVERFLOW : OVERFLOW | INEXACT;
    if (env.overflowTraps === true && env.wrap !== undefined)
      return wrapped(negative, value, unit - env.wrap, f, env);
    const toInfinity = env.rounding === 0 || env.rounding === (negative ? 1 : 2);
    env.up = toInfinity;
    if (toInfinity) return infinity(negative);
    return { kind: 'finite', negative, significand: (1n << BigInt(p)) - 1n, exponent: most - (p - 1) };
  }
  return { kind: 'finite', negative, significand: value, exponent: unit };
}

/** What even a wrapped exponent does not make a number of is infinite or zero, whatever the rounding: fscale's "massive" overflow (SDM vol. 2, FSCALE). */
function wrapped(
  negative: boolean,
  significand: bigint,
  exponent: number,
  f: Format,
  env: Environment,
): Soft {
  const e = exponent + bitLength(significand) - 1;
  if (e <= bias(f) && e >= 1 - bias(f)) return { kind: 'finite', negative, significand, exponent };
  env.flags |= INEXACT;
  env.up = e > 0;
  return env.up ? infinity(negative) : zero(negative);
}

export type Operation = (a: Soft, b: Soft, f: Format, env: Environment) => Soft;

function invalid(env: Environment): Soft {
  env.flags |= INVALID;
  return defaultNan;
}

export function quiet(v: Soft): Soft {
  return { ...v, significand: v.significand | quietBit, signaling: false };
}

/** The first NaN, made quiet: SSE's rule (SDM vol. 1, table 4-7). */
export function firstNan(a: Soft, b: Soft, env: Environment): Soft | undefined {
  if (a.kind !== 'nan' && b.kind !== 'nan') return undefined;
  if (a.signaling === true || b.signaling === true) env.flags |= INVALID;
  return quiet(a.kind === 'nan' ? a : b);
}

export function noteDenormals(env: Environment, ...all: readonly Soft[]): void {
  if (all.some((v) => v.denormal === true)) env.flags |= DENORMAL;
}

const farApart = 300;

export const add: Operation = (a, b, f, env) => {
  if (a.kind === 'infinite' && b.kind === 'infinite' && a.negative !== b.negative) return invalid(env);
  noteDenormals(env, a, b);
  if (a.kind === 'infinite') return a;
  if (b.kind === 'infinite') return b;
  if (a.kind === 'zero' && b.kind === 'zero') return a.negative === b.negative ? a : zero(env.rounding === 1);
  if (a.kind === 'zero') return round(b.negative, b.significand, b.exponent, f, env);
  if (b.kind === 'zero') return round(a.negative, a.significand, a.exponent, f, env);
  let [x, y] = a.exponent >= b.exponent ? [a, b] : [b, a];
  // What is far below the other only matters as a remainder.
  if (x.exponent - y.exponent > farApart) y = { ...y, significand: 1n, exponent: x.exponent - farApart };
  else if (y.exponent === x.exponent) [x, y] = [a, b];
  const shifted = x.significand << BigInt(x.exponent - y.exponent);
  const sum = (x.negative ? -shifted : shifted) + (y.negative ? -y.significand : y.significand);
  if (sum === 0n) return zero(env.rounding === 1);
  return round(sum < 0n, sum < 0n ? -sum : sum, y.exponent, f, env);
};

export const negate = (v: Soft): Soft => ({ ...v, negative: !v.negative });
export const subtract: Operation = (a, b, f, env) => add(a, negate(b), f, env);

export const multiply: Operation = (a, b, f, env) => {
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite' || b.kind === 'infinite') {
    if (a.kind === 'zero' || b.kind === 'zero') return invalid(env);
    noteDenormals(env, a, b);
    return infinity(negative);
  }
  noteDenormals(env, a, b);
  if (a.kind === 'zero' || b.kind === 'zero') return zero(negative);
  return round(negative, a.significand * b.significand, a.exponent + b.exponent, f, env);
};

/** a * b + c with one rounding; none is a NaN. */
export function multiplyAdd(a: Soft, b: Soft, c: Soft, f: Format, env: Environment): Soft {
  const negative = a.negative !== b.negative;
  const product: Soft =
    a.kind === 'infinite' || b.kind === 'infinite'
      ? infinity(negative)
      : a.kind === 'zero' || b.kind === 'zero'
        ? zero(negative)
        : {
            kind: 'finite',
            negative,
            significand: a.significand * b.significand,
            exponent: a.exponent + b.exponent,
          };
  if (product.kind === 'infinite' && (a.kind === 'zero' || b.kind === 'zero')) return invalid(env);
  if (product.kind === 'infinite' && c.kind === 'infinite' && c.negative !== negative) return invalid(env);
  noteDenormals(env, a, b);
  return add(product, c, f, env);
}

export const divide: Operation = (a, b, f, env) => {
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite') {
    if (b.kind === 'infinite') return invalid(env);
    noteDenormals(env, b);
    return infinity(negative);
  }
  if (b.kind === 'zero') {
    if (a.kind === 'zero') return invalid(env);
    env.flags |= DIVIDE;
    return infinity(negative);
  }
  noteDenormals(env, a, b);
  if (b.kind === 'infinite' || a.kind === 'zero') return zero(negative);
  const extra = Math.max(0, f.precision + 3 + bitLength(b.significand) - bitLength(a.significand));
  const n = a.significand << BigInt(extra);
  const quotient = n / b.significand;
  const rest = n % b.significand === 0n ? 0n : 1n;
  return round(negative, (quotient << 1n) | rest, a.exponent - b.exponent - extra - 1, f, env);
};

export function squareRoot(a: Soft, f: Format, env: Environment): Soft {
  if (a.kind === 'zero') return a;
  if (a.negative) return invalid(env);
  if (a.kind === 'infinite') return a;
  noteDenormals(env, a);
  let extra = Math.max(0, 2 * (f.precision + 2) - bitLength(a.significand));
  if ((a.exponent - extra) % 2 !== 0) extra++;
  const n = a.significand << BigInt(extra);
  let r = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (r + n / r) >> 1n;
    if (next >= r) break;
    r = next;
  }
  const rest = r * r === n ? 0n : 1n;
  return round(false, (r << 1n) | rest, (a.exponent - extra) / 2 - 1, f, env);
}

/** Rounded to an integer; undefined: not representable in so many bits (or NaN), INVALID. */
export function toInteger(a: Soft, bits: number, env: Environment): bigint | undefined {
  const fail = (): undefined => {
    env.flags |= INVALID;
    return undefined;
  };
  if (a.kind === 'zero') return 0n;
  if (a.kind !== 'finite') return fail();
  if (a.exponent > bits) return fail();
  const shift = -a.exponent;
  const { value, exact, up } =
    shift > farApart + 64 ? cut(env, a.negative, 1n, 2) : cut(env, a.negative, a.significand, shift);
  const signed = a.negative ? -value : value;
  if (BigInt.asIntN(bits, signed) !== signed) return fail();
  if (!exact) env.flags |= INEXACT;
  env.up = up;
  return signed;
}

export function fromInteger(n: bigint, f: Format, env: Environment): Soft {
  return n === 0n ? zero(false) : round(n < 0n, n < 0n ? -n : n, 0, f, env);
}

/** -1, 0, 1; undefined: unordered. */
export function compare(a: Soft, b: Soft): number | undefined {
  if (a.kind === 'nan' || b.kind === 'nan') return undefined;
  const sign = (v: Soft): number => (v.kind === 'zero' ? 0 : v.negative ? -1 : 1);
  if (sign(a) !== sign(b) || sign(a) === 0) return Math.sign(sign(a) - sign(b));
  const flip = sign(a);
  if (a.kind === 'infinite' || b.kind === 'infinite')
    return a.kind === b.kind ? 0 : a.kind === 'infinite' ? flip : -flip;
  const ea = a.exponent + bitLength(a.significand);
  const eb = b.exponent + bitLength(b.significand);
  if (ea !== eb) return ea > eb ? flip : -flip;
  const low = Math.min(a.exponent, b.exponent);
  const x = a.significand << BigInt(a.exponent - low);
  const y = b.significand << BigInt(b.exponent - low);
  return x === y ? 0 : x > y ? flip : -flip;
}
