// The statements that compilers write nearly all of, read without a pattern: a label alone, a directive, an instruction with operands of simple
// characters. What is written in any other way is left to convert.ts; test/parse/plain.test.ts holds the two against each other.
import { parseOperand } from './operand.js';
import type { Operand, Parsed, StatementBody } from './syntax.js';

const TAB = 9;
const SPACE = 32;
const OPEN = 40;
const CLOSE = 41;
const COMMA = 44;
const DOT = 46;
const COLON = 58;

// What a character may be part of, one bit each.
const LETTER = 1; // of a mnemonic or a directive's name
const NAME = 2; // of a label
const ARGUMENT = 4; // of a directive's arguments
const OPERAND = 8;
const DIGIT = 16;
const FIRST = 32; // of a mnemonic

const bits = new Uint8Array(128);
const mark = (characters: string, bit: number): void => {
  for (const c of characters) bits[c.charCodeAt(0)] = (bits[c.charCodeAt(0)] ?? 0) | bit;
};
const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
mark(lower, FIRST);
mark(`${lower}0123456789`, LETTER);
mark(`${lower}${upper}0123456789_.$`, NAME);
mark('0123456789', DIGIT);
mark(`${lower}${upper}0123456789_.$@%+-*:, \t()`, OPERAND);
mark(`${lower}${upper}0123456789\t !#$%&()*+,-.:;<>?@[\\]^_\`{|}~`, ARGUMENT);

const bitsOf = (c: number): number => (c < 128 ? (bits[c] ?? 0) : 0);
const isBlank = (c: number): boolean => c === SPACE || c === TAB;

const none: readonly string[] = [];
const empty: StatementBody = { kind: 'empty' };

/** What convert.ts knows of words at the beginning of a statement. */
export interface Words {
  /** Whether all that follows are operands, and none is left out. */
  isMnemonic(word: string): boolean;
  isBranch(word: string): boolean;
  /** Whether the arguments may be anything. */
  isDirective(name: string): boolean;
}

/** A word as it stands everywhere, and what it is. */
interface Word {
  readonly text: string;
  readonly plain: boolean;
  readonly branch: boolean;
}

/** Reads plain statements; undefined for all others. */
export function createPlainReader(words: Words): (text: string) => Parsed | undefined {
  const mnemonics = new Map<string, Word>();
  const directives = new Map<string, Word>();

  const mnemonicOf = (name: string): Word => {
    let found = mnemonics.get(name);
    if (found === undefined) {
      const text = Buffer.from(name, 'latin1').toString('latin1'); // not a piece that keeps a whole file in memory
      mnemonics.set(text, (found = { text, plain: words.isMnemonic(text), branch: words.isBranch(text) }));
    }
    return found;
  };
  const directiveOf = (name: string): Word => {
    let found = directives.get(name);
    if (found === undefined) {
      const text = Buffer.from(name, 'latin1').toString('latin1');
      directives.set(text, (found = { text, plain: words.isDirective(text), branch: false }));
    }
    return found;
  };

  function directive(text: string, end: number): Parsed | undefined {
    const { text: name, plain } = directiveOf(text.slice(0, end));
    if (!plain) return undefined;
    let at = end;
    while (isBlank(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) === COLON) return undefined;
    for (let i = at; i < text.length; i++)
      if ((bitsOf(text.charCodeAt(i)) & ARGUMENT) === 0) return undefined;
    const body: StatementBody = { kind: 'directive', name, args: text.slice(at) };
    return { labels: none, bodyOffset: 0, bodyLength: text.length, body };
  }

  function instruction(text: string, end: number): Parsed | undefined {
    const { text: mnemonic, plain, branch } = mnemonicOf(text.slice(0, end));
    if (!plain) return undefined;
    const operands: Operand[] = [];
    let depth = 0;
    let from = -1; // first character of the operand that is not blank
    let to = 0; // behind its last one
    for (let i = end; i <= text.length; i++) {
      const c = i < text.length ? text.charCodeAt(i) : COMMA;
      if ((bitsOf(c) & OPERAND) === 0) return undefined;
      if (c === COMMA && (depth === 0 || i === text.length)) {
        if (from < 0) {
          if (i === text.length && operands.length === 0) break;
          return undefined;
        }
        const part = text.slice(from, to);
        const operand = parseOperand(part);
        if (typeof operand === 'string') return undefined;
        const bare = branch && operand.kind === 'memory' && operand.displacement === part;
        operands.push(bare ? { kind: 'target', expression: part } : operand);
        from = -1;
        continue;
      }
      if (isBlank(c)) continue;
      if (from < 0) from = i;
      if (c === OPEN) depth++;
      else if (c === CLOSE) depth--;
      to = i + 1;
    }
    const body: StatementBody = { kind: 'instruction', prefixes: none, mnemonic, operands };
    return { labels: none, bodyOffset: 0, bodyLength: text.length, body };
  }

  function label(text: string): Parsed | undefined {
    const end = text.length - 1;
    for (let i = 0; i < end; i++) if ((bitsOf(text.charCodeAt(i)) & NAME) === 0) return undefined;
    if (end === 0 || (bitsOf(text.charCodeAt(0)) & DIGIT) !== 0) return undefined;
    return { labels: [text.slice(0, end)], bodyOffset: text.length, bodyLength: 0, body: empty };
  }

  return (text) => {
    if (text.charCodeAt(text.length - 1) === COLON) return label(text);
    const first = text.charCodeAt(0);
    if (first !== DOT && (bitsOf(first) & FIRST) === 0) return undefined;
    let end = 1;
    while ((bitsOf(text.charCodeAt(end)) & (first === DOT ? LETTER | NAME : LETTER)) !== 0) end++;
    if (end < text.length && !isBlank(text.charCodeAt(end))) return undefined;
    return first === DOT ? directive(text, end) : instruction(text, end);
  };
}
