// What a check of stores gives to compiled code, and what it is told by it.
import type { Decoded } from './instruction.js';

/** Where both copies of memory are (check/mirror.ts). */
export interface Copies {
  /** Native address minus mirror address; in 32-bit code modulo 2^32. */
  readonly distance: number;
  /** What is in between is mirror. */
  readonly lo: number;
  readonly hi: number;
  /** Of addresses. */
  readonly end: number;
}

export interface StoreWatch {
  /** Whether the block at an address may be compiled, once there are copies. */
  compiles(address: number): boolean;
  readonly copies: Copies | undefined;
  /** Whether there are bytes of which only one copy is written: each store is told then. */
  readonly pending: boolean;
  /** Instructions from a mirror store to its native store at most, so far: of a pair further apart the first is told. */
  readonly longestAhead: number;
  /** In 32-bit code, instructions from a call to the mirror store of its return address at most, so far: of a pair further apart both are told. */
  readonly longestCall: number;
  /** An instruction has stored; the CPU's count is that of instructions before it. */
  stored(instruction: Decoded, address: number, size: number): void;
  /** So many more pairs of a mirror store and the native store of the same value behind it, while nothing was pending. */
  paired(count: number): void;
  /**
   * The same of calls in 32-bit code, whose mirror store comes behind the native one: so many in all, those of them that changed memory, and these ones'
   * instructions from store to store.
   */
  called(all: number, changing: number, instructions: number): void;
  /** Compiled code has been left. */
  left(): void;
}
