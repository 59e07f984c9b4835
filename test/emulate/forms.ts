// Forms of instructions on vector and MMX registers, made from the decoder's own table: every one whose name has a row. Texts are bytes, with what they are behind
// them. Memory operands are at (%rdi) and once not aligned; immediates depend on the seed.
import { readFileSync } from 'node:fs';
import {
  Code,
  CodeExt,
  CodeSize,
  CpuidFeature,
  Encoder,
  EncodingKind,
  Formatter,
  FormatterSyntax,
  Instruction,
  Mnemonic,
  OpCodeOperandKind,
  OpKind,
  Register,
} from 'iced-x86';
import { rowNames } from '../../src/emulate/ops/table.js';

type Mode = 32 | 64;
interface Form {
  readonly text: string;
  readonly name: string;
  /** What the CPU has to have, as /proc/cpuinfo calls it. */
  readonly features: readonly string[];
}

/** Register numbers by operand. */
interface Choice {
  readonly vector: readonly number[];
  readonly general: readonly number[];
  readonly offset: number;
}
const choices: Readonly<Record<Mode, readonly Choice[]>> = {
  32: [
    { vector: [2, 1, 3, 4, 5], general: [3, 2, 1, 0, 3], offset: 0 },
    { vector: [3, 3, 3, 3, 5], general: [2, 2, 2, 2, 2], offset: 4 },
    { vector: [1, 2, 1, 0, 5], general: [0, 1, 2, 3, 0], offset: 0 },
  ],
  64: [
    { vector: [2, 1, 3, 4, 5], general: [3, 2, 1, 0, 3], offset: 0 },
    { vector: [3, 3, 3, 3, 5], general: [2, 2, 2, 2, 2], offset: 4 },
    { vector: [9, 10, 9, 8, 13], general: [9, 10, 11, 12, 9], offset: 0 },
  ],
};

/** Where the names differ: iced's and the kernel's. */
const features: Readonly<Record<string, string>> = { SSE3: 'pni', SHA: 'sha_ni' };

type Operand = 'memory' | 'vsib' | 'immediate' | 'implied' | 'register';
const registers: Readonly<Record<string, readonly [Register, 'vector' | 'general' | 'small']>> = {
  xmm: [Register.XMM0, 'vector'],
  ymm: [Register.YMM0, 'vector'],
  mm: [Register.MM0, 'small'],
  r32: [Register.EAX, 'general'],
  r64: [Register.RAX, 'general'],
};

function kindsOf(kind: string): readonly Operand[] {
  if (kind.startsWith('mem_vsib')) return ['vsib'];
  if (kind.startsWith('mem')) return ['memory'];
  if (kind.startsWith('imm')) return ['immediate'];
  if (/^seg_rDI$/.test(kind)) return ['implied'];
  return kind.includes('or_mem') ? ['register', 'memory'] : ['register'];
}

function* combinations(kinds: readonly (readonly Operand[])[]): Generator<readonly Operand[]> {
  const [first, ...rest] = kinds;
  if (!first) yield [];
  else for (const operand of first) for (const others of combinations(rest)) yield [operand, ...others];
}

function made(
  code: Code,
  kinds: readonly string[],
  operands: readonly Operand[],
  mode: Mode,
  choice: Choice,
  immediate: number,
): Instruction {
  const i = new Instruction();
  i.code = code;
  i.codeSize = mode === 64 ? CodeSize.Code64 : CodeSize.Code32;
  operands.forEach((operand, n) => {
    const vector = choice.vector[n]!;
    switch (operand) {
      case 'immediate':
        i.setOpKind(n, OpKind.Immediate8);
        i.immediate8 = immediate;
        return;
      case 'implied':
        i.setOpKind(n, mode === 64 ? OpKind.MemorySegRDI : OpKind.MemorySegEDI);
        return;
      case 'memory':
      case 'vsib':
        i.setOpKind(n, OpKind.Memory);
        i.memoryBase = mode === 64 ? Register.RDI : Register.EDI;
        if (operand === 'vsib') {
          // No register twice, or it is no instruction.
          i.memoryIndex = (/vsib..x/.test(kinds[n]!) ? Register.XMM0 : Register.YMM0) + choice.vector[4]!;
          i.memoryIndexScale = [1, 4, 8][choice.vector[0]! % 3]!;
        }
        if (choice.offset !== 0) {
          i.memoryDisplSize = mode / 8;
          i.memoryDisplacement = BigInt(choice.offset);
        }
        return;
      case 'register': {
        const [name = ''] = kinds[n]!.split('_');
        const [first, file] = registers[name] ?? [];
        if (first === undefined || file === undefined)
          throw new Error(`${Code[code]}: an operand ${kinds[n]!}`);
        const distinct = operands.includes('vsib') ? [2, 0, 3][n]! + (choice.vector[0]! & 1) : vector;
        i.setOpKind(n, OpKind.Register);
        i.setOpRegister(
          n,
          first + (file === 'general' ? choice.general[n]! : file === 'small' ? vector & 7 : distinct),
        );
      }
    }
  });
  return i;
}

/** As many as there are meanings, or some that the seed chooses. */
function immediates(name: string, seed: number): readonly number[] {
  if (/^v?cmp[ps][sd]$/.test(name)) return Array.from({ length: 32 }, (_, n) => n);
  const count = /pcmp.str/.test(name) ? 24 : 5;
  return [
    0,
    255,
    ...Array.from({ length: count }, (_, n) => ((seed + 1) * 0x9e3779b1 + n * 0x3c6ef35f) >>> 24),
  ];
}

const codes = Object.values(Code).filter((code): code is Code => typeof code === 'number');

function forms(mode: Mode, seed: number): Form[] {
  const rows = new Set(rowNames(mode));
  const formatter = new Formatter(FormatterSyntax.Gas);
  const found: Form[] = [];
  for (const code of codes) {
    const info = CodeExt.opCode(code);
    const kinds = Array.from({ length: info.opCount }, (_, n) => OpCodeOperandKind[info.opKind(n)]!);
    const name = Mnemonic[info.mnemonic]!.toLowerCase();
    const legacyOrVex = info.encoding === EncodingKind.Legacy || info.encoding === EncodingKind.VEX;
    const wanted = legacyOrVex && (mode === 64 ? info.mode64 : info.mode32) && rows.has(name);
    if (!wanted || !kinds.some((kind) => /[xy]?mm(_|$)/.test(kind))) continue;
    for (const operands of combinations(kinds.map(kindsOf))) {
      const all = operands.includes('immediate') ? immediates(name, seed) : [0];
      all.forEach((immediate, n) => {
        for (const choice of n === 0 ? choices[mode] : [choices[mode][n % choices[mode].length]!]) {
          const i = made(code, kinds, operands, mode, choice, immediate);
          const encoder = new Encoder(mode);
          encoder.encode(i, 0n);
          const bytes = [...encoder.takeBuffer()].map((byte) => `0x${byte.toString(16)}`).join(',');
          found.push({
            text: `.byte ${bytes} # ${formatter.format(i)}`,
            name,
            features: [...i.cpuidFeatures()].map(
              (f) => features[CpuidFeature[f]!] ?? CpuidFeature[f]!.toLowerCase(),
            ),
          });
          encoder.free();
          i.free();
        }
      });
    }
    info.free();
  }
  formatter.free();
  return found;
}

/** Forms that this CPU has, and how many others are left out, by what it lacks; `name` is a pattern. */
export function presentForms(
  mode: Mode,
  seed: number,
  name = '.*',
): {
  readonly texts: string[];
  readonly lacking: ReadonlyMap<string, number>;
  readonly absent: ReadonlySet<string>;
} {
  const cpu = new Set(/^flags\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1]?.split(' '));
  const pattern = new RegExp(`^(${name})$`);
  const lacking = new Map<string, number>();
  const absent = new Set<string>();
  const texts: string[] = [];
  for (const form of forms(mode, seed)) {
    const without = form.features.find((feature) => !cpu.has(feature));
    if (without !== undefined) {
      lacking.set(without, (lacking.get(without) ?? 0) + 1);
      absent.add(form.name);
    } else if (pattern.test(form.name)) texts.push(form.text);
  }
  return { texts, lacking, absent };
}
