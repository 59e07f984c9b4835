// The value of an expression made of numbers alone (GNU as manual 6.2.4 Infix Operators), for a scale: nothing else is worked out here.

const ranks: ReadonlyMap<string, readonly [rank: number, apply: (a: bigint, b: bigint) => bigint]> = new Map([
  ['*', [3, (a, b) => a * b]],
  ['<<', [3, (a, b) => (b >= 0n && b < 64n ? a << b : 0n)]],
  ['>>', [3, (a, b) => (b >= 0n && b < 64n ? a >> b : 0n)]],
  ['|', [2, (a, b) => a | b]],
  ['&', [2, (a, b) => a & b]],
  ['^', [2, (a, b) => a ^ b]],
  ['+', [1, (a, b) => a + b]],
  ['-', [1, (a, b) => a - b]],
]);

const token = /\s*(0x[0-9a-f]+|0b[01]+|0[0-7]*|[1-9][0-9]*|<<|>>|[-+*|&^~()[\]])/iy;
/** Parentheses and signs that one expression may hold: more are no scale. */
const deepest = 32;

/** The value, or undefined for every expression that is not literal numbers, signs and parentheses. */
export function constantOf(text: string): bigint | undefined {
  const tokens: string[] = [];
  token.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (token.lastIndex < trimmed.length) {
    const found = token.exec(trimmed);
    if (found?.[1] === undefined) return undefined;
    tokens.push(found[1]);
  }
  let at = 0;
  const primary = (depth: number): bigint | undefined => {
    const word = tokens[at++];
    if (word === undefined || depth > deepest) return undefined;
    if (word === '(' || word === '[') {
      const value = sum(1, depth + 1);
      return tokens[at++] === (word === '(' ? ')' : ']') ? value : undefined;
    }
    if (word === '-' || word === '+' || word === '~') {
      const value = primary(depth + 1);
      return value === undefined ? undefined : word === '-' ? -value : word === '~' ? ~value : value;
    }
    return literal(word);
  };
  const sum = (least: number, depth: number): bigint | undefined => {
    let left = primary(depth);
    for (;;) {
      const [rank, apply] = ranks.get(tokens[at] ?? '') ?? [0, undefined];
      if (left === undefined || apply === undefined || rank < least) return left;
      at++;
      const right = sum(rank + 1, depth);
      left = right === undefined ? undefined : apply(left, right);
    }
  };
  const value = sum(1, 0);
  return at === tokens.length ? value : undefined;
}

/** The value of a number as GNU as reads it (manual 3.6.2.1); undefined for other texts. */
export function literal(text: string): bigint | undefined {
  if (/^(0x[0-9a-f]+|0b[01]+|0|[1-9]\d*)$/i.test(text)) return BigInt(text);
  return /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : undefined;
}
