// What conditions and counts are made of: absolute values, texts, strings. Says why when one cannot be known before assembly.
import { clip, COMMA, QUOTE, endOfName, endPlain, isEnd, readString, skipBlanks } from './characters.js';
import { evaluate } from './expression.js';
import type { Unknown, Value } from './expression.js';
import type { Comparison, Test } from './directives.js';
import type { Symbols } from './symbols.js';
import { Refusal } from './types.js';

const unknownReasons: Readonly<Record<Unknown, readonly [string, string]>> = {
  undefined: ['has no value before this line', 'give it a value with .set above, or with --defsym'],
  reassigned: [
    'was set more than once, and this value was made of it before',
    'use .set with numbers, or other names',
  ],
  syntax: ['cannot be read as an expression', 'write numbers, symbols and operators'],
  float: ['is no integer', 'write an integer'],
  big: ['needs more than 64 bits', 'write a number of at most 64 bits'],
  zero: ['divides by zero', 'GNU as would divide by 1: write what is meant'],
  operand: ['lacks an operand', 'GNU as would take 0: write it'],
  operator: ['is a word of .intel_syntax', 'write the operator as a sign, or the symbol under another name'],
  deep: ['is nested too deep', 'make it simpler'],
};

/** The value of the expression at `at`; undefined when there is none. */
export function absolute(
  text: string,
  at: number,
  name: string,
  symbols: Symbols,
): { readonly value: bigint | undefined; readonly end: number } {
  const { value, end } = evaluate(text, at, symbols);
  switch (value.kind) {
    case 'constant':
      return { value: value.value, end };
    case 'absent':
      return { value: undefined, end };
    case 'address':
    case 'register':
    case 'unknown':
      throw unusable(clip(text.slice(at, endPlain(text, at)).trim()), value, name);
  }
}

function unusable(
  expression: string,
  value: Exclude<Value, { kind: 'constant' | 'absent' }>,
  name: string,
): Refusal {
  switch (value.kind) {
    case 'address':
      return new Refusal(
        `the expression '${expression}' of ${name} depends on the address '${value.what}'`,
        'instructions that are put in later would change it: use a number, or a symbol with a fixed value',
      );
    case 'register':
      return new Refusal(
        `the expression '${expression}' of ${name} has the register '${value.what}' in it`,
        'compare texts with .ifc',
      );
    case 'unknown': {
      const [reason, note] = unknownReasons[value.why];
      return new Refusal(`in the expression '${expression}' of ${name}, '${value.what}' ${reason}`, note);
    }
  }
}

/** Refuses anything but blanks up to the end of the statement. */
export function nothingMore(text: string, from: number, name: string): void {
  const at = skipBlanks(text, from);
  if (!isEnd(text.charCodeAt(at)))
    throw new Refusal(
      `'${clip(text.slice(at, endPlain(text, at)).trim())}' is left over behind ${name}`,
      'remove it; a comment begins with #',
    );
}

/** `.ifc`: two texts, compared without the blanks around them. */
function sameTexts(text: string, at: number, name: string): boolean {
  const end = endPlain(text, at);
  const comma = text.indexOf(',', at);
  if (comma < 0 || comma >= end) throw new Refusal(`${name} needs two texts`, `write ${name} TEXT, TEXT`);
  return text.slice(at, comma).trim() === text.slice(comma + 1, end).trim();
}

/** `.ifeqs`: two strings. */
function sameStrings(text: string, at: number, name: string): boolean {
  const first = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
  const comma = first ? skipBlanks(text, first.end) : at;
  const second = skipBlanks(text, comma + 1);
  const other = first && text.charCodeAt(second) === QUOTE ? readString(text, second) : undefined;
  if (!first || text.charCodeAt(comma) !== COMMA || !other)
    throw new Refusal(`${name} needs two strings`, `write ${name} "TEXT", "TEXT"`);
  nothingMore(text, other.end, name);
  return first.value === other.value;
}

const comparisons: Readonly<Record<Comparison, (value: bigint) => boolean>> = {
  ne: (value) => value !== 0n,
  eq: (value) => value === 0n,
  lt: (value) => value < 0n,
  le: (value) => value <= 0n,
  ge: (value) => value >= 0n,
  gt: (value) => value > 0n,
};

/**
 * Whether the condition of an `.if` of any kind (GNU as manual 7.42) is true; its operands begin at `at`.
 *
 * @param skipping in skipped text no values are asked for, but most kinds have to be well-formed there, too
 */
export function holds(
  test: Test,
  name: string,
  text: string,
  at: number,
  symbols: Symbols,
  skipping: boolean,
): boolean {
  switch (test.kind) {
    case 'if': {
      if (skipping) return false;
      const { value, end } = absolute(text, at, name, symbols);
      if (value === undefined) throw new Refusal(`${name} has no condition`, 'write an expression behind it');
      nothingMore(text, end, name);
      return comparisons[test.test](value);
    }
    case 'ifdef':
      return isDefined(text, at, name, symbols, skipping) !== test.negated;
    case 'ifblank':
      return isEnd(text.charCodeAt(at)) !== test.negated;
    case 'ifsame':
      return sameTexts(text, at, name) !== test.negated;
    case 'ifequal':
      return sameStrings(text, at, name) !== test.negated;
  }
}

function isDefined(text: string, at: number, name: string, symbols: Symbols, skipping: boolean): boolean {
  const quoted = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
  const end = quoted?.end ?? endOfName(text, at);
  if (end === at) throw new Refusal(`${name} has no symbol`, 'write one name behind it');
  const symbol = quoted?.value ?? text.slice(at, end);
  nothingMore(text, end, name);
  const defined = symbols.isDefined(symbol);
  if (defined === 'unclear' && !skipping)
    throw new Refusal(
      `whether '${symbol}' counts as defined depends on sections and aliases`,
      'ask for a symbol that is a label or has a value',
    );
  return defined === 'yes';
}
