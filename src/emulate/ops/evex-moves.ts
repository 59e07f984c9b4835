// EVEX moves: to and from memory, broadcasts, parts of registers, down-conversions, compressed and scattered elements (SDM vol. 2, by name).
import type { MemoryOperand } from '../instruction.js';
import { address, immediateOf, operand, place, sizeOf } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { addressOf } from '../memory.js';
import { AH, HI } from '../state.js';
import type { Cpu } from '../state.js';
import { elementOf, letters, setElement } from './elements.js';
import type { Size } from './elements.js';
import {
  chooser,
  evexOf,
  four,
  formsOf,
  masked,
  maskOf,
  plain,
  readElement,
  setMask,
  storeChosen,
  up,
  writeElement,
} from './evex.js';
import type { Shape } from './evex.js';
import { vectorConversions } from './vector-convert.js';
import { countOf, indexed } from './vector-masked.js';
import { vectorMoves } from './vector-moves.js';
import { vectorShuffles } from './vector-shuffle.js';
import { placeOf, registerBytes, scratch, scratch2 } from './vector.js';
import { masksAt } from '../state.js';

/** The second operand's bytes, as many as the first one has. */
const copy: Builder = ({ vb }, i) => {
  const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
  const bytes = sizeOf(i, 0);
  return () => vb.copyWithin(d, a, a + bytes);
};

/** vmovss, vmovsd: from memory the rest becomes zero, from a register it is the other source's. */
const scalar = (size: 4 | 8): Builder => {
  const low: Builder = ({ vb }, i) => {
    const d = placeOf(i, 0);
    const last = placeOf(i, i.operands.length - 1);
    const rest = i.operands.length > 2 ? placeOf(i, 1) : undefined;
    return () => {
      vb.copyWithin(scratch, last, last + size);
      if (rest === undefined) vb.fill(0, scratch + size, scratch + 16);
      else vb.copyWithin(scratch + size, rest + size, rest + 16);
      vb.copyWithin(d, scratch, scratch + 16);
    };
  };
  const row = masked({ element: size, alone: true }, low);
  return (cpu, i) => (operand(i, 0).kind === 'memory' ? masked({ element: size }, copy) : row)(cpu, i);
};

/** A part of the source everywhere. */
const repeat =
  (bytes: number): Builder =>
  ({ vb }, i) => {
    const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
    const end = sizeOf(i, 0);
    return () => {
      for (let n = 0; n < end; n += bytes) vb.copyWithin(scratch2 + n, a, a + bytes);
      vb.copyWithin(d, scratch2, scratch2 + end);
    };
  };

const broadcast = (element: Size, bytes: number): Builder => masked({ element, any: true }, repeat(bytes));

/** From an element in memory, in a vector register or in a general register. */
const broadcastAny = (size: Size): Builder => {
  const fromVector = masked({ element: size, any: true }, repeat(size));
  const fromGeneral = masked({ element: size }, (cpu, i) => {
    const d = placeOf(i, 0);
    const { read } = place(cpu, i, 1);
    const end = sizeOf(i, 0);
    const { vb, vw, vi, s } = cpu;
    return () => {
      const lo = read();
      if (size === 1) vb.fill(lo, d, d + end);
      else if (size === 2) vw.fill(lo, d >> 1, (d + end) >> 1);
      else
        for (let n = 0; n < end; n += size) {
          vi[(d + n) >> 2] = lo;
          if (size === 8) vi[((d + n) >> 2) + 1] = s[HI] ?? 0;
        }
    };
  });
  return (cpu, i) => {
    const o = operand(i, 1);
    return (o.kind === 'register' && o.file === 'general' ? fromGeneral : fromVector)(cpu, i);
  };
};

/** vpbroadcastmb2q, vpbroadcastmw2d: a mask's low bits in each element. */
const broadcastMask =
  (bits: 8 | 16, size: 4 | 8): Builder =>
  ({ vi }, i) => {
    const d = placeOf(i, 0);
    const w = (masksAt >> 2) + 2 * maskOf(i, 1);
    const end = sizeOf(i, 0);
    return () => {
      const value = (vi[w] ?? 0) & (2 ** bits - 1);
      for (let n = 0; n < end; n += 4) vi[(d + n) >> 2] = n % size === 0 ? value : 0;
    };
  };

const insert =
  (bytes: 16 | 32): Builder =>
  ({ vb }, i) => {
    const [d, a, b] = [placeOf(i, 0), placeOf(i, 1), placeOf(i, 2)];
    const end = sizeOf(i, 0);
    const at = scratch2 + bytes * (immediateOf(i, 3).lo & (end / bytes - 1));
    return () => {
      vb.copyWithin(scratch2, a, a + end);
      vb.copyWithin(at, b, b + bytes);
      vb.copyWithin(d, scratch2, scratch2 + end);
    };
  };

const extract =
  (bytes: 16 | 32): Builder =>
  ({ vb }, i) => {
    const d = placeOf(i, 0);
    const a = placeOf(i, 1) + bytes * (immediateOf(i, 2).lo & (sizeOf(i, 1) / bytes - 1));
    return () => vb.copyWithin(d, a, a + bytes);
  };

type Limit = (v: bigint, bits: number) => bigint;
const truncated: Limit = (v) => v;
const signed: Limit = (v, bits) => {
  const most = (1n << BigInt(bits - 1)) - 1n;
  return v > most ? most : v < -most - 1n ? -most - 1n : v;
};
const unsigned: Limit = (v, bits) => {
  const [value, most] = [BigInt.asUintN(64, v), (1n << BigInt(bits)) - 1n];
  return value > most ? most : value;
};

/** Each element narrower; what lies above in a register becomes zero. */
const narrowing =
  (from: Size, to: Size, limit: Limit): Builder =>
  (cpu, i) => {
    const [d, a] = [placeOf(i, 0), placeOf(i, 1)];
    const count = Math.min(sizeOf(i, 0) / to, sizeOf(i, 1) / from);
    const { vb } = cpu;
    const saturate = (v: bigint): bigint =>
      limit(limit === unsigned ? BigInt.asUintN(8 * from, v) : v, 8 * to);
    return () => {
      vb.fill(0, scratch2, scratch2 + registerBytes);
      for (let n = 0; n < count; n++)
        setElement(cpu, to, scratch2 + n * to, saturate(elementOf(cpu, from, a + n * from)));
      vb.copyWithin(d, scratch2, scratch2 + sizeOf(i, 0));
    };
  };

const narrowings: Table = Object.fromEntries(
  Object.entries({ '': truncated, s: signed, us: unsigned }).flatMap(([prefix, limit]) =>
    ['qb', 'qw', 'qd', 'db', 'dw', 'wb'].map((pair) => {
      const [from, to] = [...pair].map((letter) => letters[letter as keyof typeof letters]);
      if (from === undefined || to === undefined) throw new Error(pair);
      return [`vpmov${prefix}${pair}`, masked({ element: to, from }, narrowing(from, to, limit))];
    }),
  ),
);

/** Chosen elements one behind the other; in memory they are as many as are chosen. */
const compress =
  (size: Size): Builder =>
  (cpu, i) => {
    const evex = evexOf(i);
    const chosen = chooser(cpu, evex.mask);
    const to = operand(i, 0);
    const a = placeOf(i, 1);
    const count = sizeOf(i, 1) / size;
    const { vb } = cpu;
    const gathered = (): number => {
      let end = scratch2;
      for (let n = 0; n < count; n++) {
        if (!chosen(n)) continue;
        vb.copyWithin(end, a + n * size, a + (n + 1) * size);
        end += size;
      }
      return end - scratch2;
    };
    if (to.kind === 'memory') {
      let bytes = 0;
      const store = storeChosen(cpu, to, size, count, scratch2, false, (n) => n * size < bytes);
      return () => {
        bytes = gathered();
        store();
      };
    }
    const d = placeOf(i, 0);
    return () => {
      const bytes = gathered();
      vb.copyWithin(d, scratch2, scratch2 + bytes);
      vb.fill(0, d + (evex.zeroing ? bytes : to.kind === 'register' ? to.size : 0), d + registerBytes);
    };
  };

const expand =
  (size: Size): Builder =>
  (cpu, i) => {
    const evex = evexOf(i);
    const chosen = chooser(cpu, evex.mask);
    const d = placeOf(i, 0);
    const o = operand(i, 1);
    const end = sizeOf(i, 0);
    const { s, vb } = cpu;
    const at = o.kind === 'memory' ? address(cpu, o) : undefined;
    const a = o.kind === 'memory' ? scratch : placeOf(i, 1);
    return () => {
      vb.copyWithin(scratch2, d, d + end);
      if (at) {
        const lo = at();
        const hi = s[AH] ?? 0;
        let next = 0;
        for (let n = 0; n < end; n += size) {
          if (!chosen(n / size)) continue;
          readElement(cpu, size, (lo + next) | 0, up(lo, hi, next), scratch + next);
          next += size;
        }
      }
      let from = a;
      for (let n = 0; n < end; n += size)
        if (chosen(n / size)) {
          vb.copyWithin(scratch2 + n, from, from + size);
          from += size;
        } else if (evex.zeroing) vb.fill(0, scratch2 + n, scratch2 + n + size);
      vb.copyWithin(d, scratch2, scratch2 + end);
      vb.fill(0, d + end, d + registerBytes);
    };
  };

function memoryAt(o: ReturnType<typeof operand>): MemoryOperand {
  if (o.kind !== 'memory') throw new Error('no memory operand');
  return o;
}

/** Clears the bits of elements that are done. */
function clearBelow({ vi }: Cpu, mask: number, n: number): void {
  const w = (masksAt >> 2) + 2 * mask;
  vi[w] = (vi[w] ?? 0) & ~((1 << n) - 1);
}

/** A fault leaves the elements before it done, their bits of the mask cleared; the program begins again behind them. */
function oneByOne(cpu: Cpu, mask: number, count: number, element: (n: number) => void): Op {
  const { vi } = cpu;
  const chosen = chooser(cpu, mask);
  const w = (masksAt >> 2) + 2 * mask;
  return () => {
    for (let n = 0; n < count; n++) {
      if (chosen(n)) element(n);
      vi[w] = (vi[w] ?? 0) & ~(1 << n);
    }
    setMask(cpu, mask, 0, 0);
  };
}

const gather =
  (index: 4 | 8, size: 4 | 8): Builder =>
  (cpu, i) => {
    const m = memoryAt(operand(i, 1));
    const d = placeOf(i, 0);
    const count = countOf(m, index, size, sizeOf(i, 0));
    const at = indexed(cpu, m, index);
    const { s, vb } = cpu;
    const all = oneByOne(cpu, evexOf(i).mask, count, (n) => {
      const lo = at(n);
      readElement(cpu, size, lo, s[AH] ?? 0, d + n * size);
      vb.fill(0, d + count * size, d + registerBytes);
    });
    return () => {
      all();
      vb.fill(0, d + count * size, d + registerBytes);
    };
  };

const scatter =
  (index: 4 | 8, size: 4 | 8): Builder =>
  (cpu, i) => {
    const m = memoryAt(operand(i, 0));
    const a = placeOf(i, 1);
    const at = indexed(cpu, m, index);
    const { mask } = evexOf(i);
    const chosen = chooser(cpu, mask);
    const count = countOf(m, index, size, sizeOf(i, 1));
    const { s, memory } = cpu;
    return () => {
      // Where several go to one place the last one stays; no other is ever seen there.
      const places = new Map<number, readonly [lo: number, hi: number, n: number]>();
      const writeAll = (): void => {
        for (const [lo, hi, n] of places.values()) writeElement(cpu, size, lo, hi, a + n * size);
      };
      for (let n = 0; n < count; n++) {
        if (!chosen(n)) continue;
        const lo = at(n);
        const hi = s[AH] ?? 0;
        try {
          memory.probeWrite(lo, hi, size);
        } catch (fault) {
          writeAll();
          clearBelow(cpu, mask, n);
          throw fault;
        }
        const place = addressOf(lo, hi);
        places.delete(place);
        places.set(place, [lo, hi, n]);
      }
      writeAll();
      setMask(cpu, mask, 0, 0);
    };
  };

const scattered = (make: (index: 4 | 8, size: 4 | 8) => Builder, name: string): Table => ({
  [`v${name}dpd`]: make(4, 8),
  [`v${name}dps`]: make(4, 4),
  [`v${name}qpd`]: make(8, 8),
  [`v${name}qps`]: make(8, 4),
  [`vp${name}dd`]: make(4, 4),
  [`vp${name}dq`]: make(4, 8),
  [`vp${name}qd`]: make(8, 4),
  [`vp${name}qq`]: make(8, 8),
});

/** f and i do the same. */
const both = (name: string, make: Builder): Table => ({
  [name.replace('_', 'f')]: make,
  [name.replace('_', 'i')]: make,
});

const plains = (names: string, table: Table): Table =>
  Object.fromEntries(
    names.split(' ').map((name) => {
      const make = table[name];
      if (!make) throw new Error(`no row ${name}`);
      return [name, plain(make)];
    }),
  );

const moving = (element: Size, aligned = false): Builder => masked({ element, aligned }, copy);
const parts = (element: Size): Shape => ({ element, whole: true });

export const evexMoves: Table = {
  ...plains(
    'vmovd vmovhlps vmovhpd vmovhps vmovlhps vmovlpd vmovlps vmovntdq vmovntdqa vmovntpd vmovntps vmovq',
    vectorMoves,
  ),
  ...plains(
    'vextractps vinsertps vpextrb vpextrd vpextrq vpextrw vpinsrb vpinsrd vpinsrq vpinsrw',
    vectorShuffles,
  ),
  ...formsOf('vmovddup', vectorMoves, () => parts(8)),
  ...formsOf('vmovshdup vmovsldup', vectorMoves, () => parts(4)),
  ...formsOf('vcvtps2ph', vectorConversions, () => ({ element: 2, from: 4, harmless: four[4] })),
  ...narrowings,
  ...scattered(gather, 'gather'),
  ...scattered(scatter, 'scatter'),
  ...both('vbroadcast_32x2', broadcast(4, 8)),
  ...both('vbroadcast_32x4', broadcast(4, 16)),
  ...both('vbroadcast_32x8', broadcast(4, 32)),
  ...both('vbroadcast_64x2', broadcast(8, 16)),
  ...both('vbroadcast_64x4', broadcast(8, 32)),
  ...both('vextract_32x4', masked(parts(4), extract(16))),
  ...both('vextract_32x8', masked(parts(4), extract(32))),
  ...both('vextract_64x2', masked(parts(8), extract(16))),
  ...both('vextract_64x4', masked(parts(8), extract(32))),
  ...both('vinsert_32x4', masked(parts(4), insert(16))),
  ...both('vinsert_32x8', masked(parts(4), insert(32))),
  ...both('vinsert_64x2', masked(parts(8), insert(16))),
  ...both('vinsert_64x4', masked(parts(8), insert(32))),
  vbroadcastsd: broadcast(8, 8),
  vbroadcastss: broadcast(4, 4),
  vcompresspd: compress(8),
  vcompressps: compress(4),
  vexpandpd: expand(8),
  vexpandps: expand(4),
  vmovapd: moving(8, true),
  vmovaps: moving(4, true),
  vmovdqa32: moving(4, true),
  vmovdqa64: moving(8, true),
  vmovdqu16: moving(2),
  vmovdqu32: moving(4),
  vmovdqu64: moving(8),
  vmovdqu8: moving(1),
  vmovsd: scalar(8),
  vmovss: scalar(4),
  vmovupd: moving(8),
  vmovups: moving(4),
  vpbroadcastb: broadcastAny(1),
  vpbroadcastd: broadcastAny(4),
  vpbroadcastmb2q: masked({ element: 8 }, broadcastMask(8, 8)),
  vpbroadcastmw2d: masked({ element: 4 }, broadcastMask(16, 4)),
  vpbroadcastq: broadcastAny(8),
  vpbroadcastw: broadcastAny(2),
  vpcompressb: compress(1),
  vpcompressd: compress(4),
  vpcompressq: compress(8),
  vpcompressw: compress(2),
  vpexpandb: expand(1),
  vpexpandd: expand(4),
  vpexpandq: expand(8),
  vpexpandw: expand(2),
};
