// Threaded code (J. R. Bell, 1973): an instruction is a record that names the routine which executes it and has its operands' places. A block is a
// header and its records in a row; behind the last one that does not branch stands one that goes on.
import type { MemoryOperand } from '../instruction.js';
import { FS, GS } from '../state.js';
import { stateAt, zeroAt } from '../layout.js';

/** Bytes of a record, and of a header. */
export const recordBytes = 64;

/** Places in a record. What is called a place in its turn is one in the shared memory: a register's, or the immediate's. */
export const field = {
  routine: 0,
  header: 4,
  /** Of the destination. */
  to: 8,
  /** Of the source. */
  from: 12,
  base: 16,
  index: 20,
  shift: 24,
  segment: 28,
  displacement: 32,
  immediate: 40,
} as const;

/** A way on to another block: the place of its header, once it is known, and its address. A branch has both, taken and not; others the first. */
export const way = { taken: 48, next: 32, link: 0, address: 8 } as const;

/** Places in a header. */
export const head = {
  /** Instructions. */
  length: 0,
  /** How often it was begun. */
  count: 4,
  /** Not zero: not for threaded code. */
  stop: 8,
  /** Of the block, among all. */
  number: 12,
  address: 16,
} as const;

/** What a record has beside its header's place. */
export interface Encoded {
  readonly routine: string;
  readonly to?: number | undefined;
  /** With an immediate its own place is meant. */
  readonly from?: number | undefined;
  readonly memory?: MemoryOperand;
  readonly immediate?: bigint;
  readonly taken?: bigint;
  readonly next?: bigint;
}

/** A record's routine, and its fields. */
export interface Step {
  readonly routine: string | undefined;
  readonly fields: Encoded | undefined;
}

const segmentAt = { fs: stateAt + 4 * FS, gs: stateAt + 4 * GS, cs: zeroAt } as const;

/** Writes a record, but for its routine's number and its header's place, which the caller has. */
export function write(
  view: DataView,
  at: number,
  { to, from, memory, immediate, taken, next }: Encoded,
): void {
  const put = (place: number, value: number): void => {
    view.setInt32(at + place, value, true);
  };
  put(field.to, to ?? zeroAt);
  put(field.from, from ?? at + field.immediate);
  if (memory) {
    const { base, index, scale, segment, displacement } = memory;
    put(field.base, base === undefined ? zeroAt : stateAt + 8 * base);
    put(field.index, index === undefined ? zeroAt : stateAt + 8 * index);
    put(field.shift, 31 - Math.clz32(scale));
    put(field.segment, segment === undefined ? zeroAt : segmentAt[segment]);
    view.setBigInt64(at + field.displacement, displacement, true);
  }
  if (immediate !== undefined) view.setBigInt64(at + field.immediate, immediate, true);
  for (const [place, address] of [
    [way.taken, taken],
    [way.next, next],
  ] as const)
    if (address !== undefined) {
      put(place + way.link, 0);
      view.setBigInt64(at + place + way.address, address, true);
    }
}
