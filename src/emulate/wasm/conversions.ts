// Compiled: conversions between numbers of floating point, and from and to integers, and rounding to whole numbers, where nothing is special (floats.ts). All else is the
// interpreter's (ops/vector-convert.ts).
import { F32, F64, op, V128 } from './encode.js';
import type { Emitter } from './emitter.js';
import {
  allHold,
  and,
  apply,
  constant,
  double,
  doubles,
  held,
  isExactOrNormal,
  isPlain,
  isZero,
  mayRound,
  single,
  singles,
} from './float-formats.js';
import type { Format } from './float-formats.js';
import { floating, putLowest, two } from './floats.js';
import { generalOf, isGeneral, isPlace } from './row.js';
import type { Row, Rows } from './row.js';
import { simd } from './simd.js';
import {
  bytesOf,
  immediateOf,
  isVector,
  isVectorSource,
  operandsOf,
  result,
  source,
  withVex,
} from './vector-operands.js';
import type { Plan } from './vector-operands.js';

// Scalars.

/** From a general register or memory. */
const fromInteger = (f: Format): Row =>
  floating((i) => {
    const [to, second] = i.operands;
    const first = i.operands.length === 3 ? second : to;
    const from = i.operands.at(-1);
    if (!isVector(to) || !isVector(first) || !from || !isPlace(from)) return undefined;
    const size = bytesOf(from);
    if (size !== 4 && size !== 8) return undefined;
    return (e) => {
      const { c } = e;
      const value = e.held(from, size);
      const convert = (): void => {
        const r = e.temporary(f.type);
        c.get(value);
        if (f.size === 8) c.do(size === 8 ? op.f64_convert_i64_s : op.f64_convert_i32_s);
        else c.do(size === 8 ? op.f32_convert_i64_s : op.f32_convert_i32_s);
        c.set(r);
        putLowest(e, i, f, { to, first }, r);
      };
      if (f.size === 8 && size === 4) convert();
      else {
        mayRound(e);
        e.orInterpreter(convert);
      }
    };
  });

/** To a general register; what does not fit, and NaN, are the interpreter's. */
const toInteger = (f: Format, truncate: boolean): Row =>
  floating((i) => {
    const [to, from] = i.operands;
    if (!to || !isGeneral(to) || !isVectorSource(from)) return undefined;
    const size = bytesOf(to);
    return (e) => {
      const { c } = e;
      const read = held(e, f, from);
      const x = e.temporary(F64);
      c.get(read);
      if (f.size === 4) c.do(op.f64_promote_f32);
      if (!truncate) c.do(op.f64_nearest);
      c.set(x);
      mayRound(e);
      c.get(x);
      c.do(op.f64_abs);
      c.f64(size === 8 ? 2 ** 63 : 2 ** 31);
      c.do(op.f64_lt, op.i32_and);
      e.orInterpreter(() => {
        c.get(x);
        c.do(size === 8 ? op.i64_trunc_f64_s : op.i32_trunc_f64_s);
        e.writeRegister(generalOf(to, size));
      });
    };
  });

const widen: Row = floating((i) => {
  const all = operandsOf(i);
  if (!all) return undefined;
  return (e) => {
    const { c } = e;
    const x = held(e, single, all.last);
    isPlain(e, single, x);
    e.orInterpreter(() => {
      const r = e.temporary(F64);
      c.get(x);
      c.do(op.f64_promote_f32);
      c.set(r);
      putLowest(e, i, double, all, r);
    });
  };
});

const shorten: Row = floating((i) => {
  const all = operandsOf(i);
  if (!all) return undefined;
  return (e) => {
    const { c } = e;
    const x = held(e, double, all.last);
    const r = e.temporary(F32);
    c.get(x);
    c.do(op.f32_demote_f64);
    c.set(r);
    isExactOrNormal(e, single, r, () => {
      isZero(e, double, x);
    });
    mayRound(e);
    c.do(op.i32_and);
    e.orInterpreter(() => {
      putLowest(e, i, single, all, r);
    });
  };
});

// Packed numbers.

type Emit = (e: Emitter, x: number, r: number) => void;

/**
 * Each 16 bytes of the result from as many bytes of the source as have its numbers, or the other way round: `emit` finds them in a variable and makes the
 * result in another, the rest of it zero; it pushes whether that is so for each number, where that is not always so.
 */
const converted =
  (from: 4 | 8, to: 4 | 8, rounds: boolean, test: Format | undefined, emit: Emit): Plan =>
  (i) => {
    const [d, o] = i.operands;
    if (!isVector(d) || !o || !isVectorSource(o) || i.operands.length !== 2) return undefined;
    const count = from > to ? bytesOf(o) / from : d.size / to;
    const inPart = 16 / Math.max(from, to);
    return (e) => {
      const { c } = e;
      const bytes = count * from;
      const a = source(e, o, bytes, { aligned: !i.vex && bytes >= 16 });
      const results = Array.from({ length: count / inPart }, (_, part) => {
        const [x, r] = [e.temporary(V128), e.temporary(V128)];
        a.push();
        const at = a.offset + part * inPart * from;
        if (inPart * from === 16) c.vector(simd.v128_load, at);
        else c.vector(simd.v128_load64_zero, at);
        c.set(x);
        emit(e, x, r);
        if (test && part > 0) and(e, test);
        return r;
      });
      const write = (): void => {
        result(e, i, d, { element: to }, (part) => {
          const [low, upper] =
            inPart * to === 16 ? [results[part]] : [results[2 * part], results[2 * part + 1]];
          c.get(low ?? 0);
          if (upper === undefined) return;
          c.get(upper);
          c.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
        });
      };
      if (!test && !rounds) {
        write();
        return;
      }
      if (test) allHold(e, test);
      if (rounds) mayRound(e);
      if (test && rounds) c.do(op.i32_and);
      e.orInterpreter(write);
    };
  };

/** Opcodes from the source to the result. */
const by =
  (...codes: readonly number[]): Emit =>
  (e, x, r) => {
    e.c.get(x);
    for (const code of codes) e.c.simd(code);
    e.c.set(r);
  };

const fits = (e: Emitter, f: Format, x: number): void => {
  e.c.get(x);
  apply(e, f, 'abs');
  constant(e, f, 2 ** 31);
  apply(e, f, 'lt');
};

const toIntegers = (f: Format, truncate: boolean): Row => {
  const convert = f.size === 8 ? simd.i32x4_trunc_sat_f64x2_s_zero : simd.i32x4_trunc_sat_f32x4_s;
  return floating(
    converted(f.size, 4, true, f, (e, x, r) => {
      if (!truncate) {
        e.c.get(x);
        apply(e, f, 'nearest');
        e.c.set(x);
      }
      by(convert)(e, x, r);
      fits(e, f, x);
    }),
  );
};

const widenAll: Row = floating(
  converted(4, 8, false, singles, (e, x, r) => {
    by(simd.f64x2_promote_low_f32x4)(e, x, r);
    isPlain(e, singles, x);
  }),
);

/** Results as doubles, which have room for all of them. */
const shortened: Format = { ...doubles, least: singles.least, most: singles.most };
const shortenAll: Row = floating(
  converted(8, 4, true, shortened, (e, x, r) => {
    const back = e.temporary(V128);
    by(simd.f32x4_demote_f64x2_zero)(e, x, r);
    by(simd.f64x2_promote_low_f32x4)(e, r, back);
    isExactOrNormal(e, shortened, back, () => {
      isZero(e, shortened, x);
    });
  }),
);

// Whole numbers.

const modes = ['nearest', 'floor', 'ceil', 'trunc'] as const;
/** As the immediate says, or as MXCSR does: to nearest. Not to binary places. */
const round = (f: Format): Row => {
  const row = two(
    f,
    true,
    (e, i, _x, y, r) => {
      const control = immediateOf(i);
      e.c.get(y);
      apply(e, f, (control & 4 ? undefined : modes[control & 3]) ?? 'nearest');
      e.c.set(r);
      isPlain(e, f, y);
    },
    true,
  );
  return { ...row, plan: (i) => (immediateOf(i) >> 4 === 0 ? row.plan(i) : undefined) };
};

export const conversions: Rows = {
  ...withVex({
    cvtdq2pd: floating(converted(4, 8, false, undefined, by(simd.f64x2_convert_low_i32x4_s))),
    cvtdq2ps: floating(converted(4, 4, true, undefined, by(simd.f32x4_convert_i32x4_s))),
    cvtpd2dq: toIntegers(doubles, false),
    cvtpd2ps: shortenAll,
    cvtps2dq: toIntegers(singles, false),
    cvtps2pd: widenAll,
    cvtsd2si: toInteger(double, false),
    cvtsd2ss: shorten,
    cvtsi2sd: fromInteger(double),
    cvtsi2ss: fromInteger(single),
    cvtss2sd: widen,
    cvtss2si: toInteger(single, false),
    cvttpd2dq: toIntegers(doubles, true),
    cvttps2dq: toIntegers(singles, true),
    cvttsd2si: toInteger(double, true),
    cvttss2si: toInteger(single, true),
    roundpd: round(doubles),
    roundps: round(singles),
    roundsd: round(double),
    roundss: round(single),
  }),
  vrndscalepd: round(doubles),
  vrndscaleps: round(singles),
  vrndscalesd: round(double),
  vrndscaless: round(single),
};
