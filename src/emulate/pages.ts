// Pages of memory that have been touched, and copies of all of them.
import type { Region } from './regions.js';

export interface Page {
  frame: number;
  protection: number;
  /** Holds decoded instructions: a store has to be noticed. */
  code: boolean;
}

/** All of memory at one moment. Pages are copied when one side writes them. */
export interface MemorySnapshot {
  readonly pages: ReadonlyMap<number, { readonly frame: number; readonly protection: number }>;
  readonly regions: readonly Region[];
  readonly lost: ReadonlySet<number>;
}
