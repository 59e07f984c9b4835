// EVEX forms of floating point (SDM vol. 2, by name): rows of the tables of VEX, comparisons into masks, conversions from and to 64 bits and numbers without sign.
import * as soft from '../softfloat.js';
import type { Environment, Format } from '../softfloat.js';
import { immediateOf, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { elementOf, setElement, unsignedOf } from './elements.js';
import { formsOf, four, intoMask, masked, plain } from './evex.js';
import type { Shape } from './evex.js';
import { fromInteger, integerOf, toInteger, vectorConversions } from './vector-convert.js';
import { isSignaling, predicates, relate, vectorFloats } from './vector-float.js';
import { vectorFused } from './vector-fused.js';
import { environment, number, settle, sizeOfFormat } from './vector-soft.js';
import { placeOf, registerBytes } from './vector.js';

export const formats = { ps: soft.single, pd: soft.double, ss: soft.single, sd: soft.double } as const;
export type Form = keyof typeof formats;
export const forms: readonly Form[] = ['pd', 'ps', 'sd', 'ss'];
export const widthOf = (form: Form): 4 | 8 => (formats[form] === soft.double ? 8 : 4);
export const isScalar = (form: Form): boolean => form.startsWith('s');

/** Of an operation between numbers of the format that a name ends with. */
export const shapeOf = (form: Form): Shape => ({
  element: widthOf(form),
  alone: isScalar(form),
  harmless: four[widthOf(form)],
});
const byEnd = (name: string): Shape => {
  const form = forms.find((end) => name.endsWith(end));
  if (!form) throw new Error(name);
  return shapeOf(form);
};

const arithmetic = ['vadd', 'vdiv', 'vmax', 'vmin', 'vmul', 'vsqrt', 'vsub'].flatMap((name) =>
  forms.map((form) => name + form),
);

const comparison = (form: Form): Builder =>
  intoMask(shapeOf(form), (cpu, i) => {
    const code = immediateOf(i, 3).lo & 31;
    const test = predicates[code & 15];
    if (!test) throw new Error('no such predicate');
    const f = formats[form];
    let env = environment(cpu);
    let fresh = false;
    return {
      bit: (a, b) => {
        if (!fresh) env = environment(cpu);
        fresh = true;
        return test(relate(cpu, f, a, b, isSignaling(code), env));
      },
      end: () => {
        if (fresh) settle(cpu, env);
        fresh = false;
      },
    };
  });

type Width = 4 | 8;

/** Elements converted all together: exceptions of any leave all as they were; what is narrower has zeros behind it. */
const converted =
  (from: Width, to: Width, convert: (at: number, env: Environment) => bigint, truncate = false): Builder =>
  (cpu, i) => {
    const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
    const count = Math.min(sizeOf(i, 0) / to, sizeOf(i, 1) / from);
    return () => {
      const base = environment(cpu);
      const env = truncate ? { ...base, rounding: 3 } : base;
      const results = Array.from({ length: count }, (_, n) => convert(a + n * from, env));
      settle(cpu, env);
      cpu.vb.fill(0, d, d + sizeOf(i, 0));
      results.forEach((value, n) => {
        setElement(cpu, to, d + n * to, value);
      });
    };
  };

const integers = (f: Format, to: Width, isSigned: boolean, truncate: boolean): Builder => {
  const from = sizeOfFormat(f) === 8 ? 8 : 4;
  return masked({ element: to, from, harmless: four[from] }, (cpu, i) =>
    converted(
      from,
      to,
      (at, env) => integerOf(number(cpu, f, at, env), 8 * to, isSigned, env),
      truncate,
    )(cpu, i),
  );
};

const numbers = (from: Width, isSigned: boolean, f: Format): Builder => {
  const to = sizeOfFormat(f) === 8 ? 8 : 4;
  return masked({ element: to, from, harmless: [0, 0] }, (cpu, i) =>
    converted(from, to, (at, env) => {
      const n = isSigned ? elementOf(cpu, from, at) : unsignedOf(cpu, from, at);
      return soft.pack(soft.fromInteger(n, f, env), f);
    })(cpu, i),
  );
};

const kinds = { udq: [4, false], qq: [8, true], uqq: [8, false] } as const;
const wideConversions: Table = Object.fromEntries(
  Object.entries(kinds).flatMap(([name, [size, isSigned]]) =>
    (['pd', 'ps'] as const).flatMap((form) => [
      [`vcvt${form}2${name}`, integers(formats[form], size, isSigned, false)],
      [`vcvtt${form}2${name}`, integers(formats[form], size, isSigned, true)],
      [`vcvt${name}2${form}`, numbers(size, isSigned, formats[form])],
    ]),
  ),
);

const plains = (names: string, table: Table): Table =>
  Object.fromEntries(
    names.split(' ').map((name) => {
      const make = table[name];
      if (!make) throw new Error(`no row ${name}`);
      return [name, plain(make)];
    }),
  );

/** A row whose destination is a vector register. */
const cleared =
  (make: Builder): Builder =>
  (cpu, i) => {
    const op = plain(make)(cpu, i);
    const d = placeOf(i, 0);
    return () => {
      op();
      cpu.vb.fill(0, d + 16, d + registerBytes);
    };
  };

export const evexFloats: Table = {
  ...formsOf(arithmetic.join(' '), vectorFloats, byEnd),
  ...formsOf(Object.keys(vectorFused).join(' '), vectorFused, (name) => ({ ...byEnd(name), keeps: true })),
  ...Object.fromEntries(forms.map((form) => [`vcmp${form}`, comparison(form)])),
  ...formsOf('vcvtdq2pd', vectorConversions, () => ({ element: 8, from: 4 })),
  ...formsOf('vcvtdq2ps', vectorConversions, () => ({ element: 4, from: 4, harmless: [0, 0] })),
  ...formsOf('vcvtpd2dq vcvtpd2ps vcvttpd2dq', vectorConversions, () => ({
    element: 4,
    from: 8,
    harmless: four[8],
  })),
  ...formsOf('vcvtps2dq vcvttps2dq', vectorConversions, () => ({ element: 4, harmless: four[4] })),
  ...formsOf('vcvtps2pd', vectorConversions, () => ({ element: 8, from: 4, harmless: four[4] })),
  ...formsOf('vcvtph2ps', vectorConversions, () => ({ element: 4, from: 2, harmless: four[2] })),
  ...formsOf('vcvtsd2ss', vectorConversions, () => ({
    element: 4,
    from: 8,
    alone: true,
    harmless: four[8],
  })),
  ...formsOf('vcvtss2sd', vectorConversions, () => ({
    element: 8,
    from: 4,
    alone: true,
    harmless: four[4],
  })),
  ...plains('vcomisd vcomiss vucomisd vucomiss', vectorFloats),
  ...plains('vcvtsd2si vcvtsi2sd vcvtsi2ss vcvtss2si vcvttsd2si vcvttss2si', vectorConversions),
  ...wideConversions,
  vcvtsd2usi: plain(toInteger(soft.double, false, false)),
  vcvtss2usi: plain(toInteger(soft.single, false, false)),
  vcvttsd2usi: plain(toInteger(soft.double, true, false)),
  vcvttss2usi: plain(toInteger(soft.single, true, false)),
  vcvtusi2sd: cleared(fromInteger(soft.double, false)),
  vcvtusi2ss: cleared(fromInteger(soft.single, false)),
};
