// Calls whose convention is told by their name, and what they read beyond any other call.
import type { Mode } from '../isa/rows.js';
import { registersOf } from '../isa/registers.js';
import type { Operand } from '../parse/syntax.js';

/** Sorted by name. */
const rows: readonly (readonly [name: RegExp, registers: string])[] = [
  // Frame and argument size of a function with a split stack (libgcc morestack.S).
  [/^__morestack(_large_model|_non_split)?$/, 'r10 r11'],
  // Jumps to where the register points (gcc -mindirect-branch=thunk-extern, LLVM X86IndirectThunks.cpp).
  [/^__(?:x86_indirect_(?:bnd_)?thunk|llvm_(?:external_)?retpoline|llvm_lvi_thunk)_(\w+)$/, '$1'],
];

/** Registers that a direct call or jump to a symbol reads because of its name. */
export function readByName(operand: Operand | undefined, mode: Mode): number {
  if (operand?.kind !== 'target' || !operand.expression.startsWith('__')) return 0;
  const name = operand.expression.replace(/@PLT$/i, '');
  let read = 0;
  for (const [pattern, registers] of rows) {
    if (!pattern.test(name)) continue;
    for (const register of name.replace(pattern, registers).split(' '))
      read |= registersOf(mode).get(register)?.integer ?? 0;
  }
  return read;
}
