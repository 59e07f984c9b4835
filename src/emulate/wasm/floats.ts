// Compiled: scalar floating point of SSE and SSE2, where nothing is special: rounding to nearest, all exceptions masked, the inexact flag set
// already, operands and results neither denormal nor NaN. All else is the interpreter's (ops/vector-float.ts), which has the flags.
import type { Decoded, Operand } from '../instruction.js';
import { AF, CF, MXCSR, OF, PF, SF, ZR } from '../state.js';
import { access, F32, F64, op } from './encode.js';
import type { Emitter } from './emitter.js';
import { wordAt } from './frame.js';
import { generalOf, isGeneral, isPlace } from './row.js';
import type { Row, Rows } from './row.js';
import { isVector, isVectorSource, legacy, source, vectorAt } from './vectors.js';

type Plan = Row['plan'];

interface Format {
  readonly size: 4 | 8;
  readonly type: typeof F32 | typeof F64;
  readonly load: (typeof access)['f32_load' | 'f64_load'];
  readonly store: (typeof access)['f32_store' | 'f64_store'];
  readonly least: number;
  readonly most: number;
  readonly codes: Readonly<
    Record<'abs' | 'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge' | 'add' | 'sub' | 'mul' | 'div' | 'sqrt', number>
  >;
}

const double: Format = {
  size: 8,
  type: F64,
  load: access.f64_load,
  store: access.f64_store,
  least: 2 ** -1022,
  most: Number.MAX_VALUE,
  codes: {
    abs: op.f64_abs, eq: op.f64_eq, ne: op.f64_ne, lt: op.f64_lt, gt: op.f64_gt, le: op.f64_le, ge: op.f64_ge,
    add: op.f64_add, sub: op.f64_sub, mul: op.f64_mul, div: op.f64_div, sqrt: op.f64_sqrt,
  }, // prettier-ignore
};
const single: Format = {
  size: 4,
  type: F32,
  load: access.f32_load,
  store: access.f32_store,
  least: 2 ** -126,
  most: 3.4028234663852886e38,
  codes: {
    abs: op.f32_abs, eq: op.f32_eq, ne: op.f32_ne, lt: op.f32_lt, gt: op.f32_gt, le: op.f32_le, ge: op.f32_ge,
    add: op.f32_add, sub: op.f32_sub, mul: op.f32_mul, div: op.f32_div, sqrt: op.f32_sqrt,
  }, // prettier-ignore
};

/** MXCSR without its other flags: nearest, all masked, no flushing; the inexact flag is set. */
const settled = 0xffe0;
const settledValue = 0x1fa0;

function constant(e: Emitter, f: Format, value: number): void {
  if (f.size === 8) e.c.f64(value);
  else e.c.f32(value);
}

/** Pushes whether a result that is not exact raises no flag. */
function mayRound(e: Emitter): void {
  const { c } = e;
  c.i32(0);
  c.memory(access.i32_load, wordAt(MXCSR));
  c.i32(settled);
  c.do(op.i32_and);
  c.i32(settledValue);
  c.do(op.i32_eq);
}

function isZero(e: Emitter, f: Format, value: number): void {
  e.c.get(value);
  constant(e, f, 0);
  e.c.do(f.codes.eq);
}

/** Pushes whether a value's magnitude is at least a normal number's. */
function isLarge(e: Emitter, f: Format, value: number): void {
  e.c.get(value);
  e.c.do(f.codes.abs);
  constant(e, f, f.least);
  e.c.do(f.codes.ge);
}

function isNotInfinite(e: Emitter, f: Format, value: number): void {
  e.c.get(value);
  e.c.do(f.codes.abs);
  constant(e, f, f.most);
  e.c.do(f.codes.le);
}

/** Neither denormal nor NaN. */
function isPlain(e: Emitter, f: Format, value: number): void {
  isZero(e, f, value);
  isLarge(e, f, value);
  e.c.do(op.i32_or);
}

/** An operand's value in a variable. */
function held(e: Emitter, f: Format, o: Operand | undefined): number {
  const value = e.temporary(f.type);
  const { push, offset } = source(e, o, f.size);
  push();
  e.c.memory(f.load, offset);
  e.c.set(value);
  return value;
}

/** Stores what is pushed if what is pushed before is true; else the interpreter executes the instruction. */
function orElse(e: Emitter, then: () => void): void {
  e.c.if();
  then();
  e.c.else();
  e.byInterpreter();
  e.c.end();
}

function put(e: Emitter, f: Format, to: Operand | undefined, value: number): void {
  e.c.i32(0);
  e.c.get(value);
  e.c.memory(f.store, vectorAt(to));
}

/** Of a vector register, and a vector register or memory. */
const two =
  (emit: (e: Emitter, to: Operand, from: Operand, i: Decoded) => void): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !from || !isVector(to) || !isVectorSource(from)) return undefined;
    return (e) => {
      emit(e, to, from, i);
    };
  };

const row = (plan: Plan): Row => ({ ...legacy(plan), leaves: true });

type Name = 'add' | 'sub' | 'mul' | 'div';

/** When a result is zero without being rounded. */
const exactZero: Readonly<Record<Name, (e: Emitter, f: Format, x: number, y: number, r: number) => void>> = {
  add: (e, f, _x, _y, r) => {
    isZero(e, f, r);
  },
  sub: (e, f, _x, _y, r) => {
    isZero(e, f, r);
  },
  mul: (e, f, x, y) => {
    isZero(e, f, x);
    isZero(e, f, y);
    e.c.do(op.i32_or);
  },
  div: (e, f, x) => {
    isZero(e, f, x);
  },
};

const arithmetic = (f: Format, name: Name): Row =>
  row(
    two((e, to, from) => {
      const { c } = e;
      const y = held(e, f, from);
      const x = held(e, f, to);
      const r = e.temporary(f.type);
      c.get(x);
      c.get(y);
      c.do(f.codes[name]);
      c.set(r);
      mayRound(e);
      isLarge(e, f, r);
      exactZero[name](e, f, x, y, r);
      c.do(op.i32_or, op.i32_and);
      isNotInfinite(e, f, r);
      c.do(op.i32_and);
      for (const operand of [x, y]) {
        isPlain(e, f, operand);
        c.do(op.i32_and);
      }
      orElse(e, () => {
        put(e, f, to, r);
      });
    }),
  );

const root = (f: Format): Row =>
  row(
    two((e, to, from) => {
      const { c } = e;
      const x = held(e, f, from);
      mayRound(e);
      isZero(e, f, x);
      c.get(x);
      constant(e, f, f.least);
      c.do(f.codes.ge);
      c.do(op.i32_or, op.i32_and);
      isNotInfinite(e, f, x);
      c.do(op.i32_and);
      orElse(e, () => {
        const r = e.temporary(f.type);
        c.get(x);
        c.do(f.codes.sqrt);
        c.set(r);
        put(e, f, to, r);
      });
    }),
  );

/** min and max: of two zeros the second. */
const choose = (f: Format, comparison: 'lt' | 'gt'): Row =>
  row(
    two((e, to, from) => {
      const { c } = e;
      const y = held(e, f, from);
      const x = held(e, f, to);
      isPlain(e, f, x);
      isPlain(e, f, y);
      c.do(op.i32_and);
      orElse(e, () => {
        const r = e.temporary(f.type);
        c.get(x);
        c.get(y);
        c.get(x);
        c.get(y);
        c.do(f.codes[comparison], op.select);
        c.set(r);
        put(e, f, to, r);
      });
    }),
  );

/** By the immediate of cmpsd and cmpss: a comparison of numbers, and whether it is inverted. Undefined: it asks for NaN. */
const predicates: readonly (readonly ['eq' | 'lt' | 'le' | 'ne', boolean] | undefined)[] = [
  ['eq', false],
  ['lt', false],
  ['le', false],
  undefined,
  ['ne', false],
  ['lt', true],
  ['le', true],
  undefined,
];

const compare = (f: Format): Row =>
  row((i) => {
    const [to, from, which] = i.operands;
    const predicate = which?.kind === 'immediate' ? predicates[which.lo & 7] : undefined;
    if (!predicate || !isVector(to) || !isVectorSource(from)) return undefined;
    return (e) => {
      const { c } = e;
      const [comparison, inverted] = predicate;
      const y = held(e, f, from);
      const x = held(e, f, to);
      isPlain(e, f, x);
      isPlain(e, f, y);
      c.do(op.i32_and);
      orElse(e, () => {
        c.i32(0);
        if (f.size === 8) c.i64(0n);
        else c.i32(0);
        c.get(x);
        c.get(y);
        c.do(f.codes[comparison]);
        if (inverted) c.do(op.i32_eqz);
        if (f.size === 8) c.do(op.i64_extend_i32_u, op.i64_sub);
        else c.do(op.i32_sub);
        c.memory(f.size === 8 ? access.i64_store : access.i32_store, vectorAt(to));
      });
    };
  });

/** comis and ucomis: with numbers they are the same. */
const flags = (f: Format): Row => ({
  ...row(
    two((e, to, from) => {
      const { c } = e;
      const y = held(e, f, from);
      const x = held(e, f, to);
      isPlain(e, f, x);
      isPlain(e, f, y);
      c.do(op.i32_and);
      const before = e.flags;
      c.if();
      e.inMemory();
      e.storeWord(ZR, () => {
        c.get(x);
        c.get(y);
        c.do(f.codes.ne);
      });
      e.storeWord(CF, () => {
        c.get(x);
        c.get(y);
        c.do(f.codes.lt);
      });
      for (const [at, value] of [
        [PF, 1],
        [OF, 0],
        [SF, 0],
        [AF, 0],
      ] as const)
        // prettier-ignore
        e.storeWord(at, () => {
          c.i32(value);
        });
      c.else();
      e.flags = before;
      e.byInterpreter();
      c.end();
    }),
  ),
  sets: 'all',
});

/** From a general register or memory. */
const fromInteger = (f: Format): Row =>
  row((i) => {
    const [to, from] = i.operands;
    if (!isVector(to) || !from || !isPlace(from)) return undefined;
    const size = from.kind === 'register' || from.kind === 'memory' ? from.size : 0;
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
        put(e, f, to, r);
      };
      if (f.size === 8 && size === 4) convert();
      else {
        mayRound(e);
        orElse(e, convert);
      }
    };
  });

/** To a general register; what does not fit, and NaN, are the interpreter's. */
const toInteger = (f: Format, truncate: boolean): Row =>
  row((i) => {
    const [to, from] = i.operands;
    if (!to || !isGeneral(to) || !isVectorSource(from)) return undefined;
    const size = to.kind === 'register' ? to.size : 0;
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
      orElse(e, () => {
        c.get(x);
        c.do(size === 8 ? op.i64_trunc_f64_s : op.i32_trunc_f64_s);
        e.writeRegister(generalOf(to, size));
      });
    };
  });

const widen: Row = row(
  two((e, to, from) => {
    const { c } = e;
    const x = held(e, single, from);
    isPlain(e, single, x);
    orElse(e, () => {
      const r = e.temporary(F64);
      c.get(x);
      c.do(op.f64_promote_f32);
      c.set(r);
      put(e, double, to, r);
    });
  }),
);

const shorten: Row = row(
  two((e, to, from) => {
    const { c } = e;
    const x = held(e, double, from);
    const r = e.temporary(F32);
    c.get(x);
    c.do(op.f32_demote_f64);
    c.set(r);
    mayRound(e);
    isLarge(e, single, r);
    isZero(e, double, x);
    c.do(op.i32_or, op.i32_and);
    isNotInfinite(e, single, r);
    c.do(op.i32_and);
    orElse(e, () => {
      put(e, single, to, r);
    });
  }),
);

export const floats: Rows = {
  addsd: arithmetic(double, 'add'),
  addss: arithmetic(single, 'add'),
  cmpsd: compare(double),
  cmpss: compare(single),
  comisd: flags(double),
  comiss: flags(single),
  cvtsd2si: toInteger(double, false),
  cvtsd2ss: shorten,
  cvtsi2sd: fromInteger(double),
  cvtsi2ss: fromInteger(single),
  cvtss2sd: widen,
  cvtss2si: toInteger(single, false),
  cvttsd2si: toInteger(double, true),
  cvttss2si: toInteger(single, true),
  divsd: arithmetic(double, 'div'),
  divss: arithmetic(single, 'div'),
  maxsd: choose(double, 'gt'),
  maxss: choose(single, 'gt'),
  minsd: choose(double, 'lt'),
  minss: choose(single, 'lt'),
  mulsd: arithmetic(double, 'mul'),
  mulss: arithmetic(single, 'mul'),
  sqrtsd: root(double),
  sqrtss: root(single),
  subsd: arithmetic(double, 'sub'),
  subss: arithmetic(single, 'sub'),
  ucomisd: flags(double),
  ucomiss: flags(single),
};
