// What the builders of vector instructions share: operands as places in `Cpu.vb`, memory operands copied to a scratch place first, an
// operation on 8 (MMX) or 16 bytes run for each 16 of the destination. VEX forms have a destination of their own and clear what lies above it.
import type { Decoded, MemoryOperand } from '../instruction.js';
import { address, immediateOf, operand, sizeOf } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { AH, Trap } from '../state.js';
import type { Cpu } from '../state.js';

export const registerBytes = 64;
/** Numbers of places behind the registers and the masks, as if they were registers: for operands of EVEX forms (evex.ts). */
export const firstPlace = 33;
/** Places for memory operands and results in the making. */
export const scratch = 38 * registerBytes;
export const scratch2 = 39 * registerBytes;
/** Copies of the MMX registers while an instruction works on them. */
const mmxPlaces = 42 * registerBytes;

/** An operation on `bytes` (8 or 16): byte offsets of destination and sources in `vb`. The destination may be one of the sources. */
export type Lane = (cpu: Cpu, d: number, a: number, b: number, bytes: number) => void;

/** The place of a vector register, or of an MMX register's copy. */
export function placeOf(i: Decoded, n: number): number {
  const o = operand(i, n);
  if (o.kind === 'register' && o.file === 'vector') return o.number * registerBytes;
  if (o.kind === 'register' && o.file === 'mmx') return mmxPlaces + o.number * registerBytes;
  throw new Error(`${i.name}: operand ${n} is no vector register`);
}

/** Operands that are no immediates. */
export function given(i: Decoded): number {
  return i.operands.filter((o) => o.kind !== 'immediate').length;
}

/** Loads a memory operand to a place of `vb`. */
export function loader(cpu: Cpu, o: MemoryOperand, bytes: number, to: number, aligned: boolean): Op {
  const at = address(cpu, o);
  const m = cpu.memory;
  const { s, vi, vb, vw } = cpu;
  const w = to >> 2;
  switch (bytes) {
    case 1:
      return () => {
        vb[to] = m.read8(at(), s[AH] ?? 0);
      };
    case 2:
      return () => {
        vw[to >> 1] = m.read16(at(), s[AH] ?? 0);
      };
    case 4:
      return () => {
        vi[w] = m.read32(at(), s[AH] ?? 0);
      };
    case 8:
      return () => {
        vi[w] = m.read64(at(), s[AH] ?? 0);
        vi[w + 1] = m.high;
      };
    default:
      return () => {
        let lo = at();
        let hi = s[AH] ?? 0;
        if (aligned && lo & (bytes - 1)) throw new Trap('protection', 'a misaligned vector operand');
        for (let n = 0; n < bytes; n += 8) {
          vi[w + (n >> 2)] = m.read64(lo, hi);
          vi[w + (n >> 2) + 1] = m.high;
          lo = (lo + 8) | 0;
          if (lo >>> 0 < 8) hi++;
        }
      };
  }
}

export function storer(cpu: Cpu, o: MemoryOperand, bytes: number, from: number, aligned: boolean): Op {
  const at = address(cpu, o);
  const m = cpu.memory;
  const { s, vi, vb, vw } = cpu;
  const w = from >> 2;
  switch (bytes) {
    case 1:
      return () => {
        m.write8(at(), s[AH] ?? 0, vb[from] ?? 0);
      };
    case 2:
      return () => {
        m.write16(at(), s[AH] ?? 0, vw[from >> 1] ?? 0);
      };
    case 4:
      return () => {
        m.write32(at(), s[AH] ?? 0, vi[w] ?? 0);
      };
    case 8:
      return () => {
        m.write64(at(), s[AH] ?? 0, vi[w] ?? 0, vi[w + 1] ?? 0);
      };
    default:
      return () => {
        let lo = at();
        let hi = s[AH] ?? 0;
        if (aligned && lo & (bytes - 1)) throw new Trap('protection', 'a misaligned vector operand');
        // All or nothing, also across a page.
        if ((lo & 4095) + bytes > 4096) m.probeWrite(lo, hi, bytes);
        for (let n = 0; n < bytes; n += 8) {
          m.write64(lo, hi, vi[w + (n >> 2)] ?? 0, vi[w + (n >> 2) + 1] ?? 0);
          lo = (lo + 8) | 0;
          if (lo >>> 0 < 8) hi++;
        }
      };
  }
}

export interface Source {
  /** Offset in `vb` once `load` has run. */
  readonly at: number;
  readonly load: Op | undefined;
}

/** Of a legacy instruction whose operand may lie anywhere, as all of VEX may. */
export const unaligned =
  (make: Builder): Builder =>
  (cpu, i) =>
    make(cpu, { ...i, anywhere: true });

/** An operand of a vector instruction; of legacy ones 16 bytes of memory have to be aligned. */
export function source(cpu: Cpu, i: Decoded, n: number, aligned = !(i.vex || i.anywhere === true)): Source {
  const o = operand(i, n);
  if (o.kind !== 'memory') return { at: placeOf(i, n), load: undefined };
  return { at: scratch, load: loader(cpu, o, o.size, scratch, aligned && o.size >= 16) };
}

/** Destination and one or two sources: two are the destination itself and another in legacy forms, two others in VEX forms. */
function sources(
  cpu: Cpu,
  i: Decoded,
  unary: boolean,
): { readonly d: number; readonly a: number; readonly b: number; readonly load: Op | undefined } {
  const last = given(i) - 1;
  const d = placeOf(i, 0);
  const { at, load } = source(cpu, i, last);
  return { d, a: unary ? at : last === 2 ? placeOf(i, 1) : d, b: at, load };
}

/** An instruction that does the same in each 16 bytes. */
export const lanes =
  (lane: Lane, unary = false): Builder =>
  (cpu, i) =>
    run(cpu, i, [lane, lane, lane, lane], unary);

/** One with an immediate, which may mean something else for each 16 bytes. */
export const lanesBy =
  (make: (control: number, part: number, bytes: number) => Lane, unary = false): Builder =>
  (cpu, i) => {
    const control = immediateOf(i, i.operands.length - 1).lo & 255;
    const bytes = Math.min(16, sizeOf(i, 0));
    const all = Array.from({ length: Math.max(2, sizeOf(i, 0) / 16) }, (_, n) => make(control, n, bytes));
    return run(cpu, i, all, unary);
  };

function run(cpu: Cpu, i: Decoded, all: readonly Lane[], unary: boolean): Op {
  const { d, a, b, load } = sources(cpu, i, unary);
  const bytes = Math.min(16, sizeOf(i, 0));
  const [lane, upper] = all;
  if (!lane || !upper) throw new Error('an operation for each part');
  if (sizeOf(i, 0) === 64)
    return () => {
      load?.();
      for (let n = 0; n < 4; n++) (all[n] ?? lane)(cpu, d + 16 * n, a + 16 * n, b + 16 * n, 16);
    };
  if (sizeOf(i, 0) === 32)
    return () => {
      load?.();
      lane(cpu, d, a, b, 16);
      upper(cpu, d + 16, a + 16, b + 16, 16);
    };
  if (load)
    return () => {
      load();
      lane(cpu, d, a, b, bytes);
    };
  return () => {
    lane(cpu, d, a, b, bytes);
  };
}

/** Runs an operation whose result must not be written before all is read. */
export const apart =
  (make: Lane): Lane =>
  (cpu, d, a, b, bytes) => {
    make(cpu, scratch2, a, b, bytes);
    cpu.vb.copyWithin(d, scratch2, scratch2 + bytes);
  };

/** All elements of a register at once: exceptions of any leave all as they were. */
export type Elements = (cpu: Cpu, d: number, a: number, b: number, count: number) => void;

export const packed =
  (size: number, elements: Elements, unary = false): Builder =>
  (cpu, i) => {
    const { d, a, b, load } = sources(cpu, i, unary);
    const count = sizeOf(i, 0) / size;
    if (load)
      return () => {
        load();
        elements(cpu, d, a, b, count);
      };
    return () => {
      elements(cpu, d, a, b, count);
    };
  };

/** The lowest element, of `size` bytes in the destination; VEX forms take the rest from their first source. */
export const scalar =
  (size: number, elements: Elements): Builder =>
  (cpu, i) => {
    const { d, a, b, load } = sources(cpu, i, false);
    const { vb } = cpu;
    if (a === d && given(i) === 2)
      return () => {
        load?.();
        elements(cpu, d, d, b, 1);
      };
    return () => {
      load?.();
      elements(cpu, scratch2, a, b, 1);
      vb.copyWithin(d, a, a + 16);
      vb.copyWithin(d, scratch2, scratch2 + size);
    };
  };

/** The VEX forms of rows, under their names: what lies above the destination becomes zero. */
export function withVex(table: Table): Table {
  return {
    ...table,
    ...Object.fromEntries(Object.entries(table).map(([name, make]) => [`v${name}`, zeroing(make)])),
  };
}

/** The first operand is the destination. */
export const zeroing =
  (make: Builder): Builder =>
  (cpu, i) => {
    const op = make(cpu, i);
    const [to] = i.operands;
    if (to?.kind !== 'register' || to.file !== 'vector' || to.size === registerBytes) return op;
    const { vd } = cpu;
    const q = (to.number * registerBytes + to.size) >> 3;
    if (to.size === 32)
      return () => {
        op();
        vd[q] = vd[q + 1] = vd[q + 2] = vd[q + 3] = 0;
      };
    return () => {
      op();
      vd[q] = vd[q + 1] = vd[q + 2] = vd[q + 3] = vd[q + 4] = vd[q + 5] = 0;
    };
  };

/** MMX registers are the significands of x87's: every use makes all of these valid and the first one the top (SDM vol. 1, 9.5). */
export const withMmx =
  (make: Builder): Builder =>
  (cpu, i) => {
    const op = make(cpu, i);
    const numbers = i.operands.flatMap((o) => (o.kind === 'register' && o.file === 'mmx' ? [o.number] : []));
    const [first] = i.operands;
    const to = first?.kind === 'register' && first.file === 'mmx' ? first.number : undefined;
    const { fpu, vq } = cpu;
    const enter = (): void => {
      fpu.top = 0;
      fpu.empty.fill(0);
    };
    return () => {
      fpu.wait();
      for (const n of numbers) vq[(mmxPlaces >> 3) + 8 * n] = fpu.significand[n] ?? 0n;
      try {
        op();
      } catch (trap) {
        if (trap instanceof Trap && trap.kind === 'float') enter();
        throw trap;
      }
      enter();
      if (to === undefined) return;
      fpu.significand[to] = vq[(mmxPlaces >> 3) + 8 * to] ?? 0n;
      fpu.exponent[to] = 0xffff;
    };
  };
