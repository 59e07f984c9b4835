// Statements and edits to text.
import type { SourceFile } from '../parse/syntax.js';
import type { Edit } from './edit.js';

/**
 * The file's text with the edits done; without edits the very same string.
 *
 * @param edits ascending by statement, at most one a statement
 */
export function emit(file: SourceFile, edits: readonly Edit[]): string {
  if (edits.length === 0) return file.text;
  const pieces: string[] = [];
  let at = 0;
  for (const edit of edits) {
    const parsed = file.parsed[edit.statement];
    const start = file.starts[edit.statement];
    if (parsed === undefined || start === undefined) throw new RangeError(`edit of statement ${edit.statement}, which does not exist`);
    const bodyStart = start + parsed.bodyOffset;
    if (bodyStart < at) throw new RangeError('edits are not in ascending order');
    const bodyEnd = bodyStart + parsed.bodyLength;
    pieces.push(file.text.slice(at, bodyStart));
    if (edit.before !== '') pieces.push('\n', edit.before, '\n');
    pieces.push(edit.replace ?? file.text.slice(bodyStart, bodyEnd));
    // A comment or another statement may follow on the line: it moves to a line of its own.
    if (edit.after !== '') pieces.push('\n', edit.after, '\n');
    at = bodyEnd;
  }
  pieces.push(file.text.slice(at));
  return pieces.join('');
}
