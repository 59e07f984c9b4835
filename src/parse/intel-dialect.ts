// Which syntax holds where (GNU as manual 9.16.3: .intel_syntax, .att_syntax), and what a statement's meaning depends on there.
import { isRegister } from './intel-words.js';
import type { StatementBody, Syntax } from './syntax.js';

/** What an Intel statement's text means depends on. */
export interface Dialect {
  /** Registers are written without `%`, and their names are no symbols. */
  readonly naked: boolean;
  /**
   * Symbols that were given a value by now: a bare name is a number if it is known to be one, memory if it has none, and what
   * GNU as makes of other values depends on what it knows of them at that place.
   */
  readonly values: ReadonlyMap<string, 'number' | 'unclear'>;
}

/** Follows the statements of one file. */
export interface SyntaxFollower {
  readonly syntax: Syntax;
  /** Undefined where the syntax is AT&T. */
  readonly dialect: Dialect | undefined;
  follow(body: StatementBody, text: string): void;
}

export function createSyntaxFollower(): SyntaxFollower {
  let syntax: Syntax = 'att';
  const values = new Map<string, 'number' | 'unclear'>();
  // New ones whenever a value changes: what was remembered of statements in the old ones may not hold any more.
  let dialects: Partial<Record<Syntax, Dialect>> = {};
  let current: Dialect | undefined;

  const choose = (): void => {
    current =
      syntax === 'att' ? undefined : (dialects[syntax] ??= { naked: syntax === 'intel noprefix', values });
  };
  const assign = (name: string, value: 'number' | 'unclear'): void => {
    if (values.get(name) === value) return;
    values.set(name, value);
    dialects = {};
    choose();
  };

  return {
    get syntax() {
      return syntax;
    },
    get dialect() {
      return current;
    },
    follow(body, text) {
      if (body.kind === 'assignment')
        // `==` is worked out where the symbol is used.
        assign(body.symbol, text.includes('==') ? 'unclear' : valueOf(body.expression, values));
      else if (body.kind === 'directive') {
        const next = syntaxAfter(body.name, body.args);
        if (next !== undefined) {
          syntax = next;
          choose();
        } else if (isAssignment(body.name)) {
          const comma = body.args.indexOf(',');
          const value = body.name === '.eqv' ? 'unclear' : valueOf(body.args.slice(comma + 1), values);
          if (comma > 0) assign(body.args.slice(0, comma).trim(), value);
        }
      }
    },
  };
}

/** The syntax behind a directive; undefined when it changes none, or is refused later. */
function syntaxAfter(name: string, args: string): Syntax | undefined {
  if (name === '.att_syntax') return 'att';
  if (name !== '.intel_syntax') return undefined;
  return args === 'noprefix' ? 'intel noprefix' : 'intel prefix';
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

/** Whether an assigned value is a register, so that the symbol becomes another name of it. */
export function namesRegister(expression: string, naked: boolean): boolean {
  const words = expression.match(/%?[\w.$@]+/g) ?? [];
  return words.some((word) => (word.startsWith('%') ? isRegister(word.slice(1)) : naked && isRegister(word)));
}
