// Where Intel and AT&T mnemonics differ (GNU as manual 9.16.3 to 9.16.6; every row is held against GNU as 2.40 in test/parse).
import { generalBytes, vectorBytes } from './intel-words.js';
import type { MemoryOperand, Operand, WordSize } from './syntax.js';

/** What an instruction's operands tell about sizes; in Intel order. */
interface Shape {
  readonly operands: readonly Operand[];
  /** The first memory operand, also that of an indirect branch. */
  readonly memory: MemoryOperand | undefined;
  /** Bytes that the text gives for memory; 0 where it gives none. */
  readonly bytes: number;
  readonly wordSize: WordSize;
}

/** The AT&T mnemonic, or undefined where the operands do not decide it. */
type Rule = (name: string, shape: Shape) => string | undefined;

const named =
  (suffixes: Readonly<Record<number, string>>) =>
  (name: string, bytes: number): string | undefined => {
    const suffix = suffixes[bytes];
    return suffix === undefined ? undefined : name + suffix;
  };
const integerSuffix = named({ 1: 'b', 2: 'w', 4: 'l', 8: 'q' });
const floatSuffix = named({ 4: 's', 8: 'l', 10: 't' });
const integerFloatSuffix = named({ 2: 's', 4: 'l', 8: 'll' });
const convertSuffix = named({ 4: 'l', 8: 'q' });
const lengthSuffix = named({ 16: 'x', 32: 'y', 64: 'z' });
const farSuffix = named({ 0: '', 8: '', 2: 'w', 4: 'l' });

/** The size that memory is given decides; without memory or without a size the mnemonic stays, and registers decide. */
const suffixed: Rule = (name, { bytes, memory, operands }) => {
  if (bytes > 0) return integerSuffix(name, bytes);
  const decides = operands.some(
    (operand, i) =>
      operand.kind === 'register' && !(i === 1 && /^(rc|ro|sa|sh)[lr]$/.test(name)) && name !== 'crc32',
  );
  return memory === undefined || decides ? name : undefined;
};
/** The same where without a size it is that of the stack. */
const suffixedOrStack: Rule = (name, { bytes }) => (bytes === 0 ? name : integerSuffix(name, bytes));

/** Only memory has a size here, and has to be given one. */
const sizedMemory =
  (suffix: (name: string, bytes: number) => string | undefined): Rule =>
  (name, { memory, bytes }) =>
    memory === undefined ? name : suffix(name, bytes);

/** In 32-bit code there is one size of the integer. */
const converting: Rule = (name, { memory, bytes, wordSize }) =>
  memory === undefined ? name : convertSuffix(name, bytes === 0 && wordSize === 32 ? 4 : bytes);

/** fsub and fsubr, fdiv and fdivr are exchanged where the destination is not the top of the stack (manual 9.16.16). */
const exchanged = (name: string): string =>
  /r(?=p?$)/.test(name) ? name.replace(/r(?=p?$)/, '') : name.replace(/(?=p?$)/, 'r');
const reversible: Rule = (name, shape) => {
  if (shape.memory !== undefined) return floatSuffix(name, shape.bytes);
  const [destination] = shape.operands;
  // Without operands it also pops.
  if (destination === undefined) return `${exchanged(name)}p`;
  const deep =
    shape.operands.length === 2 && destination.kind === 'register' && /\([1-7]\)/.test(destination.name);
  return deep ? exchanged(name) : name;
};
const reversiblePop: Rule = (name) => exchanged(name);

/** movzx and its kin: the sizes of source and destination are both in the AT&T mnemonic. */
const extending: Rule = (name, { operands, memory, bytes }) => {
  const [to, from] = operands;
  const wide = to?.kind === 'register' ? generalBytes(to.name) : 0;
  const narrow = memory ? bytes : from?.kind === 'register' ? generalBytes(from.name) : 0;
  if (name === 'movsxd' && wide !== 8) return wide > 0 ? name : undefined;
  // It has one source size.
  if (name === 'movsxd' && memory && bytes === 0) return 'movslq';
  const letter =
    narrow === 4 && wide === 8 && name !== 'movzx' ? 'l' : narrow < 3 ? ['', 'b', 'w'][narrow] : '';
  if (letter === undefined || letter === '' || narrow >= wide || (name === 'movsxd' && letter !== 'l'))
    return undefined;
  return integerSuffix(`mov${name === 'movzx' ? 'z' : 's'}${letter}`, wide);
};

/** String instructions: memory or the accumulator tells the size. */
const string: Rule = (name, { operands, bytes }) => {
  if (operands.length === 0) return name;
  const accumulator = operands.find((operand) => operand.kind === 'register' && operand.name !== 'dx');
  const size = bytes > 0 ? bytes : accumulator?.kind === 'register' ? generalBytes(accumulator.name) : 0;
  return integerSuffix(name, size);
};

/** movsd and cmpsd are string instructions, unless they have a vector register. */
const doubleOrString: Rule = (name, { operands }) =>
  operands.some((operand) => operand.kind === 'register') ? name : name.replace(/d$/, 'l');
const longString: Rule = (name) => name.replace(/d$/, 'l');

/** A 64-bit memory operand makes movd a movq. */
const double: Rule = (name, { bytes }) => (bytes === 8 ? name.replace(/d$/, 'q') : name);

/** Registers, broadcast elements and vector memory: only the last needs the length in the mnemonic. */
const vectorLength: Rule = (name, { memory, bytes }) =>
  memory === undefined || memory.decoration.includes('1to') || bytes === 0 ? name : lengthSuffix(name, bytes);

/** The same where the destination tells 512 bits. */
const shortVectorLength: Rule = (name, shape) => (shape.bytes === 64 ? name : vectorLength(name, shape));

const branch: Rule = (name, { memory, bytes, wordSize }) => {
  if (memory === undefined) return name;
  // A far one, of 16 bits.
  if (bytes === 4 && wordSize === 64) return `l${name}w`;
  return bytes === 6 ? `l${name}` : bytes === 10 ? `l${name}q` : farSuffix(name, bytes);
};
const renamed =
  (to: string): Rule =>
  () =>
    to;

const rows: readonly (readonly [rule: Rule, names: string])[] = [
  [branch, 'call jmp'],
  [double, 'movd vmovd'],
  [doubleOrString, 'cmpsd movsd'],
  [extending, 'movsx movsxd movzx'],
  [longString, 'insd lodsd outsd scasd stosd'],
  [renamed('iretl'), 'iretd'],
  [renamed('lret'), 'retf'],
  [renamed('lretq'), 'retfq'],
  [renamed('lretw'), 'retfw'],
  [reversible, 'fdiv fdivr fsub fsubr'],
  [reversiblePop, 'fdivp fdivrp fsubp fsubrp'],
  [
    shortVectorLength,
    'vcvtdq2ph vcvtneps2bf16 vcvtpd2dq vcvtpd2ps vcvtpd2udq vcvtps2phx vcvtqq2ps vcvttpd2dq vcvttpd2udq vcvtudq2ph vcvtuqq2ps',
  ],
  [converting, 'cvtsi2sd cvtsi2ss vcvtsi2sd vcvtsi2sh vcvtsi2ss vcvtusi2sd vcvtusi2sh vcvtusi2ss'],
  [sizedMemory(floatSuffix), 'fadd fcom fcomp fld fmul fst fstp'],
  [
    sizedMemory(integerFloatSuffix),
    'fiadd ficom ficomp fidiv fidivr fild fimul fist fistp fisttp fisub fisubr',
  ],
  [string, 'cmps ins lods movs outs scas stos'],
  [
    suffixed,
    'adc add and bt btc btr bts cmp crc32 dec div idiv imul inc mov mul neg nop not or ptwrite rcl rcr rol ror sal sar sbb shl shr sub test xor',
  ],
  [suffixedOrStack, 'pop push'],
  [vectorLength, 'vcvtpd2ph vcvtqq2ph vcvtuqq2ph vfpclasspd vfpclassph vfpclassps'],
];

const rules = new Map<string, Rule>();
for (const [rule, names] of rows) for (const name of names.split(' ')) rules.set(name, rule);

/** Instructions whose operands stand in the same order in both syntaxes, beside those with two numbers (GNU as 2.40). */
const sameOrder = /^(bound|invlpg[ab]?|monitorx?|mwaitx?|pvalidate|rmp(adjust|query|update)|tpause|umwait)$/;

export function keepsOrder(name: string, operands: readonly Operand[]): boolean {
  return (
    sameOrder.test(name) ||
    (operands.length === 2 && operands.every((operand) => operand.kind === 'immediate'))
  );
}

/** Instructions that take an address and access nothing there of the size given. */
export const ignoresSize = (name: string): boolean => name === 'lea';

/** `addd`, `cvtsi2ssd`, `fldenvd`: a suffix d is AT&T's l, or s of an x87 operand (GNU as 2.40). */
const suffixedNames =
  /^(v?cvtu?si2s[dhs]|fld(env)?|fn?st(env)?|fn?save|frstor|[ls][gi]dt|ret[fn]?|sys(exit|ret)|enter|leave)d$/;

function withoutD(name: string): string | undefined {
  const bare = name.slice(0, -1);
  if (!name.endsWith('d') || rules.has(name)) return undefined;
  if (/^sh[lr]d$/.test(name)) return undefined;
  if (rules.get(bare) === suffixed) return `${bare}l`;
  if (!suffixedNames.test(name)) return undefined;
  if (/^f(ld|st)$/.test(bare)) return `${bare}s`;
  return /^f/.test(bare) ? bare : bare === 'retf' ? 'lretl' : bare === 'retn' ? 'retl' : `${bare}l`;
}

/** The AT&T mnemonic, or undefined where the operands leave open which one it is. */
export function attMnemonic(
  name: string,
  operands: readonly Operand[],
  wordSize: WordSize,
): string | undefined {
  const rule = rules.get(name);
  if (/^(fldenv|fn?stenv|fn?save|frstor)w$/.test(name)) return name.replace(/w$/, 's');
  if (rule === undefined) return withoutD(name) ?? name;
  const inner = operands.map((operand) => (operand.kind === 'indirect' ? operand.inner : operand));
  const all = inner.filter((operand) => operand.kind === 'memory');
  const bytes = all.find((memory) => memory.bytes !== undefined)?.bytes ?? 0;
  return rule(name, { operands: inner, memory: all[0], bytes, wordSize });
}

/** Bytes of an element, by the letters in the name of a conversion. */
const elements: ReadonlyMap<string, number> = new Map([
  ['bf16', 2],
  ['dq', 4],
  ['pd', 8],
  ['ph', 2],
  ['phx', 2],
  ['ps', 4],
  ['psx', 4],
  ['qq', 8],
  ['udq', 4],
  ['uqq', 8],
  ['uw', 2],
  ['w', 2],
]);

/**
 * How often `dword bcst` repeats its element: as often as the longest vector register has elements. Not a whole number, or one
 * that no form has, where that does not follow.
 */
export function broadcastCount(name: string, operands: readonly Operand[], bytes: number): number {
  let longest = 0;
  for (const operand of operands)
    if (operand.kind === 'register') longest = Math.max(longest, vectorBytes(operand.name));
  const found = /^vcvtt?[a-z]+2([a-z]+(?:16)?)$/.exec(name);
  const element = found === null ? bytes : (elements.get(found[1] ?? '') ?? bytes);
  // An xmm register may be filled by half or less.
  return element < bytes && longest === 16 ? 0 : longest / element;
}
