// The first pass of GNU as over a text: comments go, blanks shrink, character constants become numbers (GNU as manual 3.1 Preprocessing).
// Macro bodies and arguments are cut out of this form, so it has to be the assembler's own: where a blank stays decides where an argument
// ends. The manual only outlines it; GNU as 2.40 decides, and test/expand compares with it.
import {
  APOSTROPHE,
  BACKSLASH,
  COLON,
  HASH,
  NEWLINE,
  QUOTE,
  RETURN,
  SEMICOLON,
  SLASH,
  SPACE,
  TAB,
} from './characters.js';

/** The scrubbed text. Terminator k (a newline or `;`) ends at `ends[k]` in it, and at `rawEnds[k]` in the text as it was. */
export interface Scrubbed {
  readonly text: string;
  readonly ends: Int32Array;
  readonly rawEnds: Int32Array;
  /** What cannot be read as the assembler would, and where in the text as it was. */
  readonly fault: Fault | undefined;
}

/** A string without end, or a `# 12 "file"` line with more on it than flags, which GNU as would take as statements. */
export interface Fault {
  readonly kind: 'string' | 'marker';
  readonly at: number;
}

const marker = /[ \t\r]*\d+[ \t\r]*"/y;
const plainMarker = /[ \t\r]*\d+[ \t\r]*"(?:[^"\\\n]|\\.)*"[\d \t\r]*(?:\n|$)/y;

function stands(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** How far into a statement the scrubber is: it decides which blanks stay. */
const START = 0; // nothing yet
const INDENT = 1; // a blank, or behind a label
const WORD = 2; // in the first word behind an indent
const OPERANDS = 3; // blanks go
const SYMBOL = 4; // behind a symbol's character in operands
const GAP = 5; // behind a blank behind such: it stays if another symbol's character follows
const LABEL = 6; // in the first word of an unindented line

const symbol = new Uint8Array(128);
for (const c of '$._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*%-([{}')
  symbol[c.charCodeAt(0)] = 1;
const isSymbol = (c: number): boolean => (c < 128 ? symbol[c] === 1 : c >= 128);
const isWhite = (c: number): boolean => c === SPACE || c === TAB || c === RETURN;

const escaped: ReadonlyMap<number, number> = new Map([
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
]);

/** Scrubs a whole text. The result always ends in a newline, unless it is empty. */
export function scrub(raw: string): Scrubbed {
  return new Scrubber(raw).run();
}

class Scrubber {
  private out: Uint16Array<ArrayBuffer>;
  private size = 0;
  private ends: Int32Array<ArrayBuffer>;
  private rawEnds: Int32Array<ArrayBuffer>;
  private count = 0;
  private at = 0;
  private state = START;
  /** Newlines that a string swallowed; they come out behind the line. */
  private owed = 0;
  private fault: Fault | undefined;

  constructor(private readonly raw: string) {
    this.out = new Uint16Array(raw.length + (raw.length >> 2) + 64);
    this.ends = new Int32Array(64 + (raw.length >> 4));
    this.rawEnds = new Int32Array(this.ends.length);
  }

  run(): Scrubbed {
    const { raw } = this;
    while (this.at < raw.length) {
      const c = raw.charCodeAt(this.at++);
      if (isSymbol(c)) {
        if (this.state === GAP) this.put(SPACE);
        if (this.state === GAP || this.state === OPERANDS) this.state = SYMBOL;
        else this.advance();
        this.put(c);
      } else if (isWhite(c)) this.white();
      else if (c === NEWLINE) this.newline();
      else if (c === SEMICOLON) {
        this.state = START;
        this.terminator(c, this.at);
      } else if (c === QUOTE) this.string();
      else if (c === APOSTROPHE) this.character();
      else if (c === COLON) {
        if (this.state === SYMBOL || this.state === GAP) this.state = OPERANDS;
        else if (this.state !== OPERANDS) this.state = INDENT;
        this.put(c);
      } else if (!((c === HASH || c === SLASH) && this.comment(c))) {
        if (this.state === GAP && c === BACKSLASH) this.put(SPACE);
        if (this.state === GAP || this.state === SYMBOL) this.state = OPERANDS;
        else this.advance();
        this.put(c);
      }
    }
    if (this.size > 0 && this.out[this.size - 1] !== NEWLINE) this.terminator(NEWLINE, raw.length);
    return {
      text: decode(this.out, this.size),
      ends: this.ends.subarray(0, this.count),
      rawEnds: this.rawEnds.subarray(0, this.count),
      fault: this.fault,
    };
  }

  private advance(): void {
    if (this.state === START) this.state = LABEL;
    else if (this.state === INDENT) this.state = WORD;
  }

  private white(): void {
    const { raw } = this;
    while (isWhite(raw.charCodeAt(this.at))) this.at++;
    const next = raw.charCodeAt(this.at);
    if (this.state === START) {
      if (this.at >= raw.length) return;
      this.state = INDENT;
      this.put(SPACE);
    } else if (next === SEMICOLON || this.at >= raw.length || this.state === INDENT) return;
    else if (this.state === WORD || this.state === LABEL) {
      if (next === COLON) return; // a blank between a label and its colon goes
      this.state = OPERANDS;
      this.put(SPACE);
    } else if (this.state === SYMBOL) this.state = GAP;
  }

  private newline(): void {
    for (; this.owed > 0; this.owed--) this.terminator(NEWLINE, this.at - 1);
    this.state = START;
    this.terminator(NEWLINE, this.at);
  }

  private string(): void {
    const { raw } = this;
    if (this.state === GAP) this.put(SPACE);
    if (this.state === GAP || this.state === OPERANDS) this.state = SYMBOL;
    const from = this.at - 1;
    this.put(QUOTE);
    while (this.at < raw.length) {
      const c = raw.charCodeAt(this.at++);
      if (c === NEWLINE || c === SEMICOLON) this.terminator(c, this.at);
      else this.put(c);
      if (c === QUOTE) return;
      if (c !== BACKSLASH) continue;
      if (this.at >= raw.length) break;
      const next = raw.charCodeAt(this.at++);
      if (next === NEWLINE) {
        this.owed++;
        this.put(BACKSLASH);
        this.put(110);
      } else if (next === SEMICOLON) this.terminator(next, this.at);
      else this.put(next);
    }
    this.put(QUOTE);
    this.fault ??= { kind: 'string', at: from };
  }

  /** `'a`, `'\n`, `'a'`: a decimal number takes its place. */
  private character(): void {
    const { raw } = this;
    if (this.state === GAP) {
      this.put(SPACE);
      this.state = OPERANDS;
    }
    let c = this.at < raw.length ? raw.charCodeAt(this.at++) : 0;
    if (c === BACKSLASH && this.at < raw.length) {
      c = raw.charCodeAt(this.at++);
      c = escaped.get(c) ?? c;
    }
    if (raw.charCodeAt(this.at) === APOSTROPHE) this.at++;
    const digits = String(c & 255);
    if (digits.length > 1 && this.state === SYMBOL) this.state = OPERANDS;
    for (let i = 0; i < digits.length; i++) this.put(digits.charCodeAt(i));
  }

  /** Skips a comment that `c` opens; false when it opens none here. */
  private comment(c: number): boolean {
    const { raw } = this;
    if (c === SLASH && raw.charCodeAt(this.at) === 42) {
      const close = raw.indexOf('*/', this.at + 1);
      const end = close < 0 ? raw.length : close + 2;
      let newline = raw.indexOf('\n', this.at);
      for (; newline >= 0 && newline < end; newline = raw.indexOf('\n', newline + 1))
        this.terminator(NEWLINE, end);
      this.at = end;
      while (isWhite(raw.charCodeAt(this.at))) this.at++;
      this.state = OPERANDS;
      return true;
    }
    const opens = this.state === START || this.state === INDENT;
    if (!opens && (c === SLASH || this.out[this.size - 1] === BACKSLASH)) return false;
    if (
      c === HASH &&
      this.state === START &&
      stands(marker, raw, this.at) &&
      !stands(plainMarker, raw, this.at)
    )
      this.fault ??= { kind: 'marker', at: this.at - 1 };
    // A `# 12 "file"` line of the C preprocessor says where the text came from: nothing that counts here.
    const end = raw.indexOf('\n', this.at);
    this.at = end < 0 ? raw.length : end;
    return true;
  }

  private put(c: number): void {
    if (this.size === this.out.length) {
      const grown = new Uint16Array(this.out.length * 2);
      grown.set(this.out);
      this.out = grown;
    }
    this.out[this.size++] = c;
  }

  private terminator(c: number, rawEnd: number): void {
    this.put(c);
    if (this.count === this.ends.length) {
      this.ends = grown(this.ends);
      this.rawEnds = grown(this.rawEnds);
    }
    this.ends[this.count] = this.size;
    this.rawEnds[this.count++] = rawEnd;
  }
}

function grown(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const array = new Int32Array(old.length * 2);
  array.set(old);
  return array;
}

const decoder = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });

function decode(codes: Uint16Array<ArrayBuffer>, size: number): string {
  if (size > 1000 && littleEndian)
    try {
      return decoder.decode(codes.subarray(0, size));
    } catch {
      // Half of a surrogate pair: not what a file's bytes give.
    }
  const parts: string[] = [];
  for (let from = 0; from < size; from += 8192)
    parts.push(String.fromCharCode(...codes.subarray(from, Math.min(size, from + 8192))));
  return parts.join('');
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
