// Writes src/isa/generated/table.ts from iced-x86: one line for each operand form of each instruction,
// with `m32` or `m64` where only one mode has it.
// `node scripts/generate-isa.mjs` writes the file, `--check` only compares (exit status 1 when it is out of date).
//
// No instruction is encoded: a sample is built from code, operand kinds and registers that no instruction uses
// implicitly, and iced-x86 is asked what that sample reads and writes. What is left over after taking the sample's own
// registers away is implicit.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { FIXED, formsOf, sample, SAMPLE } from './generate-isa-samples.mjs';

const iced = createRequire(import.meta.url)('iced-x86');
const {
  Code,
  CodeExt,
  DecoderOptions,
  EncodingKind,
  FlowControl,
  Formatter,
  FormatterSyntax,
  InstructionInfoFactory,
  MemorySizeExt,
  Mnemonic,
  OpAccess,
  OpCodeOperandKind,
  Register,
  RegisterExt,
} = iced;

const TARGET = fileURLToPath(new URL('../src/isa/generated/table.ts', import.meta.url));
const NO_PREFIXES = 1;

const plain = new Formatter(FormatterSyntax.Gas);
plain.usePseudoOps = false;
const suffixed = new Formatter(FormatterSyntax.Gas);
suffixed.usePseudoOps = false;
suffixed.gasShowMnemonicSizeSuffix = true;
const factory = new InstructionInfoFactory();

const ACCESS = {
  [OpAccess.None]: '-',
  [OpAccess.Read]: 'r',
  [OpAccess.CondRead]: 'r',
  [OpAccess.Write]: 'w',
  [OpAccess.CondWrite]: 'cw',
  [OpAccess.ReadWrite]: 'rw',
  [OpAccess.ReadCondWrite]: 'rcw',
  [OpAccess.NoMemAccess]: 'a',
};

const FLOW = {
  [FlowControl.UnconditionalBranch]: 'jump',
  [FlowControl.IndirectBranch]: 'indirect-jump',
  [FlowControl.ConditionalBranch]: 'branch',
  [FlowControl.Return]: 'return',
  [FlowControl.Call]: 'call',
  [FlowControl.IndirectCall]: 'call',
  [FlowControl.Interrupt]: 'interrupt',
  [FlowControl.Exception]: 'stop',
};

// RflagsBits to the seven bits of effects.ts, as letters.
const FLAGS = [
  [iced.RflagsBits.CF, 'c'],
  [iced.RflagsBits.PF, 'p'],
  [iced.RflagsBits.AF, 'a'],
  [iced.RflagsBits.ZF, 'z'],
  [iced.RflagsBits.SF, 's'],
  [iced.RflagsBits.DF, 'd'],
  [iced.RflagsBits.OF, 'o'],
];

// iced reports a read of the line; the data do not flow into the program, only the address matters.
const ADDRESS_ONLY = /^(clflush|clflushopt|clwb|cldemote|prefetch.*|nop|invlpg)$/;
// The extent depends on a mask, on a bit offset in a register, or on the state components in use.
const UNFIXED_SIZE = /^v?p?(compress|expand)/;
const BIT_TEST = /^(bt|bts|btr|btc)$/;
const STRING = /^(movs|stos|lods|scas|cmps|ins|outs)[bwdq]$/;
// Second encodings of x87, shift and nop instructions, which no assembler emits. Instructions whose effects are in no
// register (src/isa/refused.ts) have their lines all the same; lookup refuses them by name.
const LEFT_OUT =
  /^(reservednop|sal|fstpnce|fstp[89]|fxch[47]|fcom2|fcomp[35]|loadall.*|undoc|cyrix.*|via_undoc.*)$/;
// iced lists no memory for it: the 64 bytes of the line at the accumulator (AMD APM volume 3).
const MORE_MEMORY = { clzero: '0@0:64:w:64' };
// Where iced's access is not the whole truth, found by running the instruction (scripts/isa-check).
const OTHER_ACCESS = [
  // Masked stores write the elements whose mask is set (SDM VMASKMOV).
  { base: /^vp?maskmov/, token: /^m\d/, from: 'w', to: 'cw' },
  // With the position as immediates the rest of the destination stays (APM INSERTQ).
  { base: /^insertq$/, token: /^x$/, from: 'w', to: 'rw' },
  // Linux emulates them where UMIP forbids them, and writes 16 bits of a wider register.
  { base: /^(sldt|str|smsw)$/, token: /^r(32|64)$/, from: 'w', to: 'rcw' },
];
const MASKED_IMPLICIT = /^v?maskmov(q|dqu)$/;
const DEFAULT_32 = /^(fn?stenv|fldenv|fn?save|frstor|iret)$/;
const FAR = /^l(jmp|call|ret)/;
const COUNTED = /^(shl|sal|shr|sar|rol|ror|rcl|rcr|shld|shrd)$/;

function memoryToken(instruction, info, base, access, registerIndexed) {
  const size = MemorySizeExt.size(instruction.memorySize);
  if (access === 'a') return 'm0';
  if (size === 0 || UNFIXED_SIZE.test(base) || registerIndexed)
    return `m${registerIndexed ? `${size}` : ''}?`;
  if (!info.canBroadcast) return `m${size}`;
  return `m${size}b${MemorySizeExt.size(info.broadcastMemorySize)}`;
}

function flagLetters(bits) {
  return FLAGS.filter(([bit]) => bits & bit)
    .map(([, letter]) => letter)
    .join('');
}

/** Bit of a register that is neither general nor vector (OtherSet of effects.ts), or undefined. */
function otherBit(register) {
  const number = RegisterExt.number(register);
  if (RegisterExt.isK(register)) return number;
  if (RegisterExt.isMM(register)) return 8 + number;
  if (RegisterExt.isTMM(register)) return 16 + number;
  if (RegisterExt.isBND(register)) return 24 + number;
  if (RegisterExt.isST(register)) return X87;
  if (RegisterExt.isSegmentRegister(register)) return SEGMENTS;
  if (RegisterExt.isCR(register) || RegisterExt.isDR(register)) return SYSTEM;
  return undefined;
}
const X87 = 28;
const SEGMENTS = 29;
const SYSTEM = 30;
const SYSTEM_FLAGS = iced.RflagsBits.IF | iced.RflagsBits.AC | iced.RflagsBits.UIF;
const X87_FLAGS = iced.RflagsBits.C0 | iced.RflagsBits.C1 | iced.RflagsBits.C2 | iced.RflagsBits.C3;
const ALL_OTHER = 0x1fffffff;
const ALL_MMX = 0x1000ff00;

// What iced leaves out: registers that are saved or loaded as a whole (Intel SDM volume 2, under the name).
const WHOLE_STATE = [
  [/^(fxsave(64)?)$/, { vr: 0xffff, or: ALL_MMX }],
  [/^(xsave(c|s|opt)?(64)?)$/, { vr: -1, or: ALL_OTHER }],
  [/^(fxrstor(64)?)$/, { vw: 0xffff, ow: ALL_MMX }],
  [/^(xrstors?(64)?)$/, { vr: -1, vw: -1, or: ALL_OTHER, ow: ALL_OTHER }],
  [/^(fn?save)$/, { or: ALL_MMX, ow: ALL_MMX }],
  [/^(frstor)$/, { ow: ALL_MMX }],
  [/^(fninit|finit|fldenv|emms|femms)$/, { ow: 1 << X87 }],
  [/^(fn?stenv)$/, { or: 1 << X87, ow: 1 << X87 }],
];

/** Registers the sample uses besides its own and the `named` ones: bit sets, as the attributes of a line. */
function implicitRegisters(instruction, used, own, named, base) {
  const set = { ir: 0, iw: 0, ik: 0, vr: 0, vw: 0, vk: 0, or: 0, ow: 0, ok: 0 };
  for (const item of used) {
    const access = ACCESS[item.access];
    const full = RegisterExt.fullRegister(item.register);
    if (own.has(full) || named.has(full)) continue;
    const vector = RegisterExt.isVectorRegister(item.register);
    const general = RegisterExt.isGPR(item.register);
    const number = vector || general ? RegisterExt.number(full) : otherBit(item.register);
    // Reads of segment registers: every memory access is one.
    if (number === undefined || (number === SEGMENTS && !general && !vector && !access.includes('w')))
      continue;
    const bit = 1 << number;
    const [r, w, k] = vector ? ['vr', 'vw', 'vk'] : general ? ['ir', 'iw', 'ik'] : ['or', 'ow', 'ok'];
    const wide = vector || (general ? RegisterExt.size(item.register) >= 4 : number < X87);
    const conditional = access.includes('cw');
    if (access.includes('r') || conditional || (access.includes('w') && !wide)) set[r] |= bit;
    if (access.includes('w')) set[w] |= bit;
    if (access.includes('w') && wide && !conditional) set[k] |= bit;
  }
  if (instruction.rflagsRead & SYSTEM_FLAGS) set.or |= 1 << SYSTEM;
  if (instruction.rflagsModified & SYSTEM_FLAGS) set.ow |= 1 << SYSTEM;
  if (instruction.rflagsRead & X87_FLAGS) set.or |= 1 << X87;
  if (instruction.rflagsModified & X87_FLAGS) set.ow |= 1 << X87;
  for (const [names, bits] of WHOLE_STATE)
    if (names.test(base)) for (const [key, more] of Object.entries(bits)) set[key] |= more;
  return set;
}

/** Implicit accesses, neighbours joined: `base@displacement:bytes:access`, where `o1` is the register operand 1. */
function implicitMemory(used, instruction, base) {
  const items = [];
  const registers = Array.from({ length: instruction.opCount }, (_, i) => instruction.opRegister(i));
  const explicit = RegisterExt.fullRegister(instruction.memoryBase);
  for (const item of used) {
    const full = RegisterExt.fullRegister(item.base);
    if (full === Register.R8 && explicit === Register.R8) continue;
    const operand = registers.indexOf(item.base);
    items.push({
      place:
        operand >= 0
          ? `o${instruction.opCount - 1 - operand}`
          : item.base === Register.None
            ? '-'
            : `${RegisterExt.number(full)}`,
      at: Number(BigInt.asIntN(RegisterExt.size(item.base || Register.RAX) * 8, item.displacement)),
      bytes: MemorySizeExt.size(item.memorySize),
      access: MASKED_IMPLICIT.test(base) ? 'cw' : ACCESS[item.access],
    });
  }
  items.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : a.at - b.at));
  const joined = [];
  for (const item of items) {
    const last = joined[joined.length - 1];
    const same = last && last.place === item.place && last.access === item.access;
    if (same && last.bytes > 0 && last.at + last.bytes === item.at) last.bytes += item.bytes;
    else joined.push(item);
  }
  const text = joined.map((item) => `${item.place}@${item.at}:${item.bytes}:${item.access}`);
  if (base in MORE_MEMORY) text.push(MORE_MEMORY[base]);
  return text.join(';');
}

// x87 and MMX: what happens to the register stack. `set`: its top or its tags become something fixed.
const X87_STACK = [
  [/^(fcompp|fucompp)$/, 'pop2'],
  [/^(f(i?st|ist|bst|istt)p|fistp|fisttp|f(add|mul|subr?|divr?)p|fu?comp|fu?comip|ficomp|ffreep)$/, 'pop'],
  [/^(fpatan|fyl2x(p1)?|fincstp)$/, 'pop'],
  [/^(fi?ld|fbld|fld(1|z|pi|l2t|l2e|lg2|ln2)|fptan|fsincos|fxtract|fdecstp)$/, 'push'],
  [/^(fn?init|fn?save|frstor|fldenv|fxrstor(64)?|xrstors?(64)?|emms|femms)$/, 'set'],
];

function x87Of(base, tokens, instruction) {
  const [, known] = X87_STACK.find(([names]) => names.test(base)) ?? [];
  if (known) return known;
  if (tokens.includes('mm')) return 'set';
  const features = instruction.cpuidFeatures();
  return features.some((feature) => FPU_FEATURES.has(feature)) ? 'use' : '-';
}
const FPU_FEATURES = new Set([iced.CpuidFeature.FPU, iced.CpuidFeature.FPU287, iced.CpuidFeature.FPU387]);

// prettier-ignore
const RENAMED = {
  pushfq: 'pushf', pushfd: 'pushf', popfq: 'popf', popfd: 'popf', iretq: 'iret', iretd: 'iret', pushad: 'pusha',
  popad: 'popa', xlatb: 'xlat', sal: 'shl',
};

function baseName(instruction) {
  const name = Mnemonic[instruction.mnemonic].toLowerCase();
  if (STRING.test(name) && instruction.isStringInstruction) return name.slice(0, -1);
  return RENAMED[name] ?? name;
}

const CODES_32 = new Set([Code.Iretd, Code.Jmp_ptr1632, Code.Call_ptr1632, Code.Retfd, Code.Retfd_imm16]);

/** Every way GAS spells this form. */
function spellings(instruction, base) {
  const names = new Set([
    plain.formatMnemonicOptions(instruction, NO_PREFIXES),
    suffixed.formatMnemonicOptions(instruction, NO_PREFIXES),
  ]);
  const intel = Mnemonic[instruction.mnemonic].toLowerCase();
  for (const name of [...names]) {
    // `addl` is also `add`; which size is meant follows from the other operands, or the lookup refuses.
    if (new RegExp(`^${base}[bwlq]$`).test(name) && !base.startsWith('f')) names.add(base);
    // `movzbl %al, %eax` is also `movzb %al, %eax` and `movzx %al, %eax`.
    if (/^mov[sz][bwl][wlq]$/.test(name)) names.add(name.slice(0, 5)).add(intel);
    if (name === 'movslq') names.add('movsx');
  }
  // Without a suffix GAS takes the 32-bit form of these.
  if (DEFAULT_32.test(base) || FAR.test(plain.formatMnemonicOptions(instruction, NO_PREFIXES))) {
    const unsuffixed = { jmp: 'ljmp', call: 'lcall', retf: 'lret' }[base] ?? base;
    const size = MemorySizeExt.size(instruction.memorySize);
    const is32 = size === 28 || size === 108 || size === 6 || CODES_32.has(instruction.code);
    if (is32) names.add(unsuffixed);
    else names.delete(unsuffixed);
    if (size === 10) names.add(`${unsuffixed}q`);
  }
  return [...names];
}

const WIDTH = { r8: 1, r16: 2, r32: 4, r64: 8, al: 1, ax: 2, eax: 4, rax: 8 };
const SUFFIX = { b: 1, w: 2, l: 4, q: 8 };

function operandBytes(operands, names, base, instruction, info, mode) {
  if (base === 'nop') return 0;
  // The displacement's width is the assembler's choice.
  if (operands.some(([token]) => token === 'rel')) return base === 'call' ? info.operandSize / 8 : 0;
  if (instruction.isStringInstruction && STRING.test(Mnemonic[instruction.mnemonic].toLowerCase()))
    return { b: 1, w: 2, d: 4, q: 8 }[Mnemonic[instruction.mnemonic].slice(-1)];
  if (/^set(?!ssbsy)/.test(base)) return 1;
  // The suffix of crc32 is the width of its source.
  if (base === 'crc32') return WIDTH[operands[0][0]] ?? MemorySizeExt.size(instruction.memorySize);

  // The destination is last; `dx` and `cl` are a port and a count.
  const general = operands.map(([token]) => WIDTH[token]).filter((width) => width !== undefined);
  if (general.length > 0) return general[general.length - 1];
  if (base.startsWith('f') || operands.some(([token]) => /^(x|y|z|mm|k|st|st0|bnd|tmm)$/.test(token)))
    return 0;
  for (const name of names) {
    const width = SUFFIX[name.slice(-1)];
    if (width !== undefined && name.slice(0, -1) === base) return width;
  }
  if (info.defaultOpSize64 || info.forceOpSize64)
    return instruction.code === Code.INVALID ? 0 : info.operandSize / 8;
  if (mode === 32 && instruction.isStackInstruction) return info.operandSize / 8;
  return { cbw: 2, cwd: 2, cwde: 4, cdq: 4, cdqe: 8, cqo: 8 }[base] ?? 0;
}

function flowOf(instruction, base) {
  if (base === 'xbegin') return 'branch';
  const flow = FLOW[instruction.flowControl] ?? 'next';
  // iced calls these calls; nothing is pushed and the ABI is not the C one.
  if (flow === 'call' && !instruction.isStackInstruction) return 'syscall';
  return flow;
}

/** Lines of one form of one Code: as iced has it, then the further operand lists that GAS takes for it. */
function lines(code, info, form, mode) {
  const instruction = sample(code, info, form, mode);
  const base = baseName(instruction);
  const used = factory.info(instruction);
  const stringForm = form.some((choice) => choice === 'string' || choice === 'xlat');
  let operands = form.flatMap((choice, i) => {
    const [head, tail] = choice.split(':');
    let access = ACCESS[used.opAccess(i)];
    if (head === 'memory' && ADDRESS_ONLY.test(base)) access = 'a';
    if (head === 'memory') {
      const indexed = BIT_TEST.test(base) && /^r(16|32|64)$/.test(form[1]);
      return [[memoryToken(instruction, info, base, access, indexed), access]];
    }
    if (head === 'vsib') return [[`v${tail}${MemorySizeExt.size(instruction.memorySize)}`, access]];
    if (head === 'string' || head === 'xlat') return [['ms', access]];
    if (head === 'imm') return [['i', '-']];
    if (head === 'rel') return [['rel', '-']];
    // `ljmp $selector, $offset`
    if (head === 'far')
      return [
        ['i', '-'],
        ['i', '-'],
      ];
    return [[head === 'fixed' ? FIXED[tail][0] : head, access]];
  });
  operands.reverse();
  for (const rule of OTHER_ACCESS)
    if (rule.base.test(base))
      operands = operands.map(([token, access]) =>
        rule.token.test(token) && access === rule.from ? [token, rule.to] : [token, access],
      );
  const names = spellings(instruction, base);

  const memory = implicitMemory(used.usedMemory(), instruction, base);
  const size = operandBytes(operands, names, base, instruction, info, mode);
  const attributes = [];
  if (memory) attributes.push(`im=${memory}`);
  const read = flagLetters(instruction.rflagsRead);
  const modified = flagLetters(instruction.rflagsModified);
  if (read) attributes.push(`fr=${read}`);
  if (modified) attributes.push(`fw=${modified}`);
  if (COUNTED.test(base) && modified) attributes.push('count');
  const flow = flowOf(instruction, base);
  if (flow !== 'next') attributes.push(`flow=${flow}`);
  if (size) attributes.push(`os=${size}`);
  const stack = instruction.isStackInstruction || base === 'jmp';
  const table = /^[ls][gi]dt$/.test(base);
  const natural = mode === 64 ? info.defaultOpSize64 || info.forceOpSize64 : (stack || table) && size === 4;
  if (size && natural) attributes.push('natural');
  if (stringForm && STRING.test(Mnemonic[instruction.mnemonic].toLowerCase())) attributes.push('rep');
  if (info.canUseLockPrefix && operands.some(([token]) => token.startsWith('m'))) attributes.push('lock');
  if (instruction.isPrivileged) attributes.push('priv');
  const x87 = x87Of(
    base,
    operands.map(([token]) => token),
    instruction,
  );
  if (x87 !== '-') attributes.push(`x87=${x87}`);
  const own = new Set();
  form.forEach((choice, i) => {
    if (/^(memory|vsib)/.test(choice))
      own.add(Register.R8).add(RegisterExt.fullRegister(instruction.memoryIndex));
    else if (choice in SAMPLE) own.add(RegisterExt.fullRegister(instruction.opRegister(i)));
    const kind = OpCodeOperandKind[info.opKind(i)];
    const position = form.length - 1 - i;
    // One register stands for two mask registers, or four vector registers.
    if (kind === 'kp1_reg') {
      own.add(instruction.opRegister(i) + 1);
      attributes.push(`pair=${position}`);
    } else if (/p3_/.test(kind)) {
      attributes.push(`block=${position}`);
      SAMPLE[choice].forEach((register) => own.add(RegisterExt.fullRegister(register)));
      own.add(Register.ZMM20);
    }
  });
  if (info.requireOpMaskRegister) {
    own.add(Register.K1);
    const masks = used.usedRegisters().filter((item) => item.register === Register.K1);
    const written = masks.some((item) => ACCESS[item.access].includes('w'));
    if (written) attributes.push('mask=rw');
  }

  return variants(operands, base, stringForm, instruction).map((list) => {
    const text = list.map(([token, access]) => `${token}:${access}`).join(',') || '-';
    // A fixed register that is written out as an operand is accounted for at lookup, like any other operand.
    const named = new Set(
      list.filter(([token]) => token in FIXED).map(([token]) => RegisterExt.fullRegister(FIXED[token][1])),
    );
    const registers = Object.entries(implicitRegisters(instruction, used.usedRegisters(), own, named, base))
      .filter(([, bits]) => bits !== 0)
      .map(([key, bits]) => `${key}=${(bits >>> 0).toString(16)}`);
    return { names, text: [base, text, ...registers, ...attributes].join(' ') };
  });
}

/** Operand lists GAS takes for a form whose operands in AT&T order are `operands`. */
function variants(operands, base, stringForm, instruction) {
  const tokens = operands.map(([token]) => token);
  // The address %rdi of maskmovdqu is never written out.
  if (/^v?maskmov(dqu|q)$/.test(base)) return [operands.filter(([token]) => token !== 'ms')];
  const all = [operands];
  // String operands may be left out; so may the accumulator, and the port of ins and outs.
  if (stringForm) {
    all.push([]);
    const memory = operands.filter(([token]) => token === 'ms');
    if (memory.length < operands.length) all.push(memory);
  }
  // `shl %eax`: by one.
  if (COUNTED.test(base) && tokens[0] === 'i' && tokens.length === 2) all.push([operands[1]]);
  // `imul $3, %eax` is `imul $3, %eax, %eax`.
  if (base === 'imul' && tokens[0] === 'i' && tokens[1] === tokens[2])
    all.push([operands[0], [tokens[1], 'rw']]);
  // Both orders are one encoding.
  if ((base === 'test' || base === 'xchg') && tokens[0] !== 'i') all.push([operands[1], operands[0]]);
  // `bound` stands in Intel's order as well.
  if (base === 'bound') all.push([operands[1], operands[0]]);
  // x87: the stack top is understood; st(1) as well in `fxch`, `faddp`.
  if (tokens.some((token) => token === 'st' || token === 'st0') && !/^fcmov/.test(base)) {
    all.push(operands.filter(([token]) => token !== 'st0'));
    if (tokens.every((token) => token === 'st' || token === 'st0')) all.push([]);
  }
  // blendvps and its like: %xmm0 may be written.
  if (
    plain.operandCount(instruction) === operands.length + 1 &&
    tokens.every((token) => /^(x|m16)$/.test(token))
  )
    all.push([['x0', 'r'], ...operands]);
  return all;
}

// Near branches with an operand size prefix: in 64-bit mode Intel ignores it, AMD does not (src/isa/refused.ts).
const NARROW_BRANCH = /^(Call_rm16|Jmp_rm16|Call_rel16|Jmp_rel16|Retnw.*)$/;

// Implicit 16-bit addresses and counters: an address size prefix of 32-bit mode, which lookup refuses.
const NARROW_ADDRESS = /^(Loop\w*_CX|(X|Ccs|Mont)\w*_16)$/;

/** Why a code has no line, or undefined. */
export function leftOut(code) {
  const info = CodeExt.opCode(code);
  if (!info.isInstruction) return 'not an instruction';
  if (info.encoding === EncodingKind.MVEX) return 'Xeon Phi (KNC) encoding';
  // Forms only old or special decoders know are not what an assembler emits; MPX has its own decoder option.
  if (info.decoderOption !== 0 && info.decoderOption !== DecoderOptions.MPX)
    return `decoder option ${DecoderOptions[info.decoderOption]}`;
  if (LEFT_OUT.test(Mnemonic[info.mnemonic].toLowerCase())) return 'second encoding or undocumented';
  return undefined;
}

/** The whole generated file. */
export function generate() {
  const rows = new Map();
  for (const code of Object.values(Code)) {
    if (typeof code !== 'number' || leftOut(code) !== undefined) continue;
    const info = CodeExt.opCode(code);
    for (const mode of [64, 32]) {
      if (
        mode === 64
          ? !info.mode64 || NARROW_BRANCH.test(Code[code])
          : !info.mode32 || NARROW_ADDRESS.test(Code[code])
      )
        continue;
      // With 32-bit addresses the implicit registers are the same, and the operands tell nothing else.
      for (const form of formsOf(code)) {
        for (const { names, text } of lines(code, info, form, mode)) {
          let known = rows.get(text);
          if (!known) rows.set(text, (known = new Map()));
          for (const name of names) known.set(name, (known.get(name) ?? 0) | (mode === 64 ? 1 : 2));
        }
      }
    }
  }
  const text = [...rows].flatMap(([row, names]) =>
    [3, 1, 2].flatMap((modes) => {
      const here = [...names].filter(([, where]) => where === modes).map(([name]) => name);
      return here.length === 0 ? [] : [`${here.sort().join(',')} ${row}${['', ' m64', ' m32', ''][modes]}`];
    }),
  );
  return [
    '// Generated by scripts/generate-isa.mjs from iced-x86 (npm run isa:generate). Do not edit.',
    '// names base operands(AT&T order, class:access) attributes; see src/isa/rows.ts.',
    'export const TABLE = `',
    ...text.sort(),
    '`;',
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = generate();
  if (!process.argv.includes('--check')) writeFileSync(TARGET, text);
  else if (readFileSync(TARGET, 'utf8') !== text) {
    console.error('src/isa/generated/table.ts is out of date: run npm run isa:generate');
    process.exitCode = 1;
  }
}
