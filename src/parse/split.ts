// Finds where statements begin and end, without looking into them (GNU as manual 3.3 Comments, 3.5 Statements).

export interface Spans {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
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
const SEMICOLON = 59;
const BACKSLASH = 92;

/** Splits at newlines and `;` outside strings, character constants and comments. Spans hold no surrounding blanks. */
export function split(text: string): Spans {
  const length = text.length;
  let capacity = 1024 + (length >> 3);
  let starts = new Int32Array(capacity);
  let ends = new Int32Array(capacity);
  let count = 0;
  let from = -1; // first character of the open statement that is not blank
  let to = 0; // behind its last one
  let lineStart = true;

  for (let i = 0; i <= length; i++) {
    const c = i < length ? text.charCodeAt(i) : NEWLINE;
    if (c === NEWLINE || c === SEMICOLON) {
      if (from >= 0) {
        if (count === capacity) {
          capacity *= 2;
          const moreStarts = new Int32Array(capacity);
          moreStarts.set(starts);
          starts = moreStarts;
          const moreEnds = new Int32Array(capacity);
          moreEnds.set(ends);
          ends = moreEnds;
        }
        starts[count] = from;
        ends[count] = to;
        count++;
        from = -1;
      }
      lineStart = c === NEWLINE;
      continue;
    }
    if (c === SPACE || c === TAB || c === RETURN || c === 11 || c === 12) continue;
    if (c === HASH || (c === SLASH && lineStart && text.charCodeAt(i + 1) !== STAR)) {
      const end = text.indexOf('\n', i);
      i = (end < 0 ? length : end) - 1;
      continue;
    }
    if (c === SLASH && text.charCodeAt(i + 1) === STAR) {
      const end = text.indexOf('*/', i + 2);
      i = end < 0 ? length - 1 : end + 1;
      continue;
    }
    lineStart = false;
    if (from < 0) from = i;
    if (c === QUOTE) {
      for (i++; i < length && text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++;
      if (i >= length) i = length - 1;
    } else if (c === APOSTROPHE && i + 1 < length) {
      i++;
      if (text.charCodeAt(i) === BACKSLASH && i + 1 < length) i++;
      if (text.charCodeAt(i) === NEWLINE) i--;
      else if (text.charCodeAt(i + 1) === APOSTROPHE) i++;
    }
    to = i + 1;
  }
  return { count, starts: starts.subarray(0, count), ends: ends.subarray(0, count) };
}
