// Operands back to AT&T text.
import type { Instruction, MemoryOperand, Operand } from '../parse/syntax.js';

const parenthesized = (expression: string): string =>
  /^[\w.$@]+$/.test(expression) || /^[\w.$]+@\w+[+-]\d+$/.test(expression) || /^-?\d+$/.test(expression)
    ? expression
    : `(${expression})`;

/** `displacement` moved by `bytes`; relocations (`x@tpoff`) keep their place in front. */
export function moveDisplacement(displacement: string, bytes: number): string {
  // A leading 0 makes an octal number of it.
  if (/^-?(0|[1-9]\d*)$/.test(displacement) && bytes !== 0) return String(Number(displacement) + bytes);
  return appendDisplacement(displacement, bytes);
}

/** The same with the bytes visible as a term of their own. */
export function appendDisplacement(displacement: string, bytes: number): string {
  if (bytes === 0) return displacement;
  if (displacement === '') return String(bytes);
  const text = displacement.includes('@') ? displacement : parenthesized(displacement);
  return bytes > 0 ? `${text}+${bytes}` : `${text}${bytes}`;
}

export function formatMemory(operand: MemoryOperand, segment = operand.segment): string {
  const prefix = segment === '' ? '' : `%${segment}:`;
  if (operand.base === '' && operand.index === '')
    return `${prefix}${operand.displacement}${operand.decoration}`;
  const base = operand.base === '' ? '' : `%${operand.base}`;
  const index = operand.index === '' ? '' : `,%${operand.index},${operand.scale}`;
  return `${prefix}${operand.displacement}(${base}${index})${operand.decoration}`;
}

export function formatOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'register':
      return `%${operand.name}${operand.decoration}`;
    case 'immediate':
      return `$${operand.expression}`;
    case 'memory':
      return formatMemory(operand);
    case 'target':
      return operand.expression;
    case 'indirect':
      return `*${formatOperand(operand.inner)}`;
    case 'decorator':
      return operand.text;
  }
}

/** The instruction with operand `at` replaced by a text; `at` -1 replaces none. */
export function formatInstruction(
  instruction: Instruction,
  mnemonic: string,
  at: number,
  text: string,
): string {
  const operands = instruction.operands.map((operand, i) => (i === at ? text : formatOperand(operand)));
  const prefix = instruction.prefixes.length === 0 ? '' : `${instruction.prefixes.join(' ')} `;
  return `\t${prefix}${mnemonic}${operands.length === 0 ? '' : `\t${operands.join(', ')}`}`;
}
