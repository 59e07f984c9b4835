// What rows of vector instructions share: operands as places in memory, where vector registers and masks stay, results of 16 bytes each, and what VEX and EVEX
// add to them. One row has the legacy form, whose destination is its first source, and the others, which clear what lies above.
import type { Decoded, Operand, RegisterOperand } from '../instruction.js';
import { vectorsAt } from '../layout.js';
import { masksAt } from '../state.js';
import { access, op, V128 } from './encode.js';
import type { Emitter } from './emitter.js';
import type { Row } from './row.js';
import { equals, loadSplats, simd, splats } from './simd.js';
import type { Size } from './simd.js';

export type Plan = Row['plan'];
const registerBytes = 64;

export const isVector = (o: Operand | undefined): o is RegisterOperand =>
  o?.kind === 'register' && o.file === 'vector';

/** The place of a register. */
export function vectorAt(o: Operand | undefined): number {
  if (!isVector(o)) throw new Error('no vector register');
  return vectorsAt + registerBytes * o.number;
}

/** The place of a mask register, by its number. */
export const maskAt = (number: number): number => vectorsAt + masksAt + 8 * number;

const isMemory = (o: Operand | undefined): boolean =>
  o?.kind === 'memory' && o.vectorIndex === undefined && o.segment !== 'cs';

export const isVectorSource = (o: Operand | undefined): boolean => isVector(o) || isMemory(o);

/** Bytes of a vector register or of an operand in memory. */
export const bytesOf = (o: Operand | undefined): number =>
  o?.kind === 'register' || o?.kind === 'memory' ? o.size : 0;

/** A row of an instruction on vector registers, not of MMX, nor with a rounding of its own. */
export const vector = (plan: Plan, more: Partial<Row> = {}): Row => ({
  sets: 'none',
  ...more,
  plan: (i) => {
    const files = i.operands.flatMap((o) => (o.kind === 'register' ? [o.file] : []));
    return i.foreign || i.evex?.quiet === true || files.includes('mmx') ? undefined : plan(i);
  },
});

/** A row whose EVEX forms are compiled only where they are as those of VEX. */
export const unmasked = (plan: Plan, more: Partial<Row> = {}): Row =>
  vector((i) => ((i.evex?.mask ?? 0) > 0 || (i.evex?.broadcast ?? 0) > 0 ? undefined : plan(i)), more);

/** The VEX and EVEX forms of rows, under their names. */
export const withVex = (table: Readonly<Record<string, Row>>): Record<string, Row> => ({
  ...table,
  ...Object.fromEntries(Object.entries(table).map(([name, row]) => [`v${name}`, row])),
});

export function immediateOf(i: Decoded): number {
  const o = i.operands.at(-1);
  return o?.kind === 'immediate' ? o.lo & 255 : 0;
}

/** The operands of most: two sources, the first of which is the destination in legacy forms. Undefined: they are others. */
export interface Operands {
  readonly to: RegisterOperand;
  readonly first: RegisterOperand;
  readonly last: Operand;
  readonly bytes: number;
}

export function operandsOf(i: Decoded): Operands | undefined {
  const given = i.operands.filter((o) => o.kind !== 'immediate');
  const [to] = given;
  const first = given.length === 3 ? given[1] : to;
  const last = given.at(-1);
  if (given.length > 3 || given.length < 2 || !isVector(to) || !isVector(first)) return undefined;
  return last && isVectorSource(last) ? { to, first, last, bytes: to.size } : undefined;
}

/** What pushes an operand's place, apart from the distance in `offset`: of memory, checked. */
export interface Source {
  readonly push: () => void;
  readonly offset: number;
  /** Bytes of the element that is used for all. */
  readonly broadcast: number;
}

export interface Access {
  /** A fault if it does not lie at a multiple of its size. */
  readonly aligned?: boolean;
  readonly writes?: boolean;
}

export function source(
  e: Emitter,
  o: Operand | undefined,
  bytes: number,
  { aligned = false, writes = false }: Access = {},
): Source {
  const { c } = e;
  if (o?.kind !== 'memory')
    return {
      push: () => {
        c.i32(0);
      },
      offset: vectorAt(o),
      broadcast: 0,
    };
  const host = e.host(o, bytes, writes);
  if (aligned) {
    c.get(host);
    c.i32(bytes - 1);
    c.do(op.i32_and);
    c.ifRare();
    e.leave();
    c.end();
  }
  return {
    push: () => {
      c.get(host);
    },
    offset: 0,
    broadcast: 0,
  };
}

/** An operand that is read whole; of legacy forms 16 bytes have to be aligned. */
export function wholeSource(e: Emitter, i: Decoded, o: Operand, bytes: number): Source {
  const broadcast = o.kind === 'memory' ? (i.evex?.broadcast ?? 0) : 0;
  if (broadcast > 0) return { ...source(e, o, broadcast), broadcast };
  return source(e, o, bytes, { aligned: !i.vex && bytes >= 16 });
}

/** Pushes the 16 bytes at a number. */
export function load(e: Emitter, { push, offset, broadcast }: Source, part = 0): void {
  push();
  if (broadcast > 0) e.c.vector(loadSplats[broadcast === 8 ? 8 : broadcast === 4 ? 4 : 2], offset);
  else e.c.vector(simd.v128_load, offset + 16 * part);
}

/** Writes 16 bytes that `value` pushes. */
export function put(e: Emitter, to: Source, value: () => void, part = 0): void {
  to.push();
  value();
  e.c.vector(simd.v128_store, to.offset + 16 * part);
}

/** Pushes all ones in the elements of 16 bytes that a mask chooses. */
export function pushChosen(e: Emitter, mask: number, element: Size, part: number): void {
  const { c } = e;
  const inPart = 16 / element;
  const bit = part * inPart;
  c.i32(0);
  c.memory(element === 1 ? access.i32_load16_u : access.i32_load8_u, maskAt(mask) + (bit >> 3));
  if (element === 8) c.do(op.i64_extend_i32_u);
  c.simd(splats[element === 1 ? 2 : element]);
  // Of bytes, the upper half looks at the upper eight bits.
  if (element === 1) {
    c.v128(Array.from({ length: 16 }, (_, n) => n >> 3));
    c.simd(simd.i8x16_swizzle);
  }
  const bits = new Uint8Array(16);
  for (let n = 0; n < inPart; n++) bits[n * element] = 1 << ((bit + n) & 7);
  c.v128(bits);
  c.simd(simd.v128_and);
  c.v128(bits);
  c.simd(equals[element]);
}

/** Has VEX and EVEX clear what lies above the bytes that were written: at least 16. */
export function clearAbove(e: Emitter, i: Decoded, to: RegisterOperand, from = to.size): void {
  if (i.vex) clearFrom(e, to.number, from);
}

export function clearFrom(e: Emitter, register: number, from: number): void {
  const known = e.zeroFrom.get(register) ?? registerBytes;
  const at = vectorsAt + registerBytes * register;
  for (let n = from; n < known; n += 16) {
    e.c.i32(0);
    e.c.v128([]);
    e.c.vector(simd.v128_store, at + n);
  }
  e.zeroFrom.set(register, from);
}

export interface Shape {
  /** Bytes that a bit of the mask stands for. */
  readonly element: Size;
  /** What is written may be read for what comes behind it: all is made before. */
  readonly apart?: boolean;
  /** Bytes of the result; what lies above becomes zero with VEX. */
  readonly bytes?: number;
}

/** Writes what `make` pushes for each 16 bytes to a register, as a mask chooses. */
export function result(
  e: Emitter,
  i: Decoded,
  to: RegisterOperand,
  { element, apart = false, bytes = to.size }: Shape,
  make: (part: number) => void,
): void {
  const { c } = e;
  const d = source(e, to, bytes);
  const mask = i.evex?.mask ?? 0;
  const value = (part: number): void => {
    make(part);
    if (mask === 0) return;
    if (i.evex?.zeroing !== true) load(e, d, part);
    pushChosen(e, mask, element, part);
    c.simd(i.evex?.zeroing === true ? simd.v128_and : simd.v128_bitselect);
  };
  const parts = Array.from({ length: bytes / 16 }, (_, part) => part);
  if (apart && parts.length > 1) {
    const made = parts.map((part) => {
      const local = e.temporary(V128);
      value(part);
      c.set(local);
      return local;
    });
    made.forEach((local, part) => {
      put(
        e,
        d,
        () => {
          c.get(local);
        },
        part,
      );
    });
  } else
    for (const part of parts)
      put(
        e,
        d,
        () => {
          value(part);
        },
        part,
      );
  clearAbove(e, i, to, bytes);
}

/** The same in each 16 bytes: `emit` finds what the first and the last operand push, and which ones they are. */
export const each = (
  element: Size,
  emit: (e: Emitter, first: () => void, last: () => void, i: Decoded, part: number) => void,
  unary = false,
): Row =>
  vector((i) => {
    const all = operandsOf(i);
    if (!all) return undefined;
    const { to, first, last, bytes } = all;
    return (e) => {
      const a = source(e, unary ? to : first, bytes);
      const b = wholeSource(e, i, last, bytes);
      result(e, i, to, { element }, (part) => {
        emit(
          e,
          () => {
            load(e, a, part);
          },
          () => {
            load(e, b, part);
          },
          i,
          part,
        );
      });
    };
  });

/** Both operands, then opcodes. */
export const lanes = (element: Size, ...codes: readonly number[]): Row =>
  each(element, (e, a, b) => {
    a();
    b();
    for (const code of codes) e.c.simd(code);
  });

/** The last operand, then opcodes. */
export const lane = (element: Size, ...codes: readonly number[]): Row =>
  each(
    element,
    (e, _, b) => {
      b();
      for (const code of codes) e.c.simd(code);
    },
    true,
  );

/** Bytes of elements of `size`, by their numbers: for shuffles, whose second operand has those behind the first one's. */
export const elements = (size: number, ...numbers: readonly number[]): number[] =>
  numbers.flatMap((n) => Array.from({ length: size }, (_, k) => n * size + k));
