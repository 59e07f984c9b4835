// Listings in the page: unpacked when asked for, their rows found, searched. The rows are those of ../listing.ts.

/** What the page carries, compressed, as base64. */
export async function unpack(packed: string): Promise<string> {
  const binary = atob(packed);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}

export interface Rows {
  readonly text: string;
  /** Where each row begins. */
  readonly starts: Int32Array;
  /** Where the source line stands that begins at this row; -1: none does. */
  readonly places: Int32Array;
}

export interface Row {
  readonly mark: ' ' | '+' | '-' | '~';
  readonly text: string;
  /** `file.c:12` where it begins here, or empty. */
  readonly place: string;
}

/** Directives, and labels that only debug information refers to. */
const quiet = /^.(\s*\.(?!L)|\.L(VL|FB|FE|BB|BE|BI|FSB|COLD[BE]|HOT[BE]|text|etext)[\w.]*:)/;

const [newline, at, tab, dot, tilde] = [10, 64, 9, 46, 126];

/**
 * Finds the rows of a listing.
 *
 * @param all also directives and labels that only debug information refers to
 */
export function rowsOf(text: string, all: boolean): Rows {
  let starts = new Int32Array(1 << 12);
  let places = new Int32Array(1 << 12);
  let count = 0;
  let place = -1;
  for (let from = 0; from < text.length;) {
    const to = text.indexOf('\n', from);
    const end = to < 0 ? text.length : to;
    const first = text.charCodeAt(from);
    const second = text.charCodeAt(from + 1);
    if (first === at) place = from;
    else if (
      all ||
      first === tilde ||
      !(second === newline || second === tab || second === dot) ||
      !(from + 1 === end || quiet.test(text.slice(from, Math.min(end, from + 40))))
    ) {
      if (count === starts.length) {
        starts = grown(starts);
        places = grown(places);
      }
      starts[count] = from;
      places[count++] = place;
      place = -1;
    }
    from = end + 1;
  }
  return { text, starts: starts.subarray(0, count), places: places.subarray(0, count) };
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

const lineAt = (text: string, from: number): string => {
  const to = text.indexOf('\n', from);
  return text.slice(from, to < 0 ? text.length : to);
};

export function rowAt({ text, starts, places }: Rows, row: number): Row {
  const line = lineAt(text, starts[row] ?? 0);
  const place = places[row] ?? -1;
  const mark = line.charAt(0);
  return {
    mark: mark === '+' || mark === '-' || mark === '~' ? mark : ' ',
    text: line.slice(1),
    place: place < 0 ? '' : lineAt(text, place).slice(1),
  };
}

/** The last row that begins at or before an offset; of a source line, the row that it begins at. */
export function rowOf({ text, starts }: Rows, offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  const isPlace = text.charCodeAt(text.lastIndexOf('\n', offset - 1) + 1) === at;
  return isPlace ? Math.min(low + ((starts[low] ?? 0) < offset ? 1 : 0), starts.length - 1) : low;
}

/** Where a row of the text begins, those that are not shown counted. */
export function offsetOfRow(text: string, row: number): number {
  let offset = 0;
  for (let left = row; left > 0; left--) {
    const end = text.indexOf('\n', offset);
    if (end < 0) break;
    offset = end + 1;
  }
  return offset;
}

/** Where the code of a function begins; -1: nowhere. */
export function offsetOfFunction(text: string, name: string): number {
  for (const label of [`${name}:`, `"${name}":`])
    for (const mark of [' ', '-']) {
      if (text.startsWith(mark + label)) return 0;
      const found = text.indexOf(`\n${mark}${label}`);
      if (found >= 0) return found + 1;
    }
  return -1;
}

/** What a search box means: plain text whatever the case, or /a regular expression/. Throws a SyntaxError on a wrong one. */
export function patternOf(query: string): RegExp {
  const [, expression] = /^\/(.+)\/$/.exec(query) ?? [];
  return new RegExp(expression ?? query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gim');
}

/** The rows that match, ascending, each once; at most `most`. */
export function search(rows: Rows, pattern: RegExp, most: number): number[] {
  const found: number[] = [];
  const { text, starts } = rows;
  pattern.lastIndex = 0;
  while (found.length < most) {
    const match = pattern.exec(text);
    if (match === null) break;
    const row = rowOf(rows, match.index);
    const begin = starts[row] ?? 0;
    const end = text.indexOf('\n', begin);
    // A row that is not shown (a directive) belongs to no shown one.
    if ((match.index <= end || end < 0) && found.at(-1) !== row) found.push(row);
    const next = text.indexOf('\n', match.index + match[0].length);
    if (next < 0) break;
    pattern.lastIndex = next + 1;
  }
  return found;
}
