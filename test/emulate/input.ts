// Random states that instructions are executed in, edge operands preferred, with what random words would seldom do.
import { readFileSync } from 'node:fs';
import type { Decoded } from '../../src/emulate/instruction.js';
import { codeSelector } from '../../src/emulate/segments.js';
import {
  state,
  flagsAt,
  extendedAt,
  vectorsAt,
  xsaveHeader,
  uppersAt,
  masksAt,
  halvesAt,
  highAt,
  memoryAt,
  operandAt,
  placesOf,
  recordBytes,
  windowBytes,
} from './record.js';
import { flagsCompared } from './tolerance.js';

export const arena = 0x10000000;
export const code = 0x20000000;
/** Of branches. */
export const target = code + 20;
export const window = arena + 0x400;
/** The processor's flags, as /proc/cpuinfo calls them. */
export const cpuFlags: ReadonlySet<string> = new Set(
  /^flags\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1]?.split(' '),
);
export const isWide = cpuFlags.has('avx512f');
/** Components of xsave that the CPU and the emulator have. */
const components = isWide ? 0xe7 : 7;
export type Mode = 32 | 64;

/** xorshift64. */
export class Random {
  private state: bigint;
  constructor(seed: bigint) {
    this.state = BigInt.asUintN(64, seed * 0x9e3779b97f4a7c15n) | 1n;
    for (let n = 0; n < 4; n++) this.next();
  }
  next(): bigint {
    let x = this.state;
    x ^= BigInt.asUintN(64, x << 13n);
    x ^= x >> 7n;
    x ^= BigInt.asUintN(64, x << 17n);
    return (this.state = x);
  }
  below(n: number): number {
    return Number((this.next() >> 20n) % BigInt(n));
  }
  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
}

const edges = [
  0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n,
  0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffffffffffffn,
]; // prettier-ignore
const doubles = [
  0n, 1n << 63n, 0x3ff0000000000000n, 0xbff8000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000001234n,
  0xfff4000000000001n, 1n, 0x800fffffffffffffn, 0x7fefffffffffffffn, 0x0010000000000000n, 0x4008000000000000n, 0x41dfffffffc00000n,
  0x43e0000000000000n, 0xc1e0000000000000n, 0x3fe0000000000000n, 0x4004000000000000n, 0x47efffffe0000000n, 0x36a0000000000000n, 0x380fffffe0000000n,
]; // prettier-ignore
const floats = [
  0n, 0x80000000n, 0x3f800000n, 0xbfc00000n, 0x7f800000n, 0xff800000n, 0x7fc01234n, 0xffa00001n, 1n, 0x807fffffn, 0x7f7fffffn, 0x00800000n,
  0x40400000n, 0x4f000000n, 0xcf000000n, 0x5f000000n, 0x3f000000n,
]; // prettier-ignore

export const anyWord = (r: Random): bigint => (r.below(3) === 0 ? r.pick(edges) : r.next());

/** 64 bits that are a double, two floats, or anything. */
export function vectorWord(r: Random): bigint {
  switch (r.below(5)) {
    case 0:
      return r.pick(doubles);
    case 1:
      return (r.pick(floats) << 32n) | r.pick(floats);
    case 2: {
      const small = new DataView(new ArrayBuffer(8));
      small.setFloat64(0, (r.below(4001) - 2000) / r.pick([1, 2, 3, 7, 1000]));
      return small.getBigUint64(0);
    }
    case 3: {
      const small = new DataView(new ArrayBuffer(8));
      small.setFloat32(0, (r.below(4001) - 2000) / r.pick([1, 2, 3, 7]));
      small.setFloat32(4, r.below(100) / 3);
      return small.getBigUint64(0);
    }
    default:
      return r.next();
  }
}

function extendedNumber(r: Random, view: DataView, at: number): void {
  const top = 1n << 63n;
  const [significand, exponent] = r.pick<() => readonly [bigint, number]>([
    () => [0n, r.below(2) << 15],
    () => [top, 0x3fff | (r.below(2) << 15)],
    () => [top, 0x7fff | (r.below(2) << 15)],
    () => [top | (1n << 62n) | (r.next() >> 3n), 0x7fff],
    () => [top | (r.next() >> 3n), 0x7fff],
    () => [r.next() >> 1n, r.below(2) << 15],
    () => [top | r.next(), 0x3ffe + r.below(70) + (r.below(2) << 15)],
    () => [top | r.next(), 0x3fc0 + r.below(70) + (r.below(2) << 15)],
    () => [top | (r.next() & 0xf000000000000000n), 0x3ff8 + r.below(20)],
    () => [top | r.next(), r.pick([1, 2, 0x7ffe, 0x7ffd, 0x3c00, 0x43ff, 0x3f80, 0x407f])],
    // No numbers: the leading bit is missing; a denormal that has it.
    () => [r.next() >> 1n, 0x3ffe + r.below(70) + (r.below(2) << 15)],
    () => [r.pick([0n, 1n, (1n << 63n) - 1n]), r.pick([0x7fff, 0xffff, 1, 0x8123])],
    () => [top | (r.next() >> 3n), r.below(2) << 15],
  ])();
  view.setBigUint64(at, BigInt.asUintN(64, significand), true);
  view.setUint16(at + 8, exponent, true);
}

/** Random words, made once for all cases of a round; each takes its own from anywhere among them. */
export class Pool {
  private readonly bytes = new Uint8Array(1 << 16);
  constructor(random: Random, word: (r: Random) => bigint) {
    const view = new DataView(this.bytes.buffer);
    for (let n = 0; n < this.bytes.length; n += 8) view.setBigUint64(n, word(random), true);
  }
  take(r: Random, count: number): Uint8Array {
    const from = 8 * r.below((this.bytes.length - count) / 8);
    return this.bytes.subarray(from, from + count);
  }
}
export interface Pools {
  readonly words: Pool;
  readonly floats: Pool;
}

/** Bits of a mask register. */
function maskWord(r: Random): bigint {
  const low = (1n << BigInt(r.below(65))) - 1n;
  return r.pick([0n, -1n, low, ~low, r.next(), r.next()]);
}

export function makeInput(
  instruction: Decoded,
  bytes: Uint8Array,
  r: Random,
  group: string,
  mode: Mode,
  pools: Pools,
): Uint8Array {
  const input = new Uint8Array(recordBytes);
  const view = new DataView(input.buffer);
  input.set(bytes);
  view.setUint32(16, bytes.length, true);
  for (let n = 0; n < 16; n++) view.setBigUint64(state + 8 * n, BigInt.asUintN(mode, anyWord(r)), true);
  const set = (n: number, value: number): void =>
    view.setBigUint64(state + 8 * n, BigInt.asUintN(mode, BigInt(value)), true);
  set(4, window + operandAt + 128);
  set(5, window + operandAt + 64);
  set(6, window + operandAt - 128);
  set(7, window + operandAt);
  const { name } = instruction;
  if (instruction.rep || instruction.repne || r.below(4) === 0) set(1, r.below(8));
  if (/^bt/.test(name)) set(1, r.below(1600) - 800);
  if (name === 'xlatb') set(3, window + operandAt - 256);
  const small = name === 'div' || name === 'idiv' ? r.below(3) : 0;
  if (small > 0) set(2, small === 1 ? 0 : -1);
  view.setBigUint64(flagsAt, 0x202n | (r.next() & 0xcd5n), true);
  const x = extendedAt;
  const masks = r.below(8) === 0 ? r.below(64) : 63;
  view.setUint16(x, 0x40 | masks | (r.pick([3, 3, 3, 2, 0]) << 8) | (r.pick([0, 0, 1, 2, 3]) << 10), true);
  view.setUint16(x + 2, (r.below(8) << 11) | (r.below(2) * 0x4500), true);
  view.setUint8(x + 4, r.pick([0xff, 0x7f, 0xfe, 0xe7, 0, 0x3c, r.below(256)]));
  view.setUint32(
    x + 24,
    r.below(2) === 0
      ? r.pick([0x1f80, 0x1fa0])
      : (masks << 7) |
          (r.below(4) << 13) |
          (r.below(4) === 0 ? 0x8040 & Number(r.next() & 0xffffn) : 0) |
          r.pick([0, 0x20, 0x3f & ~masks ? 0 : 0x3f]),
    true,
  );
  for (let n = 0; n < 8; n++) extendedNumber(r, view, x + 32 + 16 * n);
  const floats = group === 'floats' || (group === 'forms' && r.below(2) === 0);
  const pool = floats ? pools.floats : pools.words;
  input.set(pool.take(r, 256), vectorsAt);
  view.setBigUint64(xsaveHeader, BigInt(components), true);
  if (r.below(4) > 0) input.set(pool.take(r, 256), uppersAt);
  if (isWide) {
    for (let n = 0; n < 64; n += 8) view.setBigUint64(masksAt + n, BigInt.asUintN(64, maskWord(r)), true);
    if (r.below(4) > 0) input.set(pool.take(r, 512), halvesAt);
    if (mode === 64 && r.below(4) > 0) input.set(pool.take(r, 1024), highAt);
  }
  input.set((group === 'x87' ? pools.floats : pool).take(r, windowBytes), memoryAt);
  special(instruction, view, r, mode);
  if (group === 'x87' && /^fldt?$/.test(name) && instruction.memorySize === 10)
    extendedNumber(r, view, memoryAt + operandAt);
  // popf would set the trap flag, or have alignment checked; cmpxchg should succeed, too.
  if (/^popf[dq]?$/.test(name))
    view.setUint32(memoryAt + operandAt + 128, r.below(0x1000) & flagsCompared, true);
  if (/^cmpxchg/.test(name) && r.below(2) === 0) {
    view.setBigUint64(state, BigInt.asUintN(mode, view.getBigUint64(memoryAt + operandAt, true)), true);
    if (name !== 'cmpxchg') {
      const half = name === 'cmpxchg8b' ? 4 : 8;
      view.setBigUint64(
        state + 16,
        half === 8
          ? view.getBigUint64(memoryAt + operandAt + 8, true)
          : BigInt(view.getUint32(memoryAt + operandAt + 4, true)),
        true,
      );
    }
  }
  return input;
}

/** What random words would seldom do: texts with few letters, indices that lie in the window. */
function special(i: Decoded, view: DataView, r: Random, mode: Mode): void {
  // Where branches go that take their target from a register or memory.
  if (/^(jmp|call|ret|retf|iretd)$/.test(i.name)) {
    const word = (at: number): void =>
      mode === 64 ? view.setBigUint64(at, BigInt(target), true) : view.setUint32(at, target, true);
    view.setBigUint64(state + 24, BigInt(target), true);
    word(memoryAt + operandAt);
    word(memoryAt + operandAt + 128);
  }
  // Far returns stay in their segment, without the trap flag.
  if (/^(retf|iretd)$/.test(i.name)) {
    view.setUint32(memoryAt + operandAt + 132, codeSelector, true);
    view.setUint32(memoryAt + operandAt + 136, r.below(0x1000) & flagsCompared, true);
  }
  if (/pcmp[ei]str/.test(i.name)) {
    const letters = 2 + r.below(4);
    const wide = r.below(2);
    for (const from of [vectorsAt, vectorsAt + 128, memoryAt + operandAt])
      for (let n = 0; n < 128; n++)
        view.setUint8(from + n, wide && n & 1 ? 0 : r.below(letters + 1) - (r.below(8) === 0 ? 2 : 0));
    for (const register of [0, 2])
      if (r.below(4) > 0)
        view.setBigUint64(state + 8 * register, BigInt.asUintN(mode, BigInt(r.below(40) - 20)), true);
  }
  if (i.name === 'fbld')
    for (let n = 0; n < 9; n++) view.setUint8(memoryAt + operandAt + n, r.below(10) * 16 + r.below(10));
  // Of the components that the emulator has: the CPU may have others.
  if (/^x(save|rstor)/.test(i.name)) {
    view.setBigUint64(state, BigInt(r.below(256) & components), true);
    view.setBigUint64(state + 16, 0n, true);
  }
  if (/^fxrstor/.test(i.name) && r.below(8) > 0)
    view.setUint32(
      memoryAt + operandAt - 232,
      view.getUint32(memoryAt + operandAt - 232, true) & 0xffff,
      true,
    );
  if (/^xrstor/.test(i.name) && r.below(8) > 0) {
    view.setUint32(memoryAt + 24, view.getUint32(memoryAt + 24, true) & 0xffff, true);
    const present = BigInt(r.below(256) & components);
    const others = BigInt(r.below(256) & components);
    view.setBigUint64(memoryAt + 512, present, true);
    view.setBigUint64(memoryAt + 520, r.below(2) === 0 ? 0n : (1n << 63n) | present | others, true);
    for (let n = 528; n < 576; n += 8) view.setBigUint64(memoryAt + n, 0n, true);
  }
  if (/^v?ldmxcsr$/.test(i.name) && r.below(2) === 0)
    view.setUint32(memoryAt + operandAt, view.getUint32(memoryAt + operandAt, true) & 0xffff, true);
  const memory = i.operands.find((o) => o.kind === 'memory');
  if (memory?.kind !== 'memory' || memory.vectorIndex === undefined) return;
  const size = /^vp?(gather|scatter)d/.test(i.name) ? 4 : 8;
  for (let n = 0; n < 64; n += size) {
    const at = placesOf(memory.vectorIndex)[n >> 4]! + (n & 15);
    const index = r.below(40) === 0 ? 0x100000 : Math.floor((r.below(480) - 248) / memory.scale);
    if (size === 4) view.setInt32(at, index, true);
    else view.setBigInt64(at, BigInt(index), true);
  }
}
