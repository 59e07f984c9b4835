// What the runtime tells and takes from outside: struct control, struct range and the flags of runtime/mr.h.

/** Kinds of memory, as the runtime's messages name them (mr_kind in runtime/recover.c). */
export const kinds = ['data', 'stack', 'heap', 'anonymous', 'shared', 'file'] as const;
export type Kind = (typeof kinds)[number];

export const copies = ['native', 'mirror'] as const;
export type Copy = (typeof copies)[number];

/** A mirrored range of the program's memory. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly kind: Kind;
}

/** The control block, `mr_control`: fields of 8 bytes in both word sizes. */
export const control = {
  bytes: 88,
  /** Where the runtime keeps the address of its table, and the number of its rows. */
  ranges: 0,
  rows: 8,
  recovered: 16,
  lost: 24,
  retried: 32,
  notRetried: 40,
  request: 48,
  address: 56,
  result: 64,
  checks: 72,
  differing: 80,
} as const;

/** Values of the field `request`. */
export const request = { none: 0, asked: 1, done: 2, failed: 3 } as const;

/** Native address less the mirror's, by word size (runtime/limits.h). */
const distance: Readonly<Record<32 | 64, number>> = { 32: 0x7fe00000, 64: 0x400000200000 };

/** Where the mirror of an address is; in 32 bits modulo 2^32. */
export const mirrorOf = (address: number, bits: 32 | 64): number =>
  bits === 64 ? address - distance[64] : (address - distance[32]) >>> 0;

export const pageBytes = 4096;

const readable = 1;
const flag = { anonymous: 1, shared: 2, mirrored: 8, escaped: 16, stack: 32, heap: 64, image: 128 } as const;

export const rowBytes = (bits: 32 | 64): number => (bits === 64 ? 24 : 16);

/** The rows that are protected: mirrored, readable, written by nobody else. */
export function decodeRanges(table: Uint8Array, bits: 32 | 64): Range[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const word = (at: number): number =>
    bits === 64 ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
  const ranges: Range[] = [];
  for (let at = 0; at + rowBytes(bits) <= table.length; at += rowBytes(bits)) {
    const protection = view.getUint32(at + bits / 4, true);
    const flags = view.getUint32(at + bits / 4 + 4, true);
    if (!(flags & flag.mirrored) || flags & flag.escaped || !(protection & readable)) continue;
    ranges.push({ low: word(at), high: word(at + bits / 8), kind: kindOf(flags) });
  }
  return ranges;
}

function kindOf(flags: number): Kind {
  if (flags & flag.image) return 'data';
  if (flags & flag.stack) return 'stack';
  if (flags & flag.heap) return 'heap';
  if (flags & flag.shared) return 'shared';
  return flags & flag.anonymous ? 'anonymous' : 'file';
}
