// Which prefixes may stand before which forms. What is not listed is refused.
import type { Operand } from '../parse/syntax.js';
import type { Form, Mode } from './rows.js';

/** The reason why a prefix may not stand there, or undefined. */
type Rule = (form: Form, prefixes: readonly string[], operands: readonly Operand[]) => string | undefined;

const always: Rule = () => undefined;
const refuse =
  (reason: string): Rule =>
  () =>
    reason;
const CHANGES_SIZE = 'changes the operand size';
const isRexW = (prefix: string): boolean => prefix === 'rex.w' || prefix === 'rex64';
/** Direct branches and calls: of 64 bits whatever REX.W says. */
const isDirect = (form: Form): boolean =>
  (form.flow === 'jump' || form.flow === 'branch' || form.flow === 'call') &&
  form.memoryOperand < 0 &&
  form.classes.length === 1;

const is64Bit: Rule = (form) =>
  form.operandBytes === 8 || form.base === 'nop' || (form.operandBytes === 0 && isDirect(form))
    ? undefined
    : CHANGES_SIZE;
/**
 * 0x66 is padding before nop, before a lea of 64 bits, and where REX.W is written and overrides it. Elsewhere it changes
 * the size of a push or a branch, or even makes another instruction (of vmwrite: extrq).
 */
const keepsOperandSize: Rule = (form, prefixes, operands) => {
  if (form.base === 'nop' || (form.base === 'lea' && form.operandBytes === 8)) return undefined;
  if (!isDirect(form)) return CHANGES_SIZE;
  return prefixes.some(isRexW) ? is64Bit(form, prefixes, operands) : CHANGES_SIZE;
};
const onlyNop: Rule = (form) => (form.base === 'nop' ? undefined : CHANGES_SIZE);
/** With REX the encodings of %ah to %bh mean %spl to %dil. */
const noHighByte: Rule = (_form, _prefixes, operands) =>
  operands.some((operand) => operand.kind === 'register' && /^[a-d]h$/.test(operand.name))
    ? 'makes another register of a high byte'
    : undefined;
const writesImplicitly = (form: Form): boolean => form.memory.some((item) => item.access.includes('w'));
const noMemory: Rule = (form) =>
  form.memoryOperand >= 0 && form.access[form.memoryOperand] !== 'a'
    ? 'changes the address of the memory operand'
    : form.repeatable || (writesImplicitly(form) && form.flow === 'next' && form.base !== 'push')
      ? 'changes an implicit address'
      : undefined;
/** Before an address of 32-bit registers it says what is said already. */
const narrowsAddress: Rule = (form, prefixes, operands) =>
  operands.some(
    (operand) => operand.kind === 'memory' && /^e[a-ds]|^r\d+d$/.test(operand.base || operand.index),
  )
    ? undefined
    : noMemory(form, prefixes, operands);
const repeats: Rule = (form) =>
  form.repeatable ||
  form.base === 'ret' ||
  form.base === 'nop' ||
  form.flow === 'jump' ||
  form.flow === 'branch'
    ? undefined
    : 'has no meaning there';
/** Before a bit scan it makes tzcnt or lzcnt where the CPU has them: another result in the same register and flags. */
const repeatsOrCounts: Rule = (form, prefixes, operands) =>
  form.base === 'bsf' || form.base === 'bsr' ? undefined : repeats(form, prefixes, operands);
const locks: Rule = (form) =>
  form.lockable && form.memoryOperand >= 0 ? undefined : 'needs a read-modify-write of memory';

const RULES: ReadonlyMap<string, Rule> = new Map([
  ['lock', locks],
  ['xacquire', always],
  ['xrelease', always],
  ['rep', repeatsOrCounts],
  ['repe', repeatsOrCounts],
  ['repz', repeatsOrCounts],
  ['repne', repeats],
  ['repnz', repeats],
  ['bnd', always],
  ['notrack', always],
  // In 64-bit mode these four change nothing, and elsewhere not where memory is flat; jcc takes two of them as hints.
  ['cs', always],
  ['ds', always],
  ['es', always],
  ['ss', always],
  ['fs', noMemory],
  ['gs', noMemory],
  ['addr32', narrowsAddress],
  ['data16', keepsOperandSize],
  ['rex', noHighByte],
  ['rex64', is64Bit],
  ['rex.w', is64Bit],
  // Branch hints.
  ['ht', always],
  ['hnt', always],
  ['addr16', refuse('does not exist in 64-bit mode')],
  ['{vex}', always],
  ['{vex2}', always],
  ['{vex3}', always],
  ['{evex}', always],
  ['{disp8}', always],
  ['{disp16}', always],
  ['{disp32}', always],
  ['{load}', always],
  ['{store}', always],
  ['{nooptimize}', always],
  ['{rex}', noHighByte],
]);

// Where 32-bit mode differs.
const absent = refuse('does not exist in 32-bit mode');
const RULES_32: ReadonlyMap<string, Rule> = new Map([
  ['addr32', always],
  ['addr16', noMemory],
  ['data16', onlyNop],
  ['data32', always],
  ['rex', absent],
  ['rex64', absent],
  ['rex.w', absent],
  ['{rex}', absent],
]);

const REPEAT = new Set(['rep', 'repe', 'repz', 'repne', 'repnz']);

/** True when the prefixes make a string instruction repeat. */
export function isRepeated(prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => REPEAT.has(prefix));
}

/** Why these prefixes cannot be understood in front of `form`; undefined when they can. */
export function refusePrefixes(
  prefixes: readonly string[],
  form: Form,
  mode: Mode,
  operands: readonly Operand[],
): string | undefined {
  for (const prefix of prefixes) {
    const rule = (mode === 32 ? RULES_32.get(prefix) : undefined) ?? RULES.get(prefix);
    if (rule === undefined) return `unknown prefix '${prefix}'`;
    const reason = rule(form, prefixes, operands);
    if (reason !== undefined) return `prefix '${prefix}' before '${form.base}': ${reason}`;
  }
  return undefined;
}
