// EVEX forms of packed integers (SDM vol. 2, by name): rows of the tables of VEX, and what only AVX-512 has.
import { immediateOf, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import type { Cpu } from '../state.js';
import { crypto } from './crypto.js';
import { byWidth, eachOne, eachTwo, elementOf, setElement, unsignedOf } from './elements.js';
import type { Letter, Size } from './elements.js';
import { fetched, formsOf, masked, maskOf, setMask } from './evex.js';
import type { Shape } from './evex.js';
import { gfni } from './gfni.js';
import { each64, vectorIntegers } from './vector-integer.js';
import { arithmetic, left, own, right, shift, vectorShifts } from './vector-shift.js';
import type { Bits, Shift } from './vector-shift.js';
import { lanes, lanesBy, placeOf, scratch, scratch2, zeroing } from './vector.js';

const some =
  (element: Size): (() => Shape) =>
  () => ({ element });
const whole =
  (element: Size): (() => Shape) =>
  () => ({ element, whole: true });

const signed = (v: bigint): bigint => BigInt.asIntN(64, v);
const each = (size: Size, f: (a: bigint, b: bigint) => bigint): Builder =>
  masked({ element: size }, eachTwo(size, f));
type Three = (d: bigint, a: bigint, b: bigint) => bigint;
/** The destination takes part. */
const onto = (size: Size, f: Three): Builder =>
  masked(
    { element: size, keeps: true },
    eachTwo(size, (a, b, d) => f(d, a, b)),
  );

/** Shifts by the low 64 bits of a whole operand, or of elements of one by an immediate. */
const shifting =
  (make: Builder, element: Size): Builder =>
  (cpu, i) =>
    masked({ element, whole: i.operands.at(-1)?.kind !== 'immediate' }, make)(cpu, i);

const rotateLeft: Shift = (v, n, bits) => {
  const by = n % BigInt(bits);
  return (v << by) | (v >> (BigInt(bits) - by));
};
const rotateRight: Shift = (v, n, bits) => rotateLeft(v, BigInt(bits) - (n % BigInt(bits)), bits);

const shiftRows: Readonly<Record<string, Shift>> = { sll: left, sra: arithmetic, srl: right };
const rotateRows: Readonly<Record<string, Shift>> = { rol: rotateLeft, ror: rotateRight };
const widths: readonly (readonly [string, Size])[] = [
  ['w', 2],
  ['d', 4],
  ['q', 8],
];
const bitsOf = (size: Size): Bits => (size === 2 ? 16 : size === 4 ? 32 : 64);

const shifts: Table = Object.fromEntries([
  ...Object.entries(shiftRows).flatMap(([name, run]) =>
    widths.flatMap(([letter, size]) => [
      [`vp${name}${letter}`, shifting(shift(bitsOf(size), run), size)] as const,
      [`vp${name}v${letter}`, masked({ element: size }, own(bitsOf(size), run))] as const,
    ]),
  ),
  ...Object.entries(rotateRows).flatMap(([name, run]) =>
    widths
      .slice(1)
      .flatMap(([letter, size]) => [
        [`vp${name}${letter}`, masked({ element: size }, shift(bitsOf(size), run))] as const,
        [`vp${name}v${letter}`, masked({ element: size }, own(bitsOf(size), run))] as const,
      ]),
  ),
]);

/** Two elements one behind the other, the first one above, moved up; the upper one. */
const up = (above: bigint, below: bigint, n: bigint, bits: number): bigint =>
  (((above << BigInt(bits)) | below) << (n % BigInt(bits))) >> BigInt(bits);
const down = (above: bigint, below: bigint, n: bigint, bits: number): bigint =>
  ((above << BigInt(bits)) | below) >> (n % BigInt(bits));

const doubleShifts: Table = Object.fromEntries(
  widths.flatMap(([letter, size]) => {
    const bits = 8 * size;
    const byImmediate = (f: (a: bigint, b: bigint, n: bigint) => bigint): Builder =>
      masked({ element: size }, (cpu, i) => {
        const n = BigInt(immediateOf(i, 3).lo & 255);
        return eachTwo(size, (a, b) => f(a, b, n))(cpu, i);
      });
    return [
      [`vpshld${letter}`, byImmediate((a, b, n) => up(a, b, n, bits))],
      [`vpshldv${letter}`, onto(size, (d, a, b) => up(d, a, b, bits))],
      [`vpshrd${letter}`, byImmediate((a, b, n) => down(b, a, n, bits))],
      [`vpshrdv${letter}`, onto(size, (d, a, b) => down(a, d, b, bits))],
    ];
  }),
);

/** Any function of three bits, by a table of eight. */
const ternary: Builder = ({ vi }, i) => {
  const [d, a, b] = [placeOf(i, 0) >> 2, placeOf(i, 1) >> 2, placeOf(i, 2) >> 2];
  const table = immediateOf(i, 3).lo;
  const words = sizeOf(i, 0) >> 2;
  return () => {
    for (let n = 0; n < words; n++) {
      const [x, y, z] = [vi[d + n] ?? 0, vi[a + n] ?? 0, vi[b + n] ?? 0];
      let result = 0;
      for (let k = 0; k < 8; k++)
        if ((table >> k) & 1) result |= (k & 4 ? x : ~x) & (k & 2 ? y : ~y) & (k & 1 ? z : ~z);
      vi[d + n] = result;
    }
  };
};

const conflicts =
  (size: Size): Builder =>
  (cpu, i) => {
    const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
    const end = sizeOf(i, 0);
    return () => {
      cpu.vb.copyWithin(scratch2, a, a + end);
      for (let n = 0; n < end; n += size) {
        let equal = 0n;
        for (let k = 0; k < n; k += size)
          if (elementOf(cpu, size, scratch2 + k) === elementOf(cpu, size, scratch2 + n))
            equal |= 1n << BigInt(k / size);
        setElement(cpu, size, d + n, equal);
      }
    };
  };

const leadingZeros = (size: Size): Builder =>
  eachOne(size, (v) => BigInt(v === 0n ? 8 * size : 8 * size - v.toString(2).length));
const ones = (size: Size): Builder => eachOne(size, (v) => BigInt(v.toString(2).replaceAll('0', '').length));

const clampSigned = (v: bigint): bigint => {
  const most = 0x7fffffffn;
  return v > most ? most : v < -most - 1n ? -most - 1n : v;
};
/** Sums of products of bytes without and with sign, or of signed words, added to the destination. */
const dotProduct =
  (size: 1 | 2, isSaturated: boolean): Three =>
  (d, a, b) => {
    let sum = BigInt.asIntN(32, d);
    const bits = 8 * size;
    for (let at = 0n; at < 32n; at += BigInt(bits)) {
      const x = size === 1 ? BigInt.asUintN(8, a >> at) : BigInt.asIntN(16, a >> at);
      sum += x * BigInt.asIntN(bits, b >> at);
    }
    return isSaturated ? clampSigned(sum) : sum;
  };
const dotProducts: Readonly<Record<string, Three>> = {
  vpdpbusd: dotProduct(1, false),
  vpdpbusds: dotProduct(1, true),
  vpdpwssd: dotProduct(2, false),
  vpdpwssds: dotProduct(2, true),
};

/** The same with VEX (AVX-VNNI). */
export const vectorDots: Table = Object.fromEntries(
  Object.entries(dotProducts).map(([name, f]) => [name, zeroing(eachTwo(4, (a, b, d) => f(d, a, b)))]),
);

const low52 = (v: bigint): bigint => BigInt.asUintN(52, v);

/** vpmultishiftqb: eight bits from anywhere in each 64, which go round. */
const multishift: Builder = eachTwo(8, (a, b) => {
  let result = 0n;
  for (let at = 0n; at < 64n; at += 8n) {
    const from = (a >> at) & 63n;
    result |= BigInt.asUintN(8, (b | (b << 64n)) >> from) << at;
  }
  return result;
});

/** vdbpsadbw: sums of four differences at a distance, of doublewords that are chosen before. */
const distances = lanesBy((control) => ({ vb, vw }: Cpu, d, a, b) => {
  for (let k = 0; k < 4; k++) {
    const from = b + 4 * ((control >> (2 * k)) & 3);
    vb.copyWithin(scratch2 + 4 * k, from, from + 4);
  }
  for (let n = 0; n < 8; n++) {
    const base = n < 4 ? 0 : 8;
    const first = a + base + (n & 2 ? 4 : 0);
    let sum = 0;
    for (let k = 0; k < 4; k++)
      sum += Math.abs((vb[first + k] ?? 0) - (vb[scratch2 + base + (n & 3) + k] ?? 0));
    vw[((scratch + 16) >> 1) + n] = sum;
  }
  vb.copyWithin(d, scratch + 16, scratch + 32);
});

/** vp2intersectd, vp2intersectq: which elements of each source are somewhere in the other one. */
const intersect =
  (size: Size): Builder =>
  (cpu, i) => {
    const to = maskOf(i, 0) & ~1;
    const { i: own, load } = fetched(cpu, i, { element: size, whole: true }, () => true);
    const [a, b] = [placeOf(own, 1), placeOf(own, 2)];
    const count = sizeOf(i, 1) / size;
    return () => {
      load?.();
      let [first, second] = [0, 0];
      for (let n = 0; n < count; n++)
        for (let k = 0; k < count; k++)
          if (unsignedOf(cpu, size, a + n * size) === unsignedOf(cpu, size, b + k * size)) {
            first |= 1 << n;
            second |= 1 << k;
          }
      setMask(cpu, to, first, 0);
      setMask(cpu, to + 1, second, 0);
    };
  };

/** Of rows that are the same for both widths: their names in AVX-512. */
const logic = Object.fromEntries(
  ['and', 'andn', 'or', 'xor'].flatMap((name) => {
    const make = vectorIntegers[`vp${name}`];
    if (!make) throw new Error(`no row vp${name}`);
    return [
      [`vp${name}d`, masked({ element: 4 }, make)],
      [`vp${name}q`, masked({ element: 8 }, make)],
    ];
  }),
);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const wide: readonly Letter[] = ['d', 'q'];

export const evexIntegers: Table = {
  ...formsOf(
    'vpabsb vpaddb vpaddsb vpaddusb vpavgb vpmaxsb vpmaxub vpminsb vpminub vpsubb vpsubsb vpsubusb',
    vectorIntegers,
    some(1),
  ),
  ...formsOf(
    'vpabsw vpaddsw vpaddusw vpaddw vpavgw vpmaxsw vpmaxuw vpminsw vpminuw vpmulhrsw vpmulhuw vpmulhw vpmullw vpsubsw vpsubusw vpsubw',
    vectorIntegers,
    some(2),
  ),
  ...formsOf(
    'vandnps vandps vorps vpabsd vpaddd vpmaxsd vpmaxud vpminsd vpminud vpmulld vpsubd vxorps',
    vectorIntegers,
    some(4),
  ),
  ...formsOf('vandnpd vandpd vorpd vpaddq vpmuldq vpmuludq vpsubq vxorpd', vectorIntegers, some(8)),
  ...formsOf('vpacksswb vpackuswb', vectorIntegers, whole(1)),
  ...formsOf('vpackssdw vpackusdw vpmaddubsw', vectorIntegers, whole(2)),
  ...formsOf('vpmaddwd', vectorIntegers, whole(4)),
  ...formsOf('vpsadbw', vectorIntegers, whole(8)),
  ...formsOf('vpalignr vpslldq vpsrldq', vectorShifts, whole(1)),
  ...formsOf('vaesdec vaesdeclast vaesenc vaesenclast vpclmulqdq', crypto, whole(8)),
  ...formsOf('vgf2p8affineinvqb vgf2p8affineqb', gfni, whole(1)),
  ...formsOf('vgf2p8mulb', gfni, some(1)),
  ...logic,
  ...shifts,
  ...doubleShifts,
  ...Object.fromEntries([
    ...byWidth('vpconflict', (size) => masked({ element: size, whole: true }, conflicts(size)), wide),
    ...byWidth('vplzcnt', (size) => masked({ element: size }, leadingZeros(size)), wide),
    ...byWidth('vpopcnt', (size) => masked({ element: size }, ones(size))),
    ...byWidth('vpternlog', (size) => masked({ element: size, keeps: true }, ternary), wide),
    ...byWidth('vp2intersect', intersect, wide),
  ]),
  vdbpsadbw: masked({ element: 2, whole: true }, distances),
  vpabsq: masked(
    { element: 8 },
    lanes(
      each64((_, b) => (signed(b) < 0n ? -signed(b) : b)),
      true,
    ),
  ),
  ...Object.fromEntries(Object.entries(dotProducts).map(([name, f]) => [name, onto(4, f)])),
  vpmadd52huq: onto(8, (d, a, b) => d + ((low52(a) * low52(b)) >> 52n)),
  vpmadd52luq: onto(8, (d, a, b) => d + low52(low52(a) * low52(b))),
  vpmaxsq: each(8, (a, b) => larger(signed(a), signed(b))),
  vpmaxuq: each(8, larger),
  vpminsq: each(8, (a, b) => smaller(signed(a), signed(b))),
  vpminuq: each(8, smaller),
  vpmullq: each(8, (a, b) => a * b),
  vpmultishiftqb: masked({ element: 1, whole: true }, multishift),
};
