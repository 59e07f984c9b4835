// From a typed instruction to what it reads, writes and clobbers: finds the form in the table, then fills in the
// registers of the operands that are actually there.
import type { Instruction, Operand, RegisterOperand } from '../parse/syntax.js';
import { broadcast, candidates, choose, classesOf, describe } from './choose.js';
import type { Access, Effects, ImplicitMemory, Lookup } from './effects.js';
import { isRepeated, refusePrefixes } from './prefixes.js';
import { countedOperands } from './implied.js';
import { refusedOperands, refusedReason } from './refused.js';
import { registersOf } from './registers.js';
import { CLASS, type Form, type Mode } from './rows.js';

const RCX = 1 << 1;
const FLAGS = 0x7f << 16;
const X87 = 1 << 28;

/** With both sources the same register the result does not depend on it. */
const IDIOMS =
  /^(xor|sub|v?pxor[dq]?|v?xorp[sd]|v?psub(b|w|d|q|sb|sw|usb|usw)|v?pcmpeq[bwdq]|v?pcmpgt[bwdq])$/;
/** What a second execution would change although no register tells: exceptions get masked, a device gets a command twice. */
const NOT_TWICE = /^(fn?stenv|enqcmds?)$/;

/** `{%k1}` without `{z}`: elements keep what they were. */
function isMerging(operand: Operand): boolean {
  if (operand.kind !== 'register' && operand.kind !== 'memory') return false;
  const { decoration } = operand;
  return decoration !== '' && decoration.includes('k') && !decoration.includes('z');
}

/** Masked elements of a blend are taken from the other source. */
const BLEND = /^vp?blendm/;

/** What the form's access to its i-th operand becomes by masking and repetition. */
function accessOf(form: Form, i: number, operand: Operand, repeated: boolean): Access {
  const access = form.access[i] ?? '-';
  if (!access.includes('w')) return access;
  // A mask register as destination is zeroed where masked.
  const masked =
    isMerging(operand) &&
    !BLEND.test(form.base) &&
    !(operand.kind === 'register' && operand.name.startsWith('k'));
  if (!repeated && !masked) return access;
  return access === 'rw' || access === 'rcw' || (masked && operand.kind === 'register') ? 'rcw' : 'cw';
}

/** Whether the flags are set: a shift or rotate by nothing leaves them alone, and so may one whose count is not known. */
function flagsSet(form: Form, operands: readonly Operand[]): 'yes' | 'no' | 'maybe' {
  if (!form.counted || operands.length === 1) return 'yes';
  const value = literal(operands[0]);
  if (value === undefined) return 'maybe';
  const count = value & (form.operandBytes === 8 ? 63 : 31);
  // Narrow rcl and rcr rotate by the count modulo 9 or 17.
  const narrow = form.base.startsWith('rc') && form.operandBytes < 4;
  if (count === 0) return 'no';
  // AMD sets the overflow flag even when the rotation is a whole turn.
  return narrow && count % (form.operandBytes * 8 + 1) === 0 ? 'maybe' : 'yes';
}

/** Register sets under construction. */
class Sets {
  integerRead: number;
  integerWritten: number;
  integerKilled: number;
  vectorRead: number;
  vectorWritten: number;
  vectorKilled: number;
  otherRead: number;
  otherWritten: number;
  otherKilled: number;

  constructor(
    form: Form,
    private readonly mode: Mode,
  ) {
    this.integerRead = form.implicitRead | form.flagsRead;
    this.integerWritten = form.implicitWritten | form.flagsWritten;
    this.integerKilled = form.implicitKilled;
    this.vectorRead = form.vectorRead;
    this.vectorWritten = form.vectorWritten;
    this.vectorKilled = form.vectorKilled;
    this.otherRead = form.otherRead;
    this.otherWritten = form.otherWritten;
    this.otherKilled = form.otherKilled;
  }

  /** Registers of an address, read before the instruction changes anything. */
  address(name: string): void {
    const register = registersOf(this.mode).get(name);
    if (register === undefined) return;
    this.integerRead |= register.integer;
    this.vectorRead |= register.vector;
  }

  /** `{%k1}` of an operand. */
  mask(decoration: string, access: Access): void {
    const found = /%k([0-7])/.exec(decoration);
    if (!found) return;
    const bit = 1 << Number(found[1]);
    if (access.includes('r')) this.otherRead |= bit;
    if (access.includes('w')) this.otherWritten |= bit;
  }

  /** @param count how many registers, from an aligned first one on, the operand stands for */
  register(operand: RegisterOperand, access: Access, count = 1): void {
    const register = registersOf(this.mode).get(operand.name);
    if (register === undefined) return;
    const { integer } = register;
    const vector = several(register.vector, count);
    const other = several(register.other, count);
    const written = access.includes('w');
    const certain = written && !access.includes('c') && !register.partial;
    if (access.includes('r') || (written && !certain)) {
      this.integerRead |= integer;
      this.vectorRead |= vector;
      this.otherRead |= other;
    }
    if (written) {
      this.integerWritten |= integer;
      this.vectorWritten |= vector;
      this.otherWritten |= other;
    }
    if (certain) {
      this.integerKilled |= integer;
      this.vectorKilled |= vector;
      this.otherKilled |= other;
    }
  }
}

/** The bits of the `count` registers (a power of two) in whose aligned group `bit` is. */
function several(bit: number, count: number): number {
  if (count === 1 || bit === 0) return bit;
  const first = (31 - Math.clz32(bit)) & -count;
  return ((1 << count) - 1) << first;
}

/** Literal integer, or undefined. */
function literal(operand: Operand | undefined): number | undefined {
  if (operand?.kind !== 'immediate') return undefined;
  const text = operand.expression.trim();
  return /^(0x[0-9a-f]+|[1-9][0-9]*|0)$/i.test(text) ? Number(text) : undefined;
}

/** Implicit memory of this very instruction: `rep` makes it conditional, the nesting level of `enter` tells its extent. */
function memoryOf(form: Form, operands: readonly Operand[], repeated: boolean): readonly ImplicitMemory[] {
  if (form.base === 'enter') {
    const level = literal(operands[1]);
    const word = form.operandBytes;
    const frame = { base: 4, operand: -1, access: 'w', aligned: 1 } as const;
    if (level === undefined)
      return [
        { ...frame, displacement: 0, bytes: 0 },
        { ...frame, base: 5, displacement: 0, bytes: 0, access: 'r' },
      ];
    const bytes = word * ((level & 31) + 1);
    const outer = word * ((level & 31) - 1);
    const written = { ...frame, displacement: -bytes, bytes };
    // Outer frame pointers stand below the one %rbp points to.
    return outer <= 0
      ? [written]
      : [written, { ...frame, base: 5, displacement: -outer, bytes: outer, access: 'r' }];
  }
  if (!repeated) return form.memory;
  return form.memory.map((item) => ({ ...item, bytes: 0, access: item.access === 'w' ? 'cw' : item.access }));
}

/** Whether an address the instruction accesses is computed from a register it changes. */
function changesAddress(
  form: Form,
  operands: readonly Operand[],
  memory: readonly ImplicitMemory[],
  sets: Sets,
  mode: Mode,
): boolean {
  const changed = (name: string): boolean => {
    const register = registersOf(mode).get(name);
    return (
      register !== undefined &&
      ((register.integer & sets.integerWritten) | (register.vector & sets.vectorWritten)) !== 0
    );
  };
  for (const operand of operands) {
    const inner = operand.kind === 'indirect' ? operand.inner : operand;
    if (inner.kind === 'memory' && form.memoryOperand >= 0 && (changed(inner.base) || changed(inner.index)))
      return true;
  }
  return memory.some((item) => {
    if (item.base >= 0) return ((1 << item.base) & sets.integerWritten) !== 0;
    const operand = operands[item.operand];
    return operand?.kind === 'register' && changed(operand.name);
  });
}

/** With these immediates the result does not depend on the register: gcc -Os makes -1 so. */
const CONSTANT: Readonly<Record<string, string>> = { and: '0', or: '-1' };

/** The sources' reads that an idiom does not have. */
function isIdiom(form: Form, operands: readonly Operand[]): boolean {
  const [a, b] = operands;
  if (a?.kind === 'immediate' && b?.kind === 'register') return a.expression === CONSTANT[form.base];
  return a?.kind === 'register' && b?.kind === 'register' && a.name === b.name && IDIOMS.test(form.base);
}

function effectsOf(
  form: Form,
  instruction: Instruction,
  operands: readonly Operand[],
  shift: number,
  mode: Mode,
): Effects {
  const repeated = form.repeatable && instruction.prefixes.length > 0 && isRepeated(instruction.prefixes);
  const sets = new Sets(form, mode);
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
    if ((target.kind === 'register' || target.kind === 'memory') && target.decoration !== '')
      sets.mask(target.decoration, form.maskAccess);
    const count = i + shift === form.pair ? 2 : i + shift === form.block ? 4 : 1;
    if (target.kind === 'register') {
      sets.register(target, idiom ? (how.includes('w') && !isMerging(operand) ? 'w' : '-') : how, count);
      if (idiom && isMerging(operand)) sets.register(target, how);
    } else if (target.kind === 'memory') {
      sets.address(target.base);
      sets.address(target.index);
    }
  }
  const flags = flagsSet(form, operands);
  if (flags === 'yes') sets.integerKilled |= form.flagsWritten;
  else if (flags === 'maybe') sets.integerRead |= form.flagsWritten;
  else {
    sets.integerRead &= ~FLAGS;
    sets.integerWritten &= ~FLAGS;
  }
  if (repeated) {
    // A count of zero changes nothing.
    sets.integerRead |= sets.integerWritten | RCX;
    sets.integerWritten |= RCX;
    sets.integerKilled = 0;
  }
  const memoryOperand = form.memoryOperand < 0 ? -1 : form.memoryOperand - shift;
  const memory = operands[memoryOperand];
  const implicit = memoryOf(form, operands, repeated);
  const implicitWrite = implicit.some((item) => item.access.includes('w'));
  const stored = memoryOperand < 0 ? '-' : (access[memoryOperand] ?? '-');
  const writes = implicitWrite || stored.includes('w');
  const broadcast = memory?.kind === 'memory' && memory.decoration.includes('1to');
  return {
    access,
    memoryOperand,
    memoryBytes: broadcast ? form.broadcastBytes : form.memoryBytes,
    memorySizeKnown: form.memorySizeKnown,
    implicitMemoryWrite: implicitWrite,
    implicitMemoryRead: implicit.some((item) => item.access.includes('r')),
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
    implicitMemory: implicit,
    conditionalWrite: stored.includes('cw') || implicit.some((item) => item.access.includes('cw')),
    storeRepeatable:
      writes &&
      !(stored.includes('r') && stored.includes('w')) &&
      !implicit.some((item) => item.access.startsWith('r') && item.access.includes('w')) &&
      (sets.integerRead & sets.integerWritten) === 0 &&
      (sets.vectorRead & sets.vectorWritten) === 0 &&
      (sets.otherRead & sets.otherWritten & ~X87) === 0 &&
      (form.x87 === '-' || form.x87 === 'use') &&
      form.flow === 'next' &&
      !NOT_TWICE.test(form.base),
    changesAddress: changesAddress(form, operands, implicit, sets, mode),
    x87: form.x87,
    otherRead: sets.otherRead,
    otherKilled: sets.otherKilled,
    otherWritten: sets.otherWritten,
  };
}

/** Puts `-` where operands stand that forms do not count: `{sae}` and the like, and registers that the instruction implies. */
function withUncounted(effects: Effects, uncounted: readonly boolean[]): Effects {
  const access: Access[] = [];
  let next = 0;
  let memoryOperand = -1;
  uncounted.forEach((is, i) => {
    if (is) return void access.push('-');
    if (next === effects.memoryOperand) memoryOperand = i;
    access.push(effects.access[next++] ?? '-');
  });
  return { ...effects, access, memoryOperand };
}

/** Without operands GNU as makes the popping instruction of these. */
const POPS_ALONE = /^f(add|div|divr|mul|sub|subr)$/;
const LOADS_SELECTOR = /^(lar|lsl)[wlq]?$/;
const ANY_GENERAL = CLASS.r16 | CLASS.r32 | CLASS.r64;

function find(instruction: Instruction, mode: Mode): Lookup {
  const { mnemonic, operands: all, prefixes } = instruction;
  if (mnemonic === '') return { ok: false, reason: `prefix '${prefixes.join(' ')}' without an instruction` };
  const refused = refusedReason(mnemonic, mode);
  if (refused !== undefined) return { ok: false, reason: `'${mnemonic}' is refused: ${refused}` };
  const { forms, suffixed, pseudo } = candidates(
    all.length === 0 && POPS_ALONE.test(mnemonic) ? `${mnemonic}p` : mnemonic,
    mode,
  );
  if (forms.length === 0 && suffixed.length === 0)
    return { ok: false, reason: `unknown instruction '${mnemonic}'` };
  const counted = countedOperands(mnemonic, all, mode);
  const uncounted = all.map((operand, i) => operand.kind === 'decorator' || i >= counted);
  const decorated = uncounted.includes(true);
  const operands = decorated ? all.filter((_, i) => !uncounted[i]) : all;
  const classes = operands.map((operand) => classesOf(operand, mode));
  // The selector is in the low half of a register of any size.
  if (LOADS_SELECTOR.test(mnemonic) && ((classes[0] ?? 0) & ANY_GENERAL) !== 0)
    classes[0] = (classes[0] ?? 0) | ANY_GENERAL;
  if (pseudo) classes.unshift(CLASS.i);
  const form =
    choose(mnemonic, broadcast(mnemonic, forms, operands, mode), classes) ??
    choose(mnemonic, suffixed, classes);
  if (form === undefined)
    return {
      ok: false,
      reason:
        refusedOperands(instruction, mode) ?? `no form of '${mnemonic}' takes ${describe(operands, mode)}`,
    };
  if (typeof form === 'string') return { ok: false, reason: form };
  const why = refusedReason(form.base, mode);
  if (why !== undefined) return { ok: false, reason: `'${mnemonic}' is refused: ${why}` };
  if (prefixes.length > 0) {
    const reason = refusePrefixes(prefixes, form, mode, operands);
    if (reason !== undefined) return { ok: false, reason };
  }
  const effects = effectsOf(form, instruction, operands, pseudo ? 1 : 0, mode);
  if (effects.memoryOperand >= 0 && effects.memoryBytes === 0 && effects.memorySizeKnown) {
    // Address-only operands cover nothing; a broadcast the form does not have is not an instruction.
    if (effects.access[effects.memoryOperand] !== 'a')
      return { ok: false, reason: `'${mnemonic}' does not broadcast its memory operand` };
  }
  return { ok: true, effects: decorated ? withUncounted(effects, uncounted) : effects };
}

/** What of an instruction's text `find` looks at: two of the same shape have the same effects. */
function shapeOf({ prefixes, mnemonic, operands }: Instruction): string {
  let shape = mnemonic;
  for (const prefix of prefixes) shape += ` ${prefix}`;
  for (const operand of operands) {
    const inner = operand.kind === 'indirect' ? operand.inner : operand;
    shape += operand.kind === 'indirect' ? '\n*' : '\n';
    switch (inner.kind) {
      case 'register':
        shape += `%${inner.name}${inner.decoration}`;
        break;
      case 'immediate': // a shift by zero changes no flags
        shape += `$${inner.expression}`;
        break;
      case 'memory': // a string instruction's operand has no displacement
        shape += `${inner.segment}:${inner.displacement === '' ? '' : 'd'}(${inner.base},${inner.index})${inner.decoration}`;
        break;
      case 'target':
        shape += 't';
        break;
      case 'decorator':
        shape += inner.text;
        break;
    }
  }
  return shape;
}

const remembered: Readonly<Record<Mode, Map<string, Lookup>>> = { 64: new Map(), 32: new Map() };

/**
 * What `instruction` does, in 64-bit or 32-bit mode with AT&T operands; `ok: false` for anything not known for certain.
 *
 * - Only the instruction itself is described: what a called function or the kernel clobbers is the caller's to add.
 * - A legacy SSE write of a whole xmm register kills it, although the upper half of the ymm register stays: a caller
 *   for whom that half matters must not take it for a kill.
 * - String instructions have `memoryOperand` -1 in every spelling: their memory is implicit, `operandBytes` an element.
 * - `bt`, `bts`, `btr`, `btc` with a register offset have `memorySizeKnown` false: the bytes are not at the address.
 */
export function lookup(instruction: Instruction, mode: Mode = 64): Lookup {
  const shape = shapeOf(instruction);
  let found = remembered[mode].get(shape);
  if (found === undefined) remembered[mode].set(shape, (found = find(instruction, mode)));
  return found;
}
