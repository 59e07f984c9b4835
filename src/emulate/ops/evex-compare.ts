// EVEX comparisons and tests of packed integers, whose results are bits of mask registers, and moves between masks and elements (SDM vol. 2, by name).
import { immediateOf, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { masksAt } from '../state.js';
import type { Cpu } from '../state.js';
import { byWidth } from './elements.js';
import type { Size } from './elements.js';
import { intoMask, masked, maskOf, setMask } from './evex.js';
import { placeOf } from './vector.js';

/** An element as a number that orders as it does; of 64 bits as two. */
type Reader = (at: number) => number | bigint;

function reader({ vb, vw, vi, vq }: Cpu, size: Size, isSigned: boolean): Reader {
  switch (size) {
    case 1:
      return isSigned ? (at) => ((vb[at] ?? 0) << 24) >> 24 : (at) => vb[at] ?? 0;
    case 2:
      return isSigned ? (at) => ((vw[at >> 1] ?? 0) << 16) >> 16 : (at) => vw[at >> 1] ?? 0;
    case 4:
      return isSigned ? (at) => vi[at >> 2] ?? 0 : (at) => (vi[at >> 2] ?? 0) >>> 0;
    case 8:
      return isSigned ? (at) => BigInt.asIntN(64, vq[at >> 3] ?? 0n) : (at) => vq[at >> 3] ?? 0n;
  }
}

type Relation = (a: number | bigint, b: number | bigint) => boolean;
const equal: Relation = (a, b) => a === b;
const greater: Relation = (a, b) => a > b;
/** By the low bits of the immediate. */
const relations: readonly Relation[] = [
  equal,
  (a, b) => a < b,
  (a, b) => a <= b,
  () => false,
  (a, b) => a !== b,
  (a, b) => a >= b,
  greater,
  () => true,
];

const comparison =
  (isSigned: boolean, relation?: Relation) =>
  (size: Size): Builder =>
    intoMask({ element: size }, (cpu, i) => {
      const read = reader(cpu, size, isSigned);
      const holds = relation ?? relations[immediateOf(i, 3).lo & 7] ?? equal;
      return { bit: (a, b) => holds(read(a), read(b)) };
    });

/** vptestm, vptestnm: whether elements have a bit in common, or none. */
const tested =
  (wanted: boolean) =>
  (size: Size): Builder =>
    intoMask({ element: size }, ({ vb }) => ({
      bit: (a, b) => {
        let common = 0;
        for (let n = 0; n < size; n++) common |= (vb[a + n] ?? 0) & (vb[b + n] ?? 0);
        return (common !== 0) === wanted;
      },
    }));

/** vpshufbitqmb: bits of the first source's quadwords, by the second one's bytes. */
const bits = intoMask({ element: 1 }, ({ vb }) => ({
  bit: (a, b, n) => {
    const at = (vb[b] ?? 0) & 63;
    return (((vb[a - (n & 7) + (at >> 3)] ?? 0) >> (at & 7)) & 1) === 1;
  },
}));

/** vpmovb2m and its like: the signs of elements. */
const signs =
  (size: Size): Builder =>
  (cpu, i) => {
    const to = maskOf(i, 0);
    const a = placeOf(i, 1);
    const count = sizeOf(i, 1) / size;
    const { vb } = cpu;
    return () => {
      const words: [number, number] = [0, 0];
      for (let n = 0; n < count; n++)
        if ((vb[a + n * size + size - 1] ?? 0) & 128) words[n < 32 ? 0 : 1] |= 1 << (n & 31);
      setMask(cpu, to, ...words);
    };
  };

/** vpmovm2b and its like: all ones where a bit is set. */
const filled = (size: Size): Builder =>
  masked({ element: size }, ({ vb, vi }, i) => {
    const d = placeOf(i, 0);
    const w = (masksAt >> 2) + 2 * maskOf(i, 1);
    const count = sizeOf(i, 0) / size;
    return () => {
      for (let n = 0; n < count; n++) {
        const bit = ((n < 32 ? vi[w] : vi[w + 1]) ?? 0) & (1 << (n & 31));
        vb.fill(bit ? 255 : 0, d + n * size, d + (n + 1) * size);
      }
    };
  });

const letters: Readonly<Record<string, Size>> = { b: 1, w: 2, d: 4, q: 8 };

export const evexComparisons: Table = {
  ...Object.fromEntries([
    ...byWidth('vpcmp', comparison(true)),
    ...byWidth('vpcmpu', comparison(false)),
    ...byWidth('vpcmpeq', comparison(true, equal)),
    ...byWidth('vpcmpgt', comparison(true, greater)),
    ...byWidth('vptestm', tested(true)),
    ...byWidth('vptestnm', tested(false)),
    ...byWidth('vpmovm2', filled),
    ...Object.entries(letters).map(([letter, size]) => [`vpmov${letter}2m`, signs(size)] as const),
  ]),
  vpshufbitqmb: bits,
};
