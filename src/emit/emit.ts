// Statements and edits to text.
import type { SourceFile, Syntax } from '../parse/syntax.js';
import type { Edit } from './edit.js';

/** Where a piece of text stands: in what came in, in what goes out, or in both. */
export type Side = 'both' | 'mirrored' | 'native';

/**
 * Says the file's text piece by piece, with the edits done. The pieces of one side, one behind the other, are that side's text.
 *
 * @param edits ascending by statement, at most one a statement
 */
export function emitPieces(
  file: SourceFile,
  edits: readonly Edit[],
  say: (text: string, side: Side) => void,
): void {
  let at = 0;
  for (const edit of edits) {
    const parsed = file.parsed[edit.statement];
    const start = file.starts[edit.statement];
    if (parsed === undefined || start === undefined)
      throw new RangeError(`edit of statement ${edit.statement}, which does not exist`);
    const bodyStart = start + parsed.bodyOffset;
    if (bodyStart < at) throw new RangeError('edits are not in ascending order');
    const bodyEnd = bodyStart + parsed.bodyLength;
    const { before, replace, after } = inAtt(edit, file.syntaxes?.[edit.statement] ?? 'att');
    const lineStart = indentationStart(file.text, bodyStart, at);
    const body = (from: number): void => {
      say(file.text.slice(from, bodyEnd), replace === null ? 'both' : 'native');
      if (replace !== null) say(replace, 'mirrored');
    };
    if (before === '' && replace === null) say(file.text.slice(at, bodyEnd), 'both');
    else if (lineStart >= 0) {
      // Only blanks stand before the body on its line: new lines go above it.
      say(file.text.slice(at, lineStart), 'both');
      if (before !== '') say(`${before}\n`, 'mirrored');
      body(lineStart);
    } else {
      say(file.text.slice(at, bodyStart), 'both');
      say(before === '' ? '\n' : `\n${before}\n`, 'mirrored');
      body(bodyStart);
    }
    // A comment or another statement may follow on the line: it moves to a line of its own.
    if (after !== '') say(`\n${after}`, 'mirrored');
    at = bodyEnd;
    const moves = after !== '' && file.text.charCodeAt(at) !== 10;
    if (moves || (replace !== null && parsed.bodyLength === 0 && slashFollows(file.text, at)))
      say('\n', 'mirrored');
  }
  say(file.text.slice(at), 'both');
}

/** The file's text with the edits done; without edits the very same string. */
export function emit(file: SourceFile, edits: readonly Edit[]): string {
  if (edits.length === 0) return file.text;
  const pieces: string[] = [];
  emitPieces(file, edits, (text, side) => {
    if (side !== 'native') pieces.push(text);
  });
  return pieces.join('');
}

const att = '\t.att_syntax prefix';
const back: Record<Exclude<Syntax, 'att' | 'att noprefix'>, string> = {
  'intel noprefix': '\t.intel_syntax noprefix',
  'intel prefix': '\t.intel_syntax prefix',
};

/** Edits are AT&T text: in an Intel region directives go around them, and what is kept as written stays outside. */
function inAtt(edit: Edit, syntax: Syntax): Pick<Edit, 'before' | 'replace' | 'after'> {
  // With `%` a register is one in either.
  if (syntax === 'att' || syntax === 'att noprefix') return edit;
  // Labels and directives are the same in both.
  const wrapped = (text: string): string =>
    /^\t[^.]/m.test(text) ? `${att}\n${text}\n${back[syntax]}` : text;
  const { before, replace, after } = edit;
  if (replace === null || replace === '') return { before: wrapped(before), replace, after: wrapped(after) };
  const whole = [before, replace, after].filter((text) => text !== '').join('\n');
  return { before: '', replace: wrapped(whole), after: '' };
}

/** Where the blanks before `at` begin if the line holds nothing else, and nothing before `floor`; otherwise -1. */
function indentationStart(text: string, at: number, floor: number): number {
  let i = at;
  while (i > floor && (text.charCodeAt(i - 1) === 32 || text.charCodeAt(i - 1) === 9)) i--;
  return i === 0 || (i > floor && text.charCodeAt(i - 1) === 10) ? i : -1;
}

/** Whether a comment of one `/` follows: behind a label it is one, behind an instruction it would not be. */
function slashFollows(text: string, at: number): boolean {
  let i = at;
  while (isBlank(text.charCodeAt(i))) i++;
  return text.charCodeAt(i) === 47 && text.charCodeAt(i + 1) !== 42;
}

function isBlank(c: number): boolean {
  return c === 32 || c === 9 || c === 13 || c === 11 || c === 12;
}
