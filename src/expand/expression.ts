// Absolute expressions (GNU as manual 6.2 Integer Expressions): 64 bits, two's complement, comparisons give -1 or 0.
import {
  COMMA,
  DOT,
  PERCENT,
  QUOTE,
  endOfName,
  isDigit,
  isEnd,
  isNamePart,
  isNameStart,
  readString,
  skipBlanks,
} from './characters.js';

export type Value =
  | { readonly kind: 'constant'; readonly value: bigint }
  /** Depends on where something ends up; `what` is the part that does. */
  | { readonly kind: 'address'; readonly what: string; readonly spot: Spot | undefined }
  | { readonly kind: 'register'; readonly what: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly what: string; readonly why: Unknown };

export type Unknown =
  'undefined' | 'reassigned' | 'syntax' | 'float' | 'big' | 'zero' | 'operand' | 'operator' | 'deep';

/** A place in data: places of one stretch are a fixed number of bytes apart. */
export interface Spot {
  readonly stretch: number;
  readonly offset: bigint;
}

/** Where values of symbols come from. */
export interface Scope {
  /** What `.` is; undefined when it may move. */
  here(): Spot | undefined;
  readonly intel: boolean;
  valueOf(name: string): Value;
}

export interface Evaluation {
  readonly value: Value;
  /** Behind the expression and the blanks that follow. */
  readonly end: number;
  /** The symbols in it. */
  readonly names: readonly string[];
}

/** Evaluates the expression at `at` of a scrubbed text (character constants are numbers there). */
export function evaluate(text: string, at: number, scope: Scope): Evaluation {
  const reader = new Reader(text, at, scope);
  const value = reader.expression(0);
  return { value, end: reader.at, names: reader.names };
}

const truth = (is: boolean): bigint => (is ? -1n : 0n);
type Apply = (a: bigint, b: bigint) => bigint | Unknown;
const shift = (by: (a: bigint, b: bigint) => bigint): Apply => {
  // A count out of range is worth 0, with a warning.
  return (a, b) => (b < 0n || b > 63n ? 0n : by(BigInt.asUintN(64, a), b));
};
const divide = (by: (a: bigint, b: bigint) => bigint): Apply => {
  return (a, b) => (b === 0n ? 'zero' : b === -1n && a === -(1n << 63n) ? 'big' : by(a, b));
};

/** Operator, rank (more binds closer; GNU as manual 6.2.4 Infix Operators), meaning. Longer ones stand before their beginnings. */
const rows: readonly (readonly [string, number, Apply])[] = [
  ['<<', 8, shift((a, b) => a << b)],
  ['>>', 8, shift((a, b) => a >> b)],
  ['<=', 4, (a, b) => truth(a <= b)],
  ['<>', 4, (a, b) => truth(a !== b)],
  ['>=', 4, (a, b) => truth(a >= b)],
  ['==', 4, (a, b) => truth(a === b)],
  ['!=', 4, (a, b) => truth(a !== b)],
  ['!!', 7, (a, b) => a ^ b],
  ['||', 2, (a, b) => (a !== 0n || b !== 0n ? 1n : 0n)],
  ['&&', 3, (a, b) => (a !== 0n && b !== 0n ? 1n : 0n)],
  ['*', 8, (a, b) => a * b],
  ['/', 8, divide((a, b) => a / b)],
  ['%', 8, divide((a, b) => a % b)],
  ['|', 7, (a, b) => a | b],
  ['&', 7, (a, b) => a & b],
  ['^', 7, (a, b) => a ^ b],
  ['!', 7, (a, b) => a | ~b],
  ['+', 5, (a, b) => a + b],
  ['-', 5, (a, b) => a - b],
  ['<', 4, (a, b) => truth(a < b)],
  ['>', 4, (a, b) => truth(a > b)],
];

const rowsBySign = new Map<number, (typeof rows)[number][]>();
for (const row of rows) {
  const first = row[0].charCodeAt(0);
  rowsBySign.set(first, [...(rowsBySign.get(first) ?? []), row]);
}

const unary: ReadonlyMap<string, (a: bigint) => bigint> = new Map([
  ['-', (a: bigint) => -a],
  ['~', (a: bigint) => ~a],
  ['!', (a: bigint) => (a === 0n ? 1n : 0n)],
  ['+', (a: bigint) => a],
]);

/** Words that `.intel_syntax` reads as operators or registers (GNU as manual 9.16.3); a symbol of that name cannot be seen there. */
const intelWords =
  /^(and|byte|dword|eq|far|flat|ge|gt|le|lt|mod|ne|near|not|offset|or|oword|ptr|qword|shl|short|shr|tbyte|word|[xyz]?mmword|xor|[re]?[abcd]x|[abcd][hl]|[re]?(si|di|bp|sp|ip)|(si|di|bp|sp)l|r\d+[dwb]?|[cdefgs]s|st|[xyz]mm\d+|k[0-7]|[cd]r\d+)$/i;

const constant = (value: bigint): Value => ({ kind: 'constant', value: BigInt.asIntN(64, value) });
const unknown = (why: Unknown, what: string): Value => ({ kind: 'unknown', what, why });

/** The value of a hexadecimal digit; 99 for anything else. */
function digitOf(c: number): number {
  if (isDigit(c)) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : 99;
}

class Reader {
  readonly names: string[] = [];
  private depth = 0;

  constructor(
    private readonly text: string,
    public at: number,
    private readonly scope: Scope,
  ) {}

  expression(rank: number): Value {
    let left = this.operand();
    for (;;) {
      const row = this.operator();
      if (!row || row[1] <= rank) return left;
      this.at += row[0].length;
      left = combine(left, row, this.expression(row[1]));
    }
  }

  private operator(): (typeof rows)[number] | undefined {
    return rowsBySign
      .get(this.text.charCodeAt(this.at))
      ?.find(([sign]) => this.text.startsWith(sign, this.at));
  }

  private operand(): Value {
    if (++this.depth > 200) return unknown('deep', '');
    this.at = skipBlanks(this.text, this.at);
    const value = this.primary();
    this.at = skipBlanks(this.text, this.at);
    this.depth--;
    return value;
  }

  private primary(): Value {
    const { text } = this;
    const c = text.charCodeAt(this.at);
    const sign = text[this.at] ?? '';
    if (isEnd(c) || c === COMMA) return { kind: 'absent' };
    if (isDigit(c)) return this.number();
    if (sign === '(' || (sign === '[' && !this.scope.intel)) {
      this.at++;
      const value = this.expression(0);
      if (value.kind === 'unknown') return value;
      if (text[this.at] !== (sign === '(' ? ')' : ']')) return unknown('syntax', this.here());
      this.at++;
      return value.kind === 'absent' ? unknown('operand', '()') : value;
    }
    const apply = unary.get(sign);
    if (apply) {
      this.at++;
      const value = this.operand();
      if (value.kind === 'absent') return unknown('operand', sign);
      return value.kind === 'constant' ? constant(apply(value.value)) : sign === '+' ? value : adrift(value);
    }
    if (c === PERCENT) return this.register();
    if (c === DOT && !isNamePart(text.charCodeAt(this.at + 1))) {
      this.at++;
      return { kind: 'address', what: '.', spot: this.scope.here() };
    }
    if (c === QUOTE || (isNameStart(c) && sign !== '{')) return this.symbol(c);
    return unknown('syntax', this.here());
  }

  private here(): string {
    return this.text.slice(this.at, this.at + 20).split(/[\n;]/)[0] ?? '';
  }

  private register(): Value {
    const end = endOfName(this.text, this.at + 1);
    const what = this.text.slice(this.at, end);
    this.at = end;
    return end === this.at + 1 ? unknown('syntax', what) : { kind: 'register', what };
  }

  private symbol(c: number): Value {
    let name: string;
    if (c === QUOTE) {
      const string = readString(this.text, this.at);
      if (!string) return unknown('syntax', this.here());
      name = string.value;
      this.at = string.end;
    } else {
      const end = endOfName(this.text, this.at);
      name = this.text.slice(this.at, end);
      this.at = end;
      if (this.scope.intel && intelWords.test(name)) return unknown('operator', name);
    }
    this.names.push(name);
    return this.scope.valueOf(name);
  }

  /** Numbers (GNU as manual 3.6.2): decimal, 0 octal, 0x, 0b; `U` and `L` behind them do not count; `1b` and `1f` are labels. */
  private number(): Value {
    const { text } = this;
    const from = this.at;
    const second = text.charCodeAt(from + 1);
    const zeroFirst = text.charCodeAt(from) === 48;
    let radix = 10;
    if (zeroFirst && (second | 32) === 120) radix = 16;
    else if (zeroFirst && (second | 32) === 98 && digitOf(text.charCodeAt(from + 2)) < 2) radix = 2;
    else if (zeroFirst && digitOf(second) < 8) radix = 8;
    if (radix === 16 || radix === 2) this.at += 2;
    const digits = this.at;
    // `0` and a digit that is not octal: GNU as reads the 0 alone.
    if (radix === 10 && zeroFirst) this.at++;
    else while (digitOf(text.charCodeAt(this.at)) < radix) this.at++;
    const body = text.slice(digits, this.at);
    if (body === '') return unknown('syntax', text.slice(from, this.at));
    // A lone 0 takes no suffix: GNU as 2.40 stops behind it.
    const zero = radix === 10 && body === '0';
    if (!zero && (text.charCodeAt(this.at) | 32) === 117) this.at++;
    while (!zero && (text.charCodeAt(this.at) | 32) === 108) this.at++;
    const next = text.charCodeAt(this.at);
    const label = text[this.at] === 'b' || text[this.at] === 'f';
    if (label) {
      this.at++;
      return { kind: 'address', what: text.slice(from, this.at), spot: undefined };
    }
    if (isNamePart(next)) {
      const what = text.slice(from, this.at + 1);
      return unknown(/^0[a-zA-Z]/.test(what) ? 'float' : 'syntax', what);
    }
    if (radix === 10 && body.length < 16) return constant(BigInt(Number(body)));
    const prefix = radix === 16 ? '0x' : radix === 2 ? '0b' : radix === 8 ? '0o' : '';
    const value = body.length > 200 ? 1n << 64n : BigInt(prefix + body);
    return value >= 1n << 64n ? unknown('big', text.slice(from, this.at)) : constant(value);
  }
}

function combine(left: Value, [sign, , apply]: (typeof rows)[number], right: Value): Value {
  if (left.kind === 'unknown') return left;
  if (right.kind === 'unknown') return right;
  if (left.kind === 'absent' || right.kind === 'absent') return unknown('operand', sign);
  if (left.kind === 'address' || right.kind === 'address') return combineAddresses(left, sign, right);
  if (left.kind !== 'constant') return left;
  if (right.kind !== 'constant') return right;
  const value = apply(left.value, right.value);
  return typeof value === 'string' ? unknown(value, sign) : constant(value);
}

/** Two places of one stretch of data have a fixed difference; all else stays an address. */
function combineAddresses(left: Value, sign: string, right: Value): Value {
  const a = left.kind === 'address' ? left.spot : undefined;
  const b = right.kind === 'address' ? right.spot : undefined;
  if (sign === '-' && a && b && a.stretch === b.stretch) return constant(a.offset - b.offset);
  if (left.kind === 'address' && right.kind === 'constant' && (sign === '+' || sign === '-'))
    return moved(left, sign === '+' ? right.value : -right.value);
  if (left.kind === 'constant' && right.kind === 'address' && sign === '+') return moved(right, left.value);
  return adrift(left.kind === 'address' ? left : right);
}

type Address = Extract<Value, { kind: 'address' }>;

const moved = ({ kind, what, spot }: Address, by: bigint): Value => ({
  kind,
  what,
  spot: spot && { stretch: spot.stretch, offset: spot.offset + by },
});

const adrift = (value: Value): Value => (value.kind === 'address' ? { ...value, spot: undefined } : value);
