// The operands that compilers write, without the grammar: nearly all distinct operands of a file are one of these, and a tree for each
// costs a third of parsing. What does not match goes to the grammar; test/parse/plain.test.ts holds the two against each other.
import type { Operand } from './syntax.js';

/** `.L12`, `memcpy@PLT`: the token Symbol of the grammar. */
const symbol = /^[A-Za-z_.\u0080-\u00ff][\w.$@\u0080-\u00ff]*$/;
const register = /^%[a-z][a-z0-9]*$/;
const number = /^\$-?[0-9]+$/;
/** `-8(%rbp)`, `table+16(%rip)`, `(%rax,%rcx,8)`. */
const memory =
  /^((?:[A-Za-z_.][\w.$@]*(?:[+-][0-9]+)?|-?[0-9]+)?)\((?:%([a-z][a-z0-9]*))(?:,%([a-z][a-z0-9]*)(?:,([1248]))?)?\)$/;

/** The typed form of an operand in one of the plain forms; undefined for all others. */
export function plainOperand(text: string): Operand | undefined {
  switch (text.charCodeAt(0)) {
    case 36: // $
      return number.test(text) ? { kind: 'immediate', expression: text.slice(1) } : undefined;
    case 37: // %
      return register.test(text) ? { kind: 'register', name: text.slice(1), decoration: '' } : undefined;
    default: {
      if (symbol.test(text)) return memoryOperand(text, '', '', 1);
      const found = memory.exec(text);
      if (!found) return undefined;
      const [, displacement = '', base = '', index = '', scale = '1'] = found;
      return memoryOperand(displacement, base, index, Number(scale));
    }
  }
}

const memoryOperand = (displacement: string, base: string, index: string, scale: number): Operand => ({
  kind: 'memory',
  segment: '',
  displacement,
  base,
  index,
  scale,
  decoration: '',
});
