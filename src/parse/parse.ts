// Text to statements. Each distinct statement text is parsed once and remembered (most of a compiler's output repeats itself).
import { convert } from './convert.js';
import { createSyntaxFollower, needsFollower } from './dialect.js';
import type { Dialect, SyntaxFollower } from './dialect.js';
import { createInterner } from './intern.js';
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
  const spans = split(text);
  // Files that leave AT&T syntax are few: only when such a statement is met is there something to follow, from the beginning.
  return {
    name,
    text,
    ...spans,
    ...(convertAll(text, spans, undefined) ?? convertAll(text, spans, createSyntaxFollower(wordSize))),
  };
}

type Statements = Pick<SourceFile, 'parsed' | 'syntaxes'>;

function convertAll(text: string, spans: Spans, follower: SyntaxFollower): Statements;
function convertAll(text: string, spans: Spans, follower: undefined): Statements | undefined;
function convertAll(
  text: string,
  { count, starts, ends }: Spans,
  follower: SyntaxFollower | undefined,
): Statements | undefined {
  const parsed: Parsed[] = new Array<Parsed>(count);
  const syntaxes: Syntax[] | null = follower ? [] : null;
  const interner = createInterner(text, count);
  const known = new Map<Dialect | undefined, Parsed[]>();
  let dialect = follower?.dialect;
  let statements = statementsOf(known, dialect);
  for (let i = 0; i < count; i++) {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    const found = (statements[interner.numberOf(start, end)] ??= convert(text.slice(start, end), dialect));
    parsed[i] = found;
    if (!follower) {
      if (needsFollower(found.body)) return undefined;
      continue;
    }
    syntaxes?.push(follower.syntax);
    const reason = follower.follow(found.body, text.slice(start, end));
    if (reason !== undefined) parsed[i] = { ...found, body: { kind: 'malformed', reason } };
    if (follower.dialect !== dialect) statements = statementsOf(known, (dialect = follower.dialect));
  }
  return { parsed, syntaxes };
}

function statementsOf(known: Map<Dialect | undefined, Parsed[]>, dialect: Dialect | undefined): Parsed[] {
  let statements = known.get(dialect);
  if (statements === undefined) known.set(dialect, (statements = []));
  return statements;
}
