// Finds the end of a `.macro` or loop body (GNU as manual 7.67 .macro, 7.83 .rept): nested ones are counted, text is not looked into.
import { COLON, DOT, endOfName, endQuoted, isNamePart, skipBlanks } from './characters.js';

export interface Block {
  /** The body, and where what follows it begins. */
  readonly text: string;
  readonly next: number;
}

export type BlockKind = 'macro' | 'loop';

const opening: Readonly<Record<BlockKind, RegExp>> = {
  macro: /\.macro/iy,
  loop: /\.(?:irepc|irep|irpc|rept|irp|rep)/iy,
};
const closing: Readonly<Record<BlockKind, RegExp>> = { macro: /\.endm/iy, loop: /\.endr/iy };

/** Whether the pattern stands at `at` as a whole word. */
function stands(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text) && !isNamePart(text.charCodeAt(pattern.lastIndex));
}

/** The body from `from` on; undefined when the text ends before it does. A label before the closing directive is part of the body. */
export function readBlock(text: string, from: number, kind: BlockKind): Block | undefined {
  let depth = 1;
  for (let line = from; line < text.length;) {
    const end = endQuoted(text, line, false);
    let start = line;
    let at = skipBlanks(text, line);
    for (;;) {
      const colon = skipBlanks(text, endOfName(text, at));
      if (colon === at || text.charCodeAt(colon) !== COLON) break;
      start = colon + 1;
      at = skipBlanks(text, start);
    }
    if (text.charCodeAt(at) === DOT) {
      if (stands(opening[kind], text, at)) depth++;
      else if (stands(closing[kind], text, at) && --depth === 0)
        return { text: text.slice(from, start), next: Math.min(end + 1, text.length) };
    }
    line = end + 1;
  }
  return undefined;
}
