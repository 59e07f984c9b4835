// Character classes of GNU as 2.40 for x86 (GNU as manual 3.4 Symbols, 3.5 Statements) and reading of text by them.

export const TAB = 9;
export const NEWLINE = 10;
export const RETURN = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const HASH = 35;
export const PERCENT = 37;
export const AMPERSAND = 38;
export const APOSTROPHE = 39;
export const OPEN = 40;
export const CLOSE = 41;
export const COMMA = 44;
export const DOT = 46;
export const SLASH = 47;
export const COLON = 58;
export const SEMICOLON = 59;
export const EQUALS = 61;
export const BACKSLASH = 92;

const START = 1;
const PART = 2;
const classes = new Uint8Array(128);
for (const [chars, bits] of [
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.$', START | PART],
  ['0123456789', PART],
  ['{', START], // pseudo prefixes: `{vex}`
] as const)
  for (const c of chars) classes[c.charCodeAt(0)] = bits;

/** May begin a name. A NaN, which is what charCodeAt gives behind the end, may not. */
export const isNameStart = (c: number): boolean => (c < 128 ? ((classes[c] ?? 0) & START) !== 0 : c >= 128);

/** May go on with a name. */
export const isNamePart = (c: number): boolean => (c < 128 ? ((classes[c] ?? 0) & PART) !== 0 : c >= 128);

export const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** Ends a statement. The end of the text does, too. */
export const isEnd = (c: number): boolean => c === NEWLINE || c === SEMICOLON || c !== c;

export const isBlank = (c: number): boolean => c === SPACE || c === TAB;

export function skipBlanks(text: string, at: number): number {
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Behind blanks, one comma and blanks. */
export function skipComma(text: string, at: number): number {
  at = skipBlanks(text, at);
  return text.charCodeAt(at) === COMMA ? skipBlanks(text, at + 1) : at;
}

/** The end of the name that begins at `at`; `at` itself when none does. */
export function endOfName(text: string, at: number): number {
  if (!isNameStart(text.charCodeAt(at))) return at;
  at++;
  while (isNamePart(text.charCodeAt(at))) at++;
  return at;
}

/** The end of the statement, quotes not regarded: what most directives go by. */
export function endPlain(text: string, at: number): number {
  while (!isEnd(text.charCodeAt(at))) at++;
  return at;
}

/**
 * The end of the statement where `;` in a string does not count.
 *
 * @param across whether a string goes on over a newline, as in `.ascii`; for instructions and in bodies the line ends it
 */
export function endQuoted(text: string, at: number, across: boolean): number {
  let quoted = false;
  let escaped = false;
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (quoted ? c === NEWLINE && !across : c === NEWLINE || c === SEMICOLON) break;
    if (escaped) escaped = false;
    else if (c === BACKSLASH) escaped = true;
    else if (c === QUOTE) quoted = !quoted;
  }
  return at;
}

/** A text as it may stand in a message. */
export const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

const escapes: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** Reads a string (GNU as manual 3.6.1.1) whose `"` is at `at`; undefined when it does not end. */
export function readString(text: string, at: number): { value: string; end: number } | undefined {
  let value = '';
  for (let i = at + 1; i < text.length; i++) {
    const c = text[i] ?? '';
    if (c === '"') return { value, end: i + 1 };
    if (c !== '\\') {
      value += c;
      continue;
    }
    const rest = text.slice(i + 1, i + 4);
    const octal = /^\d{1,3}/.exec(rest)?.[0];
    const hex = /^[xX][\da-fA-F]*/.exec(text.slice(i + 1, i + 64))?.[0];
    if (octal !== undefined) {
      let number = 0;
      for (const digit of octal) number = number * 8 + Number(digit);
      value += String.fromCharCode(number & 255);
      i += octal.length;
    } else if (hex !== undefined) {
      value += String.fromCharCode(Number(`0x0${hex.slice(1).slice(-2)}`));
      i += hex.length;
    } else {
      const escaped = text[i + 1] ?? '';
      value += escapes.get(escaped) ?? escaped;
      i++;
    }
  }
  return undefined;
}
