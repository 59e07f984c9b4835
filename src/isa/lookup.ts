// From a typed instruction to what it reads, writes and clobbers: finds the form in the table, then fills in the
// registers of the operands that are actually there.
import type { Instruction, Operand, RegisterOperand } from '../parse/syntax.js';
import { aliasesOf, pseudoOperation } from './aliases.js';
import type { Access, Effects, Lookup } from './effects.js';
import { isRepeated, refusePrefixes } from './prefixes.js';
import { REGISTERS } from './registers.js';
import { CLASS, formsNamed, type Form } from './rows.js';

const RCX = 1 << 1;
const SUFFIX_BYTES: Readonly<Record<string, number>> = { b: 1, w: 2, l: 4, q: 8 };
/** AVX-512 disp8 and `(%dx)` aside, what string instructions may be given as address. */
const STRING_BASES = new Set(['rsi', 'rdi', 'rbx']);

/** With both sources the same register the result does not depend on it. */
const IDIOMS =
  /^(xor|sub|v?pxor[dq]?|v?xorp[sd]|v?psub(b|w|d|q|sb|sw|usb|usw)|v?pcmpeq[bwdq]|v?pcmpgt[bwdq])$/;

interface Candidates {
  readonly forms: readonly Form[];
  /** The mnemonic stands for another one with an immediate in front. */
  readonly pseudo: boolean;
}

const cache = new Map<string, Candidates>();

function spelled(name: string): Form[] {
  const forms = formsNamed(name);
  for (const alias of aliasesOf(name))
    for (const form of formsNamed(alias.name))
      if (
        (alias.base === undefined || alias.base === form.base) &&
        (alias.bytes === undefined || alias.bytes === form.operandBytes)
      )
        forms.push(form);
  return forms;
}

/** All forms a mnemonic can mean, whatever the operands. */
function candidates(mnemonic: string): Candidates {
  const known = cache.get(mnemonic);
  if (known) return known;
  const forms = spelled(mnemonic);
  // GAS takes a size suffix on any integer instruction (`cvttsd2siq`); it must agree with the operand size.
  const bytes = SUFFIX_BYTES[mnemonic.slice(-1)];
  if (bytes !== undefined)
    for (const form of spelled(mnemonic.slice(0, -1))) if (form.operandBytes === bytes) forms.push(form);
  let found: Candidates = { forms, pseudo: false };
  if (forms.length === 0) {
    const name = pseudoOperation(mnemonic);
    if (name !== undefined) found = { forms: formsNamed(name), pseudo: true };
  }
  cache.set(mnemonic, found);
  return found;
}

/** Classes (bits of CLASS) an operand belongs to; 0 for what no form takes. */
function classesOf(operand: Operand): number {
  switch (operand.kind) {
    case 'register':
      return REGISTERS.get(operand.name)?.classes ?? 0;
    case 'immediate':
      return CLASS.i;
    case 'target':
      return CLASS.rel;
    case 'indirect':
      return classesOf(operand.inner);
    case 'decorator':
      return 0;
    case 'memory': {
      if (operand.index === '') {
        const string = STRING_BASES.has(operand.base) && operand.displacement === '';
        return string ? CLASS.m | CLASS.ms : CLASS.m;
      }
      const index = REGISTERS.get(operand.index)?.classes ?? 0;
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

function describe(operands: readonly Operand[]): string {
  const words = operands.map((operand) => {
    const classes = classesOf(operand);
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

/** The one form (or one of several with equal effects) these operands have, or the reason why there is none. */
function choose(
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
  // push, call, ret and their like are 64 bits wide unless a suffix says otherwise.
  const wide = forms.filter((form) => form.default64 && form.operandBytes === 8 && fits(form, classes));
  const [first] = wide;
  if (first && wide.every((form) => form.key === first.key)) return first;
  return `the operand size of '${mnemonic}' does not follow from its operands; write a size suffix`;
}

/** `{%k1}` without `{z}`: elements keep what they were. */
function isMerging(operand: Operand): boolean {
  if (operand.kind !== 'register' && operand.kind !== 'memory') return false;
  const { decoration } = operand;
  return decoration !== '' && decoration.includes('k') && !decoration.includes('z');
}

/** What the form's access to its i-th operand becomes by masking and repetition. */
function accessOf(form: Form, i: number, operand: Operand, repeated: boolean): Access {
  const access = form.access[i] ?? '-';
  if (!access.includes('w')) return access;
  // A mask register as destination is zeroed where masked.
  const masked = isMerging(operand) && !(operand.kind === 'register' && operand.name.startsWith('k'));
  if (!repeated && !masked) return access;
  return access === 'rw' || access === 'rcw' || (masked && operand.kind === 'register') ? 'rcw' : 'cw';
}

/** Zero only for counts known to be: `shl $0` leaves the flags alone, and so does what cannot be evaluated. */
function setsFlags(form: Form, operands: readonly Operand[]): boolean {
  if (!form.counted) return true;
  const [first] = operands;
  if (operands.length === 1) return true;
  if (first?.kind !== 'immediate') return false;
  const expression = first.expression.trim();
  if (!/^(0x[0-9a-f]+|[1-9][0-9]*|0)$/i.test(expression)) return false;
  const count = Number(expression) & (form.operandBytes === 8 ? 63 : 31);
  // Narrow rcl and rcr rotate by the count modulo 9 or 17.
  return count > 0 && (count < 9 || form.operandBytes >= 4 || !form.base.startsWith('rc'));
}

/** Register sets under construction. */
class Sets {
  integerRead: number;
  integerWritten: number;
  integerKilled: number;
  vectorRead: number;
  vectorWritten: number;
  vectorKilled: number;

  constructor(form: Form) {
    this.integerRead = form.implicitRead | form.flagsRead;
    this.integerWritten = form.implicitWritten | form.flagsWritten;
    this.integerKilled = form.implicitKilled;
    this.vectorRead = form.vectorRead;
    this.vectorWritten = form.vectorWritten;
    this.vectorKilled = form.vectorKilled;
  }

  address(name: string): void {
    const register = REGISTERS.get(name);
    if (register === undefined) return;
    this.integerRead |= register.integer;
    this.vectorRead |= register.vector;
  }

  register(operand: RegisterOperand, access: Access): void {
    const register = REGISTERS.get(operand.name);
    if (register === undefined) return;
    const { integer, vector } = register;
    const written = access.includes('w');
    const certain = written && !access.includes('c') && !register.partial;
    if (access.includes('r') || (written && !certain)) {
      this.integerRead |= integer;
      this.vectorRead |= vector;
    }
    if (written) {
      this.integerWritten |= integer;
      this.vectorWritten |= vector;
    }
    if (certain) {
      this.integerKilled |= integer;
      this.vectorKilled |= vector;
    }
  }
}

/** The sources' reads that a zeroing idiom does not have. */
function isIdiom(form: Form, operands: readonly Operand[]): boolean {
  const [a, b] = operands;
  return a?.kind === 'register' && b?.kind === 'register' && a.name === b.name && IDIOMS.test(form.base);
}

function effectsOf(
  form: Form,
  instruction: Instruction,
  operands: readonly Operand[],
  shift: number,
): Effects {
  const repeated = form.repeatable && instruction.prefixes.length > 0 && isRepeated(instruction.prefixes);
  const sets = new Sets(form);
  // Nearly always the form's own list is the answer: only masking and repetition change it.
  let access: readonly Access[] = form.access;
  const changed: Access[] | undefined = repeated || shift > 0 || operands.some(isMerging) ? [] : undefined;
  if (changed) access = changed;
  const idiom = isIdiom(form, operands);
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    if (operand === undefined) break;
    const how = changed ? accessOf(form, i + shift, operand, repeated) : (form.access[i] ?? '-');
    changed?.push(how);
    const target = operand.kind === 'indirect' ? operand.inner : operand;
    if (target.kind === 'register') {
      sets.register(target, idiom ? (how.includes('w') && !isMerging(operand) ? 'w' : '-') : how);
      if (idiom && isMerging(operand)) sets.register(target, how);
    } else if (target.kind === 'memory') {
      sets.address(target.base);
      sets.address(target.index);
    }
  }
  if (setsFlags(form, operands)) sets.integerKilled |= form.flagsWritten;
  else sets.integerRead |= form.flagsWritten;
  if (repeated) {
    // A count of zero changes nothing.
    sets.integerRead |= sets.integerWritten | RCX;
    sets.integerWritten |= RCX;
    sets.integerKilled = 0;
  }
  const memoryOperand = form.memoryOperand < 0 ? -1 : form.memoryOperand - shift;
  const memory = operands[memoryOperand];
  const broadcast = memory?.kind === 'memory' && memory.decoration.includes('1to');
  return {
    access,
    memoryOperand,
    memoryBytes: broadcast ? form.broadcastBytes : form.memoryBytes,
    memorySizeKnown: form.memorySizeKnown,
    implicitMemoryWrite: form.memoryWrite,
    implicitMemoryRead: form.memoryRead,
    integerRead: sets.integerRead,
    integerKilled: sets.integerKilled,
    integerWritten: sets.integerWritten,
    vectorRead: sets.vectorRead,
    vectorKilled: sets.vectorKilled,
    vectorWritten: sets.vectorWritten,
    flow: form.flow,
    base: form.base,
    operandBytes: form.operandBytes,
    privileged: form.privileged,
  };
}

/** Puts `-` where `{sae}` and the like stand, which forms do not count as operands. */
function withDecorators(effects: Effects, all: readonly Operand[]): Effects {
  const access: Access[] = [];
  let next = 0;
  let memoryOperand = -1;
  all.forEach((operand, i) => {
    if (operand.kind === 'decorator') return void access.push('-');
    if (next === effects.memoryOperand) memoryOperand = i;
    access.push(effects.access[next++] ?? '-');
  });
  return { ...effects, access, memoryOperand };
}

/**
 * What `instruction` does, in 64-bit mode with AT&T operands; `ok: false` for anything not known for certain.
 *
 * - Only the instruction itself is described: what a called function or the kernel clobbers is the caller's to add.
 * - A legacy SSE write of a whole xmm register kills it, although the upper half of the ymm register stays: a caller
 *   for whom that half matters must not take it for a kill.
 * - String instructions have `memoryOperand` -1 in every spelling: their memory is implicit, `operandBytes` an element.
 * - `bt`, `bts`, `btr`, `btc` with a register offset have `memorySizeKnown` false: the bytes are not at the address.
 */
export function lookup(instruction: Instruction): Lookup {
  const { mnemonic, operands: all, prefixes } = instruction;
  if (mnemonic === '') return { ok: false, reason: `prefix '${prefixes.join(' ')}' without an instruction` };
  const { forms, pseudo } = candidates(mnemonic);
  if (forms.length === 0) return { ok: false, reason: `unknown instruction '${mnemonic}'` };
  const decorated = all.some((operand) => operand.kind === 'decorator');
  const operands = decorated ? all.filter((operand) => operand.kind !== 'decorator') : all;
  const classes = operands.map(classesOf);
  if (pseudo) classes.unshift(CLASS.i);
  const form = choose(mnemonic, forms, classes);
  if (form === undefined)
    return { ok: false, reason: `no form of '${mnemonic}' takes ${describe(operands)}` };
  if (typeof form === 'string') return { ok: false, reason: form };
  if (prefixes.length > 0) {
    const reason = refusePrefixes(prefixes, form);
    if (reason !== undefined) return { ok: false, reason };
  }
  const effects = effectsOf(form, instruction, operands, pseudo ? 1 : 0);
  if (effects.memoryOperand >= 0 && effects.memoryBytes === 0 && effects.memorySizeKnown) {
    // Address-only operands cover nothing; a broadcast the form does not have is not an instruction.
    if (effects.access[effects.memoryOperand] !== 'a')
      return { ok: false, reason: `'${mnemonic}' does not broadcast its memory operand` };
  }
  return { ok: true, effects: decorated ? withDecorators(effects, all) : effects };
}
