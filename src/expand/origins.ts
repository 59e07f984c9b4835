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
  /** Six numbers a run: first line in the expanded text, use, the place's file, line and period, lines from the place on. */
  readonly runs: Int32Array;
  /** Four numbers a use: name, file, line, the use around it or -1. */
  readonly uses: Int32Array;
  readonly names: readonly string[];
}

/** Numbers a run and a use take. */
const RUN = 6;
const USE = 4;

/** The line `offset` lines behind a place. */
export const lineAt = (place: Place, offset: number): number =>
  place.line + (place.period > 0 ? offset % place.period : offset);

/** Collects origins while text is put out. */
export class OriginsBuilder {
  private readonly files: string[] = [];
  private readonly names: string[] = [];
  private readonly fileNumbers = new Map<string, number>();
  private readonly nameNumbers = new Map<string, number>();
  private runs = new Int32Array(16 * RUN);
  private runCount = 0;
  private uses = new Int32Array(16 * USE);
  private useCount = 0;

  file(name: string): number {
    return intern(name, this.files, this.fileNumbers);
  }

  use(name: string, file: number, line: number, around: number): number {
    this.uses = withRoom(this.uses, this.useCount * USE);
    this.uses.set([intern(name, this.names, this.nameNumbers), file, line, around], this.useCount * USE);
    return this.useCount++;
  }

  /** Says that `outLine` is the line `offset` lines behind a place, and that the lines behind it go on from there. */
  mark(outLine: number, place: Place, offset: number, use: number): void {
    const { runs } = this;
    const last = (this.runCount - 1) * RUN;
    if (
      last >= 0 &&
      runs[last + 1] === use &&
      runs[last + 2] === place.file &&
      runs[last + 3] === place.line &&
      runs[last + 4] === place.period &&
      offset - (runs[last + 5] ?? 0) === outLine - (runs[last] ?? 0)
    )
      return;
    if (last >= 0 && runs[last] === outLine) this.runCount--; // two pieces of one line: the later one counts
    this.runs = withRoom(runs, this.runCount * RUN);
    this.runs.set([outLine, use, place.file, place.line, place.period, offset], this.runCount * RUN);
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
      runs: this.runs.slice(0, this.runCount * RUN),
      uses: this.uses.slice(0, this.useCount * USE),
    };
  }
}

/** The origins of a text that is not expanded. */
export const unchanged = (name: string): Origins => ({
  files: [name],
  names: [],
  runs: Int32Array.of(1, -1, 0, 1, 0, 0),
  uses: new Int32Array(0),
});

/** Where a line (1-based) of the expanded text came from. */
export function originOf(origins: Origins, line: number): Origin {
  const { runs } = origins;
  let low = 0; // the last run that begins at or before the line is in [low, high)
  let high = runs.length / RUN;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((runs[middle * RUN] ?? 0) <= line) low = middle;
    else high = middle;
  }
  const run = runs.subarray(low * RUN, (low + 1) * RUN);
  const [from = 1, use = -1, file = 0, first = 1, period = 0, offset = 0] = run;
  return {
    file: origins.files[file] ?? '',
    line: lineAt({ file, line: first, period }, offset + line - from),
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
    const [name = 0, file = 0, line = 0, around = -1] = uses.subarray(use * USE, (use + 1) * USE);
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

function withRoom(array: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  if (size < array.length) return array;
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}
