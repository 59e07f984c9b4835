// Statements as a person reads them, and as the assembler reads them again.
import { positionOf } from '../../src/parse/position.js';
import type { Operand, Parsed, SourceFile, StatementBody } from '../../src/parse/syntax.js';

/** One line a statement: its place, its labels, what it was taken for. */
export function listing(file: SourceFile): string {
  return file.parsed.map((parsed, i) => `${place(file, i)}  ${describe(parsed)}\n`).join('');
}

function place(file: SourceFile, statement: number): string {
  const { line, column } = positionOf(file, file.starts[statement]!);
  return `${line}:${column}`;
}

function describe({ labels, body }: Parsed): string {
  const heads = labels.map((label) => `label ${visible(label)}`);
  return [...heads, ...(body.kind === 'empty' ? [] : [describeBody(body)])].join(', ');
}

function describeBody(body: StatementBody): string {
  switch (body.kind) {
    case 'instruction': {
      const prefixes = body.prefixes.map((prefix) => `prefix ${prefix} `).join('');
      const operands = body.operands.map((operand) => ` | ${describeOperand(operand)}`).join('');
      return visible(`${prefixes}${body.mnemonic === '' ? '' : `instruction ${body.mnemonic}`}${operands}`);
    }
    case 'directive':
      return visible(`directive ${body.name}${body.args === '' ? '' : ` ${body.args}`}`);
    case 'assignment':
      return visible(`assignment of ${body.symbol}: ${body.expression}`);
    case 'malformed':
      return visible(`malformed: ${body.reason}`);
    case 'empty':
      return 'empty';
  }
}

function describeOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'register':
      return `register ${operand.name}${operand.decoration}`;
    case 'immediate':
      return `immediate ${operand.expression}`;
    case 'memory': {
      const { segment, displacement, base, index, scale, decoration } = operand;
      const parts = Object.entries({ segment, displacement, base, index: index && `${index}*${scale}` });
      const named = parts.filter(([, value]) => value !== '').map(([name, value]) => ` ${name}=${value}`);
      return `memory${named.join('')}${decoration}`;
    }
    case 'target':
      return `target ${operand.expression}`;
    case 'indirect':
      return `indirect ${describeOperand(operand.inner)}`;
    case 'decorator':
      return `decorator ${operand.text}`;
  }
}

const pictures: Readonly<Record<string, string>> = { '\n': '␤', '\r': '␍', '\f': '␌', '\v': '␋' };

/** Control characters as pictures, and UTF-8 as the characters it stands for. */
export const visible = (text: string): string =>
  Buffer.from(text, 'latin1')
    .toString('utf8')
    .replace(/[\n\r\f\v]/g, (c) => pictures[c] ?? c);

/** The text of which `visible` shows the pictures, as bytes; what stands behind ␄ is not there. */
export const fromVisible = (text: string): string =>
  Buffer.from(text.replace(/␄[^]*/, '').replace(/␍/g, '\r').replace(/␌/g, '\f').replace(/␋/g, '\v')).toString(
    'latin1',
  );

/** The file again, made of nothing but the typed statements: each label and each body on a line of its own. */
export function writeBack(file: SourceFile): string {
  let text = '';
  file.parsed.forEach(({ labels, body }, i) => {
    const syntax = file.syntaxes?.[i] ?? 'att';
    for (const label of labels) text += `${nameOf(label)}:\n`;
    // Typed instructions are AT&T whatever they were written in.
    if (syntax !== 'att' && body.kind === 'instruction')
      text += `\t.att_syntax prefix\n${writeBody(body)}\n\t.${syntax.replace(' ', '_syntax ')}\n`;
    else if (body.kind !== 'empty') text += `${writeBody(body)}\n`;
  });
  return text;
}

const nameOf = (label: string): string => (/^[\w.$\u0080-\u00ff]+$/.test(label) ? label : `"${label}"`);

function writeBody(body: StatementBody): string {
  switch (body.kind) {
    case 'instruction':
      return `\t${[...body.prefixes, body.mnemonic].join(' ')} ${body.operands.map(writeOperand).join(', ')}`;
    case 'directive':
      return `\t${body.name} ${body.args}`;
    case 'assignment':
      return `${body.symbol} = ${body.expression}`;
    case 'malformed':
      return '.error "malformed"';
    case 'empty':
      return '';
  }
}

function writeOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'register':
      return `%${operand.name}${operand.decoration}`;
    case 'immediate':
      return `$${operand.expression}`;
    case 'memory': {
      const { segment, displacement, base, index, scale, decoration } = operand;
      const register = (name: string): string => (name === '' ? '' : `%${name}`);
      const indexed = index === '' ? '' : `,%${index},${scale}`;
      const address = base === '' && index === '' ? '' : `(${register(base)}${indexed})`;
      return `${segment === '' ? '' : `%${segment}:`}${displacement}${address}${decoration}`;
    }
    case 'target':
      return operand.expression;
    case 'indirect':
      return `*${writeOperand(operand.inner)}`;
    case 'decorator':
      return operand.text;
  }
}
