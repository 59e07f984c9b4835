// Compiled: floating point of SSE and SSE2, and its VEX and EVEX forms, where nothing is special: rounding to nearest, all exceptions masked, the inexact
// flag set already, operands and results neither denormal nor NaN. All else is the interpreter's (ops/vector-float.ts), which has the flags.
import type { Decoded } from '../instruction.js';
import { access, I64, op } from './encode.js';
import type { Emitter } from './emitter.js';
import {
  allHold,
  and,
  apply,
  arePlain,
  double,
  doubles,
  either,
  isExactOrNormal,
  isNotInfinite,
  isZero,
  constant,
  held,
  mayRound,
  pushNumber,
  single,
  singles,
} from './float-formats.js';
import type { Format } from './float-formats.js';
import { collect, numberOf, setChosen } from './masks.js';
import type { Row, Rows } from './row.js';
import { simd } from './simd.js';
import {
  clearAbove,
  immediateOf,
  isVector,
  isVectorSource,
  load,
  operandsOf,
  put,
  result,
  source,
  unmasked,
  vector,
  vectorAt,
  wholeSource,
  withVex,
} from './vector-operands.js';
import type { Operands, Plan } from './vector-operands.js';

/** Writes the lowest number of a register; what VEX has as first source gives the rest of 16 bytes. */
export function putLowest(
  e: Emitter,
  i: Decoded,
  f: Pick<Format, 'size'>,
  { to, first }: Pick<Operands, 'to' | 'first'>,
  value: number,
): void {
  const { c } = e;
  if (first.number === to.number) {
    c.i32(0);
    c.get(value);
    c.memory(f.size === 8 ? access.f64_store : access.f32_store, vectorAt(to));
  } else
    put(e, source(e, to, 16), () => {
      load(e, source(e, first, 16));
      c.get(value);
      c.lane(f.size === 8 ? simd.f64x2_replace_lane : simd.f32x4_replace_lane, 0);
    });
  clearAbove(e, i, to, 16);
}

/** A row that may have the interpreter execute its instruction. */
export const floating = (plan: Plan): Row => unmasked(plan, { leaves: true });

/** Elements that a mask does not choose raise nothing: nor do ordinary ones. */
const perhapsMasked = (f: Format, plan: Plan): Row =>
  f.isPacked ? vector(plan, { leaves: true }) : floating(plan);

/** Of two sources: `emit` finds each pair of numbers, or of 16 bytes of them, in variables, and pushes whether its result is what it makes. */
export function two(
  f: Format,
  rounds: boolean,
  emit: (e: Emitter, i: Decoded, x: number, y: number, r: number) => void,
  unary = false,
): Row {
  return perhapsMasked(f, (i) => {
    const all = operandsOf(i);
    if (!all) return undefined;
    const { to, first, last, bytes } = all;
    return (e) => {
      const { c } = e;
      const b = f.isPacked ? wholeSource(e, i, last, bytes) : source(e, last, f.size);
      const a = source(e, first, 16);
      const results = Array.from({ length: f.isPacked ? bytes / 16 : 1 }, (_, part) => {
        const [y, r] = [e.temporary(f.type), e.temporary(f.type)];
        pushNumber(e, f, b, part);
        c.set(y);
        const x = unary ? y : e.temporary(f.type);
        if (!unary) {
          pushNumber(e, f, a, part);
          c.set(x);
        }
        emit(e, i, x, y, r);
        if (part > 0) and(e, f);
        return r;
      });
      allHold(e, f);
      if (rounds) {
        mayRound(e);
        c.do(op.i32_and);
      }
      e.orInterpreter(() => {
        const [only] = results;
        if (only !== undefined && !f.isPacked) putLowest(e, i, f, all, only);
        else
          result(e, i, to, { element: f.size }, (part) => {
            c.get(results[part] ?? 0);
          });
      });
    };
  });
}

type Arithmetic = 'add' | 'sub' | 'mul' | 'div';

/** When a result is zero without being rounded. */
const exactZero: Readonly<
  Record<Arithmetic, (e: Emitter, f: Format, x: number, y: number, r: number) => void>
> = {
  add: (e, f, _x, _y, r) => {
    isZero(e, f, r);
  },
  sub: (e, f, _x, _y, r) => {
    isZero(e, f, r);
  },
  mul: (e, f, x, y) => {
    either(
      e,
      f,
      ...[x, y].map((value) => () => {
        isZero(e, f, value);
      }),
    );
  },
  div: (e, f, x) => {
    isZero(e, f, x);
  },
};

const arithmetic =
  (name: Arithmetic) =>
  (f: Format): Row =>
    two(f, true, (e, _, x, y, r) => {
      const { c } = e;
      c.get(x);
      c.get(y);
      apply(e, f, name);
      c.set(r);
      isExactOrNormal(e, f, r, () => {
        exactZero[name](e, f, x, y, r);
      });
      arePlain(e, f, x, y);
      and(e, f);
    });

const root = (f: Format): Row =>
  two(
    f,
    true,
    (e, _i, _x, y, r) => {
      const { c } = e;
      c.get(y);
      apply(e, f, 'sqrt');
      c.set(r);
      either(
        e,
        f,
        () => {
          isZero(e, f, y);
        },
        () => {
          c.get(y);
          constant(e, f, f.least);
          apply(e, f, 'ge');
        },
      );
      isNotInfinite(e, f, y);
      and(e, f);
    },
    true,
  );

/** min and max: of two zeros the second. */
const choose =
  (comparison: 'lt' | 'gt') =>
  (f: Format): Row =>
    two(f, false, (e, _, x, y, r) => {
      const { c } = e;
      for (const value of [x, y, x, y]) c.get(value);
      apply(e, f, comparison);
      if (f.isPacked) c.simd(simd.v128_bitselect);
      else c.do(op.select);
      c.set(r);
      arePlain(e, f, x, y);
    });

/** By the immediate of cmp: a comparison of numbers, and whether it is inverted; undefined: it asks for NaN. With numbers the upper bits change nothing. */
const predicates: readonly (readonly ['eq' | 'lt' | 'le' | undefined, boolean])[] = [
  ['eq', false],
  ['lt', false],
  ['le', false],
  [undefined, false],
  ['eq', true],
  ['lt', true],
  ['le', true],
  [undefined, true],
];

/** Pushes ones, or 1 of a scalar, where two numbers in variables are as the immediate says. */
function compared(e: Emitter, f: Format, i: Decoded, x: number, y: number): void {
  const { c } = e;
  const [comparison, inverted] = predicates[immediateOf(i) & 7] ?? [undefined, false];
  if (comparison !== undefined) {
    c.get(x);
    c.get(y);
    apply(e, f, comparison);
  } else if (f.isPacked) c.v128([]);
  else c.i32(0);
  if (!inverted) return;
  if (f.isPacked) c.simd(simd.v128_not);
  else c.do(op.i32_eqz);
}

const compare = (f: Format): Row => {
  const row = two(f, false, (e, i, x, y, r) => {
    const { c } = e;
    if (f.isPacked) compared(e, f, i, x, y);
    else {
      if (f.size === 8) c.i64(0n);
      else c.i32(0);
      compared(e, f, i, x, y);
      if (f.size === 8) c.do(op.i64_extend_i32_u, op.i64_sub, op.f64_reinterpret_i64);
      else c.do(op.i32_sub, op.f32_reinterpret_i32);
    }
    c.set(r);
    arePlain(e, f, x, y);
  });
  return f.isPacked ? { ...row, plan: (i) => (i.evex ? intoMask(f) : row.plan)(i) } : row;
};

/** EVEX's form has its result in a mask. */
const intoMask =
  (f: Format): Plan =>
  (i) => {
    const [to, first, last] = i.operands;
    const d = numberOf(to);
    if (d === undefined || i.evex?.quiet === true || !isVector(first) || !last || !isVectorSource(last))
      return undefined;
    return (e) => {
      const { c } = e;
      const b = wholeSource(e, i, last, first.size);
      const a = source(e, first, first.size);
      const [x, y] = [e.temporary(f.type), e.temporary(f.type)];
      const bits = e.temporary(I64);
      for (let part = 0; part < first.size / 16; part++) {
        pushNumber(e, f, a, part);
        c.set(x);
        pushNumber(e, f, b, part);
        c.set(y);
        compared(e, f, i, x, y);
        collect(e, f.size, part, bits);
        arePlain(e, f, x, y);
        if (part > 0) and(e, f);
      }
      allHold(e, f);
      e.orInterpreter(() => {
        setChosen(e, i, d, bits);
      });
    };
  };

/** comis and ucomis: with numbers they are the same. */
const flags = (f: Format): Row => ({
  ...floating((i) => {
    const all = operandsOf(i);
    if (!all) return undefined;
    return (e) => {
      const { c } = e;
      const y = held(e, f, all.last);
      const x = held(e, f, all.to);
      arePlain(e, f, x, y);
      e.orInterpreter(() => {
        e.setWords(
          () => {
            c.get(x);
            c.get(y);
            apply(e, f, 'ne');
          },
          () => {
            c.get(x);
            c.get(y);
            apply(e, f, 'lt');
          },
        );
      });
    };
  }),
  sets: 'all',
});

/** A row for each format that a name ends with. */
const all = (name: string, make: (f: Format) => Row): Rows => ({
  [`${name}pd`]: make(doubles),
  [`${name}ps`]: make(singles),
  [`${name}sd`]: make(double),
  [`${name}ss`]: make(single),
});

export const floats: Rows = withVex({
  ...all('add', arithmetic('add')),
  ...all('cmp', compare),
  ...all('div', arithmetic('div')),
  ...all('max', choose('gt')),
  ...all('min', choose('lt')),
  ...all('mul', arithmetic('mul')),
  ...all('sqrt', root),
  ...all('sub', arithmetic('sub')),
  comisd: flags(double),
  comiss: flags(single),
  ucomisd: flags(double),
  ucomiss: flags(single),
});
