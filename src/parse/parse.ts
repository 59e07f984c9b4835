// Text to statements. Each distinct statement text is parsed once and remembered (most of a compiler's output repeats itself).
import { convert } from './convert.js';
import { createSyntaxFollower } from './intel-dialect.js';
import { split } from './split.js';
import type { Parsed, SourceFile, Syntax } from './syntax.js';

const remembered = new Map<string, Parsed>();

/**
 * Parses GNU as input, in AT&T syntax until a directive says otherwise. Never fails: what the grammar does not take is `Malformed`.
 *
 * @param name file name, for messages
 * @param text any text; bytes as characters 0 to 255 keep their places
 */
export function parse(name: string, text: string): SourceFile {
  const { count, starts, ends } = split(text);
  const parsed: Parsed[] = new Array<Parsed>(count);
  const follower = /\.intel_syntax/i.test(text) ? createSyntaxFollower() : undefined;
  const syntaxes: Syntax[] | null = follower ? [] : null;
  for (let i = 0; i < count; i++) {
    const statement = text.slice(starts[i], ends[i]);
    const dialect = follower?.dialect;
    const known = dialect?.statements ?? remembered;
    let found = known.get(statement);
    if (found === undefined) known.set(statement, (found = convert(statement, dialect)));
    parsed[i] = found;
    if (!follower) continue;
    syntaxes?.push(follower.syntax);
    follower.follow(found.body, statement);
  }
  return { name, text, count, starts, ends, parsed, syntaxes };
}
