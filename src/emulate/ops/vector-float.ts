// Floating point of SSE to AVX. JavaScript's arithmetic is the CPU's for double, and for float when rounded once more, as long as it rounds to
// nearest and nothing is special; everything else goes to softfloat.ts, which is exact in all modes and gives the flags.
import * as soft from '../softfloat.js';
import type { Environment, Format, Operation, Soft } from '../softfloat.js';
import { immediateOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { AF, CF, MXCSR, OF, PF, SF, ZR } from '../state.js';
import type { Cpu } from '../state.js';
import { packed, placeOf, scalar, source, withVex } from './vector.js';
import type { Elements } from './vector.js';
import {
  both,
  computed,
  environment,
  number,
  packedBoth,
  read,
  settle,
  sizeOfFormat,
} from './vector-soft.js';

/** What the fast paths take: nearest, all masked, and the inexact flag set already or the result exact. There are no denormals to be flushed. */
const ordinary = 0x1f80;
const control = 0x7f80;
const leastDouble = 2 ** -1022;
const mostDouble = Number.MAX_VALUE;
const leastSingle = 2 ** -126;
const mostSingle = 3.4028234663852886e38;

interface Arithmetic {
  readonly fast: (a: number, b: number) => number;
  /** Whether r is exactly a op b. */
  readonly exact: (a: number, b: number, r: number) => boolean;
  readonly slow: Operation;
}

const splitter = 2 ** 27 + 1;
/** Dekker's product: the error of a * b, where nothing overflows. */
function productError(a: number, b: number, p: number): number {
  const ca = splitter * a;
  const ah = ca - (ca - a);
  const al = a - ah;
  const cb = splitter * b;
  const bh = cb - (cb - b);
  const bl = b - bh;
  return al * bl - (p - ah * bh - al * bh - ah * bl);
}
const moderate = (v: number): boolean => v === 0 || (Math.abs(v) < 2 ** 400 && Math.abs(v) > 2 ** -400);

const add: Arithmetic = {
  fast: (a, b) => a + b,
  exact: (a, b, r) => {
    const bb = r - a;
    return a - (r - bb) + (b - bb) === 0;
  },
  slow: soft.add,
};
const subtract: Arithmetic = {
  fast: (a, b) => a - b,
  exact: (a, b, r) => add.exact(a, -b, r),
  slow: soft.subtract,
};
const multiply: Arithmetic = {
  fast: (a, b) => a * b,
  exact: (a, b, r) => moderate(a) && moderate(b) && productError(a, b, r) === 0,
  slow: soft.multiply,
};
const divide: Arithmetic = {
  fast: (a, b) => a / b,
  exact: (a, b, r) => moderate(a) && moderate(b) && moderate(r) && r * b === a && productError(r, b, a) === 0,
  slow: soft.divide,
};

/** An operation of two numbers, with SSE's rule for NaNs. */
function operate(op: Operation, x: Soft, y: Soft, f: Format, env: Environment): Soft {
  return soft.firstNan(x, y, env) ?? op(x, y, f, env);
}

const results = new Float64Array(16);

/** `odd`: of every other element (addsub). */
function elements(f: Format, op: Arithmetic, odd: Arithmetic = op): Elements {
  const size = sizeOfFormat(f);
  const least = size === 8 ? leastDouble : leastSingle;
  const most = size === 8 ? mostDouble : mostSingle;
  const simple = (v: number): boolean => v === 0 || (Math.abs(v) >= least && Math.abs(v) <= most);
  const slowAll = (cpu: Cpu, d: number, a: number, b: number, count: number): void => {
    computed(cpu, f, d, count, (n, env) =>
      soft.pack(
        operate(
          (n & 1 ? odd : op).slow,
          number(cpu, f, a + n * size, env),
          number(cpu, f, b + n * size, env),
          f,
          env,
        ),
        f,
      ),
    );
  };
  return (cpu, d, a, b, count) => {
    const mxcsr = cpu.s[MXCSR] ?? 0;
    if ((mxcsr & control) !== ordinary) {
      slowAll(cpu, d, a, b, count);
      return;
    }
    const seen = (mxcsr & soft.INEXACT) !== 0;
    const v = size === 8 ? cpu.vd : cpu.vf;
    const [at, from, other] = [d / size, a / size, b / size];
    for (let n = 0; n < count; n++) {
      const { fast, exact } = n & 1 ? odd : op;
      const x = v[from + n] ?? 0;
      const y = v[other + n] ?? 0;
      const wide = fast(x, y);
      const r = size === 8 ? wide : Math.fround(wide);
      // A result that is zero or not simple, or operands that are not, may raise flags; what is rounded to the least normal number may have been less.
      const plain = Math.abs(r) > least && Math.abs(r) <= most && simple(x) && simple(y);
      if (!plain || !(seen || (wide === r && exact(x, y, wide)))) {
        slowAll(cpu, d, a, b, count);
        return;
      }
      results[n] = r;
    }
    for (let n = 0; n < count; n++) v[at + n] = results[n] ?? 0;
  };
}

/** haddps and its like: neighbours of the first source, then of the second, in each 16 bytes. */
function horizontal(f: Format, op: Operation): Elements {
  const size = sizeOfFormat(f);
  const half = 8 / size;
  return (cpu, d, a, b, count) => {
    computed(cpu, f, d, count, (n, env) => {
      const inLane = n % (2 * half);
      const from = (inLane < half ? a : b) + (n - inLane) * size + 2 * (inLane % half) * size;
      const [x, y] = [number(cpu, f, from, env), number(cpu, f, from + size, env)];
      return soft.pack(operate(op, x, y, f, env), f);
    });
  };
}

/** dpps, dppd: products where the upper bits of the immediate say so, their sum where the lower bits do. Each step rounds, and stops at what is not masked. */
const dotProduct =
  (f: Format): Builder =>
  (cpu, i) => {
    const size = sizeOfFormat(f);
    const control = immediateOf(i, i.operands.length - 1).lo;
    const inLane = 16 / size;
    const dot: Elements = (c, d, a, b, count) => {
      const step = (length: number, element: (n: number, env: Environment) => Soft): bigint[] => {
        const env = environment(c);
        const bits = Array.from({ length }, (_, n) => soft.pack(element(n, env), f));
        settle(c, env);
        return bits;
      };
      let sums = step(count, (n, env) =>
        (control >> (4 + (n % inLane))) & 1
          ? operate(soft.multiply, number(c, f, a + n * size, env), number(c, f, b + n * size, env), f, env)
          : soft.zero(false),
      );
      while (sums.length * 16 > count * size) {
        const before = sums;
        const at = (n: number, env: Environment): Soft => soft.unpack(before[n] ?? 0n, f, env);
        sums = step(before.length / 2, (n, env) =>
          operate(soft.add, at(2 * n, env), at(2 * n + 1, env), f, env),
        );
      }
      computed(c, f, d, count, (n) =>
        (control >> (n % inLane)) & 1 ? (sums[Math.floor(n / inLane)] ?? 0n) : 0n,
      );
    };
    return packed(size, dot)(cpu, i);
  };

/** min and max: with a NaN or two zeros the second operand (SDM vol. 2, MINSD). */
const choose =
  (wanted: 1 | -1): Operation =>
  (a, b, _, env) => {
    soft.noteDenormals(env, a, b);
    return soft.compare(a, b) === wanted ? a : b;
  };

const chosen =
  (wanted: 1 | -1) =>
  (f: Format): Elements => {
    const size = sizeOfFormat(f);
    const pick = choose(wanted);
    return (cpu, d, a, b, count) => {
      computed(cpu, f, d, count, (n, env) => {
        const bits = read(cpu, f, b + n * size);
        const x = number(cpu, f, a + n * size, env);
        const y = soft.unpack(bits, f, env);
        if (x.kind === 'nan' || y.kind === 'nan') {
          env.flags |= soft.INVALID;
          return y.kind === 'nan' ? bits : soft.pack(y, f);
        }
        return soft.pack(pick(x, y, f, env), f);
      });
    };
  };

/** An operation on the second source alone. */
export const unary =
  (run: (x: Soft, f: Format, env: Environment) => Soft) =>
  (f: Format): Elements => {
    const size = sizeOfFormat(f);
    return (cpu, d, _, b, count) => {
      computed(cpu, f, d, count, (n, env) => {
        const x = number(cpu, f, b + n * size, env);
        return soft.pack(soft.firstNan(x, x, env) ?? run(x, f, env), f);
      });
    };
  };

/** Rounded to as many binary places as the upper half of the immediate says; bit 3 has the inexact flag stay, bit 2 takes MXCSR's mode. */
export function toPlaces(x: Soft, bits: number, env: Environment): Soft {
  const places = bits >> 4;
  if (x.kind !== 'finite' || x.exponent + places >= 0) return x;
  const mode = { ...env, flags: 0, rounding: bits & 4 ? env.rounding : bits & 3 };
  const whole = soft.toInteger({ ...x, exponent: x.exponent + places }, 128, mode) ?? 0n;
  if (!(bits & 8)) env.flags |= mode.flags;
  if (whole === 0n) return soft.zero(x.negative);
  return { ...x, significand: whole < 0n ? -whole : whole, exponent: -places };
}

/** roundps and its like, which round to whole numbers; of EVEX to binary places. */
export const rounding =
  (f: Format, alone: boolean): Builder =>
  (cpu, i) => {
    const bits = immediateOf(i, i.operands.length - 1).lo & (i.evex ? 255 : 15);
    const size = sizeOfFormat(f);
    const lane: Elements = (c, d, _, b, count) => {
      computed(c, f, d, count, (n, env) => {
        const x = number(c, f, b + n * size, env);
        return soft.pack(soft.firstNan(x, x, env) ?? toPlaces(x, bits, env), f);
      });
    };
    return (alone ? scalar(size, lane) : packed(size, lane, true))(cpu, i);
  };

/** 12 bits of a reciprocal: the CPU's own tables are nowhere written down; SDM vol. 2, RCPPS allows an error of 1.5 * 2^-12. No flags, no modes. */
const approximate =
  (root: boolean) =>
  (f: Format): Elements =>
  (cpu, d, _, b, count) => {
    const bits: bigint[] = [];
    for (let n = 0; n < count; n++) {
      const own: Environment = { rounding: 0, flags: 0, flushToZero: true, denormalsAreZero: true };
      const x = number(cpu, f, b + 4 * n, own);
      bits.push(soft.pack(soft.firstNan(x, x, own) ?? reciprocal(x, root), f));
    }
    bits.forEach((value, n) => {
      cpu.vi[(d >> 2) + n] = Number(BigInt.asIntN(32, value));
    });
  };

const twelve: Format = { precision: 12, exponentBits: 8 };
function reciprocal(x: Soft, root: boolean): Soft {
  const env: Environment = { rounding: 0, flags: 0, flushToZero: true, denormalsAreZero: true };
  if (root && x.negative && x.kind !== 'zero') return soft.defaultNan;
  const one: Soft = { kind: 'finite', negative: false, significand: 1n, exponent: 0 };
  return soft.divide(one, root ? soft.squareRoot(x, soft.double, env) : x, twelve, env);
}

type Relation = number | undefined;
/** The predicates of cmp. Relation: -1, 0, 1, undefined for unordered. From 8 on only with VEX. */
export const predicates: readonly ((relation: Relation) => boolean)[] = [
  (r) => r === 0,
  (r) => r === -1,
  (r) => r === -1 || r === 0,
  (r) => r === undefined,
  (r) => r !== 0,
  (r) => r !== -1,
  (r) => r !== -1 && r !== 0,
  (r) => r !== undefined,
  (r) => r === 0 || r === undefined,
  (r) => r === -1 || r === undefined,
  (r) => r !== 1,
  () => false,
  (r) => r === 1 || r === -1,
  (r) => r === 1 || r === 0,
  (r) => r === 1,
  () => true,
];
/** Of the first 16; the others are the same ones, with a quiet NaN meaning the opposite. */
const signalingPredicates = new Set([1, 2, 5, 6, 9, 10, 13, 14]);
export const isSignaling = (code: number): boolean => signalingPredicates.has(code & 15) !== code > 15;

export function relate(
  cpu: Cpu,
  f: Format,
  a: number,
  b: number,
  signaling: boolean,
  env: Environment,
): Relation {
  const x = number(cpu, f, a, env);
  const y = number(cpu, f, b, env);
  if (x.kind === 'nan' || y.kind === 'nan') {
    if (signaling || x.signaling === true || y.signaling === true) env.flags |= soft.INVALID;
    return undefined;
  }
  soft.noteDenormals(env, x, y);
  return soft.compare(x, y);
}

const comparison =
  (f: Format, alone: boolean): Builder =>
  (cpu, i) => {
    const code = immediateOf(i, i.operands.length - 1).lo & (i.vex ? 31 : 7);
    const test = predicates[code & 15];
    if (!test) throw new Error('no such predicate');
    const signaling = isSignaling(code);
    const size = sizeOfFormat(f);
    const all = (1n << BigInt(8 * size)) - 1n;
    const lane: Elements = (c, d, a, b, count) => {
      computed(c, f, d, count, (n, env) =>
        test(relate(c, f, a + n * size, b + n * size, signaling, env)) ? all : 0n,
      );
    };
    return (alone ? scalar(size, lane) : packed(size, lane))(cpu, i);
  };

/** comis and ucomis: ZF, PF, CF; the others are cleared. */
const flags =
  (f: Format, signaling: boolean): Builder =>
  (cpu, i) => {
    const size = sizeOfFormat(f);
    const a = placeOf(i, 0);
    const { at, load } = source(cpu, i, 1);
    const { vd, vf } = cpu;
    const least = size === 8 ? leastDouble : leastSingle;
    const s = cpu.s;
    const set = (zf: boolean, pf: boolean, cf: boolean): void => {
      s[ZR] = zf ? 0 : 1;
      s[PF] = pf ? 0 : 1;
      s[CF] = cf ? 1 : 0;
      s[OF] = s[SF] = s[AF] = 0;
    };
    return () => {
      load?.();
      const x = (size === 8 ? vd[a >> 3] : vf[a >> 2]) ?? 0;
      const y = (size === 8 ? vd[at >> 3] : vf[at >> 2]) ?? 0;
      const plain = (v: number): boolean => v === 0 || Math.abs(v) >= least;
      if (plain(x) && plain(y)) {
        set(x === y, false, x < y);
        return;
      }
      const env = environment(cpu);
      const r = relate(cpu, f, a, at, signaling, env);
      settle(cpu, env);
      set(r === undefined || r === 0, r === undefined, r === undefined || r === -1);
    };
  };

const comparisons: Table = {
  comisd: flags(soft.double, true),
  comiss: flags(soft.single, true),
  ucomisd: flags(soft.double, false),
  ucomiss: flags(soft.single, false),
};

export const vectorFloats: Table = {
  ...withVex({
    ...both('add', (f) => elements(f, add)),
    ...packedBoth('addsub', (f) => elements(f, subtract, add)),
    ...both('div', (f) => elements(f, divide)),
    ...packedBoth('hadd', (f) => horizontal(f, soft.add)),
    ...packedBoth('hsub', (f) => horizontal(f, soft.subtract)),
    ...both('max', chosen(1)),
    ...both('min', chosen(-1)),
    ...both('mul', (f) => elements(f, multiply)),
    ...both('sqrt', unary(soft.squareRoot), true),
    ...both('sub', (f) => elements(f, subtract)),
    cmppd: comparison(soft.double, false),
    cmpps: comparison(soft.single, false),
    cmpsd: comparison(soft.double, true),
    cmpss: comparison(soft.single, true),
    dppd: dotProduct(soft.double),
    dpps: dotProduct(soft.single),
    rcpps: packed(4, approximate(false)(soft.single), true),
    rcpss: scalar(4, approximate(false)(soft.single)),
    roundpd: rounding(soft.double, false),
    roundps: rounding(soft.single, false),
    roundsd: rounding(soft.double, true),
    roundss: rounding(soft.single, true),
    rsqrtps: packed(4, approximate(true)(soft.single), true),
    rsqrtss: scalar(4, approximate(true)(soft.single)),
  }),
  ...comparisons,
  ...Object.fromEntries(Object.entries(comparisons).map(([name, make]) => [`v${name}`, make])),
};
