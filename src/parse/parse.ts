// Text to statements. Each distinct statement text is parsed once and remembered (most of a compiler's output repeats itself).
import { convert } from './convert.js';
import { createSyntaxFollower } from './intel-dialect.js';
import type { Dialect, SyntaxFollower } from './intel-dialect.js';
import { createInterner } from './intern.js';
import { split } from './split.js';
import type { Spans } from './split.js';
import type { Parsed, SourceFile, Syntax } from './syntax.js';

/**
 * Parses GNU as input, in AT&T syntax until a directive says otherwise. Never fails: what the grammar does not take is `Malformed`.
 *
 * @param name file name, for messages
 * @param text any text; bytes as characters 0 to 255 keep their places
 */
export function parse(name: string, text: string): SourceFile {
  const spans = split(text);
  // Files that switch to Intel syntax are few: only when the directive is met is there something to follow, from the beginning.
  return {
    name,
    text,
    ...spans,
    ...(convertAll(text, spans, undefined) ?? convertAll(text, spans, createSyntaxFollower())),
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
      if (found.body.kind === 'directive' && found.body.name === '.intel_syntax') return undefined;
      continue;
    }
    syntaxes?.push(follower.syntax);
    follower.follow(found.body, text.slice(start, end));
    if (follower.dialect !== dialect) statements = statementsOf(known, (dialect = follower.dialect));
  }
  return { parsed, syntaxes };
}

function statementsOf(known: Map<Dialect | undefined, Parsed[]>, dialect: Dialect | undefined): Parsed[] {
  let statements = known.get(dialect);
  if (statements === undefined) known.set(dialect, (statements = []));
  return statements;
}
