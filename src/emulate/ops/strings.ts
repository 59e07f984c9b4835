// movs, stos, lods, cmps, scas with rep, repe, repne, either direction and 32- or 64-bit addresses. Registers are updated with each element, so
// that a fault leaves what the CPU leaves.
import * as alu from '../alu.js';
import type { Decoded } from '../instruction.js';
import { address } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { AH, DF, HI, RAX, RCX, RDI, RSI, Trap, ZR } from '../state.js';
import type { Cpu } from '../state.js';

/** What a run is asked for at most: one page has no more. */
const mostElements = 4096;

interface Shape {
  readonly size: number;
  readonly source: boolean;
  readonly destination: boolean;
}

/** Adds a small number to a register pair; 32-bit addresses clear the upper half. */
function advance(s: Int32Array, register: number, by: number, narrow: boolean): void {
  const a = s[register] ?? 0;
  const lo = (a + by) | 0;
  s[register] = lo;
  if (narrow) s[register + 1] = 0;
  else s[register + 1] = (s[register + 1] ?? 0) + (by >> 31) + (lo >>> 0 < a >>> 0 ? 1 : 0);
}

type Element = (lo: number, hi: number) => void;
/** Handles as many bytes as it can at once, of so many, and says how many: 0 where the next element has to be handled by itself. */
type Run = (bytes: number) => number;

/** `one` handles an element; `until` says which ZF ends the repetition. */
function repeated(cpu: Cpu, i: Decoded, shape: Shape, one: () => void, compares: boolean, run?: Run): Op {
  const s = cpu.s;
  const narrow = i.addressSize === 32;
  if (i.addressSize === 16) throw new Error('no addresses of 16 bits');
  const { size, source, destination } = shape;
  const step = (): void => {
    one();
    const by = s[DF] === 0 ? size : -size;
    if (source) advance(s, RSI, by, narrow);
    if (destination) advance(s, RDI, by, narrow);
  };
  if (!i.rep && !i.repne) return step;
  const wantZero = !i.repne;
  return () => {
    for (;;) {
      if (s[RCX] === 0 && (narrow || s[RCX + 1] === 0)) {
        if (narrow) s[RCX + 1] = 0;
        return;
      }
      const c = s[RCX] ?? 0;
      if (run && c >>> 0 > 1 && s[DF] === 0 && !cpu.steps) {
        const bytes = run(Math.min(c >>> 0, mostElements) * size);
        if (bytes > 0) {
          if (source) advance(s, RSI, bytes, narrow);
          if (destination) advance(s, RDI, bytes, narrow);
          s[RCX] = c - bytes / size;
          if (narrow) s[RCX + 1] = 0;
          continue;
        }
      }
      step();
      s[RCX] = c - 1;
      if (narrow) s[RCX + 1] = 0;
      else if (c === 0) s[RCX + 1] = (s[RCX + 1] ?? 0) - 1;
      if (compares && (s[ZR] === 0) !== wantZero) return;
      if (cpu.steps && (s[RCX] !== 0 || (!narrow && s[RCX + 1] !== 0)))
        throw new Trap('step', 'behind an element');
    }
  };
}

/** Reads an element of rsi or rdi; the upper half goes to s[HI]. */
function reader(cpu: Cpu, i: Decoded, size: number, register: 6 | 7): () => number {
  const s = cpu.s;
  const m = cpu.memory;
  const at = address(cpu, {
    kind: 'memory',
    base: register,
    index: undefined,
    vectorIndex: undefined,
    scale: 1,
    displacement: 0n,
    segment: register === 6 ? i.segment : undefined,
    addressSize: i.addressSize === 32 ? 32 : 64,
    size,
  });
  if (size === 1) return () => m.read8(at(), s[AH] ?? 0);
  if (size === 2) return () => m.read16(at(), s[AH] ?? 0);
  if (size === 4) return () => m.read32(at(), s[AH] ?? 0);
  return () => {
    const lo = m.read64(at(), s[AH] ?? 0);
    s[HI] = m.high;
    return lo;
  };
}

function writer(cpu: Cpu, i: Decoded, size: number): Element {
  const s = cpu.s;
  const m = cpu.memory;
  const upper = (): number => (i.addressSize === 32 ? 0 : (s[RDI + 1] ?? 0));
  if (size === 1)
    return (lo) => {
      m.write8(s[RDI] ?? 0, upper(), lo);
    };
  if (size === 2)
    return (lo) => {
      m.write16(s[RDI] ?? 0, upper(), lo);
    };
  if (size === 4)
    return (lo) => {
      m.write32(s[RDI] ?? 0, upper(), lo);
    };
  return (lo, hi) => {
    m.write64(s[RDI] ?? 0, upper(), lo, hi);
  };
}

const movs =
  (size: number): Builder =>
  (cpu, i) => {
    const read = reader(cpu, i, size, 6);
    const write = writer(cpu, i, size);
    const s = cpu.s;
    const one = (): void => {
      const lo = read();
      write(lo, s[HI] ?? 0);
    };
    const { runs } = cpu.memory;
    const upper = i.addressSize === 32 ? 0 : 1;
    const run: Run = (bytes) =>
      runs.copy(
        s[RSI] ?? 0,
        upper && (s[RSI + 1] ?? 0),
        s[RDI] ?? 0,
        upper && (s[RDI + 1] ?? 0),
        bytes,
        size,
      );
    // A segment's base is the reader's to add.
    const plain = i.segment === undefined ? run : undefined;
    return repeated(cpu, i, { size, source: true, destination: true }, one, false, plain);
  };

const stos =
  (size: number): Builder =>
  (cpu, i) => {
    const write = writer(cpu, i, size);
    const s = cpu.s;
    const one = (): void => {
      write(s[RAX] ?? 0, s[RAX + 1] ?? 0);
    };
    const { runs } = cpu.memory;
    const upper = i.addressSize === 32 ? 0 : 1;
    const run: Run = (bytes) => runs.fill(s[RDI] ?? 0, upper && (s[RDI + 1] ?? 0), bytes, size);
    return repeated(cpu, i, { size, source: false, destination: true }, one, false, run);
  };

const lods =
  (size: number): Builder =>
  (cpu, i) => {
    const read = reader(cpu, i, size, 6);
    const { s, b, w } = cpu;
    const one = (): void => {
      const lo = read();
      if (size === 1) b[0] = lo;
      else if (size === 2) w[0] = lo;
      else {
        s[RAX] = lo;
        s[RAX + 1] = size === 8 ? (s[HI] ?? 0) : 0;
      }
    };
    return repeated(cpu, i, { size, source: true, destination: false }, one, false);
  };

function compare(cpu: Cpu, size: number): (al: number, ah: number, bl: number, bh: number) => void {
  const s = cpu.s;
  if (size === 8)
    return (al, ah, bl, bh) => {
      alu.sub.wide(s, al, ah, bl, bh);
    };
  const narrow = size === 4 ? alu.sub.word : alu.sub.narrow(size === 1 ? 24 : 16);
  return (al, _, bl) => {
    narrow(s, al, bl);
  };
}

const cmps =
  (size: number): Builder =>
  (cpu, i) => {
    const first = reader(cpu, i, size, 6);
    const second = reader(cpu, i, size, 7);
    const against = compare(cpu, size);
    const s = cpu.s;
    const one = (): void => {
      const al = first();
      const ah = s[HI] ?? 0;
      const bl = second();
      against(al, ah, bl, s[HI] ?? 0);
    };
    return repeated(cpu, i, { size, source: true, destination: true }, one, true);
  };

const scas =
  (size: number): Builder =>
  (cpu, i) => {
    const read = reader(cpu, i, size, 7);
    const against = compare(cpu, size);
    const s = cpu.s;
    const mask = size === 1 ? 255 : size === 2 ? 65535 : -1;
    const one = (): void => {
      const bl = read();
      against((s[RAX] ?? 0) & mask, s[RAX + 1] ?? 0, bl, s[HI] ?? 0);
    };
    return repeated(cpu, i, { size, source: false, destination: true }, one, true);
  };

/** movsd and cmpsd are names of SSE instructions, too. */
export const strings: Table = {
  cmpsb: cmps(1),
  cmpsd: cmps(4),
  cmpsq: cmps(8),
  cmpsw: cmps(2),
  lodsb: lods(1),
  lodsd: lods(4),
  lodsq: lods(8),
  lodsw: lods(2),
  movsb: movs(1),
  movsd: movs(4),
  movsq: movs(8),
  movsw: movs(2),
  scasb: scas(1),
  scasd: scas(4),
  scasq: scas(8),
  scasw: scas(2),
  stosb: stos(1),
  stosd: stos(4),
  stosq: stos(8),
  stosw: stos(2),
};
