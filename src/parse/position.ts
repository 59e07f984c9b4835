// Offsets to lines and columns, for messages only.
import type { SourceFile } from './syntax.js';

/** 1-based line and column of an offset into the file's text. */
export function positionOf(file: SourceFile, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let i = file.text.indexOf('\n'); i >= 0 && i < offset; i = file.text.indexOf('\n', i + 1)) {
    line++;
    lineStart = i + 1;
  }
  return { line, column: offset - lineStart + 1 };
}
