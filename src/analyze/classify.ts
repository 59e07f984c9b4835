// Which kind of memory write an instruction does: one row an exception, everything else from its effects.
import type { Effects } from '../isa/effects.js';
import type { Mode } from '../isa/rows.js';
import type { Instruction } from '../parse/syntax.js';
import { refusedWrite } from './refused-writes.js';

export type WriteKind =
  | 'none'
  | 'store' // repeatable: the same store to the mirror first
  | 'modify' // read-modify-write, not locked
  | 'push'
  | 'pop'
  | 'call'
  | 'float-pop' // fstp, fistp with a form that does not pop
  | 'copy' // not repeatable: performed, then its bytes copied (a window)
  | 'bit-string' // bts r, m: the bit offset moves the address
  | 'line' // clzero: the line rax points into
  | 'line-to-register' // movdir64b: the address is a register operand
  | 'mask-move' // maskmovq, maskmovdqu: stores to rdi
  | 'scatter' // clears its mask as it goes
  | 'state' // xsave: leaves parts of memory as they were
  | 'push-flags'
  | 'push-all'
  | 'enter'
  | 'atomic'
  | 'locked-nothing' // lock or $0: changes no byte
  | 'stos'
  | 'movs'
  | 'syscall'
  | 'fast-entry' // sysenter and other ways into the kernel that are not the target's own
  | 'short-branch' // jrcxz, loop: reach 127 bytes only
  | 'gs'
  | 'privileged'
  | 'refused' // by name: refused-writes.ts
  | 'unsupported';

/** Instructions with a memory destination whose kind their effects do not tell. Base names, sorted. */
const byName: ReadonlyMap<string, WriteKind> = new Map<string, WriteKind>([
  ['aadd', 'atomic'],
  ['aand', 'atomic'],
  ['aor', 'atomic'],
  ['axor', 'atomic'],
  ['adc', 'modify'],
  ['add', 'modify'],
  ['and', 'modify'],
  ['arpl', 'modify'],
  ['btc', 'modify'],
  ['btr', 'modify'],
  ['bts', 'modify'],
  ['cmpxchg', 'atomic'],
  ['cmpxchg16b', 'atomic'],
  ['cmpxchg8b', 'atomic'],
  ['dec', 'modify'],
  ['fbstp', 'copy'],
  ['fist', 'store'],
  ['fistp', 'float-pop'],
  ['fisttp', 'copy'],
  ['fnsave', 'copy'],
  ['fnstcw', 'store'],
  ['fnstenv', 'copy'], // masks all exceptions after storing: a second one would store another control word (AMD APM 5)
  ['fnstsw', 'store'],
  ['fsave', 'copy'],
  ['fst', 'store'],
  ['fstcw', 'store'],
  ['fstenv', 'copy'],
  ['fstp', 'float-pop'],
  ['fstsw', 'store'],
  ['inc', 'modify'],
  ['movd', 'store'], // of an MMX register: it marks the x87 stack as MMX, the second time as the first
  ['movntq', 'store'],
  ['movq', 'store'],
  ['neg', 'modify'],
  ['not', 'modify'],
  ['or', 'modify'],
  ['pop', 'pop'],
  ['rcl', 'modify'],
  ['rcr', 'modify'],
  ['rol', 'modify'],
  ['ror', 'modify'],
  ['sal', 'modify'],
  ['sar', 'modify'],
  ['sbb', 'modify'],
  ['shl', 'modify'],
  ['shld', 'modify'],
  ['shr', 'modify'],
  ['shrd', 'modify'],
  ['sub', 'modify'],
  ['xadd', 'atomic'],
  ['xchg', 'atomic'],
  ['xsave', 'state'],
  ['xsave64', 'state'],
  ['xsaveopt', 'state'],
  ['xsaveopt64', 'state'],
  ['xor', 'modify'],
]);

/** Implicit writers, by base name. `ins` is privileged, the rest has no row and is refused. */
const implicit: ReadonlyMap<string, WriteKind> = new Map<string, WriteKind>([
  ['call', 'call'],
  ['clzero', 'line'],
  ['enter', 'enter'],
  ['maskmovdqu', 'mask-move'],
  ['maskmovq', 'mask-move'],
  ['movdir64b', 'line-to-register'],
  ['movs', 'movs'],
  ['push', 'push'],
  ['pusha', 'push-all'],
  ['pushf', 'push-flags'],
  ['stos', 'stos'],
  ['vmaskmovdqu', 'mask-move'],
]);

const shortBranches: ReadonlySet<string> = new Set(['jcxz', 'jecxz', 'jrcxz', 'loop', 'loope', 'loopne']);

/** Instructions that set or swap the GS base, which mirrored code owns. */
const gsInstructions: ReadonlySet<string> = new Set(['lgs', 'rdgsbase', 'swapgs', 'wrgsbase']);

function usesGs(instruction: Instruction, base: string): boolean {
  if (gsInstructions.has(base) || instruction.prefixes.includes('gs')) return true;
  return instruction.operands.some((operand) => {
    const inner = operand.kind === 'indirect' ? operand.inner : operand;
    return (
      (inner.kind === 'memory' && inner.segment === 'gs') ||
      (inner.kind === 'register' && inner.name === 'gs')
    );
  });
}

/** Debuggers' traps, the trap of an overflow, and in 32-bit code the kernel's own entry, `int $0x80`. */
function interruptKind(instruction: Instruction, base: string, mode: Mode): WriteKind {
  if (base === 'int3' || base === 'int1' || base === 'into') return 'none';
  if (base !== 'int') return 'unsupported';
  const operand = instruction.operands[0];
  const number = operand?.kind === 'immediate' ? operand.expression.trim() : '';
  return mode === 32 && /^(0x80|128|0200)$/i.test(number) ? 'syscall' : 'fast-entry';
}

/** The kind of write that one instruction does. Never guesses: what has no row and does not follow from effects is `unsupported`. */
export function classify(instruction: Instruction, effects: Effects, mode: Mode): WriteKind {
  const { base } = effects;
  if (mode === 64 && usesGs(instruction, base)) return 'gs';
  if (base === 'hlt') return 'none'; // only traps here; libraries end the program with it
  if (effects.privileged) return 'privileged';
  if (refusedHere(instruction, effects) !== undefined) return 'refused';
  if (effects.flow === 'syscall') return base === 'syscall' && mode === 64 ? 'syscall' : 'fast-entry';
  if (effects.flow === 'interrupt') return interruptKind(instruction, base, mode);
  if (shortBranches.has(base)) return 'short-branch';
  if (effects.implicitMemoryWrite) return implicit.get(base) ?? 'unsupported';

  const access = effects.memoryOperand < 0 ? '-' : effects.access[effects.memoryOperand];
  if (access === '-' || access === 'r' || access === 'a' || access === undefined) return 'none';
  const named = byName.get(base) ?? (/^cmp\w+xadd$/.test(base) ? 'atomic' : undefined);
  if (/^v(p?scatter)[dq]/.test(base)) return 'scatter';
  const source = instruction.operands[0];
  if (named === 'modify') {
    const bitOffset = base === 'bts' || base === 'btr' || base === 'btc';
    const locked = instruction.prefixes.includes('lock');
    if (bitOffset && source?.kind !== 'immediate') return locked ? 'atomic' : 'bit-string';
    if (!locked) return 'modify';
    if (base === 'or' && source?.kind === 'immediate' && /^0+$/.test(source.expression))
      return 'locked-nothing';
    return 'atomic';
  }
  if (named !== undefined) return named;
  // A store that changes nothing but memory may be done twice. x87 stores may pop and need a row.
  if (base.startsWith('f') && base !== 'fxsave' && base !== 'fxsave64') return 'unsupported';
  return effects.storeRepeatable ? 'store' : 'unsupported';
}

/** Why an instruction is refused by name, or undefined. */
export function refusedHere(instruction: Instruction, effects: Effects): string | undefined {
  const names = [effects.base, instruction.mnemonic];
  if (effects.base === 'call' && effects.implicitMemory.some(({ bytes }) => bytes === 2)) names.push('callw');
  if (effects.base === 'enter' && effects.operandBytes === 2) names.push('enterw');
  if (instruction.prefixes.some((prefix) => prefix === 'repne' || prefix === 'repnz'))
    names.push(`repne ${effects.base}`);
  return refusedWrite(names);
}
