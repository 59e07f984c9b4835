// Where a form's memory operands lie and what its registers hold, so that it can run.
import * as iced from 'iced-x86';
import type { Effects } from '../../src/isa/effects.js';
import { ARENA, CODE_END, MIDDLE, type Mode } from './forms.js';

export const ARENA_END = ARENA + 0x4000;
const STACK = ARENA + 0x3000;
const FRAME = ARENA + 0x2c00;
const TARGET = CODE_END - 0x800;

const { OpKind, Register, RegisterExt } = iced;

/** One run of one instruction. */
export interface Plan {
  readonly mode: Mode;
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly instruction: iced.Instruction;
  readonly effects: Effects;
  /** `edge`: the operand ends where the page ends; `beyond`: one byte further. */
  readonly place: 'middle' | 'edge' | 'beyond';
  readonly gpr: (number | undefined)[];
  readonly patches: { at: number; length: number; value: bigint }[];
  readonly vectors: { number: number; lanes: bigint[] }[];
  /** Address of the explicit memory operand, or -1. */
  readonly operand: number;
}

export const general = (register: iced.Register): number =>
  RegisterExt.isGPR(register) ? RegisterExt.number(RegisterExt.fullRegister(register)) : -1;

function memoryIndex(instruction: iced.Instruction): number {
  for (let i = 0; i < instruction.opCount; i++) if (instruction.opKind(i) === OpKind.Memory) return i;
  return -1;
}

/** Which elements a gather or scatter accesses; with the smallest scale some overlap. */
const ELEMENTS = [1, 2, 3, 5, 6, 7, 0, 12, 17, 18, 24, 33, 40, 41, 56, 60];
const pair = (from: number, low: number, high: number): bigint =>
  (BigInt.asUintN(32, BigInt(from + high)) << 32n) | BigInt.asUintN(32, BigInt(from + low));

/** Puts the operand at `at`; undefined where the address cannot be had. */
function placeOperand(plan: Plan, at: number, threadBase: number | undefined): boolean {
  const { instruction, gpr, mode } = plan;
  const { memoryBase: base, memoryIndex: index, memoryIndexScale: scale } = instruction;
  if (base === Register.RIP || base === Register.EIP)
    return at === MIDDLE && Number(instruction.memoryDisplacement - instruction.nextIP) === MIDDLE - CODE_END;
  const size = base !== Register.None ? RegisterExt.size(base) : RegisterExt.size(index);
  // What lies at the thread's base is the C library's, unless the caller has moved it.
  const thread =
    instruction.segmentPrefix === Register.FS ||
    (mode === 32 && threadBase !== undefined && instruction.segmentPrefix === Register.GS);
  if (size === 2 || (thread && (threadBase === undefined || (size > 0 && 8 * size < mode)))) return false;
  const displacement = Number(BigInt.asIntN(mode, instruction.memoryDisplacement));
  const baseNumber = general(base);
  let rest = at - displacement - (thread ? (threadBase ?? 0) : 0);
  if (RegisterExt.isVectorRegister(index)) {
    // Without a base the elements' numbers hold the address.
    const from = base === Register.None ? rest / scale : 0;
    if (!Number.isInteger(from)) return false;
    const lanes = instruction.isVsib64
      ? ELEMENTS.slice(0, 8).map((element) => BigInt.asUintN(64, BigInt(from + element)))
      : Array.from({ length: 8 }, (_, i) => pair(from, ELEMENTS[2 * i] ?? 0, ELEMENTS[2 * i + 1] ?? 0));
    plan.vectors.push({ number: RegisterExt.number(index), lanes });
  } else if (index === Register.AL) {
    // xlat: the table is wherever %al points in it.
  } else if (index !== Register.None) {
    const number = general(index);
    if (baseNumber === number) return false;
    const value = baseNumber < 0 ? rest / scale : 16;
    if (!Number.isInteger(value)) return false;
    gpr[number] = value;
    rest -= value * scale;
  }
  if (baseNumber >= 0) gpr[baseNumber] = rest;
  else if (index === Register.None) return rest === 0;
  return true;
}

/** Registers, memory and vectors with which the instruction can run. */
export function planOf(
  mode: Mode,
  text: string,
  bytes: Uint8Array,
  instruction: iced.Instruction,
  effects: Effects,
  place: Plan['place'] = 'middle',
  threadBase?: number,
): Plan | undefined {
  const explicit = memoryIndex(instruction);
  const { base } = effects;
  let at = MIDDLE;
  if (place !== 'middle') {
    at = ARENA_END - effects.memoryBytes + (place === 'beyond' ? 1 : 0);
    if (effects.access[effects.memoryOperand] === 'a') at = ARENA_END + 64;
  }
  const plan: Plan = {
    mode,
    text,
    bytes,
    instruction,
    effects,
    place,
    gpr: new Array<number | undefined>(16).fill(undefined),
    patches: [],
    vectors: [],
    operand: explicit < 0 ? -1 : at,
  };
  const { gpr, patches } = plan;
  if (/^i?div$/.test(base)) {
    gpr[0] = 1000;
    gpr[2] = 0;
    const by = general(instruction.op0Register);
    if (by === 0 || by === 2) gpr[by] = by === 0 ? 1000 : 0x5005;
  }
  gpr[4] = STACK;
  if (base === 'leave' || base === 'enter') gpr[5] = FRAME;
  const string = instruction.isStringInstruction || /^v?maskmov(q|dqu)$/.test(base);
  if (string) {
    const inThread = instruction.segmentPrefix === (mode === 64 ? Register.FS : Register.GS);
    const base = inThread ? (threadBase ?? 0) : 0;
    gpr[6] = MIDDLE + 0x400 - base;
    // What a string instruction writes is never in another segment.
    gpr[7] = MIDDLE - (instruction.isStringInstruction ? 0 : base);
    if (/^rep/.test(text)) gpr[1] = 3;
  }
  if (/^(clzero|monitorx?)$/.test(base)) gpr[0] = MIDDLE;
  const source =
    instruction.opCount > 1 && instruction.opKind(1) === OpKind.Register ? instruction.opRegister(1) : 0;
  if (explicit >= 0) {
    if (!placeOperand(plan, at, threadBase)) return undefined;
    // The bit offset moves the address.
    if (/^bt[src]?$/.test(base) && source) {
      if (gpr[general(source)] !== undefined) return undefined;
      gpr[general(source)] = 69;
    }
  } else if (base === 'mov' && source && RegisterExt.isSegmentRegister(instruction.op0Register)) {
    gpr[general(source)] = 0x2b;
  }
  const target = BigInt(TARGET);
  const patch = (place: number, length: number, value: bigint): void =>
    void patches.push({ at: place, length, value });
  if (effects.flow === 'indirect-jump' || effects.flow === 'call') {
    if (explicit >= 0) patch(at, 8, target);
    else if (instruction.op0Kind === OpKind.Register) gpr[general(instruction.op0Register)] = TARGET;
  }
  if (base === 'ret') patch(STACK, 8, target);
  if (base === 'popf') patch(STACK, 8, 0x246n);
  if (base === 'pop' || (base === 'mov' && explicit === 1)) {
    if (RegisterExt.isSegmentRegister(instruction.op0Register)) patch(explicit >= 0 ? at : STACK, 8, 0x2bn);
  }
  if (/^v?ldmxcsr$/.test(base)) patch(at, 8, 0x1f80n);
  if (/^l[defgs]s$/.test(base) || base === 'lss') patch(at, 16, 0x2b002b002b002bn);
  if (base === 'fldcw') patch(at, 8, 0x37fn);
  if (/^(fldenv|frstor|fxrstor(64)?|xrstors?(64)?)$/.test(base)) patch(at, 1024, 0n);
  if (/^(fldenv|frstor)$/.test(base)) patch(at, 8, 0x37fn);
  if (/^fxrstor/.test(base)) patch(at + 24, 8, 0xffff00001f80n);
  // The address of pop's operand is computed after the stack pointer moved.
  if (base === 'pop' && general(instruction.memoryBase) === 4)
    return { ...plan, operand: at + effects.operandBytes };
  return plan;
}
