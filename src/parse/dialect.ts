// Which syntax holds where (GNU as manual 9.16.3: .intel_syntax, .att_syntax), and what a statement's meaning depends on there.
import { isRegister } from './intel-words.js';
import type { StatementBody, Syntax, WordSize } from './syntax.js';

/** What a statement's text means depends on. */
export interface Dialect {
  readonly intel: boolean;
  /** Registers may be written without `%`, and their names are no symbols. */
  readonly naked: boolean;
  readonly wordSize: WordSize;
  /**
   * Symbols that were given a value by now: in Intel syntax a bare name is a number if it is known to be one, memory if it has none,
   * and what GNU as makes of other values depends on what it knows of them at that place.
   */
  readonly values: ReadonlyMap<string, 'number' | 'unclear'>;
  /** Symbols that are other names of registers (`.set acc, %xmm17`), to the registers' names. */
  readonly registers: ReadonlyMap<string, string>;
}

/** Follows the statements of one file. */
export interface SyntaxFollower {
  readonly syntax: Syntax;
  /** Undefined for AT&T syntax with `%` and no other names for registers. */
  readonly dialect: Dialect | undefined;
  /** @returns why the statement cannot be followed, or undefined */
  follow(body: StatementBody, text: string): string | undefined;
}

export function createSyntaxFollower(wordSize: WordSize): SyntaxFollower {
  let syntax: Syntax = 'att';
  const values = new Map<string, 'number' | 'unclear'>();
  const registers = new Map<string, string>();
  /** Names in assigned expressions: should one become a register's name later, the symbol assigned would be one, too. */
  const mentioned = new Set<string>();
  // New ones whenever a value changes: what was remembered of statements in the old ones may not hold any more.
  let dialects: Partial<Record<Syntax, Dialect>> = {};
  let current: Dialect | undefined;
  /** A directive behind which names of registers may be symbols. */
  let narrowed = '';

  const choose = (): void => {
    current =
      syntax === 'att' && registers.size === 0
        ? undefined
        : (dialects[syntax] ??= {
            intel: syntax.startsWith('intel'),
            naked: syntax.endsWith('noprefix'),
            wordSize,
            values,
            registers,
          });
  };
  const renew = (): void => {
    dialects = {};
    choose();
  };
  const assign = (name: string, expression: string, late: boolean): string | undefined => {
    const register = registerNamed(expression, syntax.endsWith('noprefix'), wordSize, registers);
    if (register !== undefined) {
      if (late || mentioned.has(name))
        return `'${name}' becomes a register's name after another symbol was given its value`;
      if (registers.get(name) === register) return undefined;
      registers.set(name, register);
      renew();
      return undefined;
    }
    for (const [word] of expression.matchAll(/[A-Za-z_.$\u0080-\u00ff][\w.$\u0080-\u00ff]*/g))
      mentioned.add(word);
    const value = late ? 'unclear' : valueOf(expression, values);
    if (registers.delete(name)) renew();
    if (values.get(name) === value) return undefined;
    values.set(name, value);
    renew();
    return undefined;
  };

  return {
    get syntax() {
      return syntax;
    },
    get dialect() {
      return current;
    },
    follow(body, text) {
      // `==` is worked out where the symbol is used.
      if (body.kind === 'assignment') return assign(body.symbol, body.expression, text.includes('=='));
      if (body.kind === 'instruction' && narrowed !== '' && syntax === 'intel noprefix')
        return `behind '${narrowed}' names of registers may be symbols`;
      if (body.kind !== 'directive') return undefined;
      const next = syntaxAfter(body.name, body.args);
      if (next !== undefined) {
        syntax = next;
        choose();
      } else if (isAssignment(body.name)) {
        const comma = body.args.indexOf(',');
        if (comma > 0)
          return assign(
            body.args.slice(0, comma).trim(),
            body.args.slice(comma + 1).trim(),
            body.name === '.eqv',
          );
      } else if (body.name === '.arch' && /^(?!default|generic64)\w|^\.no/.test(body.args))
        narrowed = `.arch ${body.args}`;
      return undefined;
    },
  };
}

/** Whether a statement makes the file one that has to be followed. */
export function needsFollower(body: StatementBody): boolean {
  if (body.kind === 'assignment') return body.expression.startsWith('%');
  if (body.kind !== 'directive') return false;
  const next = syntaxAfter(body.name, body.args);
  return next === undefined ? isAssignment(body.name) && /,\s*%/.test(body.args) : next !== 'att';
}

/** The syntax behind a directive; undefined when it changes none, or is refused later. */
function syntaxAfter(name: string, args: string): Syntax | undefined {
  const naked = args === 'noprefix';
  if (name === '.att_syntax') return naked ? 'att noprefix' : 'att';
  if (name !== '.intel_syntax') return undefined;
  return naked ? 'intel noprefix' : 'intel prefix';
}

const assignments: ReadonlySet<string> = new Set(['.equ', '.equiv', '.eqv', '.set']);
export const isAssignment = (name: string): boolean => assignments.has(name);

/** Whether an expression is made of literal numbers, as far as can be told. */
function valueOf(expression: string, values: Dialect['values']): 'number' | 'unclear' {
  const words = expression.match(/[^\s()+*/<>|&^~!-]+/g) ?? [];
  const known = words.every(
    (word) => /^(0x[0-9a-f]+|0b[01]+|\d+)$/i.test(word) || values.get(word) === 'number',
  );
  return words.length > 0 && known ? 'number' : 'unclear';
}

/** The register that an expression is and nothing else, lower case. */
function registerNamed(
  expression: string,
  naked: boolean,
  wordSize: WordSize,
  registers: Dialect['registers'],
): string | undefined {
  const text = expression.trim();
  const known = registers.get(text);
  if (known !== undefined) return known;
  const found = /^(%?)\s*(\w+(?:\s*\([0-7]\))?)$/.exec(text);
  if (!found || (found[1] === '' && !naked)) return undefined;
  const name = (found[2] ?? '').replace(/\s/g, '').toLowerCase();
  return isRegister(name.replace(/^st\([0-7]\)$/, 'st'), wordSize) ? name : undefined;
}

/** Whether a register stands in an assigned value beside other things: `.set a, %ecx + 4` is an address to GNU as. */
export function computesRegister(expression: string, dialect: Dialect | undefined): boolean {
  const naked = dialect?.naked ?? false;
  const wordSize = dialect?.wordSize ?? 64;
  const none: Dialect['registers'] = new Map();
  if (registerNamed(expression, naked, wordSize, dialect?.registers ?? none) !== undefined) return false;
  const words = expression.match(/%?[\w.$@]+/g) ?? [];
  return words.some(
    (word) =>
      dialect?.registers.has(word) ||
      (word.startsWith('%') ? isRegister(word.slice(1), wordSize) : naked && isRegister(word, wordSize)),
  );
}

const token = /"(?:[^"\\]|\\[^])*"|'(?:\\[^]|[^\\])'?|[%@]?[\w.$\u0080-\u00ff]+/g;

/** The text with `%` before registers written without, in AT&T syntax, and with the registers that symbols are other names of. */
export function withRegisters(text: string, dialect: Dialect): string {
  if (dialect.registers.size === 0 && (dialect.intel || !dialect.naked)) return text;
  return text.replace(token, (word) => {
    const register = dialect.registers.get(word);
    if (register !== undefined) return `%${register}`;
    return dialect.naked && !dialect.intel && /^[a-z]/i.test(word) && isRegister(word, dialect.wordSize)
      ? `%${word}`
      : word;
  });
}
