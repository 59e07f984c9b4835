// SSE4a: fields of bits, stores of scalars (AMD APM vol. 4, EXTRQ, INSERTQ, MOVNTSD, MOVNTSS).
import type { Decoded } from '../instruction.js';
import { immediateOf, operand } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import type { Cpu } from '../state.js';
import { placeOf, storer } from './vector.js';

/** Length and place of a field: immediates, or bytes of a register. A length of 0 is 64. */
function fieldOf({ vb }: Cpu, i: Decoded, at: number): () => readonly [bits: bigint, from: bigint] {
  const field = (length: number, from: number): readonly [bigint, bigint] => [
    BigInt(length & 63 || 64),
    BigInt(from & 63),
  ];
  if (i.operands.at(-1)?.kind !== 'immediate') return () => field(vb[at] ?? 0, vb[at + 1] ?? 0);
  const last = i.operands.length - 1;
  const fixed = field(immediateOf(i, last - 1).lo, immediateOf(i, last).lo);
  return () => fixed;
}

/** The upper half of the register is undefined: Zen 5 makes it zero. */
const extract: Builder = (cpu, i) => {
  const d = placeOf(i, 0) >> 3;
  const { vq } = cpu;
  const field = fieldOf(cpu, i, operand(i, 1).kind === 'register' ? placeOf(i, 1) : 0);
  return () => {
    const [bits, from] = field();
    vq[d] = BigInt.asUintN(Number(bits), (vq[d] ?? 0n) >> from);
    vq[d + 1] = 0n;
  };
};

const insert: Builder = (cpu, i) => {
  const d = placeOf(i, 0) >> 3;
  const a = placeOf(i, 1);
  const { vq } = cpu;
  const field = fieldOf(cpu, i, a + 8);
  return () => {
    const [bits, from] = field();
    const ones = (1n << bits) - 1n;
    const value = ((vq[a >> 3] ?? 0n) & ones) << from;
    vq[d] = BigInt.asUintN(64, ((vq[d] ?? 0n) & ~(ones << from)) | value);
    vq[d + 1] = 0n;
  };
};

const scalarStore =
  (bytes: 4 | 8): Builder =>
  (cpu, i) => {
    const to = operand(i, 0);
    if (to.kind !== 'memory') throw new Error(`${i.name} without a memory operand`);
    return storer(cpu, to, bytes, placeOf(i, 1), false);
  };

export const sse4a: Table = {
  extrq: extract,
  insertq: insert,
  movntsd: scalarStore(8),
  movntss: scalarStore(4),
};
