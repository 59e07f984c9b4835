// Text to statements. Each distinct statement text is parsed once and remembered (most of a compiler's output repeats itself).
import { convert } from './convert.js';
import { split } from './split.js';
import type { Parsed, SourceFile } from './syntax.js';

const remembered = new Map<string, Parsed>();

/**
 * Parses GNU as input in AT&T syntax. Never fails: what the grammar does not take is `Malformed`.
 *
 * @param name file name, for messages
 * @param text any text; bytes as characters 0 to 255 keep their places
 */
export function parse(name: string, text: string): SourceFile {
  const { count, starts, ends } = split(text);
  const parsed: Parsed[] = new Array<Parsed>(count);
  for (let i = 0; i < count; i++) {
    const statement = text.slice(starts[i], ends[i]);
    let known = remembered.get(statement);
    if (known === undefined) remembered.set(statement, (known = convert(statement)));
    parsed[i] = known;
  }
  return { name, text, count, starts, ends, parsed };
}
