// What a check of stores and compiled or threaded code tell each other in the shared memory.
import { watchAt } from '../layout.js';
import type { StoreWatch } from '../store-watch.js';

/**
 * Words: whether each store is told, the longest pair so far, what is left of the budget, the longest call so far, pairs and calls since they were asked
 * for.
 */
export const watch = {
  pending: watchAt,
  longest: watchAt + 4,
  budget: watchAt + 8,
  longestCall: watchAt + 12,
  pairs: watchAt + 16,
  calls: watchAt + 24,
} as const;

/** What a pair of calls adds to their word: itself, and in the fields above whether it has changed memory, and then its length. */
const fields = { all: 21n, changing: 21n, instructions: 22n } as const;
export const unchangedCall = 1n;
export const changingCall = (length: number): bigint =>
  unchangedCall + (1n << fields.all) + (BigInt(length) << (fields.all + fields.changing));

/** One call of compiled code executes 2^22 instructions at most, and such a pair has three: no field overflows. */
function callsOf(word: bigint): [all: number, changing: number, instructions: number] {
  const field = (shift: bigint, bits: bigint): number => Number(BigInt.asUintN(Number(bits), word >> shift));
  return [
    field(0n, fields.all),
    field(fields.all, fields.changing),
    field(fields.all + fields.changing, fields.instructions),
  ];
}

/** Before compiled or threaded code goes on. */
export function showPending(view: DataView, { pending, longestAhead, longestCall }: StoreWatch): void {
  view.setInt32(watch.pending, pending ? 1 : 0, true);
  view.setInt32(watch.longest, longestAhead, true);
  view.setInt32(watch.longestCall, longestCall, true);
}

/** Behind it. */
export function tellCounted(view: DataView, told: StoreWatch): void {
  told.paired(Number(view.getBigInt64(watch.pairs, true)));
  view.setBigInt64(watch.pairs, 0n, true);
  const calls = view.getBigInt64(watch.calls, true);
  if (calls !== 0n) told.called(...callsOf(calls));
  view.setBigInt64(watch.calls, 0n, true);
  told.left();
}
