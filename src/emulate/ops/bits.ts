// Bit tests, scans, counts and BMI (SDM vol. 2). What is undefined there is what AMD's and Intel's CPUs do.
import { logicFlags } from '../alu.js';
import { address, modify, operand, place, readMemory, sizeOf, writeMemory } from '../operands.js';
import type { Builder, Op, Place, Table } from '../operands.js';
import { AH, CF, HI, ZR } from '../state.js';
import type { Cpu } from '../state.js';
import type { Decoded } from '../instruction.js';

const join = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
const lowOf = (v: bigint): number => Number(BigInt.asIntN(32, v));
const highOf = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n));

type Change = (word: number, bit: number) => number;

/** A bit offset in a register moves the address of a memory operand, by words of its size. */
function bitString(
  cpu: Cpu,
  i: Decoded,
  size: number,
  writes: boolean,
): { start: () => void; read: () => number; write: Place['write'] } {
  const o = operand(i, 0);
  const s = cpu.s;
  if (o.kind !== 'memory' || operand(i, 1).kind === 'immediate') {
    const to = writes ? modify(cpu, i, 0) : place(cpu, i, 0);
    return { start: () => undefined, ...to };
  }
  const at = address(cpu, o);
  const offset = place(cpu, i, 1);
  let lo = 0;
  let hi = 0;
  const moved = (): number => {
    s[AH] = hi;
    return lo;
  };
  return {
    start: () => {
      const ol = offset.read();
      const oh = size === 8 ? (s[HI] ?? 0) : size === 4 ? ol >> 31 : (ol << 16) >> 31;
      const value = size === 2 ? (ol << 16) >> 16 : ol;
      const log = size === 2 ? 4 : size === 4 ? 5 : 6;
      const units = BigInt.asIntN(64, join(value, oh)) >> BigInt(log);
      const bytes = units * BigInt(size);
      const base = at();
      const sum = join(base, s[AH] ?? 0) + bytes;
      lo = lowOf(sum);
      hi = o.addressSize === 32 ? 0 : highOf(sum);
    },
    read: readMemory(cpu, size, moved),
    write: writeMemory(cpu, size, moved),
  };
}

const bitTest =
  (change?: Change): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const s = cpu.s;
    const to = bitString(cpu, i, size, change !== undefined);
    const bit = place(cpu, i, 1, operand(i, 1).kind === 'immediate' ? 1 : size);
    const mask = 8 * size - 1;
    return () => {
      to.start();
      const n = bit.read() & mask;
      let lo = to.read();
      let hi = s[HI] ?? 0;
      const found = ((n < 32 ? lo : hi) >>> (n & 31)) & 1;
      if (change) {
        if (n < 32) lo = change(lo, n);
        else hi = change(hi, n & 31);
        to.write(lo, hi);
      }
      s[CF] = found;
    };
  };

const trailing = (lo: number, hi: number, bits: number): number =>
  lo !== 0 ? 31 - Math.clz32(lo & -lo) : hi !== 0 && bits === 64 ? 63 - Math.clz32(hi & -hi) : bits;
const leading = (lo: number, hi: number, bits: number): number =>
  bits === 64 ? (hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo)) : Math.clz32(lo) - (32 - bits);

/** bsf, bsr: with 0 the destination stays (documented by AMD); only ZF is defined. */
const scan =
  (find: (lo: number, hi: number, bits: number) => number): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const from = place(cpu, i, 1);
    const to = place(cpu, i, 0);
    const s = cpu.s;
    return () => {
      const lo = from.read();
      const hi = size === 8 ? (s[HI] ?? 0) : 0;
      s[ZR] = lo | hi;
      if ((lo | hi) !== 0) to.write(find(lo, hi, 8 * size), 0);
    };
  };

/** tzcnt, lzcnt: CF for a source of 0, ZF for a result of 0. */
const count =
  (find: (lo: number, hi: number, bits: number) => number): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const from = place(cpu, i, 1);
    const to = place(cpu, i, 0);
    const s = cpu.s;
    return () => {
      const lo = from.read();
      const n = find(lo, size === 8 ? (s[HI] ?? 0) : 0, 8 * size);
      to.write(n, 0);
      s[CF] = n === 8 * size ? 1 : 0;
      s[ZR] = n;
    };
  };

function ones(v: number): number {
  let x = v - ((v >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const popcnt: Builder = (cpu, i) => {
  const size = sizeOf(i, 0);
  const from = place(cpu, i, 1);
  const to = place(cpu, i, 0);
  const s = cpu.s;
  return () => {
    const lo = from.read();
    const n = ones(lo) + (size === 8 ? ones(s[HI] ?? 0) : 0);
    to.write(n, 0);
    // All flags but ZF are cleared; PF and SF too.
    logicFlags(s, n, 0, 1);
  };
};

type Compute = (a: bigint, b: bigint, bits: number) => bigint;

/** A BMI operation on the last operands; `flags` gets source, other and result. */
function bmi(
  sources: readonly [number, number | undefined],
  compute: Compute,
  flags: ((s: Int32Array, a: bigint, b: bigint, r: bigint, bits: number) => void) | undefined,
): Builder {
  return (cpu, i): Op => {
    const size = sizeOf(i, 0);
    const bits = 8 * size;
    const to = place(cpu, i, 0);
    const first = place(cpu, i, sources[0]);
    const second = sources[1] === undefined ? undefined : place(cpu, i, sources[1]);
    const s = cpu.s;
    return () => {
      const al = first.read();
      const a = BigInt.asUintN(bits, join(al, s[HI] ?? 0));
      let b = 0n;
      if (second) {
        const bl = second.read();
        b = BigInt.asUintN(bits, join(bl, s[HI] ?? 0));
      }
      const r = BigInt.asUintN(bits, compute(a, b, bits));
      to.write(lowOf(r), highOf(r));
      flags?.(s, a, b, r, bits);
    };
  };
}

function resultFlags(s: Int32Array, r: bigint, bits: number, carry: boolean): void {
  const sign = Number((r >> BigInt(bits - 1)) & 1n);
  // PF is undefined; cleared.
  logicFlags(s, r === 0n ? 0 : 1, -sign, 1);
  s[CF] = carry ? 1 : 0;
}

function deposit(source: bigint, mask: bigint): bigint {
  let r = 0n;
  let from = 0n;
  for (let m = mask; m !== 0n; m &= m - 1n) {
    if ((source >> from) & 1n) r |= m & -m;
    from++;
  }
  return r;
}

function extract(source: bigint, mask: bigint): bigint {
  let r = 0n;
  let to = 0n;
  for (let m = mask; m !== 0n; m &= m - 1n) {
    if (source & (m & -m)) r |= 1n << to;
    to++;
  }
  return r;
}

const ownResult =
  (carry: (a: bigint, b: bigint, bits: number) => boolean) =>
  (s: Int32Array, a: bigint, b: bigint, r: bigint, bits: number): void => {
    resultFlags(s, r, bits, carry(a, b, bits));
  };

export const bits: Table = {
  andn: bmi(
    [1, 2],
    (a, b) => ~a & b,
    ownResult(() => false),
  ),
  bextr: bmi(
    [1, 2],
    (a, b) => (a >> (b & 255n)) & ((1n << ((b >> 8n) & 255n)) - 1n),
    ownResult(() => false),
  ),
  blsi: bmi(
    [1, undefined],
    (a) => a & -a,
    ownResult((a) => a !== 0n),
  ),
  blsmsk: bmi(
    [1, undefined],
    (a) => a ^ (a - 1n),
    ownResult((a) => a === 0n),
  ),
  blsr: bmi(
    [1, undefined],
    (a) => a & (a - 1n),
    ownResult((a) => a === 0n),
  ),
  bsf: scan(trailing),
  bsr: scan((lo, hi, width) => width - 1 - leading(lo, hi, width)),
  bt: bitTest(),
  btc: bitTest((word, bit) => word ^ (1 << bit)),
  btr: bitTest((word, bit) => word & ~(1 << bit)),
  bts: bitTest((word, bit) => word | (1 << bit)),
  bzhi: bmi(
    [1, 2],
    (a, b, width) => ((b & 255n) < BigInt(width) ? a & ((1n << (b & 255n)) - 1n) : a),
    ownResult((_, b, width) => (b & 255n) >= BigInt(width)),
  ),
  lzcnt: count(leading),
  pdep: bmi([1, 2], deposit, undefined),
  pext: bmi([1, 2], extract, undefined),
  popcnt,
  tzcnt: count(trailing),
};
