// A small reader of AT&T instructions, for these tests only: src/isa must be testable without src/parse.
import type { Instruction, MemoryOperand, Operand } from '../../src/parse/syntax.js';

const PREFIX =
  /^(lock|rep|repe|repz|repne|repnz|bnd|notrack|data16|addr32|xacquire|xrelease|rex(\.?w|64)?|[cdefgs]s|\{(vex[23]?|evex|disp(8|32)|load|store)\})$/;
const BRANCH = /^(j[a-z]+(,p[nt])?|call[qw]?|loop[a-z]*|xbegin)$/;

function splitOperands(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let current = '';
  for (const c of text) {
    if (c === '(' || c === '{') depth++;
    if (c === ')' || c === '}') depth--;
    if (c === ',' && depth === 0) {
      parts.push(current.trim());
      current = '';
    } else current += c;
  }
  if (current.trim() !== '') parts.push(current.trim());
  return parts;
}

function operand(text: string, branch: boolean): Operand {
  if (text.startsWith('*'))
    return { kind: 'indirect', inner: operand(text.slice(1), false) as MemoryOperand };
  if (text.startsWith('$')) return { kind: 'immediate', expression: text.slice(1) };
  if (/^\{[a-z-]+\}$/.test(text)) return { kind: 'decorator', text };
  const decorated = /^(.*?)((?:\{[^}]*\})*)$/.exec(text)!;
  const decoration = decorated[2]!;
  const rest = decorated[1]!.trim();
  const register = /^%([a-z0-9]+(\(\d\))?)$/.exec(rest);
  if (register) return { kind: 'register', name: register[1]!, decoration };
  if (branch) return { kind: 'target', expression: rest };
  const memory = /^(?:%([a-z]s):)?(.*?)(?:\(([^()]*)\))?$/.exec(rest)!;
  const [base = '', index = '', scale = '1'] = (memory[3] ?? '')
    .split(',')
    .map((part) => part.trim().replace('%', ''));
  return {
    kind: 'memory',
    segment: memory[1] ?? '',
    displacement: memory[2]!.trim(),
    base,
    index,
    scale: Number(scale || '1'),
    decoration,
  };
}

/** One instruction with its prefixes. */
export function readInstruction(text: string): Instruction {
  let rest = text.trim().toLowerCase();
  const prefixes: string[] = [];
  for (;;) {
    const [word = ''] = /^\S+/.exec(rest) ?? [];
    if (!PREFIX.test(word)) break;
    prefixes.push(word);
    rest = rest.slice(word.length).trim();
  }
  const [mnemonic = ''] = /^\S+/.exec(rest) ?? [];
  const operands = splitOperands(rest.slice(mnemonic.length).trim());
  return {
    kind: 'instruction',
    prefixes,
    mnemonic,
    operands: operands.map((item) => operand(item, BRANCH.test(mnemonic))),
  };
}
