// One operand's text to its typed form, by the grammar. Each distinct text is parsed once and remembered.
import type { SyntaxNode } from '@lezer/common';
import { parser } from './generated/gas.js';
import { constantOf } from './constant.js';
import { plainOperand } from './plain.js';
import { endOfQuoted, isBlank } from './split.js';
import { treeOf } from './tree.js';
import type { MemoryOperand, Operand, RegisterOperand } from './syntax.js';

/** An operand, or the reason why it is none. */
export type OperandResult = Operand | string;

const remembered = new Map<string, OperandResult>();

/** Pieces of a text keep all of it in memory: one process may rewrite many files. */
export function forgetOperands(): void {
  remembered.clear();
}

/** Parses one operand; a bare expression is a memory operand with nothing but a displacement. */
export function parseOperand(text: string): OperandResult {
  let known = remembered.get(text);
  if (known === undefined) remembered.set(text, (known = plainOperand(text) ?? parseByGrammar(text)));
  return known;
}

const COMMA = 44;
const OPEN = 40;
const CLOSE = 41;
const BRACE = 123;
const QUOTE = 34;
const APOSTROPHE = 39;

/**
 * Cuts an operand list at the commas that stand outside parentheses, braces, strings and character constants. Blanks around the parts go;
 * that of a character constant (`$' `) stays, and so does byte 160, which is part of a name here although Unicode has it as a blank.
 */
export function splitOperands(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = -1; // first character of the part that is not blank
  let to = 0; // behind its last one
  const end = (): void => {
    parts.push(from < 0 ? '' : text.slice(from, to));
    from = -1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === COMMA && depth === 0) {
      end();
      continue;
    }
    if (isBlank(c)) continue;
    if (from < 0) from = i;
    if (c === OPEN) depth++;
    else if (c === CLOSE) depth--;
    else if (c === QUOTE || c === APOSTROPHE) i = endOfQuoted(text, i) - 1;
    else if (c === BRACE) {
      const close = text.indexOf('}', i);
      i = close < 0 ? text.length - 1 : close;
    }
    to = i + 1;
  }
  end();
  return parts;
}

/** The same by the grammar alone, for texts of every form. */
export function parseByGrammar(text: string): OperandResult {
  const tree = treeOf(parser, text);
  if (typeof tree === 'string') return tree;
  const node = tree.topNode.firstChild;
  return node ? convertNode(node, text) : `cannot read the operand '${text}'`;
}

const textOf = (node: SyntaxNode, text: string): string => text.slice(node.from, node.to);

function convertNode(node: SyntaxNode, text: string): OperandResult {
  switch (node.name) {
    case 'Register':
      return convertRegister(node, text);
    case 'Immediate': {
      const expression = node.getChild('Expression');
      return expression
        ? { kind: 'immediate', expression: textOf(expression, text) }
        : `no value in '${text}'`;
    }
    case 'Memory':
      return convertMemory(node, text);
    case 'Indirect': {
      const child = node.getChild('Register') ?? node.getChild('Memory');
      const target = child ? convertNode(child, text) : `no target in '${text}'`;
      if (typeof target === 'string') return target;
      // `%es:*(%ebx)`: the segment may stand before the star.
      const segment = registerIn(node.getChild('Segment'), text);
      if (segment !== '' && target.kind === 'memory' && target.segment !== '')
        return `two segments in '${text}'`;
      const inner = segment !== '' && target.kind === 'memory' ? { ...target, segment } : target;
      return inner.kind === 'register' || inner.kind === 'memory'
        ? { kind: 'indirect', inner }
        : `no target in '${text}'`;
    }
    case 'Decorator':
      return { kind: 'decorator', text: text };
    default:
      return `an operand of an unknown kind: '${text}'`;
  }
}

/** The register that stands directly in `node`: lower case, without `%` and blanks; empty when there is none. */
function registerIn(node: SyntaxNode | null | undefined, text: string): string {
  const register = node?.getChild('RegisterName');
  return register
    ? text
        .slice(register.from + 1, register.to)
        .trim()
        .toLowerCase()
    : '';
}

function decorationOf(node: SyntaxNode, text: string): string {
  let decoration = '';
  for (const braces of node.getChildren('Braces')) decoration += textOf(braces, text);
  return decoration;
}

function convertRegister(node: SyntaxNode, text: string): RegisterOperand | string {
  const name = registerIn(node, text);
  const index = node.getChild('StackIndex');
  if (index && name !== 'st') return `the register %${name} takes no index`;
  const suffix = index ? textOf(index, text).replace(/\s/g, '') : '';
  return { kind: 'register', name: name + suffix, decoration: decorationOf(node, text) };
}

function convertMemory(node: SyntaxNode, text: string): MemoryOperand | string {
  const displacement = node.getChild('Expression');
  const address = node.getChild('Address');
  const scaleNode = address?.getChild('Scale');
  const base = registerIn(address?.getChild('Base'), text);
  const index = registerIn(address?.getChild('Index'), text);
  const scaleText = scaleNode ? textOf(scaleNode, text) : '1';
  const scale = Number(constantOf(scaleText) ?? 0);
  if (scaleNode && constantOf(scaleText) === undefined) return `the scale '${scaleText}' is no number`;
  if (![1, 2, 4, 8].includes(scale)) return `a scale has to be 1, 2, 4 or 8, not '${scaleText}'`;
  // `(,1)` is the address 0.
  const none = base === '' && index === '' ? '0' : '';
  return {
    kind: 'memory',
    segment: registerIn(node.getChild('Segment'), text),
    displacement: displacement ? textOf(displacement, text) : none,
    base,
    index,
    scale: index === '' ? 1 : scale,
    decoration: decorationOf(node, text),
  };
}
