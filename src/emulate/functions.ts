// Sines, logarithms, powers and arc tangents of x87 in whole numbers, to many more bits than are rounded: the correctly rounded results, in all modes but for what
// the last of those bits cannot tell. CPUs come within one unit in the last place (SDM vol. 1, 8.3.10).
import * as soft from './softfloat.js';
import type { Environment, Format, Soft } from './softfloat.js';

/** Bits behind the point of all numbers here. */
const bits = 320;
const places = BigInt(bits);
const one = 1n << places;
/** Below 2^-tiny only the first term of a series and its direction matter: the next ones are under half a unit. */
const tiny = 70;

const times = (a: bigint, b: bigint): bigint => (a * b) >> places;
const over = (a: bigint, b: bigint): bigint => (a << places) / b;

function root(n: bigint): bigint {
  let r = 1n << BigInt((soft.bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (r + n / r) >> 1n;
    if (next >= r) return r;
    r = next;
  }
}

/** x - x^3/3 + x^5/5 ..., or with all signs positive. */
function oddSeries(x: bigint, sign: 1n | -1n): bigint {
  const square = times(x, x) * sign;
  let sum = 0n;
  let power = x;
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n;
    power = times(power, square);
  }
  return sum;
}

/** Terms x^n/n!, every `step`-th from the first one on, with signs that alternate if it is 2. */
function powers(first: bigint, x: bigint, n: bigint, step: 1n | 2n): bigint {
  const by = step === 2n ? -times(x, x) : x;
  let sum = 0n;
  let term = first;
  while (term !== 0n && term !== -1n) {
    sum += term;
    const next = step === 2n ? (n + 1n) * (n + 2n) : n + 1n;
    term = times(term, by) / next;
    n += step;
  }
  return sum;
}

const sine = (r: bigint): bigint => powers(r, r, 1n, 2n);
const cosine = (r: bigint): bigint => powers(one, r, 0n, 2n);

/** For |x| <= 1. */
function arcTangent(x: bigint): bigint {
  let doublings = 0n;
  for (; doublings < 3n; doublings++) x = over(x, one + root(one * one + x * x));
  return oddSeries(x, -1n) << doublings;
}

// Machin's formula; ln 2 = 2 artanh 1/3.
const pi = 4n * (4n * oddSeries(one / 5n, -1n) - oddSeries(one / 239n, -1n));
const ln2 = 2n * oddSeries(one / 3n, 1n);
const log2e = over(one, ln2);

/** ln(a / b) for a / b near one. */
const logarithm = (a: bigint, b: bigint): bigint => 2n * oddSeries(over(a - b, a + b), 1n);

/** Behind the point; what lies below is cut off. */
const fixed = (v: Soft): bigint => {
  const shift = BigInt(v.exponent + bits);
  const n = shift >= 0n ? v.significand << shift : v.significand >> -shift;
  return v.negative ? -n : n;
};
/** The lowest bit stands for what is not exact. */
const inexact = (n: bigint): Soft => ({
  kind: 'finite',
  negative: n < 0n,
  significand: (n < 0n ? -n : n) | 1n,
  exponent: -bits,
});
/** A little nearer to zero, or farther from it. */
const nearly = (v: Soft, way: 1n | -1n): Soft => ({
  ...v,
  significand: (v.significand << 80n) + way,
  exponent: v.exponent - 80,
});
const magnitude = (v: Soft): number => v.exponent + soft.bitLength(v.significand);
const rounded = (v: Soft, f: Format, env: Environment): Soft =>
  soft.round(v.negative, v.significand, v.exponent, f, env);
/** A product whose second factor is not exact. */
const product = (a: Soft, b: Soft): Soft => ({
  kind: 'finite',
  negative: a.negative !== b.negative,
  significand: a.significand * b.significand,
  exponent: a.exponent + b.exponent,
});

/** With 66 bits, as the CPUs have it where they take multiples of it away (SDM vol. 1, 8.3.8). */
const shortPi = 0xc90fdaa22168c234cn << (places - 66n);

/** x = n * pi/2 + rest, |rest| <= pi/4. */
function reduced(x: Soft): { readonly quadrant: number; readonly rest: bigint } {
  const value = fixed(x);
  const half = shortPi >> 1n;
  let n = value / half;
  let rest = value - n * half;
  if (rest > half >> 1n) [n, rest] = [n + 1n, rest - half];
  if (rest < -(half >> 1n)) [n, rest] = [n - 1n, rest + half];
  return { quadrant: Number(BigInt.asUintN(2, n)), rest };
}

/** Of a finite number other than zero, below 2^63. */
export function sin(x: Soft, f: Format, env: Environment): Soft {
  if (magnitude(x) < -tiny / 2) return rounded(nearly(x, -1n), f, env);
  const { quadrant, rest } = reduced(x);
  const value = quadrant & 1 ? cosine(rest) : sine(rest);
  return rounded(inexact(quadrant & 2 ? -value : value), f, env);
}

export function cos(x: Soft, f: Format, env: Environment): Soft {
  if (magnitude(x) < -tiny / 2) return rounded(inexact(one - 2n), f, env);
  const { quadrant, rest } = reduced(x);
  const value = quadrant & 1 ? sine(rest) : cosine(rest);
  return rounded(inexact(quadrant === 1 || quadrant === 2 ? -value : value), f, env);
}

export function tan(x: Soft, f: Format, env: Environment): Soft {
  if (magnitude(x) < -tiny / 2) return rounded(nearly(x, 1n), f, env);
  const { quadrant, rest } = reduced(x);
  const [s, c] = [sine(rest), cosine(rest)];
  return rounded(inexact(quadrant & 1 ? -over(c, s) : over(s, c)), f, env);
}

/** 2^x - 1, for |x| <= 1. */
export function power2minus1(x: Soft, f: Format, env: Environment): Soft {
  if (magnitude(x) < -tiny) return rounded(product(x, inexact(ln2)), f, env);
  const t = times(fixed(x), ln2);
  return rounded(inexact(powers(t, t, 1n, 1n)), f, env);
}

/** y * log2(x), both finite, x above zero, neither zero. */
export function yLog2x(y: Soft, x: Soft, f: Format, env: Environment): Soft {
  const power = magnitude(x) - 1;
  const mantissa: Soft = { ...x, exponent: 1 - soft.bitLength(x.significand) };
  const whole = x.significand === 1n << BigInt(soft.bitLength(x.significand) - 1);
  if (whole) {
    if (power === 0) return soft.zero(y.negative);
    const n: Soft = {
      kind: 'finite',
      negative: power < 0,
      significand: BigInt(Math.abs(power)),
      exponent: 0,
    };
    // The CPU does not tell that it is exact.
    env.flags |= soft.INEXACT;
    return rounded(product(y, n), f, env);
  }
  // Near one from below, too.
  const value = fixed(mantissa);
  const upper = value > one + (one >> 1n);
  const fraction = upper ? logarithm(value, 2n * one) : logarithm(value, one);
  const log = BigInt(upper ? power + 1 : power) * one + times(fraction, log2e);
  return rounded(product(y, inexact(log)), f, env);
}

/** y * log2(x + 1), for x above -1. */
export function yLog2xPlus1(y: Soft, x: Soft, f: Format, env: Environment): Soft {
  const power = magnitude(x);
  if (power < -tiny) return rounded(product(product(y, x), inexact(log2e)), f, env);
  if (power < -1) return rounded(product(y, inexact(times(logarithm(one + fixed(x), one), log2e))), f, env);
  if (power > tiny * 2) return yLog2x(y, nearly(x, 1n), f, env);
  const low = Math.min(x.exponent, 0);
  const value = x.significand << BigInt(x.exponent - low);
  const sum = (1n << BigInt(-low)) + (x.negative ? -value : value);
  return yLog2x(y, { kind: 'finite', negative: false, significand: sum, exponent: low }, f, env);
}

/** The angle of the point (x, y); one of them may be infinite or zero. */
export function arcTangent2(y: Soft, x: Soft, f: Format, env: Environment): Soft {
  const signed = (n: bigint): Soft => ({ ...rounded(inexact(n), f, env), negative: y.negative });
  // Rounding looks at the sign.
  const angle = (n: bigint): Soft => (y.negative ? rounded(inexact(-n), f, env) : signed(n));
  if (y.kind === 'zero') return x.negative ? angle(pi) : soft.zero(y.negative);
  if (x.kind === 'zero') return angle(pi >> 1n);
  if (y.kind === 'infinite')
    return angle(x.kind !== 'infinite' ? pi >> 1n : x.negative ? (3n * pi) >> 2n : pi >> 2n);
  if (x.kind === 'infinite') return x.negative ? angle(pi) : soft.zero(y.negative);
  const distance = magnitude(y) - magnitude(x);
  if (distance > 2 * tiny) return angle((pi >> 1n) + (x.negative ? 2n : -2n));
  if (distance < -tiny) {
    if (x.negative) return angle(pi - 2n);
    const extra = 160;
    const n = (y.significand << BigInt(extra)) / x.significand;
    const quotient: Soft = {
      kind: 'finite',
      negative: y.negative,
      significand: n,
      exponent: y.exponent - x.exponent - extra,
    };
    return rounded(nearly(quotient, -1n), f, env);
  }
  const low = Math.min(y.exponent, x.exponent);
  const a = y.significand << BigInt(y.exponent - low);
  const b = x.significand << BigInt(x.exponent - low);
  const first = a <= b ? arcTangent(over(a, b)) : (pi >> 1n) - arcTangent(over(b, a));
  return angle(x.negative ? pi - first : first);
}
