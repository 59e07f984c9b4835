// Numbers of floating point as compiled code has them, one or 16 bytes of them, and what has to hold for a result to raise no flag.
import type { Operand } from '../instruction.js';
import { MXCSR } from '../state.js';
import { access, F32, F64, op, V128 } from './encode.js';
import type { ValueType } from './encode.js';
import type { Emitter } from './emitter.js';
import { wordAt } from './frame.js';
import { simd } from './simd.js';
import { load, source } from './vector-operands.js';
import type { Source } from './vector-operands.js';

/** By the specification's names. */
const names = [
  'abs', 'eq', 'ne', 'lt', 'gt', 'le', 'ge', 'add', 'sub', 'mul', 'div', 'sqrt', 'nearest', 'floor', 'ceil', 'trunc',
] as const; // prettier-ignore
export type Name = (typeof names)[number];

export interface Format {
  /** Bytes of a number. */
  readonly size: 4 | 8;
  readonly type: ValueType;
  readonly isPacked: boolean;
  /** The least normal number, and the largest finite one. */
  readonly least: number;
  readonly most: number;
  readonly code: (name: Name) => number;
}

type Prefix = 'f32' | 'f64' | 'f32x4' | 'f64x2';
function codesOf(prefix: Prefix, table: Readonly<Record<string, number>>): (name: Name) => number {
  const codes = new Map(names.map((name) => [name, table[`${prefix}_${name}`]]));
  return (name) => {
    const code = codes.get(name);
    if (code === undefined) throw new Error(`no ${prefix}_${name}`);
    return code;
  };
}

const wide = { size: 8, least: 2 ** -1022, most: Number.MAX_VALUE } as const;
const narrow = { size: 4, least: 2 ** -126, most: 3.4028234663852886e38 } as const;
export const double: Format = { ...wide, type: F64, isPacked: false, code: codesOf('f64', op) };
export const single: Format = { ...narrow, type: F32, isPacked: false, code: codesOf('f32', op) };
export const doubles: Format = { ...wide, type: V128, isPacked: true, code: codesOf('f64x2', simd) };
export const singles: Format = { ...narrow, type: V128, isPacked: true, code: codesOf('f32x4', simd) };

export function apply(e: Emitter, f: Format, name: Name): void {
  if (f.isPacked) e.c.simd(f.code(name));
  else e.c.do(f.code(name));
}

export function and(e: Emitter, f: Format): void {
  if (f.isPacked) e.c.simd(simd.v128_and);
  else e.c.do(op.i32_and);
}

function or(e: Emitter, f: Format): void {
  if (f.isPacked) e.c.simd(simd.v128_or);
  else e.c.do(op.i32_or);
}

export function constant(e: Emitter, f: Format, value: number): void {
  if (f.isPacked)
    e.c.v128(
      new Uint8Array(
        f.size === 8
          ? Float64Array.of(value, value).buffer
          : Float32Array.of(value, value, value, value).buffer,
      ),
    );
  else if (f.size === 8) e.c.f64(value);
  else e.c.f32(value);
}

/** Pushes a number, or 16 bytes of them. */
export function pushNumber(e: Emitter, f: Format, from: Source, part = 0): void {
  if (f.isPacked) {
    load(e, from, part);
    return;
  }
  from.push();
  e.c.memory(f.size === 8 ? access.f64_load : access.f32_load, from.offset);
}

/** A scalar operand's value in a variable. */
export function held(e: Emitter, f: Format, o: Operand | undefined): number {
  const value = e.temporary(f.type);
  pushNumber(e, f, source(e, o, f.size));
  e.c.set(value);
  return value;
}

/** MXCSR without its other flags and the flushing of denormals, which there are none of: nearest, all masked; the inexact flag is set. */
const settled = 0x7fa0;
const settledValue = 0x1fa0;

/** Pushes whether a result that is not exact raises no flag. */
export function mayRound(e: Emitter): void {
  const { c } = e;
  c.i32(0);
  c.memory(access.i32_load, wordAt(MXCSR));
  c.i32(settled);
  c.do(op.i32_and);
  c.i32(settledValue);
  c.do(op.i32_eq);
}

export function isZero(e: Emitter, f: Format, value: number): void {
  e.c.get(value);
  constant(e, f, 0);
  apply(e, f, 'eq');
}

/** Pushes whether a value's magnitude is at least a normal number's. */
export function isLarge(e: Emitter, f: Format, value: number): void {
  e.c.get(value);
  apply(e, f, 'abs');
  constant(e, f, f.least);
  apply(e, f, 'ge');
}

export function isNotInfinite(e: Emitter, f: Format, value: number): void {
  e.c.get(value);
  apply(e, f, 'abs');
  constant(e, f, f.most);
  apply(e, f, 'le');
}

/** Neither denormal nor NaN. */
export function isPlain(e: Emitter, f: Format, value: number): void {
  isZero(e, f, value);
  isLarge(e, f, value);
  or(e, f);
}

export function arePlain(e: Emitter, f: Format, x: number, y: number): void {
  isPlain(e, f, x);
  isPlain(e, f, y);
  and(e, f);
}

/** What is rounded to the least normal number may have been less. */
function isAboveLeast(e: Emitter, f: Format, r: number): void {
  e.c.get(r);
  apply(e, f, 'abs');
  constant(e, f, f.least);
  apply(e, f, 'gt');
}

/** A result that is finite and normal. */
export function isNormal(e: Emitter, f: Format, r: number): void {
  isAboveLeast(e, f, r);
  isNotInfinite(e, f, r);
  and(e, f);
}

/** The same, or zero without having been rounded. */
export function isExactOrNormal(e: Emitter, f: Format, r: number, isExactZero: () => void): void {
  isAboveLeast(e, f, r);
  isExactZero();
  or(e, f);
  isNotInfinite(e, f, r);
  and(e, f);
}

export function either(e: Emitter, f: Format, ...conditions: readonly (() => void)[]): void {
  conditions.forEach((push, n) => {
    push();
    if (n > 0) or(e, f);
  });
}

/** Of the condition that is pushed for each number: whether it holds for all. */
export function allHold(e: Emitter, f: Format): void {
  if (f.isPacked) e.c.simd(simd.i8x16_all_true);
}
