// Forms of instructions on vector, mask and MMX registers, made from the decoder's own table: every one whose name has a row. Texts are bytes, with what they are behind
// them. Memory operands are at (%rdi) and once not aligned; immediates depend on the seed.
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
  MemorySizeExt,
  Mnemonic,
  OpCodeOperandKind,
  OpKind,
  Register,
  RoundingControl,
} from 'iced-x86';
import type { OpCodeInfo } from 'iced-x86';
import { evexNames, rowNames } from '../../src/emulate/ops/table.js';
import { cpuFlags } from './input.js';
import { operandAt, windowBytes } from './record.js';
import { evexRow } from './rows.js';

type Mode = 32 | 64;
interface Form {
  readonly text: string;
  /** Of the table. */
  readonly row: string;
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

/** EVEX has more registers. */
const highChoices: readonly Choice[] = [
  { vector: [18, 1, 3, 4, 21], general: [3, 2, 1, 0, 3], offset: 0 },
  { vector: [19, 19, 19, 19, 5], general: [2, 2, 2, 2, 2], offset: 4 },
  { vector: [9, 26, 9, 24, 29], general: [9, 10, 11, 12, 9], offset: 64 },
];

/** What EVEX adds to a form; of choices by the form's number, so that each comes up with each of the others. */
interface Variant {
  readonly mask: number;
  readonly zeroing: boolean;
  readonly broadcast: boolean;
  readonly rounding: RoundingControl;
  readonly quiet: boolean;
  /** Half of the operand in memory is behind its end. */
  readonly beyond: boolean;
}
const plainVariant: Variant = {
  mask: 0,
  zeroing: false,
  broadcast: false,
  rounding: RoundingControl.None,
  quiet: false,
  beyond: false,
};
const roundings = [
  RoundingControl.RoundToNearest,
  RoundingControl.RoundDown,
  RoundingControl.RoundUp,
  RoundingControl.RoundTowardZero,
];

function variants(info: OpCodeInfo, operands: readonly Operand[]): readonly Variant[] {
  const toMemory = operands[0] === 'memory' || operands[0] === 'vsib';
  const memory = operands.includes('memory');
  if (info.encoding !== EncodingKind.EVEX)
    return memory
      ? [plainVariant, plainVariant, plainVariant, { ...plainVariant, beyond: true }]
      : [plainVariant];
  const merging = { ...plainVariant, mask: 1 + (info.code % 7) };
  const zeroing = { ...merging, mask: 1 + ((info.code + 2) % 7), zeroing: true };
  const masks: Variant[] = !info.canUseOpMaskRegister
    ? [plainVariant]
    : info.requireOpMaskRegister
      ? [merging, { ...merging, mask: 1 + ((info.code + 3) % 7) }]
      : [plainVariant, merging, ...(info.canUseZeroingMasking && !toMemory ? [zeroing] : [merging])];
  const all = [...masks];
  if (memory && info.canBroadcast)
    all.push(
      ...masks.flatMap((v) => [
        { ...v, broadcast: true },
        { ...v, broadcast: true, beyond: true },
      ]),
    );
  if (memory) all.push(...masks.map((v) => ({ ...v, beyond: true })));
  if (!memory && info.canUseRoundingControl)
    all.push(
      ...masks.map((v, n) => ({ ...v, rounding: roundings[(info.code + n) & 3]! })),
      ...masks.map((v, n) => ({ ...v, rounding: roundings[(info.code + n + 2) & 3]! })),
    );
  else if (!memory && info.canSuppressAllExceptions) all.push(...masks.map((v) => ({ ...v, quiet: true })));
  return all;
}

/** Where the names differ: iced's and the kernel's. */
const features: Readonly<Record<string, string>> = {
  SSE3: 'pni',
  SHA: 'sha_ni',
  AVX512_IFMA: 'avx512ifma',
  AVX512_VBMI: 'avx512vbmi',
};

type Operand = 'memory' | 'vsib' | 'immediate' | 'implied' | 'register';
const registers: Readonly<
  Record<string, readonly [Register, 'vector' | 'general' | 'small' | 'pair' | 'first']>
> = {
  xmm: [Register.XMM0, 'vector'],
  ymm: [Register.YMM0, 'vector'],
  zmm: [Register.ZMM0, 'vector'],
  mm: [Register.MM0, 'small'],
  k: [Register.K0, 'small'],
  kp1: [Register.K0, 'pair'],
  st0: [Register.ST0, 'first'],
  sti: [Register.ST0, 'small'],
  r8: [Register.AL, 'general'],
  r16: [Register.AX, 'general'],
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
  variant: Variant,
): Instruction {
  const i = new Instruction();
  i.code = code;
  if (variant.mask > 0) i.opMask = Register.K0 + variant.mask;
  i.zeroingMasking = variant.zeroing;
  i.isBroadcast = variant.broadcast;
  i.roundingControl = variant.rounding;
  i.suppressAllExceptions = variant.quiet;
  i.codeSize = mode === 64 ? CodeSize.Code64 : CodeSize.Code32;
  operands.forEach((operand, n) => {
    const vector = choice.vector[n]!;
    switch (operand) {
      case 'immediate':
        if (operands[n - 1] === 'immediate') {
          i.setOpKind(n, OpKind.Immediate8_2nd);
          i.immediate8_2nd = (immediate * 5 + 3) & 255;
        } else {
          i.setOpKind(n, OpKind.Immediate8);
          i.immediate8 = immediate;
        }
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
          i.memoryIndex = vsibOf(kinds[n]!) + choice.vector[4]!;
          i.memoryIndexScale = [1, 4, 8][choice.vector[0]! % 3]!;
        }
        if (choice.offset !== 0 || variant.beyond) {
          const room = windowBytes - operandAt;
          const size = MemorySizeExt.size(i.memorySize);
          i.memoryDisplSize = mode / 8;
          i.memoryDisplacement = BigInt(
            !variant.beyond
              ? choice.offset
              : // A broadcast element is there or not.
                variant.broadcast
                ? room - (choice.offset > 0 ? size : 0)
                : room - Math.max(1, size >> (choice.offset > 0 ? 1 : 2)),
          );
        }
        return;
      case 'register': {
        const [name = ''] = kinds[n]!.split('_');
        const [first, file] = registers[name] ?? [];
        if (first === undefined || file === undefined)
          throw new Error(`${Code[code]}: an operand ${kinds[n]!}`);
        const distinct = operands.includes('vsib') ? [2, 0, 3][n]! + (choice.vector[0]! & 1) : vector;
        i.setOpKind(n, OpKind.Register);
        const number = {
          general: choice.general[n]!,
          small: vector & 7,
          pair: vector & 6,
          first: 0,
          vector: distinct,
        }[file];
        i.setOpRegister(n, first + number);
      }
    }
  });
  return i;
}

const vsibOf = (kind: string): Register =>
  /vsib..x/.test(kind) ? Register.XMM0 : /vsib..y/.test(kind) ? Register.YMM0 : Register.ZMM0;

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
  const rows = new Set([...rowNames(mode), ...evexNames.map(evexRow)]);
  const formatter = new Formatter(FormatterSyntax.Gas);
  const found: Form[] = [];
  for (const code of codes) {
    const info = CodeExt.opCode(code);
    const kinds = Array.from({ length: info.opCount }, (_, n) => OpCodeOperandKind[info.opKind(n)]!);
    const name = Mnemonic[info.mnemonic]!.toLowerCase();
    const isEvex = info.encoding === EncodingKind.EVEX;
    const row = isEvex ? evexRow(name) : name;
    const known = isEvex || info.encoding === EncodingKind.Legacy || info.encoding === EncodingKind.VEX;
    const wanted = known && (mode === 64 ? info.mode64 : info.mode32) && rows.has(row);
    if (!wanted || !kinds.some((kind) => /^([xyz]?mm|k|kp1)(_|$)/.test(kind))) continue;
    const places = isEvex && mode === 64 ? highChoices : choices[mode];
    for (const operands of combinations(kinds.map(kindsOf))) {
      const all = operands.includes('immediate') ? immediates(name, seed) : [0];
      const forms = variants(info, operands);
      all.forEach((immediate, n) => {
        const turns =
          n > 0 ? [n] : Array.from({ length: Math.max(places.length, forms.length) }, (_, k) => k);
        for (const turn of turns) {
          // By the code, too: variants meet other registers in other instructions of a kind.
          const choice = places[(turn + code + (turn >= places.length ? 1 : 0)) % places.length]!;
          const variant = forms[turn % forms.length]!;
          const i = made(code, kinds, operands, mode, choice, immediate, variant);
          const encoder = new Encoder(mode);
          encoder.encode(i, 0n);
          const bytes = [...encoder.takeBuffer()].map((byte) => `0x${byte.toString(16)}`).join(',');
          found.push({
            text: `.byte ${bytes} # ${formatter.format(i)}`,
            row,
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

/** The bytes of an instruction with each kind of operands that a code has; undefined: not such as are made here. */
export function samplesOf(code: Code, mode: Mode): Uint8Array[] | undefined {
  const info = CodeExt.opCode(code);
  const kinds = Array.from({ length: info.opCount }, (_, n) => OpCodeOperandKind[info.opKind(n)]!);
  const samples: Uint8Array[] = [];
  try {
    for (const operands of combinations(kinds.map(kindsOf))) {
      const [variant = plainVariant] = variants(info, operands);
      const i = made(code, kinds, operands, mode, choices[mode][0]!, 1, variant);
      const encoder = new Encoder(mode);
      encoder.encode(i, 0n);
      samples.push(encoder.takeBuffer());
      encoder.free();
      i.free();
    }
  } catch {
    return undefined;
  } finally {
    info.free();
  }
  return samples;
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
  const pattern = new RegExp(`^(${name})$`);
  const lacking = new Map<string, number>();
  const absent = new Set<string>();
  const texts: string[] = [];
  for (const form of forms(mode, seed)) {
    const without = form.features.find((feature) => !cpuFlags.has(feature));
    if (without !== undefined) {
      lacking.set(without, (lacking.get(without) ?? 0) + 1);
      absent.add(form.row);
    } else if (pattern.test(form.name)) texts.push(form.text);
  }
  return { texts, lacking, absent };
}
