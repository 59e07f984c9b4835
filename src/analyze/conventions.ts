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

/** gcc's way to its own address: reads the return address only, and changes one register (i386 psABI 3.5.3). */
const pcThunk = /^__(?:i686|x86)\.get_pc_thunk\.([a-d]x|bp|[ds]i)$/;

/** The register that a function with this name changes, reading none; 0 for any other. */
export function changedByThunk(name: string): number {
  const register = name.startsWith('__') ? pcThunk.exec(name)?.[1] : undefined;
  return register === undefined ? 0 : (registersOf(32).get(`e${register}`)?.integer ?? 0);
}

/** The same of what a direct call goes to. */
export const changedByThunkCall = (operand: Operand | undefined): number =>
  operand?.kind === 'target' ? changedByThunk(operand.expression) : 0;

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
