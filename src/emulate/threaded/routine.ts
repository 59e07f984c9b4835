// What the tables of routines are made of.
import { access, op } from '../wasm/encode.js';
import { field } from './record.js';
import type { Size, Writer } from './writer.js';

export type Routine = (w: Writer) => void;
/** By the names that record.ts gives them. */
export type Rows = readonly (readonly [string, Routine])[];

export const sizes: readonly Size[] = [1, 2, 4, 8];
export const wide: readonly (4 | 8)[] = [4, 8];

/** From `a` and `b` to `r`, with flags. */
export type Operation = (w: Writer, size: Size) => void;

export const signExtend = { 1: op.i64_extend8_s, 2: op.i64_extend16_s, 4: op.i64_extend32_s } as const;

/** Cuts what has been pushed to a size. */
export function cut(w: Writer, size: Size): void {
  if (size === 8) return;
  w.c.i64((1n << (8n * BigInt(size))) - 1n);
  w.c.do(op.i64_and);
}

export const slotAt = (register: number): number => 4 * register;

export function pushRegister(w: Writer, register: number): void {
  w.c.i32(0);
  w.c.memory(access.i64_load, slotAt(register));
}

export function register(w: Writer, at: number, size: Size, into: number): void {
  w.field(at);
  w.load(size);
  w.c.set(into);
}

export function found(w: Writer, size: Size, into: number): void {
  w.c.get(w.place);
  w.load(size);
  w.c.set(into);
}

export function toRegister(w: Writer, size: Size, masked = false): void {
  w.field(field.to);
  w.c.get(w.r);
  if (masked && size === 4) {
    w.c.i64(0xffffffffn);
    w.c.do(op.i64_and);
  }
  w.storeRegister(size);
}

export function toMemory(w: Writer, size: Size): void {
  w.c.get(w.place);
  w.c.get(w.r);
  w.store(size);
}
