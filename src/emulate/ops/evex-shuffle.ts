// EVEX forms of what moves elements within and between registers (SDM vol. 2, by name).
import { immediateOf, operand, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { byWidth, elementOf } from './elements.js';
import type { Letter, Size } from './elements.js';
import { chooser, evexOf, fetched, formsOf, masked } from './evex.js';
import type { Shape } from './evex.js';
import { vectorShuffles } from './vector-shuffle.js';
import { placeOf, registerBytes, scratch2 } from './vector.js';

const whole =
  (element: Size): (() => Shape) =>
  () => ({ element, whole: true });

/** Elements of `size` bytes; `from` gives the byte of `vb` that each is taken from, by its number. */
const picked =
  (
    size: number,
    from: (cpu: Parameters<Builder>[0], i: Parameters<Builder>[1]) => (n: number) => number,
  ): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const end = sizeOf(i, 0);
    const at = from(cpu, i);
    const { vb } = cpu;
    return () => {
      for (let n = 0; n < end; n += size) {
        const start = at(n / size);
        vb.copyWithin(scratch2 + n, start, start + size);
      }
      vb.copyWithin(d, scratch2, scratch2 + end);
    };
  };

/** Any element of the last operand, by the first source's low bits. */
const permute = (size: Size): Builder =>
  masked(
    { element: size, whole: true },
    picked(size, (cpu, i) => {
      const [control, b] = [placeOf(i, 1), placeOf(i, 2)];
      const last = sizeOf(i, 0) / size - 1;
      return (n) => b + size * (Number(BigInt.asUintN(8, elementOf(cpu, size, control + n * size))) & last);
    }),
  );

/** vpermq, vpermpd: by an immediate, or as `permute`. */
const permuteQuadwords: Builder = (cpu, i) =>
  operand(i, 2).kind !== 'immediate'
    ? permute(8)(cpu, i)
    : masked(
        { element: 8, whole: true },
        picked(8, (_, own) => {
          const a = placeOf(own, 1);
          const control = immediateOf(own, 2).lo;
          return (n) => a + 8 * ((n & ~3) + ((control >> (2 * (n & 3))) & 3));
        }),
      )(cpu, i);

/** Any element of two tables; the indices, or the first table, are the destination's old contents. */
const permuteTwo = (size: Size, indexIsDestination: boolean): Builder =>
  masked(
    { element: size, whole: true, keeps: true },
    picked(size, (cpu, i) => {
      const [d, a, b] = [placeOf(i, 0), placeOf(i, 1), placeOf(i, 2)];
      const [index, table] = indexIsDestination ? [d, a] : [a, d];
      const count = sizeOf(i, 0) / size;
      return (n) => {
        const at = Number(BigInt.asUintN(32, elementOf(cpu, size, index + n * size)));
        return (at & count ? b : table) + size * (at & (count - 1));
      };
    }),
  );

/** valignd, valignq: both sources one behind the other, the second one lower, moved down by elements. */
const align = (size: Size): Builder =>
  masked(
    { element: size, whole: true },
    picked(size, (_, i) => {
      const [a, b] = [placeOf(i, 1), placeOf(i, 2)];
      const count = sizeOf(i, 0) / size;
      const by = immediateOf(i, 3).lo & (count - 1);
      return (n) => (n + by < count ? b + size * (n + by) : a + size * (n + by - count));
    }),
  );

/** vshuff32x4 and its like: parts of 16 bytes, the lower half of them from the first source. */
const shuffleParts = (element: Size): Builder =>
  masked(
    { element, whole: true },
    picked(16, (_, i) => {
      const [a, b] = [placeOf(i, 1), placeOf(i, 2)];
      const control = immediateOf(i, 3).lo;
      const count = sizeOf(i, 0) / 16;
      const bits = count === 4 ? 2 : 1;
      return (n) => (n < count / 2 ? a : b) + 16 * ((control >> (bits * n)) & (count - 1));
    }),
  );

/** Chosen elements of the second source, others of the first one or zero. */
const blend =
  (size: Size): Builder =>
  (cpu, i) => {
    const evex = evexOf(i);
    const chosen = chooser(cpu, evex.mask);
    const { i: own, load } = fetched(cpu, i, { element: size }, chosen);
    const [d, a, b] = [placeOf(own, 0), placeOf(own, 1), placeOf(own, 2)];
    const end = sizeOf(i, 0);
    const { vb } = cpu;
    return () => {
      load?.();
      for (let n = 0; n < end; n += size) {
        const isChosen = chosen(n / size);
        const from = isChosen ? b : a;
        if (!isChosen && evex.zeroing) vb.fill(0, scratch2 + n, scratch2 + n + size);
        else vb.copyWithin(scratch2 + n, from + n, from + n + size);
      }
      vb.copyWithin(d, scratch2, scratch2 + end);
      vb.fill(0, d + end, d + registerBytes);
    };
  };

const sizesOf = { b: 1, w: 2, d: 4, q: 8 } as const;
const extensions: Table = Object.fromEntries(
  ['s', 'z'].flatMap((sign) =>
    (['bd', 'bq', 'bw', 'dq', 'wd', 'wq'] as const).map((pair) => {
      const name = `vpmov${sign}x${pair}`;
      const make = vectorShuffles[name];
      if (!make) throw new Error(`no row ${name}`);
      const [from, to] = [pair.charAt(0) as Letter, pair.charAt(1) as Letter];
      return [name, masked({ element: sizesOf[to], from: sizesOf[from] }, make)];
    }),
  ),
);

const wide: readonly Letter[] = ['d', 'q'];

export const evexShuffles: Table = {
  ...formsOf('vpshufb vpunpckhbw vpunpcklbw', vectorShuffles, whole(1)),
  ...formsOf('vpshufhw vpshuflw vpunpckhwd vpunpcklwd', vectorShuffles, whole(2)),
  ...formsOf('vpermilps vpshufd vpunpckhdq vpunpckldq vshufps vunpckhps vunpcklps', vectorShuffles, whole(4)),
  ...formsOf('vpermilpd vpunpckhqdq vpunpcklqdq vshufpd vunpckhpd vunpcklpd', vectorShuffles, whole(8)),
  ...extensions,
  ...Object.fromEntries([
    ...byWidth('valign', align, wide),
    ...byWidth('vpblendm', blend),
    ...byWidth('vperm', permute, ['b', 'w', 'd']),
    ...byWidth('vpermi2', (size) => permuteTwo(size, true)),
    ...byWidth('vpermt2', (size) => permuteTwo(size, false)),
  ]),
  vblendmpd: blend(8),
  vblendmps: blend(4),
  vpermi2pd: permuteTwo(8, true),
  vpermi2ps: permuteTwo(4, true),
  vpermpd: permuteQuadwords,
  vpermps: permute(4),
  vpermq: permuteQuadwords,
  vpermt2pd: permuteTwo(8, false),
  vpermt2ps: permuteTwo(4, false),
  vshuff32x4: shuffleParts(4),
  vshuff64x2: shuffleParts(8),
  vshufi32x4: shuffleParts(4),
  vshufi64x2: shuffleParts(8),
};
