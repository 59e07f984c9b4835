// Both texts of a file line by line, for people. Pure.
//
// One row a line; its first character says what it is:
//   ' ' in both texts, '+' only in the mirrored one, '-' only in the native one,
//   '@' the source line (`file.c:12`) of the rows below, in place of the directive that says it,
//   '~' so many lines were left out, of this section: what is not code is not rewritten.
import { createPlaceTracker } from '../analyze/places.js';
import { createSectionTracker } from '../analyze/sections.js';
import { emitPieces } from '../emit/emit.js';
import type { Edit } from '../emit/edit.js';
import type { SourceFile } from '../parse/syntax.js';

export interface Listing {
  readonly text: string;
  /** By statement that is edited: the row, from 0, at which the rows of its line begin, those of what is inserted before it included. */
  readonly rowOf: ReadonlyMap<number, number>;
}

/** The listing of a file that is rewritten by these edits. */
export function listingOf(file: SourceFile, edits: readonly Edit[]): Listing {
  const rows: string[] = [];
  const sections = createSectionTracker();
  const places = createPlaceTracker(file);
  let statement = 0;
  /** Where the native line begins, in the file's text. */
  let lineStart = 0;
  let left = '';
  let right = '';
  /** Mirrored lines that ended while the native one goes on. */
  let ended: string[] = [];
  let leftOut = 0;
  let leftOutOf = '';
  let place = '';
  const rowOf = new Map<number, number>();
  let edit = 0;
  /** Of the native line: the row at which it begins, -1 where none is made yet, and the statements in it that are edited. */
  let firstRow = -1;
  let edited: number[] = [];

  const show = (row: string): void => {
    if (leftOut > 0) rows.push(`~${leftOut} ${leftOutOf}`);
    leftOut = 0;
    if (firstRow < 0) firstRow = rows.length;
    rows.push(row);
  };

  /** Goes through the statements of the native line that has ended: whether it is shown. */
  const shown = (): boolean => {
    const lineEnd = lineStart + left.length;
    const code = sections.executable;
    let loc = places.upTo(lineEnd);
    let statements = loc ? 1 : 0;
    for (; statement < file.count && (file.starts[statement] ?? 0) <= lineEnd; statement++) {
      const body = file.parsed[statement]?.body;
      statements++;
      if (edits[edit]?.statement === statement) {
        edited.push(statement);
        edit++;
      }
      if (body?.kind !== 'directive') continue;
      if (!sections.executable) leftOutOf = sections.current;
      sections.apply(body.name, body.args);
      loc = places.apply(body.name, body.args);
    }
    lineStart = lineEnd + 1;
    if (loc && statements === 1) {
      if (places.current !== place) show(`@${(place = places.current)}`);
      return false;
    }
    if (code || sections.executable) return true;
    leftOutOf = sections.current;
    leftOut++;
    return false;
  };

  const endLine = (): void => {
    const mirrored = [...ended, right];
    const visible = shown();
    if (mirrored[0] === left) {
      if (visible) show(` ${left}`);
      mirrored.shift();
    } else if (mirrored.at(-1) === left) {
      mirrored.pop();
      for (const line of mirrored.splice(0)) show(`+${line}`);
      if (visible) show(` ${left}`);
    } else for (const line of left.split('\n')) show(`-${line}`);
    for (const line of mirrored) show(`+${line}`);
    if (firstRow >= 0) for (const one of edited) rowOf.set(one, firstRow);
    firstRow = -1;
    edited = [];
    ended = [];
    left = '';
    right = '';
  };

  emitPieces(file, edits, (text, side) => {
    for (let from = 0; ;) {
      const to = text.indexOf('\n', from);
      const part = text.slice(from, to < 0 ? text.length : to);
      if (side !== 'mirrored') left += part;
      if (side !== 'native') right += part;
      if (to < 0) return;
      from = to + 1;
      if (side === 'both') endLine();
      else if (side === 'native') left += '\n';
      else if (left === '') {
        show(`+${right}`);
        right = '';
      } else {
        ended.push(right);
        right = '';
      }
    }
  });
  if (left !== '' || right !== '' || ended.length > 0) endLine();
  if (leftOut > 0) rows.push(`~${leftOut} ${leftOutOf}`);
  return { text: rows.map((row) => `${row}\n`).join(''), rowOf };
}
