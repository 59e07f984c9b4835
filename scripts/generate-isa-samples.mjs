// Sample instructions for generate-isa.mjs: which operand forms a code has, and one instance of each.
import { createRequire } from 'node:module';

const { CodeExt, CodeSize, Instruction, OpCodeOperandKind, OpKind, Register } = createRequire(
  import.meta.url,
)('iced-x86');

// Operand kind to [token, register of the sample, register class step], for kinds that are one fixed register.
export const FIXED = {
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
export const SAMPLE = {
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
  64: { seg_rSI: OpKind.MemorySegRSI, es_rDI: OpKind.MemoryESRDI, seg_rDI: OpKind.MemorySegRDI },
  32: { seg_rSI: OpKind.MemorySegESI, es_rDI: OpKind.MemoryESEDI, seg_rDI: OpKind.MemorySegEDI },
};

/** What an operand kind can be: a list of `memory`, `imm`, `rel`, `string`, `xlat`, or a class of registers. */
function choices(kind) {
  if (kind in FIXED) return [`fixed:${kind}`];
  if (kind in IMMEDIATE_KIND) return ['imm'];
  if (kind in STRING_OPERAND[64]) return ['string'];
  if (kind === 'seg_rBX_al') return ['xlat'];
  if (/^(br|xbegin)/.test(kind)) return ['rel'];
  if (/^farbr/.test(kind)) return ['far'];
  const vsib = /^mem_vsib(?:32|64)([xyz])$/.exec(kind);
  if (vsib) return [`vsib:${vsib[1]}`];
  if (/^(mem|sibmem)/.test(kind)) return ['memory'];
  const match = /^(r8|r16|r32|r64|mm|xmm|ymm|zmm|xmmp3|zmmp3|k|kp1|seg|cr|dr|tr|bnd|tmm|sti)_(.*)$/.exec(
    kind,
  );
  if (!match) throw new Error(`operand kind ${kind} is not handled`);
  const name = NAMES[match[1]] ?? match[1];
  return match[2].startsWith('or_mem') ? [name, 'memory'] : [name];
}

const NAMES = { xmm: 'x', ymm: 'y', zmm: 'z', xmmp3: 'x', zmmp3: 'z', kp1: 'k', seg: 'sg', sti: 'st' };

function product(lists) {
  return lists.reduce((all, list) => all.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

/** The operand forms of a code: one choice (a register class, `memory`, `imm`, ...) an operand. */
export function formsOf(code) {
  const info = CodeExt.opCode(code);
  const kinds = Array.from({ length: info.opCount }, (_, i) => OpCodeOperandKind[info.opKind(i)]);
  return product(kinds.map(choices));
}

/** The sample instruction of `code` whose operands are as `form` says. */
export function sample(code, info, form, mode) {
  const instruction = new Instruction();
  instruction.code = code;
  instruction.codeSize = mode === 64 ? CodeSize.Code64 : CodeSize.Code32;
  const wide = mode === 64;
  // Masked gathers and scatters are not valid without a mask; for the others masking is added at lookup.
  if (info.requireOpMaskRegister) instruction.opMask = Register.K1;
  form.forEach((choice, i) => {
    const kind = OpCodeOperandKind[info.opKind(i)];
    const [head, tail] = choice.split(':');
    if (head === 'memory' || head === 'vsib' || head === 'xlat') {
      instruction.setOpKind(i, OpKind.Memory);
      instruction.memoryBase =
        head === 'xlat' ? (wide ? Register.RBX : Register.EBX) : wide ? Register.R8 : Register.R8D;
      if (head === 'vsib')
        instruction.memoryIndex = { x: Register.XMM20, y: Register.YMM20, z: Register.ZMM20 }[tail];
      if (head === 'xlat') instruction.memoryIndex = Register.AL;
    } else if (head === 'string') {
      instruction.setOpKind(i, STRING_OPERAND[mode][kind]);
    } else if (head === 'imm') {
      // A second 8-bit immediate (enter, extrq) has a kind of its own.
      const first = form.indexOf('imm') === i;
      instruction.setOpKind(i, first ? IMMEDIATE_KIND[kind] : OpKind.Immediate8_2nd);
      // A nesting level: enter then reads the outer frames as well.
      if (!first) instruction.immediate8_2nd = 2;
      if (first && kind !== 'imm64') instruction.immediate32 = 1;
    } else if (head === 'rel') {
      instruction.setOpKind(i, wide ? OpKind.NearBranch64 : OpKind.NearBranch32);
    } else if (head === 'far') {
      instruction.setOpKind(i, kind === 'farbr2_2' ? OpKind.FarBranch16 : OpKind.FarBranch32);
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
