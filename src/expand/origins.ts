// Where each line of the expanded text came from: runs of lines that follow each other in one file.
import type { Use } from './types.js';

/** A file's line, and the use it came through (-1: none). */
export interface Place {
  readonly file: number;
  readonly line: number;
  /** Lines after which it begins again, for repeated bodies; 0: never. */
  readonly period: number;
}

export interface Origin {
  readonly file: string;
  readonly line: number;
  /** Innermost first; empty for a line that stands in the main file. */
  readonly uses: readonly Use[];
}

export interface Origins {
  readonly files: readonly string[];
  /** Four numbers a run: first line in the expanded text, file, line there, use. */
  readonly runs: Int32Array;
  /** Four numbers a use: name, file, line, the use around it or -1. */
  readonly uses: Int32Array;
  readonly names: readonly string[];
}

/** The line `offset` lines behind a place. */
export const lineAt = (place: Place, offset: number): number =>
  place.line + (place.period > 0 ? offset % place.period : offset);

/** Collects origins while text is put out. */
export class OriginsBuilder {
  private readonly files: string[] = [];
  private readonly names: string[] = [];
  private readonly fileNumbers = new Map<string, number>();
  private readonly nameNumbers = new Map<string, number>();
  private runs = new Int32Array(64);
  private runCount = 0;
  private uses = new Int32Array(64);
  private useCount = 0;

  file(name: string): number {
    return intern(name, this.files, this.fileNumbers);
  }

  use(name: string, file: number, line: number, around: number): number {
    this.uses = withRoom(this.uses, this.useCount);
    this.uses.set([intern(name, this.names, this.nameNumbers), file, line, around], this.useCount * 4);
    return this.useCount++;
  }

  /** Says that `outLine` and the lines behind it are the given line and those behind it. */
  mark(outLine: number, file: number, line: number, use: number): void {
    const { runs } = this;
    const last = (this.runCount - 1) * 4;
    if (
      last >= 0 &&
      runs[last + 1] === file &&
      runs[last + 3] === use &&
      line - (runs[last + 2] ?? 0) === outLine - (runs[last] ?? 0)
    )
      return;
    if (last >= 0 && runs[last] === outLine) this.runCount--; // two pieces of one line: the later one counts
    this.runs = withRoom(runs, this.runCount);
    this.runs.set([outLine, file, line, use], this.runCount * 4);
    this.runCount++;
  }

  chain(use: number): Use[] {
    return chainOf(this.files, this.names, this.uses, use);
  }

  nameOf(file: number): string {
    return this.files[file] ?? '';
  }

  build(): Origins {
    return {
      files: this.files,
      names: this.names,
      runs: this.runs.slice(0, this.runCount * 4),
      uses: this.uses.slice(0, this.useCount * 4),
    };
  }
}

/** The origins of a text that is not expanded. */
export const unchanged = (name: string): Origins => ({
  files: [name],
  names: [],
  runs: Int32Array.of(1, 0, 1, -1),
  uses: new Int32Array(0),
});

/** Where a line (1-based) of the expanded text came from. */
export function originOf(origins: Origins, line: number): Origin {
  const { runs } = origins;
  let low = 0; // the last run that begins at or before the line is in [low, high)
  let high = runs.length >> 2;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((runs[middle * 4] ?? 0) <= line) low = middle;
    else high = middle;
  }
  const [from = 1, file = 0, first = 1, use = -1] = runs.subarray(low * 4, low * 4 + 4);
  return {
    file: origins.files[file] ?? '',
    line: first + line - from,
    uses: chainOf(origins.files, origins.names, origins.uses, use),
  };
}

function chainOf(
  files: readonly string[],
  names: readonly string[],
  uses: Int32Array,
  innermost: number,
): Use[] {
  const chain: Use[] = [];
  for (let use = innermost; use >= 0;) {
    const [name = 0, file = 0, line = 0, around = -1] = uses.subarray(use * 4, use * 4 + 4);
    chain.push({ name: names[name] ?? '', file: files[file] ?? '', line });
    use = around;
  }
  return chain;
}

function intern(text: string, list: string[], numbers: Map<string, number>): number {
  let number = numbers.get(text);
  if (number === undefined) {
    number = list.push(text) - 1;
    numbers.set(text, number);
  }
  return number;
}

function withRoom(array: Int32Array<ArrayBuffer>, count: number): Int32Array<ArrayBuffer> {
  if (count * 4 < array.length) return array;
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}
