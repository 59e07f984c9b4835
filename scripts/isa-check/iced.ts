// What iced-x86 says about an assembled statement, in the terms of src/isa/effects.ts; written independently of the generator.
import * as iced from 'iced-x86';
import type { Mode } from './forms.js';

/** The part of Effects both sides can tell. */
export interface Told {
  integerRead: number;
  integerWritten: number;
  integerKilled: number;
  vectorRead: number;
  vectorWritten: number;
  vectorKilled: number;
  otherRead: number;
  otherWritten: number;
  otherKilled: number;
  memoryAccess: string;
  memoryBytes: number;
  implicitMemoryWrite: boolean;
  implicitMemoryRead: boolean;
  /** Each as `base@displacement:bytes:access`, sorted; 0 bytes for what repeats. */
  implicitMemory: string;
  flow: string;
  privileged: boolean;
}

const { RegisterExt } = iced;
const FLAG_ORDER = [
  iced.RflagsBits.CF,
  iced.RflagsBits.PF,
  iced.RflagsBits.AF,
  iced.RflagsBits.ZF,
  iced.RflagsBits.SF,
  iced.RflagsBits.DF,
  iced.RflagsBits.OF,
];
const X87_FLAGS = iced.RflagsBits.C0 | iced.RflagsBits.C1 | iced.RflagsBits.C2 | iced.RflagsBits.C3;
const SYSTEM_FLAGS = iced.RflagsBits.IF | iced.RflagsBits.AC | iced.RflagsBits.UIF;
const ACCESS = ['-', 'r', 'r', 'w', 'cw', 'rw', 'rcw', 'a'];
const FLOW: Readonly<Record<number, string>> = {
  [iced.FlowControl.Next]: 'next',
  [iced.FlowControl.UnconditionalBranch]: 'jump',
  [iced.FlowControl.IndirectBranch]: 'indirect-jump',
  [iced.FlowControl.ConditionalBranch]: 'branch',
  [iced.FlowControl.Return]: 'return',
  [iced.FlowControl.Call]: 'call',
  [iced.FlowControl.IndirectCall]: 'call',
  [iced.FlowControl.Interrupt]: 'interrupt',
  [iced.FlowControl.XbeginXabortXend]: 'next',
  [iced.FlowControl.Exception]: 'stop',
};

function flagSet(bits: number): number {
  return FLAG_ORDER.reduce((set, flag, i) => (bits & flag ? set | (1 << (16 + i)) : set), 0);
}

function groupBits(bits: number): number {
  return (bits & X87_FLAGS ? 1 << 28 : 0) | (bits & SYSTEM_FLAGS ? 1 << 30 : 0);
}

/** Which set a register is in and its bit; undefined for rip and the like. */
function placeOf(register: iced.Register): readonly ['integer' | 'vector' | 'other', number] | undefined {
  const number = RegisterExt.number(register);
  if (RegisterExt.isVectorRegister(register)) return ['vector', number];
  if (RegisterExt.isGPR(register)) return ['integer', RegisterExt.number(RegisterExt.fullRegister(register))];
  if (RegisterExt.isK(register)) return ['other', number];
  if (RegisterExt.isMM(register)) return ['other', 8 + number];
  if (RegisterExt.isTMM(register)) return ['other', 16 + number];
  if (RegisterExt.isBND(register)) return ['other', 24 + number];
  if (RegisterExt.isST(register)) return ['other', 28];
  if (RegisterExt.isSegmentRegister(register)) return ['other', 29];
  if (RegisterExt.isCR(register) || RegisterExt.isDR(register)) return ['other', 30];
  return undefined;
}

/** iced reads a segment register for every access to memory: only those that are operands count. */
function namesSegment(instruction: iced.Instruction, register: iced.Register): boolean {
  for (let i = 0; i < instruction.opCount; i++)
    if (instruction.opKind(i) === iced.OpKind.Register && instruction.opRegister(i) === register) return true;
  return false;
}

function explicitOperand(instruction: iced.Instruction): number {
  for (let i = 0; i < instruction.opCount; i++) if (instruction.opKind(i) === iced.OpKind.Memory) return i;
  return -1;
}

/** What iced knows of one decoded instruction. */
export function tell(instruction: iced.Instruction, factory: iced.InstructionInfoFactory, mode: Mode): Told {
  const info = factory.info(instruction);
  const read = instruction.rflagsRead;
  const modified = instruction.rflagsModified;
  const told: Told = {
    integerRead: flagSet(read),
    integerWritten: flagSet(modified),
    integerKilled: flagSet(modified),
    vectorRead: 0,
    vectorWritten: 0,
    vectorKilled: 0,
    otherRead: groupBits(read),
    otherWritten: groupBits(modified),
    otherKilled: 0,
    memoryAccess: '',
    memoryBytes: 0,
    implicitMemoryWrite: false,
    implicitMemoryRead: false,
    implicitMemory: '',
    flow: FLOW[instruction.flowControl] ?? '?',
    privileged: instruction.isPrivileged,
  };
  for (const used of info.usedRegisters()) {
    const access = ACCESS[used.access] ?? '';
    const write = access.includes('w');
    const place = placeOf(used.register);
    if (place === undefined) continue;
    const [set, number] = place;
    if (number === 29 && set === 'other' && !write && !namesSegment(instruction, used.register)) continue;
    const bit = 1 << number;
    const whole =
      set === 'vector' || (set === 'integer' ? RegisterExt.size(used.register) >= 4 : number < 28);
    const certain = write && whole && !access.includes('c');
    if (access.includes('r') || (write && !certain)) told[`${set}Read`] |= bit;
    if (write) told[`${set}Written`] |= bit;
    if (certain) told[`${set}Killed`] |= bit;
  }
  const explicit = explicitOperand(instruction);
  if (explicit >= 0) {
    told.memoryAccess = ACCESS[info.opAccess(explicit)] ?? '';
    told.memoryBytes = iced.MemorySizeExt.size(instruction.memorySize);
  }
  // Every other access is implicit; the explicit one comes first.
  let named = explicit >= 0 && told.memoryAccess !== 'a' ? 1 : 0;
  const repeated =
    instruction.isStringInstruction && (instruction.hasRepPrefix || instruction.hasRepnePrefix);
  const implicit: ImplicitAccess[] = [];
  for (const used of info.usedMemory()) {
    const same = used.base === instruction.memoryBase && used.index === instruction.memoryIndex;
    if (named > 0 && (same || instruction.isIpRelMemoryOperand)) {
      named--;
      continue;
    }
    const access = ACCESS[used.access] ?? '';
    if (access.includes('w')) told.implicitMemoryWrite = true;
    if (access.includes('r')) told.implicitMemoryRead = true;
    implicit.push({
      base: used.base === iced.Register.None ? -1 : RegisterExt.number(RegisterExt.fullRegister(used.base)),
      displacement: Number(BigInt.asIntN(mode, used.displacement)),
      bytes: repeated ? 0 : iced.MemorySizeExt.size(used.memorySize),
      access,
    });
  }
  told.implicitMemory = normalize(implicit);
  return told;
}

export interface ImplicitAccess {
  readonly base: number;
  readonly displacement: number;
  readonly bytes: number;
  readonly access: string;
}

/** One text for a set of accesses: neighbours of equal access are one. */
export function normalize(accesses: readonly ImplicitAccess[]): string {
  const sorted = accesses
    .map((item) => ({ ...item }))
    .sort((a, b) => a.base - b.base || a.access.localeCompare(b.access) || a.displacement - b.displacement);
  const joined: typeof sorted = [];
  for (const item of sorted) {
    const last = joined[joined.length - 1];
    const meets =
      last !== undefined &&
      last.base === item.base &&
      last.access === item.access &&
      last.bytes > 0 &&
      last.displacement + last.bytes === item.displacement;
    if (meets) last.bytes += item.bytes;
    else joined.push(item);
  }
  return joined.map((item) => `${item.base}@${item.displacement}:${item.bytes}:${item.access}`).join(' ');
}
