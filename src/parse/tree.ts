// One operand's text to its tree, by either grammar, or the reason why there is none.
import type { Tree } from '@lezer/common';
import type { LRParser } from '@lezer/lr';
import { parser as att } from './generated/gas.js';

/** A tree takes microseconds a character: without a limit one hostile operand would take minutes. */
const longestOperand = 1 << 16;

export function treeOf(parser: LRParser, text: string): Tree | string {
  if (text === '') return 'an operand is missing';
  if (text.length > longestOperand) return `an operand of more than ${longestOperand} characters`;
  const tree = parser.parse(text);
  let bad = -1;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError && bad < 0) bad = node.from;
      return bad < 0;
    },
  });
  if (bad < 0) return tree;
  const rest = text.slice(bad);
  if (parser === att && /(^|[^\w.$@\u0080-\u00ff])\$/.test(text.slice(1)))
    return `a name that begins with $ in '${text}'`;
  const size =
    /\b(byte|dword|far|fword|mmword|near|oword|qword|tbyte|word|[xyz]mmword)\b(?!\s+(?:ptr|bcst)\b)/i.exec(
      text,
    );
  if (parser !== att && size)
    return `'${size[1] ?? ''}' without ptr in '${text}', which is a number to GNU as`;
  if (/^[^"'()[\]]+:(?!:)/.test(text) && !/^%?\s*[c-gs]s\s*:/i.test(text)) return `a far address: '${text}'`;
  return rest.trim() === ''
    ? `the operand '${text}' ends too early`
    : `cannot read the operand '${text}' from '${rest}' on`;
}
