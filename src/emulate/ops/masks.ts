// Instructions on AVX-512's mask registers (SDM vol. 2, KMOV to KXOR). The last letter of a name is the width; bits above it become zero.
import { operand, place } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { AF, CF, HI, masksAt, OF, PF, SF, ZR } from '../state.js';
import { immediateOf } from '../operands.js';
import { maskOf } from './evex.js';

const widths = { b: 8, w: 16, d: 32, q: 64 } as const;
type Width = (typeof widths)[keyof typeof widths];
const first = masksAt >> 3;

const binary =
  (f: (a: bigint, b: bigint, width: Width) => bigint) =>
  (width: Width): Builder =>
  ({ vq }, i) => {
    const [d, a, b] = [0, 1, 2].map((n) => first + maskOf(i, n));
    if (d === undefined || a === undefined || b === undefined) throw new Error('three masks');
    return () => {
      vq[d] = BigInt.asUintN(
        width,
        f(BigInt.asUintN(width, vq[a] ?? 0n), BigInt.asUintN(width, vq[b] ?? 0n), width),
      );
    };
  };

const unary =
  (f: (a: bigint, count: number) => bigint) =>
  (width: Width): Builder =>
  ({ vq }, i) => {
    const d = first + maskOf(i, 0);
    const a = first + maskOf(i, 1);
    const count = i.operands.length > 2 ? immediateOf(i, 2).lo & 255 : 0;
    return () => {
      vq[d] = BigInt.asUintN(width, f(BigInt.asUintN(width, vq[a] ?? 0n), count));
    };
  };

/** Between masks, from and to general registers and memory. */
const move =
  (width: Width): Builder =>
  (cpu, i) => {
    const { vq, vi, s } = cpu;
    const isMask = (n: number): boolean => {
      const o = operand(i, n);
      return o.kind === 'register' && o.file === 'mask';
    };
    if (isMask(0) && isMask(1)) return unary((a) => a)(width)(cpu, i);
    if (!isMask(0)) {
      const to = place(cpu, i, 0);
      const w = 2 * (first + maskOf(i, 1));
      const low = width === 64 ? -1 : 2 ** width - 1;
      return () => {
        to.write((vi[w] ?? 0) & low, width === 64 ? (vi[w + 1] ?? 0) : 0);
      };
    }
    const d = first + maskOf(i, 0);
    const { read } = place(cpu, i, 1);
    return () => {
      const lo = read();
      const hi = width === 64 ? (s[HI] ?? 0) : 0;
      vq[d] = BigInt.asUintN(width, (BigInt(hi) << 32n) | BigInt(lo >>> 0));
    };
  };

const flags =
  (zero: (a: bigint, b: bigint) => bigint, carry: (a: bigint, b: bigint) => bigint) =>
  (width: Width): Builder =>
  ({ vq, s }, i) => {
    const a = first + maskOf(i, 0);
    const b = first + maskOf(i, 1);
    return () => {
      const [x, y] = [vq[a] ?? 0n, vq[b] ?? 0n];
      s[ZR] = BigInt.asUintN(width, zero(x, y)) === 0n ? 0 : 1;
      s[CF] = BigInt.asUintN(width, carry(x, y)) === 0n ? 1 : 0;
      s[OF] = s[SF] = s[AF] = 0;
      s[PF] = 1;
    };
  };

const rows: Readonly<Record<string, (width: Width) => Builder>> = {
  kadd: binary((a, b) => a + b),
  kand: binary((a, b) => a & b),
  kandn: binary((a, b) => ~a & b),
  kmov: move,
  knot: unary((a) => ~a),
  kor: binary((a, b) => a | b),
  kortest: flags(
    (a, b) => a | b,
    (a, b) => ~(a | b),
  ),
  kshiftl: unary((a, n) => a << BigInt(n)),
  kshiftr: unary((a, n) => a >> BigInt(n)),
  ktest: flags(
    (a, b) => a & b,
    (a, b) => ~a & b,
  ),
  kxnor: binary((a, b) => ~(a ^ b)),
  kxor: binary((a, b) => a ^ b),
};

/** The low half is the second source's. */
const unpack = binary((a, b, width) => (a << BigInt(width / 2)) | BigInt.asUintN(width / 2, b));

export const masks: Table = {
  ...Object.fromEntries(
    Object.entries(rows).flatMap(([name, make]) =>
      Object.entries(widths).map(([letter, width]) => [`${name}${letter}`, make(width)]),
    ),
  ),
  kunpckbw: unpack(16),
  kunpckdq: unpack(64),
  kunpckwd: unpack(32),
};
