// One statement's text to its typed form: labels, directive or mnemonic by hand, operands by the grammar.
import type { SyntaxNode } from '@lezer/common';
import { parser } from './generated/gas.js';
import type { Instruction, MemoryOperand, Operand, Parsed, RegisterOperand, StatementBody } from './syntax.js';

const label = /(?:([\w.$\u0080-\u00ff]+)|"((?:[^"\\]|\\.)*)")[ \t]*:(?!:)/y;
const assignment = /([\w.$\u0080-\u00ff]+|"(?:[^"\\]|\\.)*")[ \t]*==?(?!=)/y;
const directive = /\.[\w.$]*/y;
const word = /[A-Za-z][\w.]*|\{[^}]*\}/y;
const mnemonicEnd = /^[\s$%(*'"\-~!{]|^$/;

/** Words that may stand before a mnemonic, or alone (GNU as manual 9.16.6). */
const prefixNames: ReadonlySet<string> = new Set(
  'addr16 addr32 bnd cs data16 data32 ds es fs gs lock notrack rep repe repne repnz repz rex rex64 ss wait xacquire xrelease'
    .split(' ')
    .filter((name) => name !== 'wait'),
);

const branch = /^(j[a-z]+|call[ql]?|loop[a-z]*|xbegin)$/;

const empty: StatementBody = { kind: 'empty' };

/** Parses one statement: no surrounding blanks, no newline. */
export function convert(statement: string): Parsed {
  // Comments inside a statement count as a blank each, and keep their length so that offsets stay true.
  const text = statement.includes('/*') ? blankComments(statement) : statement;
  const labels: string[] = [];
  let at = 0;
  for (;;) {
    at = skipBlanks(text, at);
    label.lastIndex = at;
    const found = label.exec(text);
    if (!found) break;
    labels.push(found[1] ?? found[2] ?? '');
    at = label.lastIndex;
  }
  const end = text.trimEnd().length;
  return { labels, bodyOffset: at, bodyLength: Math.max(0, end - at), body: at >= end ? empty : convertBody(text.slice(at, end)) };
}

function blankComments(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\/\*[\s\S]*?(?:\*\/|$)/g, (part) => (part.startsWith('"') ? part : ' '.repeat(part.length)));
}

function skipBlanks(text: string, at: number): number {
  while (at < text.length && text.charCodeAt(at) <= 32) at++;
  return at;
}

function convertBody(text: string): StatementBody {
  assignment.lastIndex = 0;
  const assigned = assignment.exec(text);
  if (assigned) return { kind: 'assignment', symbol: assigned[1] ?? '', expression: text.slice(assignment.lastIndex).trim() };
  directive.lastIndex = 0;
  const named = directive.exec(text);
  if (named) return { kind: 'directive', name: named[0].toLowerCase(), args: text.slice(directive.lastIndex).trim() };

  const prefixes: string[] = [];
  let at = 0;
  for (;;) {
    word.lastIndex = at;
    const found = word.exec(text);
    if (!found) {
      if (at >= text.length && prefixes.length > 0) return { kind: 'instruction', prefixes, mnemonic: '', operands: [] };
      return { kind: 'malformed', reason: `'${text.slice(at)}' is not a statement` };
    }
    const name = found[0].toLowerCase();
    at = skipBlanks(text, word.lastIndex);
    if (name.startsWith('{') || prefixNames.has(name)) {
      prefixes.push(name);
      continue;
    }
    // jcc,pt and jcc,pn: branch hints
    if (!mnemonicEnd.test(text.slice(word.lastIndex, word.lastIndex + 1)))
      return { kind: 'malformed', reason: `'${text}' is not a statement` };
    return convertInstruction(prefixes, name, text.slice(at));
  }
}

function convertInstruction(prefixes: readonly string[], mnemonic: string, text: string): StatementBody {
  if (text === '') return { kind: 'instruction', prefixes, mnemonic, operands: [] };
  const tree = parser.parse(text);
  const operands: Operand[] = [];
  const isBranch = branch.test(mnemonic);
  let bad = -1;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError && bad < 0) bad = node.from;
    },
  });
  if (bad >= 0) {
    const near = text.slice(bad).trim();
    return { kind: 'malformed', reason: near === '' ? `the operands end too early in '${text}'` : `cannot read the operands from '${near}' on` };
  }
  for (let node = tree.topNode.firstChild; node; node = node.nextSibling) {
    if (node.name === ',') continue;
    const operand = convertOperand(node, text, isBranch);
    if (typeof operand === 'string') return { kind: 'malformed', reason: operand };
    operands.push(operand);
  }
  const instruction: Instruction = { kind: 'instruction', prefixes, mnemonic, operands };
  return instruction;
}

const textOf = (node: SyntaxNode, text: string): string => text.slice(node.from, node.to);

const registerName = (node: SyntaxNode, text: string): string => textOf(node, text).slice(1).trim().toLowerCase();

function convertOperand(node: SyntaxNode, text: string, isBranch: boolean): Operand | string {
  switch (node.name) {
    case 'Register':
      return convertRegister(node, text);
    case 'Immediate': {
      const expression = node.getChild('Expression');
      return { kind: 'immediate', expression: expression ? textOf(expression, text) : '' };
    }
    case 'Memory': {
      const memory = convertMemory(node, text);
      if (typeof memory === 'string') return memory;
      const bare = memory.segment === '' && node.getChild('Address') === null;
      return isBranch && bare ? { kind: 'target', expression: memory.displacement } : memory;
    }
    case 'Indirect': {
      const register = node.getChild('Register');
      if (register) return { kind: 'indirect', inner: convertRegister(register, text) };
      const inner = node.getChild('Memory');
      const memory = inner ? convertMemory(inner, text) : 'an indirect branch without a target';
      return typeof memory === 'string' ? memory : { kind: 'indirect', inner: memory };
    }
    case 'Decorator':
      return { kind: 'decorator', text: textOf(node, text) };
    default:
      return `an operand of an unknown kind: '${textOf(node, text)}'`;
  }
}

function decorationOf(node: SyntaxNode, text: string): string {
  return node
    .getChildren('Braces')
    .map((child) => textOf(child, text))
    .join('');
}

function convertRegister(node: SyntaxNode, text: string): RegisterOperand {
  const name = node.getChild('RegisterName');
  const index = node.getChild('StackIndex');
  const suffix = index ? textOf(index, text).replace(/\s/g, '') : '';
  return { kind: 'register', name: (name ? registerName(name, text) : '') + suffix, decoration: decorationOf(node, text) };
}

function convertMemory(node: SyntaxNode, text: string): MemoryOperand | string {
  const part = (parent: SyntaxNode | null, name: string): string => {
    const register = parent?.getChild(name)?.getChild('RegisterName');
    return register ? registerName(register, text) : '';
  };
  const displacement = node.getChild('Expression');
  const address = node.getChild('Address');
  const scaleNode = address?.getChild('Scale');
  const scaleText = scaleNode ? textOf(scaleNode, text) : '1';
  const scale = Number(scaleText);
  if (![1, 2, 4, 8].includes(scale)) return `a scale has to be 1, 2, 4 or 8, not '${scaleText}'`;
  const segment = node.getChild('Segment')?.getChild('RegisterName');
  return {
    kind: 'memory',
    segment: segment ? registerName(segment, text) : '',
    displacement: displacement ? textOf(displacement, text) : '',
    base: part(address, 'Base'),
    index: part(address, 'Index'),
    scale,
    decoration: decorationOf(node, text),
  };
}
