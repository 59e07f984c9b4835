// Definitions and calls of macros (GNU as manual 7.67 .macro): parameters, arguments, and the body with arguments put in.
import {
  AMPERSAND,
  APOSTROPHE,
  BACKSLASH,
  CLOSE,
  COLON,
  EQUALS,
  NEWLINE,
  OPEN,
  PERCENT,
  clip,
  QUOTE,
  SEMICOLON,
  endOfName,
  isBlank,
  isNameStart,
  skipBlanks,
  skipComma,
} from './characters.js';
import { evaluate } from './expression.js';
import type { Place } from './origins.js';
import { Refusal } from './types.js';
import type { Symbols } from './symbols.js';

export interface Parameter {
  readonly name: string;
  readonly kind: 'optional' | 'required' | 'vararg';
  readonly standard: string;
}

/** Lines of scrubbed text, and where they stand. */
export interface Body {
  readonly text: string;
  readonly place: Place;
}

export interface Macro {
  /** As written, for messages. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: Body;
}

/** What substitution depends on, besides the macro. */
export interface Mode {
  altmacro: boolean;
  /** Macros expanded so far: `\@`. */
  count: number;
  /** LOCAL names made so far. */
  locals: number;
  readonly symbols: Symbols;
  /** Characters that one expansion may have. */
  readonly room: () => number;
}

const LESS = 60;
const MORE = 62;
const BANG = 33;

const refuse = (message: string, note: string): never => {
  throw new Refusal(message, note);
};

/** A name at `at`, and where it ends; in altmacro a `&` behind it belongs to it. */
function token(text: string, at: number, altmacro: boolean): { name: string; end: number } {
  const end = endOfName(text, at);
  return {
    name: text.slice(at, end),
    end: altmacro && text.charCodeAt(end) === AMPERSAND ? end + 1 : end,
  };
}

/** Reads `NAME parameters` behind `.macro`. */
export function readHeading(
  line: string,
  mode: Mode,
): { readonly name: string; readonly parameters: Parameter[] } {
  const { name, end } = token(line, skipBlanks(line, 0), mode.altmacro);
  if (name === '') return refuse('.macro has no name', 'write .macro NAME parameters');
  const parameters: Parameter[] = [];
  const seen = new Set<string>();
  const blanks = skipBlanks(line, end);
  let at = skipComma(line, blanks);
  if (at !== blanks && at >= line.length) return badHeading(name, line.slice(blanks));
  while (at < line.length) {
    const parameter = token(line, at, mode.altmacro);
    if (parameter.name === '') return badHeading(name, line.slice(at));
    if (seen.has(parameter.name))
      return refuse(
        `the parameter '${parameter.name}' of macro '${name}' stands twice`,
        'name each parameter once',
      );
    seen.add(parameter.name);
    at = skipBlanks(line, parameter.end);
    let kind: Parameter['kind'] = 'optional';
    if (line.charCodeAt(at) === COLON) {
      const qualifier = token(line, skipBlanks(line, at + 1), mode.altmacro);
      if (qualifier.name === 'req') kind = 'required';
      else if (qualifier.name === 'vararg') kind = 'vararg';
      else
        return refuse(
          `'${qualifier.name}' is no qualifier for the parameter '${parameter.name}' of macro '${name}'`,
          'a parameter takes :req or :vararg',
        );
      at = skipBlanks(line, qualifier.end);
    }
    let standard = '';
    if (line.charCodeAt(at) === EQUALS) {
      const value = readArgument(line, at + 1, mode);
      standard = kind === 'required' ? '' : value.text;
      at = skipBlanks(line, value.end);
    }
    parameters.push({ name: parameter.name, kind, standard });
    if (kind === 'vararg') break;
    const next = skipComma(line, at);
    if (next !== at && next >= line.length) break;
    at = next;
  }
  return at < line.length ? badHeading(name, line.slice(at)) : { name, parameters };
}

const badHeading = (name: string, rest: string): never =>
  refuse(
    `cannot read the parameters of macro '${name}' from '${clip(rest)}' on`,
    'write parameters as NAME, NAME=DEFAULT, NAME:req or, as the last one, NAME:vararg',
  );

/** Reads one argument of a macro or an element of an `.irp` list. */
export function readArgument(line: string, from: number, mode: Mode): { text: string; end: number } {
  const at = skipBlanks(line, from);
  const c = line.charCodeAt(at);
  // `b'101`: digits with the letter of their radix before them.
  if (line.length > at + 2 && line.charCodeAt(at + 1) === APOSTROPHE && /[bBqQhHdD]/.test(line[at] ?? '')) {
    let end = at;
    while (end < line.length && !isSeparator(line.charCodeAt(end), mode.altmacro)) end++;
    return { text: line.slice(at, end), end };
  }
  if (mode.altmacro && c === PERCENT) {
    const { value, end } = evaluate(line, at + 1, mode.symbols);
    if (value.kind !== 'constant')
      return refuse(
        `the value of '${clip(line.slice(at, end).trim())}' is not known here`,
        'a % argument takes numbers and symbols that have absolute values before this line',
      );
    return { text: String(value.value), end };
  }
  if (c === QUOTE || (mode.altmacro && (c === LESS || c === APOSTROPHE))) {
    const { text, end } = readQuoted(line, at, mode.altmacro);
    return { text: mode.altmacro && c !== LESS ? `"${text}"` : text, end };
  }
  return readBare(line, at, mode.altmacro);
}

function isSeparator(c: number, altmacro: boolean): boolean {
  return (
    isBlank(c) ||
    c === 44 ||
    c === QUOTE ||
    c === SEMICOLON ||
    c === OPEN ||
    c === CLOSE ||
    (altmacro && (c === LESS || c === MORE))
  );
}

/** Up to a blank or comma; blanks inside parentheses and brackets and everything inside quotes stay. */
function readBare(line: string, from: number, altmacro: boolean): { text: string; end: number } {
  const open: number[] = [];
  let at = from;
  for (; at < line.length; at++) {
    const c = line.charCodeAt(at);
    if ((isBlank(c) && open.length === 0) || c === 44 || (altmacro && c === LESS)) break;
    if (c === QUOTE || c === APOSTROPHE) {
      at = line.indexOf(String.fromCharCode(c), at + 1);
      if (at < 0) return { text: line.slice(from), end: line.length };
    } else if (c === OPEN || c === 91) open.push(c);
    else if ((c === CLOSE && open.at(-1) === OPEN) || (c === 93 && open.at(-1) === 91)) open.pop();
  }
  return { text: line.slice(from, at), end: at };
}

/** Strings one behind the other: "..." with "" or \" for a quote; in altmacro also <...>, where ! takes the next character as it is. */
function readQuoted(line: string, from: number, altmacro: boolean): { text: string; end: number } {
  let text = '';
  let at = from;
  for (;;) {
    const quote = line.charCodeAt(at);
    if (altmacro && quote === LESS) {
      let nested = 0;
      for (at++; at < line.length && (line.charCodeAt(at) !== MORE || nested > 0); at++) {
        const c = line.charCodeAt(at);
        if (c === BANG) at++;
        else if (c === MORE) nested--;
        else if (c === LESS) nested++;
        text += line[at] ?? '';
      }
      at++;
    } else if (quote === QUOTE || (altmacro && quote === APOSTROPHE)) {
      let escaped = false;
      at++;
      while (at < line.length) {
        escaped = line.charCodeAt(at - 1) === BACKSLASH && !escaped;
        const c = line.charCodeAt(at);
        if (altmacro && c === BANG) at++;
        else if (c === quote && !escaped) {
          at++;
          if (line.charCodeAt(at) !== quote) break;
        }
        text += line[at] ?? '';
        at++;
      }
    } else return { text, end: at };
  }
}

/** Matches the arguments of a call to the macro's parameters. */
export function bind(macro: Macro, line: string, mode: Mode): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  const { altmacro } = mode;
  let next = 0;
  let keywords = false;
  let at = skipBlanks(line, 0);
  while (at < line.length) {
    let scan = at;
    if (!altmacro)
      while (
        scan < line.length &&
        !isSeparator(line.charCodeAt(scan), false) &&
        line.charCodeAt(scan) !== EQUALS
      )
        scan++;
    if (!altmacro && line.charCodeAt(scan) === EQUALS) {
      keywords = true;
      const { name, end } = token(line, at, altmacro);
      if (end !== scan)
        return refuse(
          `'${clip(line.slice(at, scan))}' is no parameter of macro '${macro.name}'`,
          'an argument with a = in it needs quotes',
        );
      if (!macro.parameters.some((parameter) => parameter.name === name))
        return refuse(`macro '${macro.name}' has no parameter '${name}'`, parametersOf(macro));
      const value = readArgument(line, end + 1, mode);
      given.set(name, value.text);
      at = value.end;
    } else {
      if (keywords)
        return refuse(
          `an argument without a name behind one with a name, in a use of macro '${macro.name}'`,
          'name all arguments behind the first one that is named',
        );
      const parameter = macro.parameters[next++];
      if (!parameter)
        return refuse(
          `macro '${macro.name}' takes ${macro.parameters.length} arguments, and '${clip(line.slice(at))}' is left over`,
          parametersOf(macro),
        );
      const value =
        parameter.kind === 'vararg'
          ? { text: line.slice(at), end: line.length }
          : readArgument(line, at, mode);
      given.set(parameter.name, value.text);
      at = value.end;
    }
    at = skipComma(line, at);
  }
  for (const parameter of macro.parameters) {
    const value = given.get(parameter.name) ?? '';
    if (value === '' && parameter.kind === 'required')
      return refuse(
        `macro '${macro.name}' needs a value for its parameter '${parameter.name}'`,
        parametersOf(macro),
      );
    if (value === '') given.set(parameter.name, parameter.standard);
  }
  return given;
}

const parametersOf = (macro: Macro): string =>
  macro.parameters.length === 0
    ? `${macro.name} takes no arguments`
    : `its parameters are ${macro.parameters.map((parameter) => parameter.name).join(', ')}`;

/**
 * The body with arguments in the places of parameters.
 *
 * @param locals whether LOCAL lines count: in macros they do, in loops not
 */
export function substitute(
  body: string,
  values: ReadonlyMap<string, string>,
  mode: Mode,
  locals: boolean,
): string {
  const { altmacro } = mode;
  const made = new Map<string, string>();
  const find = (name: string): string | undefined => values.get(name) ?? made.get(name);
  const room = mode.room();
  const special = altmacro ? /[&\\"A-Z_a-z.$\u0080-\uffff{]/g : /[&\\]/g;
  let out = '';
  let quoted = false;
  let at = 0;
  while (at < body.length) {
    special.lastIndex = at;
    const found = special.exec(body)?.index ?? body.length;
    out += body.slice(at, found);
    at = found;
    if (out.length > room)
      return refuse(
        'the expansion is too long',
        'raise the limit, or look for a macro that uses itself without end',
      );
    if (at >= body.length) break;
    const c = body.charCodeAt(at);
    if (c === QUOTE) {
      quoted = !quoted;
      out += '"';
      at++;
    } else if (c === AMPERSAND) {
      const { name, end } = token(body, at + 1, altmacro);
      const closed = body.charCodeAt(end) === AMPERSAND ? end + 1 : end;
      const value = find(name);
      const swallowed = closed !== at + 1 && body.charCodeAt(closed - 1) === AMPERSAND;
      out += value ?? `&${name}${swallowed ? '&' : ''}`;
      at = closed;
    } else if (c === BACKSLASH) {
      at++;
      const next = body.charCodeAt(at);
      if (next === OPEN) {
        const close = body.indexOf(')', at);
        if (close < 0)
          return refuse("a '\\(' without ')' in the body", 'write \\() to separate a parameter from a name');
        out += body.slice(at + 1, close);
        at = close + 1;
      } else if (next === 64) {
        out += String(mode.count);
        at++;
      } else if (next === AMPERSAND) {
        out += '\\&';
        at++;
      } else {
        const { name, end } = token(body, at, altmacro);
        out += find(name) ?? `\\${name}`;
        at = body.charCodeAt(end) === APOSTROPHE ? end + 1 : end;
      }
    } else if (
      locals &&
      !quoted &&
      at + 5 < body.length &&
      isBlank(body.charCodeAt(at + 5)) &&
      body.slice(at, at + 5).toUpperCase() === 'LOCAL'
    )
      at = readLocals(body, skipBlanks(body, at + 5), values, made, mode);
    else {
      const { name, end } = token(body, at, altmacro);
      out += find(name) ?? name;
      at = body.charCodeAt(end) === APOSTROPHE ? end + 1 : end;
    }
  }
  return out.endsWith('\n') ? out : `${out}\n`;
}

/** `LOCAL a, b` (GNU as manual 7.4 .altmacro): names of this expansion alone. */
function readLocals(
  body: string,
  from: number,
  values: ReadonlyMap<string, string>,
  made: Map<string, string>,
  mode: Mode,
): number {
  let at = from;
  while (at < body.length && body.charCodeAt(at) !== NEWLINE) {
    const { name, end } = token(body, at, mode.altmacro);
    if (!isNameStart(name.charCodeAt(0)))
      return refuse(
        `cannot read '${body.slice(at, at + 20)}' as names of LOCAL`,
        'write LOCAL NAME, NAME on a line of its own',
      );
    if (values.has(name) || made.has(name))
      return refuse(`'${name}' of LOCAL is a parameter or local name already`, 'give it another name');
    made.set(name, `.LL${(++mode.locals).toString(16).padStart(4, '0')}`);
    at = skipComma(body, end);
  }
  return at;
}
