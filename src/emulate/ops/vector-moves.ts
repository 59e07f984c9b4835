// Moves between vector registers, memory and general registers (SSE to AVX, MMX), MXCSR.
import { address, memoryOf, operand, place, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { AH, HI, MXCSR, RDI, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import {
  given,
  lanes,
  loader,
  placeOf,
  registerBytes,
  scratch,
  scratch2,
  source,
  storer,
  withVex,
} from './vector.js';

/** A whole register from or to anywhere. */
const whole =
  (aligned: boolean): Builder =>
  (cpu, i) => {
    const to = operand(i, 0);
    const from = operand(i, 1);
    if (to.kind === 'memory') return storer(cpu, to, to.size, placeOf(i, 1), aligned);
    const d = placeOf(i, 0);
    const bytes = sizeOf(i, 0);
    const { vb } = cpu;
    if (from.kind === 'memory') {
      // Through the scratch place: a fault in the second half leaves the register.
      const load = loader(cpu, from, from.size, scratch, aligned);
      return () => {
        load();
        copy(cpu, d, scratch, bytes);
      };
    }
    const a = placeOf(i, 1);
    if (bytes === 16)
      return () => {
        copy(cpu, d, a, 16);
      };
    return () => {
      vb.copyWithin(d, a, a + bytes);
    };
  };

function copy({ vi }: Cpu, to: number, from: number, bytes: number): void {
  for (let n = 0; n < bytes >> 2; n++) vi[(to >> 2) + n] = vi[(from >> 2) + n] ?? 0;
}

/** movss, movsd: from memory the rest becomes zero, from a register it stays, or is another's. */
const scalarMove =
  (bytes: 4 | 8): Builder =>
  (cpu, i) => {
    const to = operand(i, 0);
    if (to.kind === 'memory') return storer(cpu, to, bytes, placeOf(i, 1), false);
    const d = placeOf(i, 0);
    const w = d >> 2;
    const { vi, vb } = cpu;
    if (operand(i, 1).kind === 'memory') {
      const load = loader(cpu, memoryOf(i), bytes, d, false);
      return () => {
        load();
        if (bytes === 4) vi[w + 1] = 0;
        vi[w + 2] = vi[w + 3] = 0;
      };
    }
    const b = placeOf(i, given(i) - 1);
    if (given(i) === 2)
      return () => {
        vi[w] = vi[b >> 2] ?? 0;
        if (bytes === 8) vi[w + 1] = vi[(b >> 2) + 1] ?? 0;
      };
    const a = placeOf(i, 1);
    return () => {
      vb.copyWithin(scratch, a, a + 16);
      vb.copyWithin(scratch, b, b + bytes);
      vb.copyWithin(d, scratch, scratch + 16);
    };
  };

/** One half from or to memory, or between registers (movhlps, movlhps); the other one stays, or is another's. */
const half =
  (to: 0 | 8, from: 0 | 8): Builder =>
  (cpu, i) => {
    const target = operand(i, 0);
    if (target.kind === 'memory') return storer(cpu, target, 8, placeOf(i, 1) + to, false);
    const d = placeOf(i, 0);
    const last = given(i) - 1;
    const { vb } = cpu;
    if (last === 1 && operand(i, 1).kind === 'memory') return loader(cpu, memoryOf(i), 8, d + to, false);
    const { at, load } = source(cpu, i, last);
    const b = load ? at : at + from;
    const a = last === 2 ? placeOf(i, 1) : d;
    return () => {
      load?.();
      vb.copyWithin(scratch + 16, a, a + 16);
      vb.copyWithin(scratch + 16 + to, b, b + 8);
      vb.copyWithin(d, scratch + 16, scratch + 32);
    };
  };

/** movd and movq with a general register or memory; movq between vector or MMX registers. */
const narrow =
  (bytes: 4 | 8): Builder =>
  (cpu, i) => {
    const { vi, s } = cpu;
    const to = operand(i, 0);
    const from = operand(i, 1);
    const isVector = (o: typeof to): boolean =>
      o.kind === 'register' && (o.file === 'vector' || o.file === 'mmx');
    if (isVector(to)) {
      const w = placeOf(i, 0) >> 2;
      if (isVector(from)) {
        const a = placeOf(i, 1) >> 2;
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
    const a = placeOf(i, 1) >> 2;
    const { write } = place(cpu, i, 0, bytes);
    return () => {
      write(vi[a] ?? 0, vi[a + 1] ?? 0);
    };
  };

/** The bytes of a register whose mask byte has its top bit set; others are neither written nor checked. */
const maskedBytes: Builder = (cpu, i) => {
  if (i.addressSize === 16) throw new Error('no addresses of 16 bits');
  const data = placeOf(i, 1);
  const mask = placeOf(i, 2);
  const bytes = sizeOf(i, 1);
  const at = address(cpu, { ...memoryOf(i), base: RDI / 2, addressSize: i.addressSize === 32 ? 32 : 64 });
  const { s, vb, memory } = cpu;
  return () => {
    const lo = at();
    const hi = s[AH] ?? 0;
    const chosen = Array.from({ length: bytes }, (_, n) => n).filter((n) => (vb[mask + n] ?? 0) & 128);
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

/** movddup and its like: elements of `size` bytes, by the place that each comes from. */
const repeated = (size: 4 | 8, from: (n: number) => number): Builder =>
  lanes(({ vb }, d, _, b) => {
    for (let n = 0; n < 16; n += size) {
      const at = b + size * from(n / size);
      vb.copyWithin(scratch2 + n, at, at + size);
    }
    vb.copyWithin(d, scratch2, scratch2 + 16);
  }, true);

/** vzeroupper, vzeroall: of the sixteen registers that VEX has, in 32-bit code of eight. */
const zero =
  (from: 0 | 16): Builder =>
  ({ vb, bits }) =>
  () => {
    for (let n = 0; n < (bits === 64 ? 16 : 8); n++)
      vb.fill(0, n * registerBytes + from, (n + 1) * registerBytes);
  };

const emms: Builder =
  ({ fpu }) =>
  (): void => {
    fpu.wait();
    fpu.top = 0;
    fpu.empty.fill(1);
  };

export const vectorMoves: Table = {
  ...withVex({
    ldmxcsr,
    lddqu: whole(false),
    maskmovdqu: maskedBytes,
    movapd: whole(true),
    movaps: whole(true),
    movd: narrow(4),
    movddup: repeated(8, () => 0),
    movdqa: whole(true),
    movdqu: whole(false),
    movhlps: half(0, 8),
    movhpd: half(8, 0),
    movhps: half(8, 0),
    movlhps: half(8, 0),
    movlpd: half(0, 0),
    movlps: half(0, 0),
    movntdq: whole(true),
    movntdqa: whole(true),
    movntpd: whole(true),
    movntps: whole(true),
    movq: narrow(8),
    movsd: scalarMove(8),
    movshdup: repeated(4, (n) => n | 1),
    movsldup: repeated(4, (n) => n & 2),
    movss: scalarMove(4),
    movupd: whole(false),
    movups: whole(false),
    stmxcsr,
  }),
  emms,
  maskmovq: maskedBytes,
  movdq2q: narrow(8),
  movntq: narrow(8),
  movq2dq: narrow(8),
  vzeroall: zero(0),
  vzeroupper: zero(16),
};
