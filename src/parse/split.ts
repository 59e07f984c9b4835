// Finds where statements begin and end, without looking into them (GNU as manual 3.3 Comments, 3.5 Statements). Where the manual is
// silent, GNU as 2.40 for x86-64 Linux decides: test/parse/gas.test.ts compares.

import { DebugData } from './debug-data.js';
import { DebugLines } from './debug-lines.js';

export interface Spans {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Where the lines of line information (`.loc`) begin that made no statement. */
  readonly places: Int32Array;
  /** Whether labels of debug information were left out. */
  readonly unlabelled: boolean;
}

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const STAR = 42;
const SLASH = 47;
const COLON = 58;
const SEMICOLON = 59;
const BACKSLASH = 92;
const DOT = 46;
const S = 115;
const E = 101;

// How far into a statement the scanner is: `/` opens a line comment only where a statement or, behind a label, its body may begin.
const START = 0;
const FIRST_WORD = 1;
const BEHIND_FIRST_WORD = 2;
const LATER = 3;

const marker = /#[ \t]+\d+[ \t]+"(?:[^"\\\n]|\\.)*"[^\n;]*;/y;

/**
 * `# 1 "a.c"; nop`: GNU as takes the line marker up to the `;` and assembles what follows. Such a line becomes a statement, which no
 * later stage can read, so that it is refused and not lost.
 */
function hidesStatement(text: string, at: number): boolean {
  marker.lastIndex = at;
  return marker.test(text);
}

/**
 * Splits at newlines and `;` outside strings, character constants, comments and debug information. Spans hold no surrounding blanks.
 *
 * @param keepLabels also those that gcc makes for debug information become statements
 */
export function split(text: string, keepLabels: boolean): Spans {
  const length = text.length;
  const debugData = new DebugData(text);
  const debugLines = new DebugLines(text, keepLabels);
  let starts = new Int32Array(1024 + (length >> 4));
  let ends = new Int32Array(starts.length);
  let count = 0;
  let from = -1; // first character of the open statement that is not blank
  let to = 0; // behind its last one
  let state = START;
  let newline = text.indexOf('\n'); // a newline at or behind the last comment, -1: there is none

  for (let i = 0; i <= length; i++) {
    const c = i < length ? text.charCodeAt(i) : NEWLINE;
    if (c <= SEMICOLON) {
      let separates = c === NEWLINE || c === SEMICOLON;
      if (!separates) {
        if (isBlank(c)) {
          if (state === FIRST_WORD) state = BEHIND_FIRST_WORD;
          continue;
        }
        if (c === HASH || (c === SLASH && state === START && text.charCodeAt(i + 1) !== STAR)) {
          const end = text.indexOf('\n', i);
          const behind = end < 0 ? length : end;
          if (c === HASH && state === START && hidesStatement(text, i)) {
            from = i;
            to = i + text.slice(i, behind).trimEnd().length;
          }
          i = behind - 1;
          continue;
        }
        if (c === SLASH && text.charCodeAt(i + 1) === STAR) {
          const close = text.indexOf('*/', i + 2);
          const end = close < 0 ? length : close + 2;
          // Looked for once a line: a line of many comments must not be read to its end for each.
          if (newline >= 0 && newline < i) newline = text.indexOf('\n', i);
          i = end - 1;
          if (state === FIRST_WORD) state = BEHIND_FIRST_WORD;
          // A comment over several lines is worth its newlines: it ends the statement.
          separates = newline >= 0 && newline < end;
          if (!separates) continue;
        }
      }
      if (separates) {
        if (from >= 0) {
          if (count === starts.length) {
            starts = grown(starts);
            ends = grown(ends);
          }
          starts[count] = from;
          ends[count] = to;
          count++;
          if (
            text.charCodeAt(from) === DOT &&
            text.charCodeAt(from + 1) === S &&
            text.charCodeAt(from + 2) === E
          )
            i = Math.max(i, debugData.behind(from) - 1);
          from = -1;
        }
        state = START;
        if (text.charCodeAt(i) === NEWLINE) i = debugLines.behind(i);
        continue;
      }
    }
    if (from < 0) from = i;
    if (c === COLON && (state === FIRST_WORD || state === BEHIND_FIRST_WORD)) state = START;
    else if (state === START) state = FIRST_WORD;
    else if (state === BEHIND_FIRST_WORD) state = LATER;
    if (c === QUOTE || c === APOSTROPHE) i = endOfQuoted(text, i) - 1;
    to = i + 1;
  }
  return {
    count,
    starts: starts.slice(0, count),
    ends: ends.slice(0, count),
    places: debugLines.places,
    unlabelled: debugLines.unlabelled,
  };
}

export function isBlank(c: number): boolean {
  return c === SPACE || c === TAB || c === RETURN || c === 11 || c === 12;
}

function grown(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const array = new Int32Array(old.length * 2);
  array.set(old);
  return array;
}

/**
 * The offset behind a string or a character constant (GNU as manual 3.6.1), given the offset of its `"` or `'`. A string may hold
 * newlines; a character constant is `'x`, `'\x` or `'x'`, and x may be anything, newline too.
 */
export function endOfQuoted(text: string, at: number): number {
  return Math.min(pastQuoted(text, at), text.length);
}

/** The same, but beyond the text's length where the end is missing. */
function pastQuoted(text: string, at: number): number {
  const length = text.length;
  let i = at + 1;
  if (text.charCodeAt(at) === QUOTE) {
    for (; i < length; i++) {
      const c = text.charCodeAt(i);
      if (c === QUOTE) return i + 1;
      if (c === BACKSLASH) i++;
    }
    return length + 1;
  }
  if (text.charCodeAt(i) === BACKSLASH) i++;
  i++;
  if (text.charCodeAt(i) === APOSTROPHE) i++;
  return i;
}

/** Whether the text ends in the middle of a string or a character constant: for the assembler it then goes on. */
export function isOpen(text: string): boolean {
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    i = c === QUOTE || c === APOSTROPHE ? pastQuoted(text, i) : i + 1;
  }
  return i > text.length;
}

/** The text with each comment in it as blanks of the same length, so that offsets stay true. For one statement's text. */
export function blankComments(text: string): string {
  let result = '';
  let kept = 0;
  for (let i = 0; i < text.length;) {
    const c = text.charCodeAt(i);
    if (c === QUOTE || c === APOSTROPHE) i = endOfQuoted(text, i);
    else if (c === SLASH && text.charCodeAt(i + 1) === STAR) {
      const close = text.indexOf('*/', i + 2);
      const end = close < 0 ? text.length : close + 2;
      result += text.slice(kept, i) + ' '.repeat(end - i);
      kept = i = end;
    } else i++;
  }
  return result + text.slice(kept);
}
