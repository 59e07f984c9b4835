// What a program reads and writes, kept so that a run can go back to an earlier moment.
import type { Input } from '../linux/kernel.js';

interface Chunk {
  readonly number: 1 | 2;
  readonly bytes: Uint8Array;
}

export interface Mark {
  readonly position: number;
  readonly chunks: readonly Chunk[];
}

export class Terminal implements Input {
  private input: Uint8Array | undefined;
  private position = 0;
  private chunks: Chunk[] = [];

  /** All of standard input; asked for when the program first reads. */
  constructor(private readonly readAll: () => Uint8Array) {}

  readonly read = (length: number): Uint8Array => {
    this.input ??= this.readAll();
    const bytes = this.input.subarray(this.position, this.position + length);
    this.position += bytes.length;
    return bytes;
  };

  readonly write = (number: 1 | 2, bytes: Uint8Array): void => {
    this.chunks.push({ number, bytes: bytes.slice() });
  };

  mark(): Mark {
    return { position: this.position, chunks: [...this.chunks] };
  }

  /** Also to a moment that lies ahead of a run that went another way. */
  restore(mark: Mark): void {
    this.position = mark.position;
    this.chunks = [...mark.chunks];
  }

  /** What was written to one of the two, without the writes that begin like that: what the runtime says is not the program's. */
  written(number: 1 | 2, but?: RegExp): Buffer {
    const own = this.chunks.filter(
      (c) =>
        c.number === number && !(number === 2 && but?.test(Buffer.from(c.bytes).toString('latin1')) === true),
    );
    return Buffer.concat(own.map((c) => c.bytes));
  }
}
