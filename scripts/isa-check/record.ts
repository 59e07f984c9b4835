// One run as helper.c reads it, and what it answers.
import * as iced from 'iced-x86';
import { ARENA } from './forms.js';
import type { Plan } from './plan.js';

// helper.c: struct test and struct answer.
const TEST = 432;
export const ANSWER = 192;

/** Flags of iced-x86 in the order of effects.ts. */
const FLAGS = [
  iced.RflagsBits.CF,
  iced.RflagsBits.PF,
  iced.RflagsBits.AF,
  iced.RflagsBits.ZF,
  iced.RflagsBits.SF,
  iced.RflagsBits.DF,
  iced.RflagsBits.OF,
];

export function encode(plan: Plan): Buffer {
  const record = Buffer.alloc(TEST);
  const { mode, bytes, gpr, effects, instruction } = plan;
  let fixed = 0;
  record.writeUInt32LE(mode, 0);
  record.writeUInt32LE(bytes.length, 4);
  record.set(bytes, 8);
  gpr.forEach((value, i) => {
    if (value === undefined) return;
    fixed |= 1 << i;
    record.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 32 + 8 * i);
  });
  const undefinedFlags = FLAGS.reduce(
    (set, flag, i) => set | (instruction.rflagsUndefined & flag ? 1 << i : 0),
    0,
  );
  const flags = (set: number): number => (set >>> 16) & 0x7f;
  const other = (set: number): number => (set & (1 << 28) ? 0xff : 0) | ((set >>> 8) & 0xff);
  const opmasks = (set: number): number => set & 0xff;
  // Counted from the end of the instruction, a second one is elsewhere.
  const relative = instruction.isIpRelMemoryOperand;
  const words = [
    fixed,
    effects.integerRead & 0xffff,
    flags(effects.integerRead),
    effects.vectorRead,
    other(effects.otherRead),
    opmasks(effects.otherRead),
    effects.integerWritten & 0xffff,
    flags(effects.integerWritten) & ~undefinedFlags,
    effects.vectorWritten,
    effects.otherWritten & (1 << 28) ? 0 : other(effects.otherWritten),
    opmasks(effects.otherWritten),
    instruction.encoding === iced.EncodingKind.Legacy ? 16 : 64,
    plan.patches.length,
    plan.vectors.length,
    plan.place === 'middle' ? 0 : 1,
    effects.storeRepeatable && plan.place === 'middle' && bytes.length <= 12 && !relative ? 1 : 0,
  ];
  words.forEach((word, i) => record.writeUInt32LE(word >>> 0, 160 + 4 * i));
  plan.patches.forEach((patch, i) => {
    record.writeUInt32LE(patch.at - ARENA, 224 + 16 * i);
    record.writeUInt32LE(patch.length, 228 + 16 * i);
    record.writeBigUInt64LE(patch.value, 232 + 16 * i);
  });
  plan.vectors.forEach((vector, i) => {
    record.writeBigUInt64LE(BigInt(vector.number), 288 + 72 * i);
    vector.lanes.forEach((lane, k) => record.writeBigUInt64LE(lane, 296 + 72 * i + 8 * k));
  });
  return record;
}

export interface Answer {
  readonly done: number;
  readonly signal: number;
  readonly code: number;
  readonly address: bigint;
  readonly rip: bigint;
  readonly words: readonly number[];
  readonly ranges: readonly (readonly [number, number])[];
}

export function decode(buffer: Buffer, at: number): Answer {
  const word = (offset: number): number => buffer.readUInt32LE(at + offset);
  return {
    done: word(0),
    signal: word(4),
    code: word(8),
    address: buffer.readBigUInt64LE(at + 16),
    rip: buffer.readBigUInt64LE(at + 24),
    words: Array.from({ length: 15 }, (_, i) => word(32 + 4 * i)),
    ranges: Array.from({ length: word(88) }, (_, i) => [word(92 + 8 * i), word(96 + 8 * i)] as const),
  };
}
