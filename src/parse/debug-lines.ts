// Debug information among code: line information (`.loc`) and labels that are there for debuggers. With -g they are half of the lines there, and mean
// nothing to any later stage: they are kept as they stand and make no statements, as a comment does.

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const HASH = 35;
const DOT = 46;
const COLON = 58;
const L = 108;

/** Characters of line information: names, numbers, signs and blanks. */
const plain = new Uint8Array(128);
for (const c of '\t -.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz')
  plain[c.charCodeAt(0)] = 1;

const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** The newline that ends `\t.loc 1 2 3 view .LVU4`, which begins at `at`; -1 for any other line. */
function endOfPlace(text: string, at: number): number {
  let i = at + 5;
  let c = text.charCodeAt(i);
  if (!text.startsWith('.loc', at + 1) || (c !== SPACE && c !== TAB)) return -1;
  while (c < 128 && plain[c] === 1) c = text.charCodeAt(++i);
  if (c === HASH) return text.indexOf('\n', i);
  return c === NEWLINE ? i : -1;
}

/** Labels that gcc makes for debug information: values of variables, beginnings and ends of blocks. */
const kinds = ['VL', 'BB', 'BE'];
const label = /\.L(?:VL|BB|BE)\d+(?![\w.$])/;

/** The newline that ends `.LVL12:`, which begins at `at`; -1 for any other line. */
function endOfLabel(text: string, at: number): number {
  if (text.charCodeAt(at + 1) !== 76 || !kinds.includes(text.slice(at + 2, at + 4))) return -1;
  let i = at + 4;
  while (isDigit(text.charCodeAt(i))) i++;
  return i > at + 4 && text.charCodeAt(i) === COLON && text.charCodeAt(i + 1) === NEWLINE ? i + 1 : -1;
}

/** Whether a label of that kind is named: then it is more than debug information. */
export const namesDebugLabel = (statement: string): boolean => label.test(statement);

export class DebugLines {
  private begins = new Int32Array(64);
  private count = 0;
  /** Whether labels were left out. */
  unlabelled = false;

  /** @param keepLabels labels are no such lines */
  constructor(
    private readonly text: string,
    private readonly keepLabels: boolean,
  ) {}

  /** Where the lines of line information begin. */
  get places(): Int32Array {
    return this.begins.slice(0, this.count);
  }

  /**
   * @param at a newline
   * @returns the last newline of the lines behind it that make no statements; `at` where there are none
   */
  behind(at: number): number {
    const { text } = this;
    for (let i = at; ;) {
      const first = text.charCodeAt(i + 1);
      let end = -1;
      if (first === TAB && text.charCodeAt(i + 3) === L) {
        end = endOfPlace(text, i + 1);
        if (end >= 0) this.add(i + 1);
      } else if (first === DOT && !this.keepLabels) {
        end = endOfLabel(text, i + 1);
        if (end >= 0) this.unlabelled = true;
      }
      if (end < 0) return i;
      i = end;
    }
  }

  private add(place: number): void {
    if (this.count === this.begins.length) {
      const larger = new Int32Array(this.count * 2);
      larger.set(this.begins);
      this.begins = larger;
    }
    this.begins[this.count++] = place;
  }
}
