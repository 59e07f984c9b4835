// FMA: a product and a sum with one rounding (SDM vol. 2, VFMADD132PD and its like). The digits of a name say which operands are multiplied and which
// one is added.
import * as soft from '../softfloat.js';
import type { Environment, Format, Soft } from '../softfloat.js';
import { sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { placeOf, source, zeroing } from './vector.js';
import { computed, number, sizeOfFormat } from './vector-soft.js';

/** Signs of the product and of what is added; `odd`: of every other element. */
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

const negateIf = (v: Soft, yes: boolean): Soft => (yes ? soft.negate(v) : v);

function fused(x: Soft, y: Soft, z: Soft, product: boolean, sum: boolean, f: Format, env: Environment): Soft {
  const numbers = [x, y, z];
  if (numbers.some((v) => v.signaling === true)) env.flags |= soft.INVALID;
  const nan = numbers.find((v) => v.kind === 'nan');
  if (nan) return soft.quiet(nan);
  return soft.multiplyAdd(negateIf(x, product), y, negateIf(z, sum), f, env);
}

const builder =
  (f: Format, alone: boolean, order: readonly [number, number, number], signs: Signs): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const { at, load } = source(cpu, i, 2);
    const places = [d, placeOf(i, 1), at];
    const [x = 0, y = 0, z = 0] = order.map((n) => places[n]);
    const size = sizeOfFormat(f);
    const count = alone ? 1 : sizeOf(i, 0) / size;
    return () => {
      load?.();
      computed(cpu, f, d, count, (n, env) => {
        const [a, b, c] = [x, y, z].map((place) => number(cpu, f, place + n * size, env));
        if (!a || !b || !c) throw new Error('three operands');
        return soft.pack(fused(a, b, c, signs.product, n & 1 ? signs.odd : signs.even, f, env), f);
      });
    };
  };

export const vectorFused: Table = Object.fromEntries(
  Object.entries(kinds).flatMap(([name, signs]) =>
    Object.entries(orders).flatMap(([digits, order]) => {
      const forms: readonly (readonly [string, Format, boolean])[] = [
        ['pd', soft.double, false],
        ['ps', soft.single, false],
        ['sd', soft.double, true],
        ['ss', soft.single, true],
      ];
      return forms
        .filter(([, , alone]) => !(alone && signs.even !== signs.odd))
        .map(([form, f, alone]) => [`${name}${digits}${form}`, zeroing(builder(f, alone, order, signs))]);
    }),
  ),
);
