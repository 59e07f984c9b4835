// One text being read: the main file, an included one, or the expansion of a macro or loop. Reads the scrubbed text, and knows what part
// of the text as written each statement is.
import { lineAt } from './origins.js';
import type { Place } from './origins.js';
import { scrub } from './scrub.js';
import type { Fault } from './scrub.js';

export type InputKind = 'file' | 'macro' | 'loop';

export class Input {
  /** Scrubbed. */
  readonly text: string;
  /** The next character of `text`. */
  at = 0;
  /** The part of `raw` that the statement being read covers. */
  rawStart = 0;
  rawEnd = 0;
  /** What of `raw` from here to `rawStart` is to be copied, and is not yet. */
  pending = 0;
  readonly fault: Fault | undefined;
  private readonly ends: Int32Array;
  private readonly rawEnds: Int32Array;
  private terminator = 0;
  private newlines: Int32Array | undefined;

  /**
   * @param use the use this text came through, for messages; -1: none
   * @param nesting open macros and loops, this one too
   */
  constructor(
    readonly kind: InputKind,
    readonly raw: string,
    readonly place: Place,
    readonly use: number,
    readonly nesting: number,
  ) {
    const scrubbed = scrub(raw);
    this.text = scrubbed.text;
    this.fault = scrubbed.fault;
    this.ends = scrubbed.ends;
    this.rawEnds = scrubbed.rawEnds;
  }

  /** The next statement begins at `at`. */
  begin(): void {
    this.rawStart = this.rawEnd;
  }

  /** The statement ends at its terminator at `end`: the next one begins behind it. */
  finish(end: number): void {
    this.at = Math.min(end + 1, this.text.length);
    while (this.terminator < this.ends.length && (this.ends[this.terminator] ?? 0) < this.at)
      this.terminator++;
    this.rawEnd = this.rawEnds[this.terminator] ?? this.raw.length;
  }

  /** Newlines of `raw` before an offset. */
  linesBefore(offset: number): number {
    const newlines = (this.newlines ??= newlinesOf(this.raw));
    let low = 0; // the newlines before `low` stand before the offset, those from `high` on do not
    let high = newlines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((newlines[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The line of an offset of `raw` in the file it was written in. */
  lineOf(offset: number): number {
    return lineAt(this.place, this.linesBefore(offset));
  }

  /** 1-based column where the statement's first word stands. */
  column(): number {
    const at = this.firstWord();
    return at - (at > 0 ? this.raw.lastIndexOf('\n', at - 1) : -1);
  }

  /** The statement, or its first line, for messages. */
  excerpt(): string {
    const from = this.firstWord();
    const end = this.rawEnd > from ? this.rawEnd : this.raw.length;
    return (this.raw.slice(from, Math.min(end, from + 200)).split('\n')[0] ?? '').trim();
  }

  private firstWord(): number {
    const blanks = /[ \t\f\r]*/y;
    blanks.lastIndex = this.rawStart;
    blanks.exec(this.raw);
    return blanks.lastIndex;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }
}

function newlinesOf(text: string): Int32Array {
  const offsets: number[] = [];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) offsets.push(i);
  return Int32Array.from(offsets);
}
