// How tables in the shared memory are looked into: entries of 16 bytes, of the TLB by page, of others by a hash of the address.
import { tlbEntries } from '../layout.js';
import { op } from './encode.js';
import type { Code } from './encode.js';

const entryBits = 4;

/** Where in a table the entry of an address is that may have another one; the table has a power of 2 of them. */
export const hashed = (lo: number, entries: number): number =>
  ((lo ^ (lo >>> 14)) & (entries - 1)) << entryBits;

/** Pushes the same of an address in a variable. */
export function pushHashed(c: Code, address: number, entries: number): void {
  c.get(address);
  c.get(address);
  c.i64(14n);
  c.do(op.i64_shr_u, op.i64_xor, op.i32_wrap_i64);
  c.i32(entries - 1);
  c.do(op.i32_and);
  c.i32(entryBits);
  c.do(op.i32_shl);
}

/** Pushes where in a TLB the entry of an address in a variable is. */
export function pushTlbOffset(c: Code, address: number): void {
  c.get(address);
  c.i64(12n - BigInt(entryBits));
  c.do(op.i64_shr_u, op.i32_wrap_i64);
  c.i32((tlbEntries - 1) << entryBits);
  c.do(op.i32_and);
}
