// Instances of every iced-x86 Code as GNU as text: the inputs of the check. Nothing is encoded here; GNU as decides.
import * as iced from 'iced-x86';

export type Mode = 32 | 64;

/** One statement and the code its operands were made for. */
export interface Case {
  readonly text: string;
  readonly code: iced.Code;
}

const { Code, CodeExt, EncodingKind, OpCodeOperandKind, OpKind, Register } = iced;

// Where the CPU helper keeps its memory (helper.c): absolute operands point there.
export const ARENA = 0x10000000;
export const MIDDLE = ARENA + 0x2000;
export const CODE_END = 0x10010000;

type Numbers = readonly number[];
/** Register numbers by operand index: plain, high, and one register everywhere. */
interface Choice {
  readonly general: Numbers;
  readonly vector: Numbers;
  readonly small: Numbers;
  readonly immediate: number;
}
const PLAIN: Choice = {
  general: [3, 2, 1, 0, 3],
  vector: [1, 2, 3, 4, 5],
  small: [1, 2, 3, 4, 5],
  immediate: 1,
};
const HIGH: Choice = {
  general: [9, 10, 12, 13, 15],
  vector: [9, 10, 11, 12, 13],
  small: [5, 6, 7, 4, 3],
  immediate: 0x12,
};
const UPPER: Choice = { ...HIGH, vector: [17, 24, 31, 20, 21] };
const OTHER: Choice = {
  general: [6, 7, 5, 2, 3],
  vector: [5, 6, 7, 0, 1],
  small: [5, 6, 7, 4, 3],
  immediate: 0x12,
};
const SAME: Choice = {
  general: [2, 2, 2, 2, 2],
  vector: [3, 3, 3, 3, 3],
  small: [3, 3, 3, 3, 3],
  immediate: 0,
};

/** What an operand kind can be: `memory`, `imm`, `rel`, ... or a class of registers. */
function choices(kind: string): readonly string[] {
  if (kind in FIXED) return [`fixed:${kind}`];
  if (kind.startsWith('imm')) return ['imm'];
  if (kind === 'seg_rBX_al') return ['xlat'];
  if (/^(seg|es)_r[SD]I$/.test(kind)) return ['string'];
  if (/^(br|xbegin)/.test(kind)) return ['rel'];
  if (kind.startsWith('farbr')) return ['far'];
  const vsib = /^mem_vsib\d\d([xyz])$/.exec(kind);
  if (vsib) return [`vsib:${vsib[1] ?? ''}`];
  if (/^(sib)?mem/.test(kind)) return ['memory'];
  const [, name = '', rest = ''] = /^([a-z]+\d*)_(.*)$/.exec(kind) ?? [];
  const register =
    { xmm: 'x', ymm: 'y', zmm: 'z', xmmp3: 'x', zmmp3: 'z', kp1: 'k', seg: 'sg', sti: 'st' }[name] ?? name;
  return rest.startsWith('or_mem') ? [register, 'memory'] : [register];
}

/** The operand forms of a code: every combination of what its operands can be. */
function formsOf(code: iced.Code): string[][] {
  const info = CodeExt.opCode(code);
  let forms: string[][] = [[]];
  for (let i = 0; i < info.opCount; i++) {
    const kinds = choices(OpCodeOperandKind[info.opKind(i)] ?? '');
    forms = forms.flatMap((form) => kinds.map((kind) => [...form, kind]));
  }
  return forms;
}

interface Address {
  readonly base?: number;
  readonly index?: number;
  readonly scale?: number;
  readonly displacement?: number;
  readonly rip?: boolean;
  readonly gs?: boolean;
  readonly bits?: 16 | 32;
}
const ADDRESSES: Readonly<Record<Mode, readonly Address[]>> = {
  64: [
    { base: 7 },
    { base: 6, index: 1, scale: 4, displacement: 0x40 },
    { displacement: MIDDLE },
    { rip: true, displacement: MIDDLE - CODE_END },
    { base: 4, displacement: 8 },
    { base: 5, displacement: -0x10, gs: true },
    { base: 13, index: 14, scale: 8, displacement: 0x1000 },
    { index: 9, scale: 2, displacement: 0x20 },
    { base: 7, index: 2, scale: 1, bits: 32 },
  ],
  32: [
    { base: 7 },
    { base: 6, index: 1, scale: 4, displacement: 0x40 },
    { displacement: MIDDLE },
    { base: 4, displacement: 8 },
    { base: 5, displacement: -0x10, gs: true },
    { base: 3, index: 6, scale: 1, bits: 16 },
  ],
};

const FIXED: Readonly<Record<string, iced.Register>> = {
  al: Register.AL,
  cl: Register.CL,
  ax: Register.AX,
  dx: Register.DX,
  eax: Register.EAX,
  rax: Register.RAX,
  es: Register.ES,
  cs: Register.CS,
  ss: Register.SS,
  ds: Register.DS,
  fs: Register.FS,
  gs: Register.GS,
  st0: Register.ST0,
};

/** Register of a class (a choice of generate-isa) by number, or undefined where it does not exist. */
function registerOf(name: string, choice: Choice, i: number, mode: Mode): iced.Register | undefined {
  const general = choice.general[i] ?? 0;
  const vector = choice.vector[i] ?? 0;
  const small = choice.small[i] ?? 0;
  switch (name) {
    case 'r8':
      // The enumeration: al to bl, ah to bh, then spl to dil and r8b to r15b.
      if (choice === SAME) return Register.DH;
      return general < 4 || mode === 32 ? Register.AL + general : Register.SPL + general - 4;
    case 'r16':
      return Register.AX + general;
    case 'r32':
      return Register.EAX + general;
    case 'r64':
      return Register.RAX + general;
    case 'x':
      return Register.XMM0 + vector;
    case 'y':
      return Register.YMM0 + vector;
    case 'z':
      return Register.ZMM0 + vector;
    case 'mm':
      return Register.MM0 + small;
    case 'k':
      return Register.K0 + small;
    case 'st':
      return Register.ST0 + small;
    case 'tmm':
      return Register.TMM0 + small;
    case 'bnd':
      return Register.BND0 + (small & 3);
    case 'sg':
      return [Register.ES, Register.DS, Register.FS, Register.GS, Register.SS, Register.ES][small];
    case 'cr':
      return Register.CR0 + ([0, 2, 3, 4, 0, 8][small] ?? 0);
    case 'tr':
      return Register.TR0 + 3 + (small % 5);
    case 'dr':
      return Register.DR0 + ([0, 1, 6, 7, 2, 7][small] ?? 0);
    default:
      return undefined;
  }
}

const IMMEDIATES: Readonly<Record<string, iced.OpKind>> = {
  imm4_m2z: OpKind.Immediate8,
  imm8: OpKind.Immediate8,
  imm8_const_1: OpKind.Immediate8,
  imm8sex16: OpKind.Immediate8to16,
  imm8sex32: OpKind.Immediate8to32,
  imm8sex64: OpKind.Immediate8to64,
  imm16: OpKind.Immediate16,
  imm32: OpKind.Immediate32,
  imm32sex64: OpKind.Immediate32to64,
  imm64: OpKind.Immediate64,
};
const STRINGS: Readonly<Record<Mode, Readonly<Record<string, iced.OpKind>>>> = {
  64: { seg_rSI: OpKind.MemorySegRSI, es_rDI: OpKind.MemoryESRDI, seg_rDI: OpKind.MemorySegRDI },
  32: { seg_rSI: OpKind.MemorySegESI, es_rDI: OpKind.MemoryESEDI, seg_rDI: OpKind.MemorySegEDI },
};

function setAddress(instruction: iced.Instruction, address: Address, mode: Mode, kind: string): void {
  const width = address.bits ?? mode;
  const first = width === 64 ? Register.RAX : width === 32 ? Register.EAX : Register.AX;
  if (kind === 'mem_offs') {
    instruction.memoryDisplacement = BigInt(MIDDLE);
    instruction.memoryDisplSize = mode / 8;
    return;
  }
  if (address.rip) instruction.memoryBase = Register.RIP;
  else if (address.base !== undefined) instruction.memoryBase = first + address.base;
  if (address.index !== undefined) instruction.memoryIndex = first + address.index;
  instruction.memoryIndexScale = address.scale ?? 1;
  if (address.gs) instruction.segmentPrefix = Register.GS;
  const displacement = address.displacement ?? 0;
  if (displacement !== 0) {
    instruction.memoryDisplSize = address.rip || mode === 64 ? 8 : 4;
    const bits = address.bits ?? mode;
    instruction.memoryDisplacement = BigInt.asUintN(
      bits,
      BigInt(displacement) + (address.rip ? instruction.nextIP : 0n),
    );
  }
}

/** One instance; undefined where the choice has no such registers. */
function build(
  code: iced.Code,
  form: readonly string[],
  mode: Mode,
  choice: Choice,
  address: Address,
): iced.Instruction | undefined {
  const info = CodeExt.opCode(code);
  const instruction = new iced.Instruction();
  instruction.code = code;
  instruction.codeSize = mode === 64 ? iced.CodeSize.Code64 : iced.CodeSize.Code32;
  const high = (choice.vector[0] ?? 0) >= 16;
  if (high && info.encoding !== EncodingKind.EVEX) return undefined;
  if (info.requireOpMaskRegister) instruction.opMask = Register.K1;
  for (let i = 0; i < form.length; i++) {
    const kind = OpCodeOperandKind[info.opKind(i)] ?? '';
    const [head = '', tail = ''] = (form[i] ?? '').split(':');
    switch (head) {
      case 'memory':
        instruction.setOpKind(i, OpKind.Memory);
        setAddress(instruction, address, mode, kind);
        break;
      case 'vsib': {
        instruction.setOpKind(i, OpKind.Memory);
        // A general base, or none where the address has an index or nothing but a displacement.
        const none = address.base === undefined && address.rip !== true;
        const { displacement = 0, gs = false } = address;
        const own = none ? { displacement, gs } : { base: 7, displacement: displacement ? 0x40 : 0, gs };
        setAddress(instruction, own, mode, kind);
        const first = { x: Register.XMM0, y: Register.YMM0, z: Register.ZMM0 }[tail] ?? Register.XMM0;
        instruction.memoryIndex = first + (choice.vector[0] ?? 0) + 4;
        instruction.memoryIndexScale = address.scale ?? 1;
        break;
      }
      case 'xlat':
        instruction.setOpKind(i, OpKind.Memory);
        instruction.memoryBase = mode === 64 ? Register.RBX : Register.EBX;
        instruction.memoryIndex = Register.AL;
        break;
      case 'string':
        instruction.setOpKind(i, STRINGS[mode][kind] ?? OpKind.MemorySegRSI);
        break;
      case 'imm': {
        const first = form.indexOf('imm') === i;
        instruction.setOpKind(i, first ? (IMMEDIATES[kind] ?? OpKind.Immediate8) : OpKind.Immediate8_2nd);
        const value =
          kind === 'imm8_const_1' ? 1 : kind === 'imm4_m2z' ? choice.immediate & 3 : choice.immediate;
        if (!first) instruction.immediate8_2nd = value & 31;
        else if (kind === 'imm64') instruction.immediate64 = value === 0 ? 0n : 0x123456789abcdef0n;
        else instruction.immediate32 = /32/.test(kind) && value > 1 ? 0x12345678 : value;
        break;
      }
      case 'rel':
        instruction.setOpKind(i, mode === 64 ? OpKind.NearBranch64 : OpKind.NearBranch32);
        break;
      case 'far':
        instruction.setOpKind(i, kind === 'farbr2_2' ? OpKind.FarBranch16 : OpKind.FarBranch32);
        break;
      case 'fixed':
        instruction.setOpKind(i, OpKind.Register);
        instruction.setOpRegister(i, FIXED[tail] ?? Register.None);
        break;
      default: {
        const register = registerOf(head, choice, i, mode);
        if (register === undefined) return undefined;
        instruction.setOpKind(i, OpKind.Register);
        instruction.setOpRegister(i, register);
      }
    }
  }
  return instruction;
}

function formatter(suffix: boolean): iced.Formatter {
  const made = new iced.Formatter(iced.FormatterSyntax.Gas);
  made.gasShowMnemonicSizeSuffix = suffix;
  made.usePseudoOps = false;
  made.ripRelativeAddresses = true;
  made.spaceAfterOperandSeparator = true;
  made.showBranchSize = false;
  made.gasSpaceAfterMemoryOperandComma = false;
  return made;
}
const FORMATTERS = [formatter(false), formatter(true)];

/** GNU as text of the instance, in both spellings. */
function texts(instruction: iced.Instruction, form: readonly string[]): string[] {
  return FORMATTERS.map((gas) => {
    const text = gas.format(instruction);
    return form.includes('rel') ? text.replace(/\S+$/, '.+20') : text;
  });
}

/** Every form of `code` with its register, address and decoration variants, or none where the mode has no such code. */
export function casesOf(code: iced.Code, mode: Mode): Case[] {
  const info = CodeExt.opCode(code);
  if (!info.isInstruction || info.encoding === EncodingKind.MVEX) return [];
  if (mode === 64 ? !info.mode64 : !info.mode32) return [];
  const found = new Set<string>();
  const choices = mode === 64 ? [PLAIN, HIGH, UPPER, OTHER, SAME] : [PLAIN, OTHER, SAME];
  const addresses = ADDRESSES[mode];
  for (const form of formsOf(code)) {
    const hasMemory = form.some((choice) => /^(memory|vsib)/.test(choice));
    const add = (
      change: (instruction: iced.Instruction) => void,
      choice: Choice = PLAIN,
      address: Address = addresses[0] ?? {},
    ): void => {
      const instruction = build(code, form, mode, choice, address);
      if (!instruction) return;
      change(instruction);
      for (const text of texts(instruction, form)) found.add(text);
      instruction.free();
    };
    const nothing = (): void => undefined;
    for (const choice of choices) add(nothing, choice);
    if (hasMemory) {
      for (const address of addresses) add(nothing, PLAIN, address);
      add(nothing, mode === 64 ? HIGH : OTHER, addresses[1]);
      if (info.canBroadcast) {
        add((instruction) => (instruction.isBroadcast = true));
        add((instruction) => {
          instruction.isBroadcast = true;
          instruction.opMask = Register.K2;
        }, OTHER);
      }
      if (info.canUseLockPrefix)
        for (const address of addresses) add((i) => (i.hasLockPrefix = true), PLAIN, address);
    }
    if (info.canUseOpMaskRegister) {
      for (const choice of choices) add((instruction) => (instruction.opMask = Register.K3), choice);
      if (info.canUseZeroingMasking)
        for (const choice of choices)
          add((instruction) => {
            instruction.opMask = Register.K3;
            instruction.zeroingMasking = true;
          }, choice);
    }
    if (info.canSuppressAllExceptions && !hasMemory)
      add((instruction) => (instruction.suppressAllExceptions = true));
    if (info.canUseRoundingControl && !hasMemory)
      add((instruction) => (instruction.roundingControl = iced.RoundingControl.RoundUp));
    if (info.canUseRepPrefix) add((instruction) => (instruction.hasRepPrefix = true));
    if (info.canUseRepnePrefix) add((instruction) => (instruction.hasRepnePrefix = true));
    if (info.canUseBndPrefix) add((instruction) => (instruction.hasRepnePrefix = true));
  }
  // What iced-x86 has no GNU as spelling for it prints as bytes.
  return [...found].filter((text) => !text.startsWith('.')).map((text) => ({ text, code }));
}

/** One prefix in front of a statement. */
export const PREFIX = /^(addr(16|32)|bnd|[cdefgs]s|data16|lock|notrack|repn?[ez]?|rex(\.w)?) /;

/** All codes there are. */
export const ALL_CODES: readonly iced.Code[] = Object.values(Code).filter(
  (code): code is iced.Code => typeof code === 'number',
);
