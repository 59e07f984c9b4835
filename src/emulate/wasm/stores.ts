// One store of an instruction of compiled code, under a check of every store.
import type { MemoryOperand } from '../instruction.js';
import type { Copies } from '../store-watch.js';
import { loadOf, op, storeOf } from './encode.js';
import type { Code } from './encode.js';

/** Variables: the address, its place in shared memory, and what stood there before if that may have to be known. */
export interface Store {
  readonly operand: MemoryOperand;
  readonly at: number;
  readonly host: number;
  readonly size: number;
  readonly before: readonly number[];
  /** Of a mirror store that has looked for both pages: the place of native memory, of which `at` is the address. */
  readonly native?: number;
}

/** Of so many bytes, those that are loaded and stored at once. */
export const parts = (size: number): { readonly at: number; readonly bytes: number }[] =>
  Array.from({ length: Math.ceil(size / 8) }, (_, n) => ({ at: 8 * n, bytes: Math.min(8, size - 8 * n) }));

/** Pushes bytes at a distance from a place in a variable. */
export function load(c: Code, host: number, at: number, bytes: number): void {
  c.get(host);
  c.memory(loadOf(bytes), at);
}

/** What a store has made of memory, and what stood there before. */
export function exchange(c: Code, { size, host, before }: Store): void {
  parts(size).forEach(({ at, bytes }, n) => {
    const kept = before[n] ?? 0;
    c.get(host);
    c.get(kept);
    load(c, host, at, bytes);
    c.set(kept);
    c.memory(storeOf(bytes), at);
  });
}

/** In 32-bit code: whether the address on the stack is the mirror's. */
export function pushIsMirror32(c: Code, { lo, hi }: Copies): void {
  c.i64(BigInt(lo));
  c.do(op.i64_sub);
  c.i64(0xffffffffn);
  c.do(op.i64_and);
  c.i64(BigInt(hi - lo));
  c.do(op.i64_lt_u);
}
