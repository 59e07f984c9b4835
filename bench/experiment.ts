// What an experiment is: rows of bench/main.ts.
import type { Table } from './table.js';

export interface Options {
  readonly rounds: number;
  readonly sizes: readonly number[];
  /** An empty folder, removed behind it. */
  readonly work: string;
  /** A line for who waits. */
  readonly say: (line: string) => void;
}

/** The parts are data: what was found goes into a file, and tables are made from the file. */
export interface Experiment {
  readonly name: string;
  /** One line for the help. */
  readonly about: string;
  readonly rounds: number;
  readonly sizes: readonly number[];
  /** What the sizes are; empty: it has none. */
  readonly sizesAre: string;
  /** Whether it is run when none is named. */
  readonly always: boolean;
  /** Commands that it needs, and the Debian packages that have them. */
  readonly tools: Readonly<Record<string, string>>;
  /** Builds what is run, so that it is not built while others are measured. */
  readonly build: () => Promise<void>;
  readonly run: (options: Options) => Promise<unknown>;
  readonly tables: (found: unknown) => readonly Table[];
}

/** An experiment whose tables are made of what its run gives. */
export const experiment = <T>(
  one: Omit<Experiment, 'run' | 'tables'> & {
    readonly run: (options: Options) => Promise<T>;
    readonly tables: (found: T) => readonly Table[];
  },
): Experiment => ({ ...one, tables: (found) => one.tables(found as T) });
