// What only AVX-512 does with floating point (SDM vol. 2, by name): exponents and significands, scaling, ranges, classes, repairs, approximations, bfloat16.
import * as soft from '../softfloat.js';
import type { Environment, Format, Soft } from '../softfloat.js';
import { immediateOf, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import type { Cpu } from '../state.js';
import { formats, forms, isScalar, shapeOf, widthOf } from './evex-float.js';
import type { Form } from './evex-float.js';
import { intoMask, masked } from './evex.js';
import { rounding, toPlaces } from './vector-float.js';
import { computed, environment, number, packed, read, scalar, sizeOfFormat } from './vector-soft.js';
import { placeOf } from './vector.js';
import type { Elements } from './vector.js';

const control = (i: Parameters<Builder>[1]): number => immediateOf(i, i.operands.length - 1).lo & 255;

/** The four forms of an instruction; `make` gives the operation on all elements. */
const all = (
  name: string,
  make: (f: Format, i: Parameters<Builder>[1]) => Elements,
  isUnary = false,
): Table =>
  Object.fromEntries(
    forms.map((form) => [
      name + form,
      masked(shapeOf(form), (cpu, i) => {
        const elements = make(formats[form], i);
        const size = widthOf(form);
        return (isScalar(form) ? scalar(size, elements) : packed(size, elements, isUnary))(cpu, i);
      }),
    ]),
  );

/** Of the last operand alone; a NaN is made quiet. */
const ofOne =
  (run: (x: Soft, f: Format, env: Environment, bits: number) => Soft) =>
  (f: Format, i: Parameters<Builder>[1]): Elements => {
    const size = sizeOfFormat(f);
    const bits = i.operands.at(-1)?.kind === 'immediate' ? control(i) : 0;
    return (cpu, d, _, b, count) => {
      computed(cpu, f, d, count, (n, env) => {
        const x = number(cpu, f, b + n * size, env);
        return soft.pack(soft.firstNan(x, x, env) ?? run(x, f, env, bits), f);
      });
    };
  };

const ofTwo =
  (run: (x: Soft, y: Soft, f: Format, env: Environment, bits: number) => Soft) =>
  (f: Format, i: Parameters<Builder>[1]): Elements => {
    const size = sizeOfFormat(f);
    const bits = i.operands.at(-1)?.kind === 'immediate' ? control(i) : 0;
    return (cpu, d, a, b, count) => {
      computed(cpu, f, d, count, (n, env) =>
        soft.pack(run(number(cpu, f, a + n * size, env), number(cpu, f, b + n * size, env), f, env, bits), f),
      );
    };
  };

const one: Soft = { kind: 'finite', negative: false, significand: 1n, exponent: 0 };
const exponentOf = (x: Soft): number => x.exponent + soft.bitLength(x.significand) - 1;

const exponent = (x: Soft, f: Format, env: Environment): Soft => {
  soft.noteDenormals(env, x);
  if (x.kind === 'zero') return soft.infinity(true);
  if (x.kind === 'infinite') return soft.infinity(false);
  return soft.fromInteger(BigInt(exponentOf(x)), f, env);
};

/** The significand in the interval that the immediate says, with its sign, without, or not at all of negative numbers. */
const significand = (x: Soft, _: Format, env: Environment, bits: number): Soft => {
  const sign = bits >> 2;
  const negative = (sign & 1) === 0 && x.negative;
  if (x.kind === 'zero') return { ...one, negative };
  if (x.negative && sign & 2) {
    env.flags |= soft.INVALID;
    return soft.defaultNan;
  }
  if (x.kind === 'infinite') return { ...one, negative };
  soft.noteDenormals(env, x);
  const length = soft.bitLength(x.significand);
  const isUpper = x.significand >> BigInt(Math.max(0, length - 2)) === 3n;
  const power = [0, exponentOf(x) & 1 ? -1 : 0, -1, isUpper ? -1 : 0][bits & 3] ?? 0;
  return { ...x, negative, denormal: false, exponent: power - (length - 1) };
};

/** By the whole part of the second number, rounded down, as a power of two. */
const scale = (x: Soft, y: Soft, f: Format, env: Environment): Soft => {
  if (x.kind === 'nan' || y.kind === 'nan') {
    if (x.signaling === true || y.signaling === true) env.flags |= soft.INVALID;
    else if (x.kind === 'nan' && y.kind === 'infinite')
      return y.negative ? soft.zero(false) : soft.infinity(false);
    return soft.quiet(x.kind === 'nan' ? x : y);
  }
  if (y.kind === 'infinite') {
    if (x.kind === (y.negative ? 'infinite' : 'zero')) {
      env.flags |= soft.INVALID;
      return soft.defaultNan;
    }
    soft.noteDenormals(env, x);
    return y.negative ? soft.zero(x.negative) : soft.infinity(x.negative);
  }
  soft.noteDenormals(env, x);
  if (x.kind !== 'finite') return x;
  const down = { ...env, flags: 0, rounding: 1 };
  const most = 10_000n;
  const by = y.kind === 'zero' ? 0n : (soft.toInteger(y, 64, down) ?? (y.negative ? -most : most));
  const power = by > most ? most : by < -most ? -most : by;
  return soft.round(x.negative, x.significand, x.exponent + Number(power), f, env);
};

/** The smaller or larger one, by value or by magnitude, with a sign that the immediate chooses. */
const range = (x: Soft, y: Soft, _: Format, env: Environment, bits: number): Soft => {
  for (const v of [x, y])
    if (v.signaling === true) {
      env.flags |= soft.INVALID;
      return soft.quiet(v);
    }
  const chosen = (): Soft => {
    if (x.kind === 'nan') return y.kind === 'nan' ? x : y;
    if (y.kind === 'nan') return x;
    soft.noteDenormals(env, x, y);
    const plus = (v: Soft): Soft => ({ ...v, negative: false });
    const byMagnitude = (bits & 2) !== 0;
    const order = byMagnitude ? (soft.compare(plus(x), plus(y)) ?? 0) : (soft.compare(x, y) ?? 0);
    // Of equal ones the negative is the smaller one.
    const isLess = order !== 0 ? order < 0 : x.negative;
    return isLess === ((bits & 1) === 0) ? x : y;
  };
  const result = chosen();
  const sign = (bits >> 2) & 3;
  if (sign === 1) return result;
  return { ...result, negative: sign === 0 ? x.negative : sign === 3 };
};

/** What rounding to binary places takes away. Inexact is what is not even that exactly (AMD's CPUs; by SDM vol. 2 the rounding is). */
const reduce = (x: Soft, f: Format, env: Environment, bits: number): Soft => {
  if (x.kind === 'infinite') return soft.zero(false);
  const whole = toPlaces(x, bits | 8, env);
  const own = {
    ...env,
    flags: 0,
    underflowTraps: false,
    flushToZero: env.flushToZero && env.underflowTraps !== true,
    rounding: bits & 4 ? env.rounding : bits & 3,
  };
  const rest = soft.subtract(x, whole, f, own);
  if (!(bits & 8)) env.flags |= own.flags & soft.INEXACT;
  return rest;
};

const bits32 = { indefinite: 0xffc00000n, half: 0x3f000000n, ninety: 0x42b40000n, quarterTurn: 0x3fc90fdbn };
const bits64 = {
  indefinite: 0xfff8000000000000n,
  half: 0x3fe0000000000000n,
  ninety: 0x4056800000000000n,
  quarterTurn: 0x3ff921fb54442d18n,
};

/** Numbers of what a number is, as the table in the third operand counts them. */
function tokenOf(x: Soft): number {
  if (x.kind === 'nan') return x.signaling === true ? 1 : 0;
  if (x.kind === 'zero') return 2;
  if (x.kind === 'infinite') return x.negative ? 4 : 5;
  if (!x.negative && soft.compare(x, one) === 0) return 3;
  return x.negative ? 6 : 7;
}
/** By the token, bits of the immediate that make it a division by zero, or invalid. */
const divides = [0, 0, 1, 4, 0, 0, 0, 0];
const invalids = [0, 16, 2, 8, 32, 128, 64, 0];

const fixup = (form: Form): Builder =>
  masked({ ...shapeOf(form), keeps: true }, (cpu, i) => {
    const f = formats[form];
    const size = widthOf(form);
    const bits = control(i);
    const [d, a, b] = [placeOf(i, 0), placeOf(i, 1), placeOf(i, 2)];
    const count = isScalar(form) ? 1 : sizeOf(i, 0) / size;
    const special = size === 4 ? bits32 : bits64;
    const packedOf = (v: Soft): bigint => soft.pack(v, f);
    const most = packedOf(soft.infinity(false)) - 1n;
    const signBit = 1n << BigInt(8 * size - 1);
    const quietNan = packedOf({ ...soft.defaultNan, negative: false });
    const op = (): void => {
      computed(cpu, f, d, count, (n, env) => {
        const x = number(cpu, f, a + n * size, env);
        const token = tokenOf(x);
        if (bits & (divides[token] ?? 0)) env.flags |= soft.DIVIDE;
        if (bits & (invalids[token] ?? 0)) env.flags |= soft.INVALID;
        const response = (cpu.vi[(b + n * size) >> 2] ?? 0) >>> (4 * token);
        const answers: readonly (() => bigint)[] = [
          () => read(cpu, f, d + n * size),
          () => packedOf(x),
          () => packedOf(x) | quietNan,
          () => special.indefinite,
          () => packedOf(soft.infinity(true)),
          () => packedOf(soft.infinity(false)),
          () => packedOf(soft.infinity(x.negative)),
          () => signBit,
          () => 0n,
          () => packedOf({ ...one, negative: true }),
          () => packedOf(one),
          () => special.half,
          () => special.ninety,
          () => special.quarterTurn,
          () => most,
          () => most | signBit,
        ];
        return answers[response & 15]?.() ?? 0n;
      });
    };
    if (!isScalar(form)) return op;
    return () => {
      op();
      cpu.vb.copyWithin(d + size, a + size, a + 16);
    };
  });

/** Which of the kinds that the immediate names a number is. */
const classes = (form: Form): Builder =>
  intoMask({ ...shapeOf(form), harmless: [0, 0] }, (cpu, i) => {
    const bits = control(i);
    const f = formats[form];
    return {
      bit: (a) => {
        const x = number(cpu, f, a, environment(cpu));
        const kinds = [
          x.kind === 'nan' && x.signaling !== true,
          x.kind === 'zero' && !x.negative,
          x.kind === 'zero' && x.negative,
          x.kind === 'infinite' && !x.negative,
          x.kind === 'infinite' && x.negative,
          x.denormal === true,
          x.kind === 'finite' && x.negative,
          x.signaling === true,
        ];
        return kinds.some((is, n) => is && (bits >> n) & 1);
      },
    };
  });

/** A reciprocal, or that of a root: CPUs have tables of their own, with an error of 2^-14 at most; here they are the rounded results. No exceptions. */
const approximate =
  (root: boolean) =>
  (f: Format): Elements => {
    const size = sizeOfFormat(f);
    return (cpu, d, _, b, count) => {
      const base = environment(cpu);
      const results: bigint[] = [];
      for (let n = 0; n < count; n++) {
        const own: Environment = { ...base, rounding: 0, flags: 0 };
        const x = number(cpu, f, b + n * size, own);
        results.push(soft.pack(soft.firstNan(x, x, own) ?? reciprocal(x, f, root, own), f));
      }
      computed(cpu, f, d, count, (n) => results[n] ?? 0n);
    };
  };

function reciprocal(x: Soft, f: Format, root: boolean, env: Environment): Soft {
  if (root && x.negative && x.kind !== 'zero') return soft.defaultNan;
  const own = { ...env, underflowTraps: false, overflowTraps: false };
  return soft.divide(one, root ? soft.squareRoot(x, soft.double, own) : x, f, own);
}

const bfloat: Format = { precision: 8, exponentBits: 8 };
/** Nearest, denormals are zeros, no exceptions. */
const plainly = (): Environment => ({ rounding: 0, flags: 0, flushToZero: true, denormalsAreZero: true });

function toBfloat(cpu: Cpu, at: number): number {
  const env = plainly();
  const x = number(cpu, soft.single, at, env);
  if (x.kind === 'nan') return Number(soft.pack(soft.quiet(x), bfloat));
  if (x.kind !== 'finite') return Number(soft.pack(x, bfloat));
  return Number(soft.pack(soft.round(x.negative, x.significand, x.exponent, bfloat, env), bfloat));
}

const narrowed: Builder = (cpu, i) => {
  const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
  const count = sizeOf(i, 1) / 4;
  return () => {
    const results = Array.from({ length: count }, (_, n) => toBfloat(cpu, a + 4 * n));
    cpu.vb.fill(0, d, d + sizeOf(i, 0));
    cpu.vw.set(results, d >> 1);
  };
};

/** The second source's numbers below the first one's. */
const narrowedTwo: Builder = (cpu, i) => {
  const [d, a, b] = [placeOf(i, 0), placeOf(i, 1), placeOf(i, 2)];
  const count = sizeOf(i, 0) / 4;
  return () => {
    const of = (from: number): number[] =>
      Array.from({ length: count }, (_, n) => toBfloat(cpu, from + 4 * n));
    cpu.vw.set([...of(b), ...of(a)], d >> 1);
  };
};

/** The upper products are added first, each addition with one rounding. */
const bfloatProducts: Builder = (cpu, i) => {
  const [d, a, b] = [placeOf(i, 0), placeOf(i, 1), placeOf(i, 2)];
  const end = sizeOf(i, 0);
  const { vi } = cpu;
  return () => {
    for (let n = 0; n < end; n += 4) {
      const env = plainly();
      const half = (at: number, upper: boolean): Soft => {
        const word = vi[(at + n) >> 2] ?? 0;
        return soft.unpack(BigInt((upper ? word & 0xffff0000 : word << 16) >>> 0), soft.single, env);
      };
      let sum = number(cpu, soft.single, d + n, env);
      for (const upper of [true, false]) {
        const [x, y] = [half(a, upper), half(b, upper)];
        const nan = [x, y, sum].find((v) => v.kind === 'nan');
        sum = nan ? soft.quiet(nan) : soft.multiplyAdd(x, y, sum, soft.single, env);
      }
      vi[(d + n) >> 2] = Number(BigInt.asIntN(32, soft.pack(sum, soft.single)));
    }
  };
};

const named = (name: string, make: (form: Form) => Builder): Table =>
  Object.fromEntries(forms.map((form) => [name + form, make(form)]));
const approximations = (name: string, root: boolean): Table =>
  Object.fromEntries(
    forms.map((form) => {
      const { element, alone } = shapeOf(form);
      const elements = approximate(root)(formats[form]);
      return [
        `${name}${form}`,
        masked(
          alone === true ? { element, alone } : { element },
          alone === true ? scalar(element, elements) : packed(element, elements, true),
        ),
      ];
    }),
  );

export const evexSpecials: Table = {
  ...all('vgetexp', ofOne(exponent), true),
  ...all('vgetmant', ofOne(significand), true),
  ...all('vrange', ofTwo(range)),
  ...all('vreduce', ofOne(reduce), true),
  ...all('vscalef', ofTwo(scale)),
  ...named('vfixupimm', fixup),
  ...named('vfpclass', classes),
  ...named('vrndscale', (form) => masked(shapeOf(form), rounding(formats[form], isScalar(form)))),
  ...approximations('vrcp14', false),
  ...approximations('vrsqrt14', true),
  vcvtne2ps2bf16: masked({ element: 2, whole: true }, narrowedTwo),
  vcvtneps2bf16: masked({ element: 2, from: 4 }, narrowed),
  vdpbf16ps: masked({ element: 4, keeps: true }, bfloatProducts),
};
