// Text to statements. Each distinct statement text is parsed once and remembered (most of a compiler's output repeats itself).
import { convert } from './convert.js';
import { createSyntaxFollower, needsFollower } from './dialect.js';
import type { Dialect } from './dialect.js';
import { createInterner } from './intern.js';
import { namesDebugLabel } from './debug-lines.js';
import { forgetOperands } from './operand.js';
import { split } from './split.js';
import type { Spans } from './split.js';
import type { Parsed, SourceFile, Syntax, WordSize } from './syntax.js';

/**
 * Parses GNU as input, in AT&T syntax until a directive says otherwise. Never fails: what the grammar does not take is `Malformed`.
 *
 * @param name file name, for messages
 * @param text any text; bytes as characters 0 to 255 keep their places
 * @param wordSize what it is assembled for
 */
export function parse(name: string, text: string, wordSize: WordSize = 64): SourceFile {
  forgetOperands();
  let spans = split(text, false);
  // Files that leave AT&T syntax are few, and so are those that name what is there for debuggers: only when such a statement is met are they read again.
  let statements = convertAll(text, spans);
  if (statements === 'names debug labels') statements = convertAll(text, (spans = split(text, true)));
  if (typeof statements === 'string') statements = followAll(text, (spans = split(text, true)), wordSize);
  const { count, starts, ends, places } = spans;
  return { name, text, count, starts, ends, places, ...statements };
}

type Statements = Pick<SourceFile, 'parsed' | 'syntaxes' | 'kinds' | 'kindCount'>;

/** All statements in AT&T syntax, or why they cannot be read as they are split. */
function convertAll(
  text: string,
  { count, starts, ends, unlabelled }: Spans,
): Statements | 'names debug labels' | 'leaves AT&T syntax' {
  const parsed: Parsed[] = new Array<Parsed>(count);
  const kinds = new Int32Array(count);
  const distinct: Parsed[] = [];
  const interner = createInterner(text, count);
  for (let i = 0; i < count; i++) {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    const kind = interner.numberOf(start, end);
    let found = distinct[kind];
    if (found === undefined) {
      const statement = text.slice(start, end);
      if (unlabelled && namesDebugLabel(statement)) return 'names debug labels';
      found = convert(statement);
      if (needsFollower(found.body)) return 'leaves AT&T syntax';
      distinct.push(found);
    }
    kinds[i] = kind;
    parsed[i] = found;
  }
  return { parsed, kinds, kindCount: distinct.length, syntaxes: null };
}

/** The same where syntaxes change. */
function followAll(text: string, { count, starts, ends }: Spans, wordSize: WordSize): Statements {
  const follower = createSyntaxFollower(wordSize);
  const parsed: Parsed[] = [];
  const kinds = new Int32Array(count);
  const syntaxes: Syntax[] = [];
  const interner = createInterner(text, count);
  const known = new Map<Dialect | undefined, Parsed[]>();
  const kindOf = new Map<Parsed, number>();
  for (let i = 0; i < count; i++) {
    const { dialect } = follower;
    const statement = text.slice(starts[i], ends[i]);
    const number = interner.numberOf(starts[i] ?? 0, ends[i] ?? 0);
    const statements = known.get(dialect) ?? [];
    if (statements.length === 0) known.set(dialect, statements);
    let found = (statements[number] ??= convert(statement, dialect));
    syntaxes.push(follower.syntax);
    const reason = follower.follow(found.body, statement);
    if (reason !== undefined) found = { ...found, body: { kind: 'malformed', reason } };
    let kind = kindOf.get(found);
    if (kind === undefined) kindOf.set(found, (kind = kindOf.size));
    parsed.push(found);
    kinds[i] = kind;
  }
  return { parsed, kinds, kindCount: kindOf.size, syntaxes };
}
