// Compiled: FMA, a product and a sum with one rounding, where nothing is special (floats.ts): WebAssembly has no such instruction. Singles are computed as doubles, in
// which the product is exact; doubles as sums of two (Boldo, Melquiond: Emulation of FMA and correctly rounded sums, 2008). In both the sum before the last rounding is
// rounded to odd: to the neighbour with the lowest bit set where it is not exact, so that the last rounding sees what was lost. All else is the interpreter's
// (ops/vector-fused.ts).
import { op, V128 } from './encode.js';
import type { Emitter } from './emitter.js';
import {
  allHold,
  and,
  apply,
  constant,
  double,
  doubles,
  either,
  isNormal,
  isPlain,
  isZero,
  mayRound,
  single,
  singles,
} from './float-formats.js';
import type { Format } from './float-formats.js';
import { putLowest } from './floats.js';
import type { Row, Rows } from './row.js';
import { loadSplats, simd } from './simd.js';
import {
  elements,
  isVector,
  isVectorSource,
  load,
  result,
  source,
  unmasked,
  vector,
  wholeSource,
} from './vector-operands.js';
import type { Plan } from './vector-operands.js';

/** Whether the product is negated, and what is added to even and odd elements. */
interface Signs {
  readonly product: boolean;
  readonly even: boolean;
  readonly odd: boolean;
}
const kinds: Readonly<Record<string, Signs>> = {
  vfmadd: { product: false, even: false, odd: false },
  vfmaddsub: { product: false, even: true, odd: false },
  vfmsub: { product: false, even: true, odd: true },
  vfmsubadd: { product: false, even: false, odd: true },
  vfnmadd: { product: true, even: false, odd: false },
  vfnmsub: { product: true, even: true, odd: true },
};
/** Operands in the order multiplicand, multiplier, summand. */
const orders = { 132: [0, 2, 1], 213: [1, 0, 2], 231: [1, 2, 0] } as const;

/** Variables with 16 bytes each: more doubles than there are operands. */
class Doubles {
  private readonly pool: number[] = [];
  private used = 0;
  constructor(private readonly e: Emitter) {}

  /** The value that is pushed. */
  take(): number {
    const local = (this.pool[this.used++] ??= this.e.temporary(V128));
    this.e.c.set(local);
    return local;
  }

  /** None is needed any more. */
  free(): void {
    this.used = 0;
  }

  /** By opcodes between values, first to last. */
  of(first: number, ...rest: readonly number[]): number {
    const { c } = this.e;
    c.get(first);
    for (let n = 0; n + 1 < rest.length; n += 2) {
      c.get(rest[n + 1] ?? 0);
      c.simd(rest[n] ?? 0);
    }
    return this.take();
  }

  /** The rounded sum, and what is missing of the exact one (Knuth). */
  sum(a: number, b: number): readonly [sum: number, rest: number] {
    const { f64x2_add: plus, f64x2_sub: minus } = simd;
    const s = this.of(a, plus, b);
    const bb = this.of(s, minus, a);
    const aa = this.of(s, minus, bb);
    const da = this.of(a, minus, aa);
    return [s, this.of(b, minus, bb, plus, da)];
  }

  /** The same of the product (Dekker): neither is near the ends of what doubles can be. */
  product(a: number, b: number): readonly [product: number, rest: number] {
    const { f64x2_sub: minus, f64x2_mul: times } = simd;
    const split = (v: number): readonly [upper: number, lower: number] => {
      constant(this.e, doubles, 2 ** 27 + 1);
      const far = this.of(this.take(), times, v);
      const less = this.of(far, minus, v);
      const upper = this.of(far, minus, less);
      return [upper, this.of(v, minus, upper)];
    };
    const p = this.of(a, times, b);
    const [ah, al] = split(a);
    const [bh, bl] = split(b);
    const [hh, lh, hl] = [this.of(ah, times, bh), this.of(al, times, bh), this.of(ah, times, bl)];
    const missing = this.of(p, minus, hh, minus, lh, minus, hl);
    const ll = this.of(al, times, bl);
    return [p, this.of(ll, minus, missing)];
  }

  /** The sum, rounded to odd. */
  oddSum(a: number, b: number): number {
    const { c } = this.e;
    const [s, rest] = this.sum(a, b);
    c.get(s);
    // 1 away from zero, -1 towards it
    c.get(rest);
    c.get(s);
    c.simd(simd.v128_xor);
    c.i32(63);
    c.simd(simd.i64x2_shr_s);
    c.i64(1n);
    c.simd(simd.i64x2_splat);
    c.simd(simd.v128_or);
    // where something is missing and the lowest bit is not set
    c.get(rest);
    constant(this.e, doubles, 0);
    c.simd(simd.f64x2_ne);
    c.simd(simd.v128_and);
    c.get(s);
    c.i64(1n);
    c.simd(simd.i64x2_splat);
    c.simd(simd.v128_and);
    c.i64(0n);
    c.simd(simd.i64x2_splat);
    c.simd(simd.i64x2_eq);
    c.simd(simd.v128_and);
    c.simd(simd.i64x2_add);
    return this.take();
  }
}

/** Changes the sign of elements in a variable. */
function negate(e: Emitter, f: Format, value: number, even: boolean, odd: boolean): void {
  if (!even && !odd) return;
  const bytes = Array.from({ length: 16 }, (_, n) => {
    const isTop = n % f.size === f.size - 1;
    return isTop && (Math.floor(n / f.size) & 1 ? odd : even) ? 128 : 0;
  });
  e.c.get(value);
  e.c.v128(bytes);
  e.c.simd(simd.v128_xor);
  e.c.set(value);
}

/** Pushes the result for doubles. */
function fuseDoubles(e: Emitter, all: Doubles, x: number, y: number, z: number): void {
  const [uh, ul] = all.product(x, y);
  const [th, tl] = all.sum(z, ul);
  const [vh, vl] = all.sum(uh, th);
  const rest = all.oddSum(tl, vl);
  e.c.get(vh);
  e.c.get(rest);
  e.c.simd(simd.f64x2_add);
}

/** Pushes results for the lower two of four singles, and zeros. */
function fuseLower(e: Emitter, all: Doubles, values: readonly number[]): void {
  const { c } = e;
  const [x = 0, y = 0, z = 0] = values.map((value) => {
    c.get(value);
    c.simd(simd.f64x2_promote_low_f32x4);
    return all.take();
  });
  const product = all.of(x, simd.f64x2_mul, y);
  c.get(all.oddSum(product, z));
  c.simd(simd.f32x4_demote_f64x2_zero);
}

/** The upper half of a variable, at the lower end. */
function upper(e: Emitter, all: Doubles, value: number): number {
  e.c.get(value);
  e.c.get(value);
  e.c.shuffle(elements(8, 1, 1));
  return all.take();
}

function fuseSingles(e: Emitter, all: Doubles, values: readonly number[], alone: boolean): void {
  fuseLower(e, all, values);
  if (alone) return;
  const low = all.take();
  fuseLower(
    e,
    all,
    values.map((value) => upper(e, all, value)),
  );
  const high = all.take();
  e.c.get(low);
  e.c.get(high);
  e.c.shuffle(elements(8, 0, 2));
}

/** Zero, or far from the ends of what doubles can be. */
function isModerate(e: Emitter, value: number): void {
  const { c } = e;
  either(
    e,
    doubles,
    () => {
      isZero(e, doubles, value);
    },
    () => {
      const bound = (limit: number, name: 'gt' | 'lt'): void => {
        c.get(value);
        apply(e, doubles, 'abs');
        constant(e, doubles, limit);
        apply(e, doubles, name);
      };
      bound(2 ** -400, 'gt');
      bound(2 ** 400, 'lt');
      and(e, doubles);
    },
  );
}

/** Pushes whether the operands of 16 bytes are ordinary. */
function areOrdinary(e: Emitter, f: Format, [x = 0, y = 0, z = 0]: readonly number[]): void {
  if (f.size === 8) {
    isModerate(e, x);
    isModerate(e, y);
    and(e, f);
    isPlain(e, f, z);
    and(e, f);
    e.c.get(z);
    apply(e, f, 'abs');
    constant(e, f, 2 ** 1000);
    apply(e, f, 'lt');
  } else {
    isPlain(e, f, x);
    isPlain(e, f, y);
    and(e, f);
    isPlain(e, f, z);
  }
  and(e, f);
}

function row(f: Format, alone: boolean, order: readonly number[], signs: Signs): Row {
  const plan: Plan = (i) => {
    const [to, second, last] = i.operands;
    if (!isVector(to) || !isVector(second) || !last || !isVectorSource(last)) return undefined;
    return (e) => {
      const { c } = e;
      const b = alone ? source(e, last, f.size) : wholeSource(e, i, last, to.size);
      const places = [source(e, to, to.size), source(e, second, to.size), b];
      const values = [0, 1, 2].map(() => e.temporary(V128));
      const all = new Doubles(e);
      const scalar = f.size === 8 ? double : single;
      const results = Array.from({ length: alone ? 1 : to.size / 16 }, (_, part) => {
        values.forEach((value, n) => {
          const from = places[order[n] ?? 0];
          if (!from) throw new Error('three operands');
          if (alone) {
            from.push();
            c.vector(loadSplats[f.size], from.offset);
          } else load(e, from, part);
          c.set(value);
        });
        const [x = 0, y = 0, z = 0] = values;
        negate(e, f, x, signs.product, signs.product);
        negate(e, f, z, signs.even, signs.odd);
        const r = e.temporary(alone ? scalar.type : V128);
        if (f.size === 8) fuseDoubles(e, all, x, y, z);
        else fuseSingles(e, all, values, alone);
        if (alone) c.lane(f.size === 8 ? simd.f64x2_extract_lane : simd.f32x4_extract_lane, 0);
        c.set(r);
        all.free();
        areOrdinary(e, f, values);
        if (alone) {
          allHold(e, f);
          isNormal(e, scalar, r);
          c.do(op.i32_and);
        } else {
          isNormal(e, f, r);
          and(e, f);
          if (part > 0) and(e, f);
        }
        return r;
      });
      if (!alone) allHold(e, f);
      mayRound(e);
      c.do(op.i32_and);
      e.orInterpreter(() => {
        if (alone) putLowest(e, i, f, { to, first: to }, results[0] ?? 0);
        else
          result(e, i, to, { element: f.size }, (part) => {
            c.get(results[part] ?? 0);
          });
      });
    };
  };
  return alone ? unmasked(plan, { leaves: true }) : vector(plan, { leaves: true });
}

export const fused: Rows = Object.fromEntries(
  Object.entries(kinds).flatMap(([name, signs]) =>
    Object.entries(orders).flatMap(([digits, order]) => [
      [`${name}${digits}pd`, row(doubles, false, order, signs)],
      [`${name}${digits}ps`, row(singles, false, order, signs)],
      [`${name}${digits}sd`, row(doubles, true, order, signs)],
      [`${name}${digits}ss`, row(singles, true, order, signs)],
    ]),
  ),
);
