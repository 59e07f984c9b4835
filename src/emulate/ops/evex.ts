// What EVEX adds to operations that stand in other tables (SDM vol. 2, 2.7): masks, broadcasts, roundings of the instruction's own. The operation itself works on places
// behind the registers: the memory operand is loaded there before, without the elements that are not chosen, and of its result the chosen elements are taken.
import type { Decoded, Evex, MemoryOperand, RegisterOperand } from '../instruction.js';
import { address, operand } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { AH, masksAt, MXCSR } from '../state.js';
import type { Cpu } from '../state.js';
import { firstPlace, loader, placeOf, registerBytes, storer, zeroing } from './vector.js';

/** Numbers of places: the memory operand, sources without what is not chosen (by the operand's number), the result. */
const loaded = firstPlace;
const copies = firstPlace + 1;
const made = firstPlace + 4;

export interface Shape {
  /** Bytes of the destination that a bit of the mask stands for. */
  readonly element: number;
  /** The same of the sources, where there may be more or fewer than the destination has room for. */
  readonly from?: number;
  /** Only the lowest element; the rest of 16 bytes is the operation's. */
  readonly alone?: boolean;
  /** Elements of memory that are not chosen are loaded, too (SDM vol. 2, 2.7.11: exception classes with NF). */
  readonly whole?: boolean;
  /** The memory operand is repeated: an element of it is loaded if one of its copies is chosen. */
  readonly any?: boolean;
  readonly aligned?: boolean;
  /** The destination is a source. */
  readonly keeps?: boolean;
  /** Exceptions of elements that are not chosen do not count: they become this. */
  readonly harmless?: Harmless;
}

/** An element's lowest and highest 32 bits. */
type Harmless = readonly [low: number, high: number];
/** 4.0: its root, quotients, sums and conversions are exact. */
export const four: Readonly<Record<2 | 4 | 8, Harmless>> = {
  2: [0x4400, 0x4400],
  4: [0x40800000, 0x40800000],
  8: [0, 0x40100000],
};

export function evexOf({ evex, name }: Decoded): Evex {
  if (!evex) throw new Error(`${name} without EVEX`);
  return evex;
}

const wordOf = (mask: number): number => (masksAt >> 2) + 2 * mask;

/** The number of a mask register. */
export function maskOf(i: Decoded, n: number): number {
  const o = operand(i, n);
  if (o.kind !== 'register' || o.file !== 'mask') throw new Error(`${i.name}: operand ${n} is no mask`);
  return o.number;
}

/** Whether an element is chosen; k0 chooses all. */
export function chooser({ vi }: Cpu, mask: number): (n: number) => boolean {
  const w = wordOf(mask);
  if (mask === 0) return () => true;
  return (n) => (((n < 32 ? vi[w] : vi[w + 1]) ?? 0) & (1 << (n & 31))) !== 0;
}

export function setMask({ vi }: Cpu, mask: number, lo: number, hi: number): void {
  vi[wordOf(mask)] = lo;
  vi[wordOf(mask) + 1] = hi;
}

/** The upper word of an address `n` bytes behind another. */
export const up = (lo: number, hi: number, n: number): number =>
  hi + (((lo + n) | 0) >>> 0 < lo >>> 0 ? 1 : 0);

/** Reads an element to a place of `vb`. */
export function readElement(
  { memory, vb, vw, vi }: Cpu,
  size: number,
  lo: number,
  hi: number,
  to: number,
): void {
  if (size === 1) vb[to] = memory.read8(lo, hi);
  else if (size === 2) vw[to >> 1] = memory.read16(lo, hi);
  else if (size === 4) vi[to >> 2] = memory.read32(lo, hi);
  else {
    vi[to >> 2] = memory.read64(lo, hi);
    vi[(to >> 2) + 1] = memory.high;
  }
}

export function writeElement(
  { memory, vb, vw, vi }: Cpu,
  size: number,
  lo: number,
  hi: number,
  from: number,
): void {
  if (size === 1) memory.write8(lo, hi, vb[from] ?? 0);
  else if (size === 2) memory.write16(lo, hi, vw[from >> 1] ?? 0);
  else if (size === 4) memory.write32(lo, hi, vi[from >> 2] ?? 0);
  else memory.write64(lo, hi, vi[from >> 2] ?? 0, vi[(from >> 2) + 1] ?? 0);
}

/** Loads the memory operand of an instruction, if there is one, and has the instruction use its place. */
export function fetched(
  cpu: Cpu,
  i: Decoded,
  shape: Shape,
  chosen: (n: number) => boolean,
): { readonly i: Decoded; readonly load: Op | undefined } {
  const at = i.operands.findIndex((o, n) => n > 0 && o.kind === 'memory');
  const o = i.operands[at];
  if (o?.kind !== 'memory') return { i, load: undefined };
  const evex = evexOf(i);
  const { bytes } = evex;
  const place: RegisterOperand = {
    kind: 'register',
    file: 'vector',
    number: loaded,
    size: bytes,
    high: false,
  };
  const unit = evex.broadcast || (shape.from ?? shape.element);
  const to = i.operands[0];
  const isMasked = evex.mask > 0 && shape.whole !== true;
  const repeats = shape.any === true && to?.kind === 'register' ? to.size / bytes : 1;
  const inMemory = bytes / shape.element;
  const wanted = (n: number): boolean =>
    Array.from({ length: repeats }, (_, k) => n + k * inMemory).some(chosen);
  return {
    i: { ...i, operands: i.operands.map((other, n) => (n === at ? place : other)) },
    load:
      evex.broadcast > 0
        ? spread(cpu, o, unit, bytes, isMasked ? bytes / (shape.from ?? shape.element) : 0, chosen)
        : !isMasked
          ? loader(cpu, o, bytes, loaded * registerBytes, shape.aligned === true)
          : some(cpu, o, unit, shape.alone === true ? 1 : bytes / unit, shape, wanted),
  };
}

/** One element for all, if any of `count` is chosen; 0: in any case. */
function spread(
  cpu: Cpu,
  o: MemoryOperand,
  unit: number,
  bytes: number,
  count: number,
  chosen: (n: number) => boolean,
): Op {
  const to = loaded * registerBytes;
  const load = loader(cpu, o, unit, to, false);
  const { vb } = cpu;
  return () => {
    if (count > 0 && !Array.from({ length: count }, (_, n) => n).some(chosen)) return;
    load();
    for (let n = unit; n < bytes; n += unit) vb.copyWithin(to + n, to, to + unit);
  };
}

/** The chosen elements. */
function some(
  cpu: Cpu,
  o: MemoryOperand,
  unit: number,
  count: number,
  { aligned = false }: Shape,
  chosen: (n: number) => boolean,
): Op {
  const at = address(cpu, o);
  const all = loader(cpu, o, count * unit, loaded * registerBytes, aligned);
  const { s } = cpu;
  return () => {
    const lo = at();
    const hi = s[AH] ?? 0;
    const wanted = Array.from({ length: count }, (_, n) => n).filter(chosen);
    if (wanted.length === count || (wanted.length > 0 && aligned && lo & (count * unit - 1))) {
      all();
      return;
    }
    for (const n of wanted)
      readElement(cpu, unit, (lo + n * unit) | 0, up(lo, hi, n * unit), loaded * registerBytes + n * unit);
  };
}

/** With the instruction's own rounding, and without exceptions, where it says so. */
export function quietly({ s }: Cpu, { quiet, rounding }: Evex, op: Op): Op {
  if (!quiet) return op;
  const masks = 0x1f80;
  return () => {
    const before = s[MXCSR] ?? 0;
    s[MXCSR] = before | masks;
    if (rounding !== undefined) s[MXCSR] = (before & ~0x6000) | masks | (rounding << 13);
    try {
      op();
    } finally {
      s[MXCSR] = before;
    }
  };
}

/** A source in which elements that are not chosen raise nothing. */
function calmed(
  { vb, vi, vw }: Cpu,
  from: number,
  to: number,
  count: number,
  { element, from: size = element, harmless: [low, high] = [0, 0] }: Shape,
  chosen: (n: number) => boolean,
): Op {
  return () => {
    vb.copyWithin(to, from, from + registerBytes);
    for (let n = 0; n < count; n++) {
      if (chosen(n)) continue;
      const at = to + n * size;
      if (size === 2) vw[at >> 1] = low;
      else {
        vi[at >> 2] = low;
        if (size === 8) vi[(at >> 2) + 1] = high;
      }
    }
  };
}

/** An EVEX form of an operation whose first operand is the destination: a vector register or memory. */
export const masked =
  (shape: Shape, make: Builder): Builder =>
  (cpu, i) => {
    const evex = evexOf(i);
    const chosen = chooser(cpu, evex.mask);
    const to = operand(i, 0);
    const { i: plain, load } = fetched(cpu, i, shape, chosen);
    if (to.kind === 'memory') return storing(cpu, plain, to, shape, make, chosen);
    const d = placeOf(i, 0);
    if (evex.mask === 0) {
      const op = quietly(cpu, evex, make(cpu, plain));
      return zeroing(() => () => {
        load?.();
        op();
      })(cpu, i);
    }
    const count = countOf(plain, shape);
    const { operands, before } = apart(cpu, plain, count, shape, chosen);
    const op = quietly(cpu, evex, make(cpu, { ...plain, operands }));
    const { vb } = cpu;
    const from = made * registerBytes;
    const { element, alone = false } = shape;
    const end = alone ? 16 : count * element;
    return () => {
      load?.();
      for (const copy of before) copy();
      op();
      for (let n = 0; n < count; n++) {
        const at = n * element;
        if (chosen(n)) vb.copyWithin(d + at, from + at, from + at + element);
        else if (evex.zeroing) vb.fill(0, d + at, d + at + element);
      }
      if (alone) vb.copyWithin(d + element, from + element, from + 16);
      vb.fill(0, d + end, d + registerBytes);
    };
  };

/** Elements that the mask chooses from. */
function countOf(i: Decoded, { element, from, alone }: Shape): number {
  if (alone === true) return 1;
  const size = (n: number): number => {
    const o = i.operands[n];
    return o?.kind === 'register' || o?.kind === 'memory' ? o.size : 0;
  };
  const last = i.operands.findLastIndex((o) => o.kind === 'register');
  return from === undefined ? size(0) / element : Math.min(size(0) / element, size(last) / from);
}

/** Operands with the result in a place of its own, and sources that raise nothing where they are not chosen. */
function apart(
  cpu: Cpu,
  i: Decoded,
  count: number,
  shape: Shape,
  chosen: (n: number) => boolean,
): { readonly operands: Decoded['operands']; readonly before: readonly Op[] } {
  const before: Op[] = [];
  const { vb } = cpu;
  const operands = i.operands.map((o, n) => {
    if (o.kind !== 'register' || o.file !== 'vector') return o;
    const number = n === 0 ? made : copies + n - 1;
    const [from, place] = [o.number * registerBytes, number * registerBytes];
    // The rest of a scalar's result comes from a source whose lowest element has another width.
    const isRest = n === 1 && shape.alone === true && shape.from !== undefined;
    if (n > 0 && (!shape.harmless || isRest)) return o;
    if (n === 0 && shape.keeps !== true) return { ...o, number };
    if (shape.harmless) before.push(calmed(cpu, from, place, count, shape, chosen));
    else before.push(() => vb.copyWithin(place, from, from + registerBytes));
    return { ...o, number };
  });
  return { operands, before };
}

/** To memory: the chosen elements, all or none of them. */
function storing(
  cpu: Cpu,
  i: Decoded,
  to: MemoryOperand,
  shape: Shape,
  make: Builder,
  chosen: (n: number) => boolean,
): Op {
  const evex = evexOf(i);
  const count = countOf(i, shape);
  const { operands, before } = apart(cpu, i, count, shape, chosen);
  const result: RegisterOperand = {
    kind: 'register',
    file: 'vector',
    number: made,
    size: to.size,
    high: false,
  };
  const op = quietly(
    cpu,
    evex,
    make(cpu, { ...i, operands: operands.map((o, n) => (n === 0 ? result : o)) }),
  );
  const store = storeChosen(
    cpu,
    to,
    shape.element,
    count,
    made * registerBytes,
    shape.aligned === true,
    chosen,
  );
  const whole = storer(cpu, to, to.size, made * registerBytes, shape.aligned === true);
  const at = address(cpu, to);
  const { s, memory } = cpu;
  /** A fault comes before the operation's own exceptions. */
  const ready = (): void => {
    const lo = at();
    const hi = s[AH] ?? 0;
    if (evex.mask === 0 || shape.whole === true) memory.probeWrite(lo, hi, to.size);
    else
      for (let n = 0; n < count; n++)
        if (chosen(n))
          memory.probeWrite((lo + n * shape.element) | 0, up(lo, hi, n * shape.element), shape.element);
  };
  return () => {
    if (shape.harmless || shape.whole === true) ready();
    for (const copy of before) copy();
    op();
    if (evex.mask === 0) whole();
    else store();
  };
}

export function storeChosen(
  cpu: Cpu,
  to: MemoryOperand,
  size: number,
  count: number,
  from: number,
  aligned: boolean,
  chosen: (n: number) => boolean,
): Op {
  const at = address(cpu, to);
  const whole = storer(cpu, to, count * size, from, aligned);
  const { s, memory } = cpu;
  return () => {
    const lo = at();
    const hi = s[AH] ?? 0;
    const all = Array.from({ length: count }, (_, n) => n).filter(chosen);
    if (all.length === count || (all.length > 0 && aligned && lo & (count * size - 1))) {
      whole();
      return;
    }
    for (const n of all) memory.probeWrite((lo + n * size) | 0, up(lo, hi, n * size), size);
    for (const n of all) writeElement(cpu, size, (lo + n * size) | 0, up(lo, hi, n * size), from + n * size);
  };
}

/** A form without a mask, whose operands are those of VEX. */
export const plain =
  (make: Builder): Builder =>
  (cpu, i) =>
    quietly(cpu, evexOf(i), make(cpu, i));

export interface Test {
  /** Places of the sources in `vb`, number of the element. */
  readonly bit: (a: number, b: number, n: number) => boolean;
  /** Called behind the last one. */
  readonly end?: () => void;
}

/** A comparison of elements whose results are bits of a mask register; those that are not chosen are 0, and not compared. */
export const intoMask =
  (shape: Shape, test: (cpu: Cpu, i: Decoded) => Test): Builder =>
  (cpu, i) => {
    const evex = evexOf(i);
    const chosen = chooser(cpu, evex.mask);
    const to = maskOf(i, 0);
    const { i: plain, load } = fetched(cpu, i, shape, chosen);
    const a = placeOf(plain, 1);
    const second = plain.operands[2]?.kind === 'register' ? placeOf(plain, 2) : a;
    const { bit, end } = test(cpu, plain);
    const size = shape.from ?? shape.element;
    const first = operand(plain, 1);
    const bytes = first.kind === 'register' ? first.size : 0;
    const count = shape.alone === true ? 1 : bytes / size;
    return quietly(cpu, evex, () => {
      load?.();
      let lo = 0;
      let hi = 0;
      for (let n = 0; n < count; n++)
        if (chosen(n) && bit(a + n * size, second + n * size, n)) {
          if (n < 32) lo |= 1 << n;
          else hi |= 1 << (n - 32);
        }
      end?.();
      setMask(cpu, to, lo, hi);
    });
  };

/** Rows of a table under some of their names. */
export function formsOf(names: string, table: Table, shape: (name: string) => Shape): Table {
  return Object.fromEntries(
    names.split(' ').map((name) => {
      const make = table[name];
      if (!make) throw new Error(`no row ${name}`);
      return [name, masked(shape(name), make)];
    }),
  );
}
