// From a mnemonic and operands to the one form of the table they mean.
import type { Operand } from '../parse/syntax.js';
import { aliasesOf, pseudoOperation } from './aliases.js';
import { registersOf } from './registers.js';
import { CLASS, formsNamed, type Form, type Mode } from './rows.js';

const SUFFIX_BYTES: Readonly<Record<string, number>> = { b: 1, w: 2, l: 4, q: 8 };
/** AVX-512 disp8 and `(%dx)` aside, what string instructions may be given as address. */
const STRING_BASES: Readonly<Record<Mode, ReadonlySet<string>>> = {
  64: new Set(['rsi', 'rdi', 'rbx']),
  32: new Set(['esi', 'edi', 'ebx']),
};

export interface Candidates {
  readonly forms: readonly Form[];
  /** Taken when no form of the very spelling fits: those of the name without its size suffix. */
  readonly suffixed: readonly Form[];
  /** The mnemonic stands for another one with an immediate in front. */
  readonly pseudo: boolean;
}

const caches: Readonly<Record<Mode, Map<string, Candidates>>> = { 64: new Map(), 32: new Map() };

function spelled(name: string, mode: Mode): Form[] {
  const forms = formsNamed(name, mode);
  for (const alias of aliasesOf(name))
    for (const form of formsNamed(alias.name, mode))
      if (
        (alias.base === undefined || alias.base === form.base) &&
        (alias.bytes === undefined || alias.bytes === form.operandBytes) &&
        (alias.from === undefined || readsBytes(form, alias.from))
      )
        forms.push(form);
  return forms;
}

const SOURCE_CLASS = { 1: CLASS.r8, 2: CLASS.r16, 4: CLASS.r32 } as const;

function readsBytes(form: Form, bytes: 1 | 2 | 4): boolean {
  return form.memoryOperand === 0
    ? form.memoryBytes === bytes
    : ((form.classes[0] ?? 0) & SOURCE_CLASS[bytes]) !== 0;
}

/** All forms a mnemonic can mean, whatever the operands. */
export function candidates(mnemonic: string, mode: Mode): Candidates {
  const cache = caches[mode];
  const known = cache.get(mnemonic);
  if (known) return known;
  const forms = spelled(mnemonic, mode);
  const suffixed: Form[] = [];
  // GAS takes a size suffix on any integer instruction (`cvttsd2siq`); it must agree with the operand size.
  const bytes = SUFFIX_BYTES[mnemonic.slice(-1)];
  if (bytes !== undefined)
    for (const form of spelled(mnemonic.slice(0, -1), mode))
      if (form.operandBytes === bytes) suffixed.push(form);
  let found: Candidates = { forms, suffixed, pseudo: false };
  if (forms.length === 0 && suffixed.length === 0) {
    const name = pseudoOperation(mnemonic);
    if (name !== undefined) found = { forms: formsNamed(name, mode), suffixed, pseudo: true };
  }
  cache.set(mnemonic, found);
  return found;
}

/** Classes (bits of CLASS) an operand belongs to; 0 for what no form takes. */
export function classesOf(operand: Operand, mode: Mode): number {
  const registers = registersOf(mode);
  switch (operand.kind) {
    case 'register':
      return registers.get(operand.name)?.classes ?? 0;
    case 'immediate':
      return CLASS.i;
    case 'target':
      return CLASS.rel;
    case 'indirect':
      return classesOf(operand.inner, mode);
    case 'decorator':
      return 0;
    case 'memory': {
      if (operand.index === '') {
        // `(%dx)` is a port.
        if (operand.base === 'dx' && operand.displacement === '') return CLASS.dx;
        const string = STRING_BASES[mode].has(operand.base) && operand.displacement === '';
        return string ? CLASS.m | CLASS.ms : CLASS.m;
      }
      const index = registers.get(operand.index)?.classes ?? 0;
      if (index & CLASS.x) return CLASS.vx;
      if (index & CLASS.y) return CLASS.vy;
      return index & CLASS.z ? CLASS.vz : CLASS.m;
    }
  }
}

const NAMED_CLASSES: readonly (readonly [number, string])[] = [
  [CLASS.r8, 'r8'],
  [CLASS.r16, 'r16'],
  [CLASS.r32, 'r32'],
  [CLASS.r64, 'r64'],
  [CLASS.mm, 'mm'],
  [CLASS.x, 'xmm'],
  [CLASS.y, 'ymm'],
  [CLASS.z, 'zmm'],
  [CLASS.k, 'k'],
  [CLASS.st, 'st'],
  [CLASS.sg, 'segment'],
  [CLASS.cr, 'cr'],
  [CLASS.dr, 'dr'],
  [CLASS.bnd, 'bnd'],
  [CLASS.tmm, 'tmm'],
  [CLASS.i, 'imm'],
  [CLASS.rel, 'label'],
];

export function describe(operands: readonly Operand[], mode: Mode): string {
  const words = operands.map((operand) => {
    const classes = classesOf(operand, mode);
    const named = NAMED_CLASSES.find(([bits]) => classes & bits);
    if (named) return named[1];
    return operand.kind === 'register' ? `%${operand.name}` : 'memory';
  });
  return `(${words.join(', ')})`;
}

function fits(form: Form, classes: readonly number[]): boolean {
  if (form.classes.length !== classes.length) return false;
  for (let i = 0; i < classes.length; i++)
    if (((form.classes[i] ?? 0) & (classes[i] ?? 0)) === 0) return false;
  return true;
}

const EXTENDING = /^mov[sz]x$/;
const isLong = (form: Form): boolean =>
  form.operandBytes === 4 || (form.operandBytes === 0 && form.memoryBytes === 4);

/** The one form (or one of several with equal effects) these operands have, or the reason why there is none. */
export function choose(
  mnemonic: string,
  forms: readonly Form[],
  classes: readonly number[],
): Form | string | undefined {
  let only: Form | undefined;
  let ambiguous = false;
  for (const form of forms) {
    if (!fits(form, classes)) continue;
    if (only !== undefined && only.key !== form.key) ambiguous = true;
    // Of a VEX and an EVEX form that agree, the latter also knows the size of a broadcast element.
    if (only === undefined || form.broadcastBytes > 0) only = form;
  }
  if (!ambiguous) return only;
  // push, call, ret and their like have the width of the mode unless a suffix says otherwise.
  const wide = forms.filter((form) => form.natural && fits(form, classes));
  const [first] = wide;
  if (first && wide.every((form) => form.key === first.key)) return first;
  // Then GNU as assumes the suffix l, and says so; movsx and movzx take a byte, crc32 what its register holds.
  const fitting = forms.filter((form) => fits(form, classes));
  const assumed = fitting.filter((form) => {
    if (EXTENDING.test(form.base)) return form.memoryBytes === 1;
    if (form.base === 'crc32') return form.memoryBytes === Math.max(...fitting.map((one) => one.memoryBytes));
    return isLong(form);
  });
  const [only4] = assumed;
  if (only4 && assumed.every((form) => form.key === only4.key)) return only4;
  return `the operand size of '${mnemonic}' does not follow from its operands; write a size suffix`;
}

/**
 * `{1to4}` tells the vector length where nothing else does: `vcvtpd2ps (%rax){1to2}, %xmm0` is `vcvtpd2psx`.
 *
 * @returns the forms whose memory operand holds that many elements, or `forms` when nothing is broadcast
 */
export function broadcast(
  mnemonic: string,
  forms: readonly Form[],
  operands: readonly Operand[],
  mode: Mode,
): readonly Form[] {
  const memory = operands.find((operand) => operand.kind === 'memory');
  const found = memory === undefined ? null : /\{1to(\d+)\}/.exec(memory.decoration);
  if (!found) return forms;
  const all = [...forms, ...['x', 'y', 'z'].flatMap((letter) => formsNamed(mnemonic + letter, mode))];
  return all.filter((form) => form.memoryBytes === form.broadcastBytes * Number(found[1]));
}
