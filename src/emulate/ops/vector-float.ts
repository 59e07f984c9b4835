// Floating point of SSE and SSE2. JavaScript's arithmetic is the CPU's for double, and for float when rounded once more, as long as it rounds to
// nearest and nothing is special; everything else goes to softfloat.ts, which is exact in all modes and gives the flags.
import * as soft from '../softfloat.js';
import type { Environment, Format, Operation, Soft } from '../softfloat.js';
import { immediateOf, place, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { AF, CF, HI, MXCSR, OF, PF, SF, Trap, ZR } from '../state.js';
import type { Cpu } from '../state.js';
import { lanes, scalar, source, vectorNumber } from './vector.js';
import type { Lane } from './vector.js';

const exceptionMask = 0x3f;
/** What the fast paths take: nearest, all masked, no flushing, and the inexact flag set already or the result exact. */
const ordinary = 0x1f80;
const control = 0xffc0;
const leastDouble = 2 ** -1022;
const mostDouble = Number.MAX_VALUE;
const leastSingle = 2 ** -126;
const mostSingle = 3.4028234663852886e38;

function environment(mxcsr: number): Environment {
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
function settle(cpu: Cpu, env: Environment): void {
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

const read = (cpu: Cpu, f: Format, at: number): bigint =>
  f === soft.double ? (cpu.vq[at >> 3] ?? 0n) : BigInt((cpu.vi[at >> 2] ?? 0) >>> 0);
const write = (cpu: Cpu, f: Format, at: number, bits: bigint): void => {
  if (f === soft.double) cpu.vq[at >> 3] = bits;
  else cpu.vi[at >> 2] = Number(BigInt.asIntN(32, bits));
};

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

/** An element through softfloat: the bits of the result. */
function slowly(cpu: Cpu, f: Format, op: Operation, a: number, b: number, env: Environment): bigint {
  const x = soft.unpack(read(cpu, f, a), f, env);
  const y = soft.unpack(read(cpu, f, b), f, env);
  return soft.pack(soft.firstNan(x, y, env) ?? op(x, y, f, env), f);
}

function elements(f: Format, op: Arithmetic, count: number): Lane {
  const size = f === soft.double ? 8 : 4;
  const least = size === 8 ? leastDouble : leastSingle;
  const most = size === 8 ? mostDouble : mostSingle;
  const { fast, exact, slow } = op;
  const simple = (v: number): boolean => v === 0 || (Math.abs(v) >= least && Math.abs(v) <= most);
  const slowAll = (cpu: Cpu, d: number, a: number, b: number): void => {
    const env = environment(cpu.s[MXCSR] ?? 0);
    const results = Array.from({ length: count }, (_, n) =>
      slowly(cpu, f, slow, a + n * size, b + n * size, env),
    );
    settle(cpu, env);
    results.forEach((bits, n) => {
      write(cpu, f, d + n * size, bits);
    });
  };
  // A result that is zero or not simple, or operands that are not, may raise flags.
  const quick = (x: number, y: number, r: number, inexactSeen: boolean): boolean =>
    Math.abs(r) >= least && Math.abs(r) <= most && simple(x) && simple(y) && (inexactSeen || exact(x, y, r));
  return (cpu, d, a, b) => {
    const mxcsr = cpu.s[MXCSR] ?? 0;
    if ((mxcsr & control) !== ordinary) {
      slowAll(cpu, d, a, b);
      return;
    }
    const seen = (mxcsr & soft.INEXACT) !== 0;
    if (count === 1) {
      if (size === 8) {
        const { vd } = cpu;
        const x = vd[a >> 3] ?? 0;
        const y = vd[b >> 3] ?? 0;
        const r = fast(x, y);
        if (quick(x, y, r, seen)) vd[d >> 3] = r;
        else slowAll(cpu, d, a, b);
      } else {
        const { vf } = cpu;
        const x = vf[a >> 2] ?? 0;
        const y = vf[b >> 2] ?? 0;
        const wide = fast(x, y);
        const r = Math.fround(wide);
        if (quick(x, y, r, seen) && (seen || wide === r)) vf[d >> 2] = r;
        else slowAll(cpu, d, a, b);
      }
      return;
    }
    slowAll(cpu, d, a, b);
  };
}

/** min and max: with a NaN or two zeros the second operand (SDM vol. 2, MINSD). */
const choose =
  (wanted: 1 | -1): Operation =>
  (a, b, _, env) => {
    soft.noteDenormals(env, a, b);
    return soft.compare(a, b) === wanted ? a : b;
  };

function chosen(f: Format, wanted: 1 | -1, count: number): Lane {
  const size = f === soft.double ? 8 : 4;
  const pick = choose(wanted);
  return (cpu, d, a, b) => {
    const env = environment(cpu.s[MXCSR] ?? 0);
    const results = Array.from({ length: count }, (_, n) => {
      const bits = read(cpu, f, b + n * size);
      const x = soft.unpack(read(cpu, f, a + n * size), f, env);
      const y = soft.unpack(bits, f, env);
      if (x.kind === 'nan' || y.kind === 'nan') {
        env.flags |= soft.INVALID;
        return y.kind === 'nan' ? bits : soft.pack(y, f);
      }
      return soft.pack(pick(x, y, f, env), f);
    });
    settle(cpu, env);
    results.forEach((bits, n) => {
      write(cpu, f, d + n * size, bits);
    });
  };
}

function roots(f: Format, count: number): Lane {
  const size = f === soft.double ? 8 : 4;
  return (cpu, d, _, b) => {
    const env = environment(cpu.s[MXCSR] ?? 0);
    const results = Array.from({ length: count }, (_unused, n) => {
      const x = soft.unpack(read(cpu, f, b + n * size), f, env);
      return soft.pack(soft.firstNan(x, x, env) ?? soft.squareRoot(x, f, env), f);
    });
    settle(cpu, env);
    results.forEach((bits, n) => {
      write(cpu, f, d + n * size, bits);
    });
  };
}

/** The eight predicates of SSE's cmp; 1, 2, 5, 6 are signaling. Relation: -1, 0, 1, undefined for unordered. */
const predicates: readonly ((relation: number | undefined) => boolean)[] = [
  (r) => r === 0,
  (r) => r === -1,
  (r) => r === -1 || r === 0,
  (r) => r === undefined,
  (r) => r !== 0,
  (r) => r !== -1,
  (r) => r !== -1 && r !== 0,
  (r) => r !== undefined,
];
const signalingPredicates = new Set([1, 2, 5, 6]);

function relate(
  cpu: Cpu,
  f: Format,
  a: number,
  b: number,
  signaling: boolean,
  env: Environment,
): number | undefined {
  const x = soft.unpack(read(cpu, f, a), f, env);
  const y = soft.unpack(read(cpu, f, b), f, env);
  if (x.kind === 'nan' || y.kind === 'nan') {
    if (signaling || x.signaling === true || y.signaling === true) env.flags |= soft.INVALID;
    return undefined;
  }
  soft.noteDenormals(env, x, y);
  return soft.compare(x, y);
}

const comparison =
  (f: Format, count: number): Builder =>
  (cpu, i) => {
    const code = immediateOf(i, 2).lo & 7;
    const test = predicates[code];
    if (!test) throw new Error('a predicate of VEX');
    const size = f === soft.double ? 8 : 4;
    const all = (1n << BigInt(8 * size)) - 1n;
    const lane: Lane = (c, d, a, b) => {
      const env = environment(c.s[MXCSR] ?? 0);
      const results = Array.from({ length: count }, (_, n) =>
        test(relate(c, f, a + n * size, b + n * size, signalingPredicates.has(code), env)) ? all : 0n,
      );
      settle(c, env);
      results.forEach((bits, n) => {
        write(c, f, d + n * size, bits);
      });
    };
    return (count === 1 ? scalar(size, lane) : lanes(lane))(cpu, i);
  };

/** comis and ucomis: ZF, PF, CF; the others are cleared. */
const flags =
  (f: Format, signaling: boolean): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const size = f === soft.double ? 8 : 4;
    const a = vectorNumber(i, 0);
    const { at, load } = source(cpu, i, 1, size);
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
      const env = environment(cpu.s[MXCSR] ?? 0);
      const r = relate(cpu, f, a, at, signaling, env);
      settle(cpu, env);
      set(r === undefined || r === 0, r === undefined, r === undefined || r === -1);
    };
  };

/** To a general register; `truncate`: towards zero whatever MXCSR says. What does not fit is 0x80...0. */
const toInteger =
  (f: Format, truncate: boolean): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const size = f === soft.double ? 8 : 4;
    const { at, load } = source(cpu, i, 1, size);
    const { write: put } = place(cpu, i, 0);
    const bits = 8 * sizeOf(i, 0);
    return () => {
      load?.();
      const env = environment(cpu.s[MXCSR] ?? 0);
      const x = soft.unpack(read(cpu, f, at), f, env);
      const mode = truncate ? { ...env, rounding: 3 } : env;
      const n = soft.toInteger(x, bits, mode) ?? BigInt.asIntN(bits, 1n << BigInt(bits - 1));
      settle(cpu, mode);
      put(Number(BigInt.asIntN(32, n)), Number(BigInt.asIntN(32, n >> 32n)));
    };
  };

const fromInteger =
  (f: Format): Builder =>
  (cpu, i) => {
    if (i.vex) throw new Error('no VEX forms yet');
    const d = vectorNumber(i, 0);
    const size = sizeOf(i, 1);
    const { read: get } = place(cpu, i, 1);
    const { s, vd } = cpu;
    return () => {
      const lo = get();
      if (f === soft.double && size === 4) {
        vd[d >> 3] = lo;
        return;
      }
      const env = environment(s[MXCSR] ?? 0);
      const n = size === 8 ? (BigInt(s[HI] ?? 0) << 32n) | BigInt(lo >>> 0) : BigInt(lo);
      const bits = soft.pack(soft.fromInteger(n, f, env), f);
      settle(cpu, env);
      write(cpu, f, d, bits);
    };
  };

function convert(v: Soft, f: Format, env: Environment): Soft {
  if (v.kind === 'nan') {
    if (v.signaling === true) env.flags |= soft.INVALID;
    return soft.quiet(v);
  }
  if (v.kind !== 'finite') return v;
  soft.noteDenormals(env, v);
  return soft.round(v.negative, v.significand, v.exponent, f, env);
}

/** Between formats: `count` elements, the rest of 16 bytes zero if packed. */
const between = (from: Format, to: Format, count: number): Builder => {
  const sizeFrom = from === soft.double ? 8 : 4;
  const sizeTo = to === soft.double ? 8 : 4;
  const lane: Lane = (cpu, d, _, b) => {
    const env = environment(cpu.s[MXCSR] ?? 0);
    const results = Array.from({ length: count }, (_unused, n) =>
      soft.pack(convert(soft.unpack(read(cpu, from, b + n * sizeFrom), from, env), to, env), to),
    );
    settle(cpu, env);
    if (count > 1) cpu.vb.fill(0, d, d + 16);
    results.forEach((bits, n) => {
      write(cpu, to, d + n * sizeTo, bits);
    });
  };
  return count === 1 ? scalar(sizeFrom, lane) : count * sizeFrom === 8 ? scalar(8, lane) : lanes(lane);
};

/** Packed 32-bit integers from floats. */
const packedToInteger = (f: Format, truncate: boolean): Builder => {
  const size = f === soft.double ? 8 : 4;
  const count = 16 / size;
  return lanes((cpu, d, _, b) => {
    const base = environment(cpu.s[MXCSR] ?? 0);
    const env = truncate ? { ...base, rounding: 3 } : base;
    const results = Array.from({ length: count }, (_unused, n) => {
      const x = soft.unpack(read(cpu, f, b + n * size), f, env);
      return Number(soft.toInteger(x, 32, env) ?? -0x80000000n);
    });
    settle(cpu, env);
    cpu.vb.fill(0, d, d + 16);
    results.forEach((value, n) => {
      cpu.vi[(d >> 2) + n] = value;
    });
  });
};

const packedFromInteger = (f: Format): Builder => {
  const size = f === soft.double ? 8 : 4;
  const lane: Lane = (cpu, d, _, b) => {
    const env = environment(cpu.s[MXCSR] ?? 0);
    const results = Array.from({ length: 16 / size }, (_unused, n) =>
      soft.pack(soft.fromInteger(BigInt(cpu.vi[(b >> 2) + n] ?? 0), f, env), f),
    );
    settle(cpu, env);
    results.forEach((bits, n) => {
      write(cpu, f, d + n * size, bits);
    });
  };
  return size === 8 ? scalar(8, lane) : lanes(lane);
};

const both = (name: string, make: (f: Format, count: number) => Lane, unary = false): Table => ({
  [`${name}pd`]: lanes(make(soft.double, 2), unary),
  [`${name}ps`]: lanes(make(soft.single, 4), unary),
  [`${name}sd`]: scalar(8, make(soft.double, 1)),
  [`${name}ss`]: scalar(4, make(soft.single, 1)),
});

export const vectorFloats: Table = {
  ...both('add', (f, n) => elements(f, add, n)),
  ...both('div', (f, n) => elements(f, divide, n)),
  ...both('max', (f, n) => chosen(f, 1, n)),
  ...both('min', (f, n) => chosen(f, -1, n)),
  ...both('mul', (f, n) => elements(f, multiply, n)),
  ...both('sqrt', roots),
  ...both('sub', (f, n) => elements(f, subtract, n)),
  cmppd: comparison(soft.double, 2),
  cmpps: comparison(soft.single, 4),
  cmpsd: comparison(soft.double, 1),
  cmpss: comparison(soft.single, 1),
  comisd: flags(soft.double, true),
  comiss: flags(soft.single, true),
  cvtdq2pd: packedFromInteger(soft.double),
  cvtdq2ps: packedFromInteger(soft.single),
  cvtpd2dq: packedToInteger(soft.double, false),
  cvtpd2ps: between(soft.double, soft.single, 2),
  cvtps2dq: packedToInteger(soft.single, false),
  cvtps2pd: between(soft.single, soft.double, 2),
  cvtsd2si: toInteger(soft.double, false),
  cvtsd2ss: between(soft.double, soft.single, 1),
  cvtsi2sd: fromInteger(soft.double),
  cvtsi2ss: fromInteger(soft.single),
  cvtss2sd: between(soft.single, soft.double, 1),
  cvtss2si: toInteger(soft.single, false),
  cvttpd2dq: packedToInteger(soft.double, true),
  cvttps2dq: packedToInteger(soft.single, true),
  cvttsd2si: toInteger(soft.double, true),
  cvttss2si: toInteger(soft.single, true),
  ucomisd: flags(soft.double, false),
  ucomiss: flags(soft.single, false),
};
