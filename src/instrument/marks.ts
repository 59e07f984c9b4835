// Where inserted instructions stand, for whoever counts what a program executes: labels around them, and a section that is not loaded which lists
// them. It is named as debug information is, so that linkers take its references to dropped code for nothing and strip takes it away.
import { directiveAction } from '../analyze/directives.js';
import type { Code, Unit } from '../analyze/code.js';
import type { Edit } from '../emit/edit.js';
import type { SourceFile } from '../parse/syntax.js';

/** Records of three words: first byte, the byte behind the last one, and what is there: one of these, and from the third bit on a row. */
const section = '\t.section\t.debug_mirror,"",@progbits';
/** All code of a file that has marks, whatever it is. */
const COVERED = 0;
const INSERTED = 1;
/** The program's own instruction at which others are inserted. */
const OWN = 2;
const ROW = 4;

export interface Marked {
  readonly edits: readonly Edit[];
  /** Goes behind the text. */
  readonly list: string;
}

const isInstruction = (line: string): boolean =>
  !line.startsWith('\t.') && !line.endsWith(':') && line !== '';

/** The line of a replacement that stands for the program's own instruction: the last with its mnemonic, else the last. */
function ownLine(lines: readonly string[], { instruction }: Unit): number {
  const named = lines.findLastIndex((line) => line.trim().split(/\s/).includes(instruction.mnemonic));
  return named >= 0 ? named : lines.findLastIndex(isInstruction);
}

/**
 * Edits with marks. Pure.
 *
 * @param prefix of labels, that the text and the edits have not
 * @param rowOf where a statement that is edited begins in the listing; of one that has a row the records tell it, and its own instruction has one, too
 */
export function withMarks(
  file: SourceFile,
  code: Code,
  edits: readonly Edit[],
  prefix: string,
  rowOf: ReadonlyMap<number, number> = new Map(),
): Marked {
  const word = code.mode === 64 ? '.quad' : '.long';
  const rows: string[] = [];
  let labels = 0;
  const label = (): string => `${prefix}m${labels++}`;
  const around = (lines: readonly string[], row: number): readonly string[] => {
    if (!lines.some(isInstruction)) return lines;
    const lo = label();
    const hi = label();
    rows.push(`\t${word}\t${lo}, ${hi}, ${INSERTED + ROW * row}`);
    return [`${lo}:`, ...lines, `${hi}:`];
  };
  const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'));

  const unitAt = new Map<number, number>();
  code.statement.forEach((statement, unit) => unitAt.set(statement, unit));
  const marked = new Map<number, Edit>();
  for (const edit of edits) {
    const unit = code.units[unitAt.get(edit.statement) ?? -1];
    const row = rowOf.get(edit.statement);
    const marks = (lines: readonly string[]): readonly string[] => around(lines, row ?? 0);
    // Its own instruction stands between these.
    let lo: readonly string[] = [];
    let hi: readonly string[] = [];
    if (row !== undefined && unit !== undefined) {
      const [first, last] = [label(), label()];
      rows.push(`\t${word}\t${first}, ${last}, ${OWN + ROW * row}`);
      lo = [`${first}:`];
      hi = [`${last}:`];
    }
    const before = marks(linesOf(edit.before));
    const after = marks(linesOf(edit.after));
    if (edit.replace === null || unit === undefined) {
      marked.set(edit.statement, {
        statement: edit.statement,
        before: [...before, ...lo].join('\n'),
        replace: edit.replace,
        after: [...hi, ...after].join('\n'),
      });
      continue;
    }
    const lines = linesOf(edit.replace);
    const own = ownLine(lines, unit);
    marked.set(edit.statement, {
      statement: edit.statement,
      before: before.join('\n'),
      replace: [
        ...marks(lines.slice(0, own)),
        ...lo,
        ...lines.slice(own, own + 1),
        ...hi,
        ...marks(lines.slice(own + 1)),
      ].join('\n'),
      after: after.join('\n'),
    });
  }

  // Code of a section lies in a row from one directive of sections to the next.
  const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n');
  const cover = (first: number, last: number): void => {
    const lo = label();
    const hi = label();
    rows.push(`\t${word}\t${lo}, ${hi}, ${COVERED}`);
    const end = code.statement[last] ?? 0;
    const whole = code.statement[first] ?? 0;
    const start = marked.has(whole) ? whole : (code.first[first] ?? whole);
    const at = (statement: number): Edit =>
      marked.get(statement) ?? { statement, before: '', replace: null, after: '' };
    const opened = at(start);
    marked.set(start, { ...opened, before: joined(`${lo}:`, opened.before) });
    const closed = at(end);
    marked.set(end, { ...closed, after: joined(closed.after, `${hi}:`) });
  };
  let first = -1;
  let unit = 0;
  for (let i = 0; i < file.count; i++) {
    if (code.statement[unit] === i) {
      if (first < 0) first = unit;
      unit++;
      continue;
    }
    const body = file.parsed[i]?.body;
    if (body?.kind !== 'directive' || first < 0 || directiveAction(body.name, code.mode) !== 'section')
      continue;
    cover(first, unit - 1);
    first = -1;
  }
  if (first >= 0) cover(first, unit - 1);
  return {
    edits: [...marked.values()].sort((a, b) => a.statement - b.statement),
    list: rows.length === 0 ? '' : `${section}\n${rows.join('\n')}\n`,
  };
}
