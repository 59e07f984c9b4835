// Writes src/isa/generated/table.ts from iced-x86: one line for each operand form of each instruction of 64-bit mode.
// `node scripts/generate-isa.mjs` writes the file, `--check` only compares (exit status 1 when it is out of date).
//
// No instruction is encoded: a sample is built from code, operand kinds and registers that no instruction uses
// implicitly, and iced-x86 is asked what that sample reads and writes. What is left over after taking the sample's own
// registers away is implicit.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const iced = createRequire(import.meta.url)('iced-x86');
const {
  Code,
  CodeExt,
  DecoderOptions,
  EncodingKind,
  FlowControl,
  Formatter,
  FormatterSyntax,
  Instruction,
  InstructionInfoFactory,
  MemorySizeExt,
  Mnemonic,
  OpAccess,
  OpCodeOperandKind,
  OpKind,
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
// Second encodings of x87, shift and nop instructions, which no assembler emits; and instructions whose effects on memory and
// registers iced does not describe (enclaves, virtual machine control, PadLock). Left out, hence refused by lookup.
const LEFT_OUT =
  /^(reservednop|sal|fstpnce|fstp[89]|fxch[47]|fcom2|fcomp[35]|encl[suv]|getsecq?|seam.*|tdcall|vmgexit|vmfunc|vmrun|vmsave|vmload|x(crypt|sha|store|mod|mont).*|ccs_.*|skinit|p(config|smash|validate)|rmp.*|loadall.*|undoc|montmul)$/;
// iced lists no memory for these.
const WRITES_MEMORY = /^clzero$/;
const DEFAULT_32 = /^(fn?stenv|fldenv|fn?save|frstor|iret)$/;
const FAR = /^l(jmp|call)/;
const COUNTED = /^(shl|sal|shr|sar|rol|ror|rcl|rcr|shld|shrd)$/;

// Operand kind to [token, register of the sample, register class step], for kinds that are one fixed register.
const FIXED = {
  al: ['al', Register.AL],
  cl: ['cl', Register.CL],
  ax: ['ax', Register.AX],
  dx: ['dx', Register.DX],
  eax: ['eax', Register.EAX],
  rax: ['rax', Register.RAX],
  es: ['sg', Register.ES],
  cs: ['sg', Register.CS],
  ss: ['sg', Register.SS],
  ds: ['sg', Register.DS],
  fs: ['sg', Register.FS],
  gs: ['sg', Register.GS],
  st0: ['st0', Register.ST0],
};
// Sample registers by class; five in a row, none of them an implicit operand of anything.
const SAMPLE = {
  r8: [Register.R9L, Register.R10L, Register.R12L, Register.R13L, Register.R14L],
  r16: [Register.R9W, Register.R10W, Register.R12W, Register.R13W, Register.R14W],
  r32: [Register.R9D, Register.R10D, Register.R12D, Register.R13D, Register.R14D],
  r64: [Register.R9, Register.R10, Register.R12, Register.R13, Register.R14],
  mm: [1, 2, 3, 4, 5].map((n) => Register.MM0 + n),
  x: [1, 2, 3, 4, 5].map((n) => Register.XMM20 + n),
  y: [1, 2, 3, 4, 5].map((n) => Register.YMM20 + n),
  z: [1, 2, 3, 4, 5].map((n) => Register.ZMM20 + n),
  k: [2, 3, 4, 5, 6].map((n) => Register.K0 + n),
  st: [2, 3, 4, 5, 6].map((n) => Register.ST0 + n),
  sg: [Register.FS, Register.FS, Register.FS, Register.FS, Register.FS],
  cr: [Register.CR8, Register.CR8, Register.CR8, Register.CR8, Register.CR8],
  dr: [Register.DR6, Register.DR6, Register.DR6, Register.DR6, Register.DR6],
  bnd: [Register.BND0, Register.BND1, Register.BND2, Register.BND3, Register.BND3],
  tmm: [1, 2, 3, 4, 5].map((n) => Register.TMM0 + n),
};
const SAMPLE_GENERAL = new Set([Register.R8, ...SAMPLE.r64]);
const IMMEDIATE_KIND = {
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
const STRING_OPERAND = {
  seg_rSI: OpKind.MemorySegRSI,
  es_rDI: OpKind.MemoryESRDI,
  seg_rDI: OpKind.MemorySegRDI,
};

/** What an operand kind can be: a list of `memory`, `imm`, `rel`, `string`, `xlat`, or a class of registers. */
function choices(kind) {
  if (kind in FIXED) return [`fixed:${kind}`];
  if (kind in IMMEDIATE_KIND) return ['imm'];
  if (kind in STRING_OPERAND) return ['string'];
  if (kind === 'seg_rBX_al') return ['xlat'];
  if (/^(br|xbegin)/.test(kind)) return ['rel'];
  const vsib = /^mem_vsib(?:32|64)([xyz])$/.exec(kind);
  if (vsib) return [`vsib:${vsib[1]}`];
  if (/^(mem|sibmem)/.test(kind)) return ['memory'];
  const match = /^(r8|r16|r32|r64|mm|xmm|ymm|zmm|k|kp1|seg|cr|dr|bnd|tmm|sti)_(.*)$/.exec(kind);
  if (!match) throw new Error(`operand kind ${kind} is not handled`);
  const name = { xmm: 'x', ymm: 'y', zmm: 'z', kp1: 'k', seg: 'sg', sti: 'st' }[match[1]] ?? match[1];
  return match[2].startsWith('or_mem') ? [name, 'memory'] : [name];
}

function product(lists) {
  return lists.reduce((all, list) => all.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

/** The sample instruction of `code` whose operands are as `form` says. */
function sample(code, info, form) {
  const instruction = new Instruction();
  instruction.code = code;
  // Masked gathers and scatters are not valid without a mask; for the others masking is added at lookup.
  if (info.requireOpMaskRegister) instruction.opMask = Register.K1;
  form.forEach((choice, i) => {
    const kind = OpCodeOperandKind[info.opKind(i)];
    const [head, tail] = choice.split(':');
    if (head === 'memory' || head === 'vsib' || head === 'xlat') {
      instruction.setOpKind(i, OpKind.Memory);
      instruction.memoryBase = head === 'xlat' ? Register.RBX : Register.R8;
      if (head === 'vsib')
        instruction.memoryIndex = { x: Register.XMM20, y: Register.YMM20, z: Register.ZMM20 }[tail];
      if (head === 'xlat') instruction.memoryIndex = Register.AL;
    } else if (head === 'string') {
      instruction.setOpKind(i, STRING_OPERAND[kind]);
    } else if (head === 'imm') {
      // A second 8-bit immediate (enter, extrq) has a kind of its own.
      const first = form.indexOf('imm') === i;
      instruction.setOpKind(i, first ? IMMEDIATE_KIND[kind] : OpKind.Immediate8_2nd);
      // A nesting level: enter then reads the outer frames as well.
      if (!first) instruction.immediate8_2nd = 2;
      if (first && kind !== 'imm64') instruction.immediate32 = 1;
    } else if (head === 'rel') {
      instruction.setOpKind(i, OpKind.NearBranch64);
    } else if (head === 'fixed') {
      instruction.setOpKind(i, OpKind.Register);
      instruction.setOpRegister(i, FIXED[tail][1]);
    } else {
      instruction.setOpKind(i, OpKind.Register);
      instruction.setOpRegister(i, SAMPLE[head][i]);
    }
  });
  return instruction;
}

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

/** Registers the sample uses besides its own and the `named` ones: bit sets, as the attributes of a line. */
function implicitRegisters(used, named) {
  const set = { ir: 0, iw: 0, ik: 0, vr: 0, vw: 0, vk: 0 };
  for (const item of used) {
    const access = ACCESS[item.access];
    const full = RegisterExt.fullRegister(item.register);
    const vector = RegisterExt.isVectorRegister(item.register);
    if (!vector && !RegisterExt.isGPR(item.register)) continue;
    const number = RegisterExt.number(full);
    if (vector ? number >= 20 : SAMPLE_GENERAL.has(full) || named.has(full)) continue;
    const bit = (1 << number) >>> 0;
    const [r, w, k] = vector ? ['vr', 'vw', 'vk'] : ['ir', 'iw', 'ik'];
    const wide = vector || RegisterExt.size(item.register) >= 4;
    const conditional = access.includes('cw');
    if (access.includes('r') || conditional || (access.includes('w') && !wide)) set[r] = (set[r] | bit) >>> 0;
    if (access.includes('w')) set[w] = (set[w] | bit) >>> 0;
    if (access.includes('w') && wide && !conditional) set[k] = (set[k] | bit) >>> 0;
  }
  return set;
}

function baseName(instruction) {
  const name = Mnemonic[instruction.mnemonic].toLowerCase();
  if (STRING.test(name) && instruction.isStringInstruction) return name.slice(0, -1);
  return (
    { pushfq: 'pushf', popfq: 'popf', iretq: 'iret', iretd: 'iret', xlatb: 'xlat', sal: 'shl' }[name] ?? name
  );
}

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
    const unsuffixed = base === 'jmp' || base === 'call' ? `l${base}` : base;
    const size = MemorySizeExt.size(instruction.memorySize);
    const is32 = size === 28 || size === 108 || size === 6 || instruction.code === Code.Iretd;
    if (!is32) names.delete(unsuffixed);
    if (size === 10) names.add(`${unsuffixed}q`);
  }
  return [...names];
}

const WIDTH = { r8: 1, r16: 2, r32: 4, r64: 8, al: 1, ax: 2, eax: 4, rax: 8 };
const SUFFIX = { b: 1, w: 2, l: 4, q: 8 };

function operandBytes(operands, names, base, instruction, info) {
  if (base === 'nop') return 0;
  // The displacement's width is the assembler's choice.
  if (operands.some(([token]) => token === 'rel')) return base === 'call' ? info.operandSize / 8 : 0;
  if (instruction.isStringInstruction && STRING.test(Mnemonic[instruction.mnemonic].toLowerCase()))
    return { b: 1, w: 2, d: 4, q: 8 }[Mnemonic[instruction.mnemonic].slice(-1)];
  if (/^set(?!ssbsy)/.test(base)) return 1;
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
function lines(code, info, form) {
  const instruction = sample(code, info, form);
  const base = baseName(instruction);
  const used = factory.info(instruction);
  const stringForm = form.some((choice) => choice === 'string' || choice === 'xlat');
  let operands = form.map((choice, i) => {
    const [head, tail] = choice.split(':');
    let access = ACCESS[used.opAccess(i)];
    if (head === 'memory' && ADDRESS_ONLY.test(base)) access = 'a';
    if (head === 'memory') {
      const indexed = BIT_TEST.test(base) && /^r(16|32|64)$/.test(form[1]);
      return [memoryToken(instruction, info, base, access, indexed), access];
    }
    if (head === 'vsib') return [`v${tail}`, access];
    if (head === 'string' || head === 'xlat') return ['ms', access];
    if (head === 'imm') return ['i', '-'];
    if (head === 'rel') return ['rel', '-'];
    return [head === 'fixed' ? FIXED[tail][0] : head, access];
  });
  operands.reverse();
  const names = spellings(instruction, base);

  let mw = WRITES_MEMORY.test(base);
  let mr = false;
  for (const item of used.usedMemory()) {
    if (item.base === Register.R8) continue;
    const access = ACCESS[item.access];
    if (access.includes('w')) mw = true;
    if (access.includes('r')) mr = true;
  }
  const size = operandBytes(operands, names, base, instruction, info);
  const attributes = [];
  if (mr) attributes.push('mr');
  if (mw) attributes.push('mw');
  const read = flagLetters(instruction.rflagsRead);
  const modified = flagLetters(instruction.rflagsModified);
  if (read) attributes.push(`fr=${read}`);
  if (modified) attributes.push(`fw=${modified}`);
  if (COUNTED.test(base) && modified) attributes.push('count');
  const flow = flowOf(instruction, base);
  if (flow !== 'next') attributes.push(`flow=${flow}`);
  if (size) attributes.push(`os=${size}`);
  if (size && (info.defaultOpSize64 || info.forceOpSize64)) attributes.push('d64');
  if (stringForm && STRING.test(Mnemonic[instruction.mnemonic].toLowerCase())) attributes.push('rep');
  if (info.canUseLockPrefix && operands.some(([token]) => token.startsWith('m'))) attributes.push('lock');
  if (instruction.isPrivileged) attributes.push('priv');

  return variants(operands, base, stringForm, instruction).map((list) => {
    const text = list.map(([token, access]) => `${token}:${access}`).join(',') || '-';
    // A fixed register that is written out as an operand is accounted for at lookup, like any other operand.
    const named = new Set(
      list.filter(([token]) => token in FIXED).map(([token]) => RegisterExt.fullRegister(FIXED[token][1])),
    );
    const registers = Object.entries(implicitRegisters(used.usedRegisters(), named))
      .filter(([, bits]) => bits !== 0)
      .map(([key, bits]) => `${key}=${bits.toString(16)}`);
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

/** The whole generated file. */
export function generate() {
  const rows = new Map();
  for (const code of Object.values(Code)) {
    if (typeof code !== 'number') continue;
    const info = CodeExt.opCode(code);
    // Forms only old or special decoders know are not what an assembler emits; MPX has its own decoder option.
    const usual = info.decoderOption === 0 || info.decoderOption === DecoderOptions.MPX;
    if (!info.isInstruction || !info.mode64 || !usual || info.encoding === EncodingKind.MVEX) continue;
    const kinds = Array.from({ length: info.opCount }, (_, i) => OpCodeOperandKind[info.opKind(i)]);
    // Blocks of four registers (Xeon Phi): unknown, hence refused.
    if (kinds.some((kind) => /^[xz]mmp3_/.test(kind))) continue;
    if (LEFT_OUT.test(Mnemonic[info.mnemonic].toLowerCase())) continue;
    // With 32-bit addresses the implicit registers are the same, and the operands tell nothing else.
    for (const form of product(kinds.map(choices))) {
      for (const { names, text } of lines(code, info, form)) {
        const known = rows.get(text) ?? new Set();
        names.forEach((name) => known.add(name));
        rows.set(text, known);
      }
    }
  }
  const text = [...rows].map(([row, names]) => `${[...names].sort().join(',')} ${row}`).sort();
  return [
    '// Generated by scripts/generate-isa.mjs from iced-x86 (npm run isa:generate). Do not edit.',
    '// names base operands(AT&T order, class:access) attributes; see src/isa/rows.ts.',
    'export const TABLE = `',
    ...text,
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
