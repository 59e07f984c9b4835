// Operands that GNU as takes although the instruction has the registers anyway: `monitor %rax, %rcx, %rdx` is `monitor`.
import type { Operand } from '../parse/syntax.js';
import type { Mode } from './rows.js';

interface Implied {
  /** Operands in front that are counted. */
  readonly counted: number;
  /** The others, by the 16-bit names of the registers they have to be. */
  readonly registers: readonly string[];
  /** The first is an address that is written to: only with the mode's full width is it the one that is known. */
  readonly writes?: true;
}

// By mnemonic; sources: GNU as 2.40, and the Intel and AMD manuals under the names.
const IMPLIED: ReadonlyMap<string, Implied> = new Map<string, Implied>([
  ['clzero', { counted: 0, registers: ['ax'], writes: true }],
  ['invlpga', { counted: 0, registers: ['ax', 'cx'] }],
  ['invlpgb', { counted: 0, registers: ['ax', 'cx', 'dx'] }],
  ['monitor', { counted: 0, registers: ['ax', 'cx', 'dx'] }],
  ['monitorx', { counted: 0, registers: ['ax', 'cx', 'dx'] }],
  ['mwait', { counted: 0, registers: ['ax', 'cx'] }],
  ['mwaitx', { counted: 0, registers: ['ax', 'cx', 'bx'] }],
  ['tpause', { counted: 1, registers: ['dx', 'ax'] }],
  ['umwait', { counted: 1, registers: ['dx', 'ax'] }],
]);

/** How many operands in front are counted: the others only repeat what the instruction implies. */
export function countedOperands(mnemonic: string, operands: readonly Operand[], mode: Mode): number {
  const row = IMPLIED.get(mnemonic);
  if (row === undefined || operands.length !== row.counted + row.registers.length) return operands.length;
  const implied = row.registers.every((name, i) => {
    const operand = operands[row.counted + i];
    if (operand?.kind !== 'register') return false;
    if (row.writes) return operand.name === (mode === 64 ? 'r' : 'e') + name;
    return operand.name === name || operand.name === `e${name}` || operand.name === `r${name}`;
  });
  return implied ? row.counted : operands.length;
}
