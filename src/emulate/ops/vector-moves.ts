// Moves between vector registers, memory and general registers (SSE, SSE2), MXCSR, fxsave's place.
import type { Decoded } from '../instruction.js';
import { address, memoryOf, operand, place } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { AH, HI, MXCSR, RDI, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import { loader, scratch, storer, vectorNumber } from './vector.js';

function noVex(i: Decoded): void {
  if (i.vex) throw new Error('no VEX forms yet');
}

/** A whole register from or to anywhere. */
const whole =
  (aligned: boolean): Builder =>
  (cpu, i) => {
    noVex(i);
    const to = operand(i, 0);
    if (to.kind === 'memory') return storer(cpu, to, 16, vectorNumber(i, 1), aligned);
    const d = vectorNumber(i, 0);
    const from = operand(i, 1);
    if (from.kind === 'memory') return loadWhole(cpu, i, d, aligned);
    const a = vectorNumber(i, 1) >> 2;
    const w = d >> 2;
    const { vi } = cpu;
    return () => {
      vi[w] = vi[a] ?? 0;
      vi[w + 1] = vi[a + 1] ?? 0;
      vi[w + 2] = vi[a + 2] ?? 0;
      vi[w + 3] = vi[a + 3] ?? 0;
    };
  };

/** Through the scratch place: a fault in the second half leaves the register. */
function loadWhole(cpu: Cpu, i: Decoded, d: number, aligned: boolean): Op {
  const load = loader(cpu, memoryOf(i), 16, scratch, aligned);
  const { vi } = cpu;
  const w = d >> 2;
  const t = scratch >> 2;
  return () => {
    load();
    vi[w] = vi[t] ?? 0;
    vi[w + 1] = vi[t + 1] ?? 0;
    vi[w + 2] = vi[t + 2] ?? 0;
    vi[w + 3] = vi[t + 3] ?? 0;
  };
}

/** movss, movsd: from memory the rest becomes zero, from a register it stays. */
const scalarMove =
  (bytes: 4 | 8): Builder =>
  (cpu, i) => {
    noVex(i);
    const to = operand(i, 0);
    if (to.kind === 'memory') return storer(cpu, to, bytes, vectorNumber(i, 1), false);
    const d = vectorNumber(i, 0);
    const w = d >> 2;
    const { vi } = cpu;
    if (operand(i, 1).kind === 'memory') {
      const load = loader(cpu, memoryOf(i), bytes, d, false);
      return () => {
        load();
        if (bytes === 4) vi[w + 1] = 0;
        vi[w + 2] = vi[w + 3] = 0;
      };
    }
    const a = vectorNumber(i, 1) >> 2;
    return () => {
      vi[w] = vi[a] ?? 0;
      if (bytes === 8) vi[w + 1] = vi[a + 1] ?? 0;
    };
  };

/** One half from or to memory, or between registers (movhlps, movlhps). */
const half =
  (to: 0 | 8, from: 0 | 8): Builder =>
  (cpu, i) => {
    noVex(i);
    const target = operand(i, 0);
    if (target.kind === 'memory') return storer(cpu, target, 8, vectorNumber(i, 1) + to, false);
    const d = vectorNumber(i, 0) + to;
    if (operand(i, 1).kind === 'memory') return loader(cpu, memoryOf(i), 8, d, false);
    const a = vectorNumber(i, 1) + from;
    return () => {
      cpu.vb.copyWithin(d, a, a + 8);
    };
  };

/** movd and movq with a general register or memory; movq between vector registers. */
const narrow =
  (bytes: 4 | 8): Builder =>
  (cpu, i) => {
    noVex(i);
    const { vi, s } = cpu;
    const to = operand(i, 0);
    const from = operand(i, 1);
    if (to.kind === 'register' && to.file === 'vector') {
      const w = vectorNumber(i, 0) >> 2;
      const vector = from.kind === 'register' && from.file === 'vector';
      if (vector) {
        const a = vectorNumber(i, 1) >> 2;
        return () => {
          vi[w] = vi[a] ?? 0;
          vi[w + 1] = vi[a + 1] ?? 0;
          vi[w + 2] = vi[w + 3] = 0;
        };
      }
      const { read } = place(cpu, i, 1, bytes);
      return () => {
        vi[w] = read();
        vi[w + 1] = bytes === 8 ? (s[HI] ?? 0) : 0;
        vi[w + 2] = vi[w + 3] = 0;
      };
    }
    const a = vectorNumber(i, 1) >> 2;
    const { write } = place(cpu, i, 0, bytes);
    return () => {
      write(vi[a] ?? 0, vi[a + 1] ?? 0);
    };
  };

/** The bytes of a register whose mask byte has its top bit set; others are neither written nor checked. */
const maskmovdqu: Builder = (cpu, i) => {
  noVex(i);
  if (i.addressSize === 16) throw new Error('no addresses of 16 bits');
  const data = vectorNumber(i, 1);
  const mask = vectorNumber(i, 2);
  const at = address(cpu, { ...memoryOf(i), base: RDI / 2, addressSize: i.addressSize === 32 ? 32 : 64 });
  const { s, vb, memory } = cpu;
  return () => {
    const lo = at();
    const hi = s[AH] ?? 0;
    const chosen = Array.from({ length: 16 }, (_, n) => n).filter((n) => (vb[mask + n] ?? 0) & 128);
    const up = (n: number): number => hi + (((lo + n) | 0) >>> 0 < lo >>> 0 ? 1 : 0);
    for (const n of chosen) memory.probeWrite((lo + n) | 0, up(n), 1);
    for (const n of chosen) memory.write8((lo + n) | 0, up(n), vb[data + n] ?? 0);
  };
};

const ldmxcsr: Builder = (cpu, i) => {
  const { read } = place(cpu, i, 0, 4);
  return () => {
    const value = read();
    if (value & ~0xffff) throw new Trap('protection', 'reserved bits of MXCSR');
    cpu.s[MXCSR] = value;
  };
};

const stmxcsr: Builder = (cpu, i) => {
  const { write } = place(cpu, i, 0, 4);
  return () => {
    write(cpu.s[MXCSR] ?? 0, 0);
  };
};

export const vectorMoves: Table = {
  ldmxcsr,
  lddqu: whole(false),
  maskmovdqu,
  movapd: whole(true),
  movaps: whole(true),
  movd: narrow(4),
  movdqa: whole(true),
  movdqu: whole(false),
  movhlps: half(0, 8),
  movhpd: half(8, 0),
  movhps: half(8, 0),
  movlhps: half(8, 0),
  movlpd: half(0, 0),
  movlps: half(0, 0),
  movntdq: whole(true),
  movntpd: whole(true),
  movntps: whole(true),
  movq: narrow(8),
  movsd: scalarMove(8),
  movss: scalarMove(4),
  movupd: whole(false),
  movups: whole(false),
  stmxcsr,
};
