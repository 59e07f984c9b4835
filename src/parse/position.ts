// Offsets to lines and columns, for messages only.
import type { SourceFile } from './syntax.js';

const lineStartsOf = new WeakMap<SourceFile, number[]>();

/** 1-based line and column of an offset into the file's text. The line starts are found at the first call for a file. */
export function positionOf(file: SourceFile, offset: number): { line: number; column: number } {
  let lineStarts = lineStartsOf.get(file);
  if (lineStarts === undefined) {
    lineStarts = [0];
    for (let i = file.text.indexOf('\n'); i >= 0; i = file.text.indexOf('\n', i + 1)) lineStarts.push(i + 1);
    lineStartsOf.set(file, lineStarts);
  }
  let low = 0; // the last line that begins at or before the offset is in [low, high)
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}
