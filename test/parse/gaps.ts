// What may stand between statements, told apart without the parser's help.
import type { SourceFile } from '../../src/parse/syntax.js';

/** Blanks, separators, block comments, and line comments up to the end of the line (the newline itself is a separator). */
const gap = /^(?:[ \t\r\v\f\n;]|#[^\n]*|\/(?!\*)[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|\*?$(?![^])))*$/;

/** A section of debug information, which no program has in its memory, and the lines of data that make no statements in it. */
const debugSection = /^\.section\s+\.debug_\w+,"[^"axw?]*"/;
const debugLine =
  /^(?:\.L[\w.$]+:|\s+\.(?:[248]byte|byte|asci[iz]|long|quad|short|[su]leb128|string|value)\s+(?:"(?:[^"\\]|\\.)*"|[^";/]*))\s*(?:#.*)?$/;

/** A gap without the lines of data that `before` opens. */
function withoutDebugData(between: string, before: string): string {
  if (!debugSection.test(before)) return between;
  const [first = '', ...lines] = between.split('\n');
  const kept = lines.findIndex((line) => !debugLine.test(line));
  return `${first}\n${lines.slice(kept < 0 ? lines.length : kept).join('\n')}`;
}

/** Lines for debuggers among code: they make no statements. */
const debuggersLine = /^(?:\t\.loc[ \t][-\w. \t]*(?:#.*)?|\.L(?:VL|BB|BE)\d+:)$/;
const debuggersLabel = /\.L(?:VL|BB|BE)\d+(?![\w.$])/g;

/**
 * Every place where the spans are not ascending, or overlap, or a gap holds what belongs to a statement. The spans and gaps together are
 * the text when there is none.
 */
export function strangeInGaps(file: SourceFile): string[] {
  const strange: string[] = [];
  let at = 0;
  let joined = '';
  const leftOut = new Set<string>();
  for (let i = 0; i <= file.count; i++) {
    const start = i < file.count ? file.starts[i]! : file.text.length;
    const end = i < file.count ? file.ends[i]! : file.text.length;
    if (start < at || end < start || (i < file.count && end === start))
      strange.push(`span ${i}: ${start} to ${end}`);
    const between = file.text.slice(at, start);
    const before = i > 0 ? file.text.slice(file.starts[i - 1], file.ends[i - 1]) : '';
    if (between !== '\n' && between !== '\n\t') {
      const lines = withoutDebugData(between, before).split('\n');
      // The first and the last belong to the statements beside it.
      const debuggers = lines.slice(1, -1).filter((line) => debuggersLine.test(line));
      for (const line of debuggers) if (line.endsWith(':')) leftOut.add(line.slice(0, -1));
      const rest = debuggers.length === 0 ? lines : lines.filter((line) => !debuggersLine.test(line));
      if (!gap.test(rest.join('\n'))) strange.push(`gap ${i}: '${between}'`);
    }
    joined += between + file.text.slice(start, end);
    at = end;
  }
  for (let i = 0; leftOut.size > 0 && i < file.count; i++)
    for (const [name] of file.text.slice(file.starts[i], file.ends[i]).matchAll(debuggersLabel))
      if (leftOut.has(name)) strange.push(`statement ${i} names ${name}, which was left out`);
  if (joined !== file.text) strange.push('spans and gaps are not the text');
  return strange;
}
