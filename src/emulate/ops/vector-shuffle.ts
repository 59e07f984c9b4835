// What moves elements within and between vector registers: unpacking, shuffles, blends, permutes, broadcasts, inserts, extracts, extensions.
import { HI } from '../state.js';
import type { Cpu } from '../state.js';
import type { Builder, Op, Table } from '../operands.js';
import { immediateOf, operand, place, sizeOf } from '../operands.js';
import {
  apart,
  given,
  lanes,
  lanesBy,
  placeOf,
  scratch2,
  source,
  storer,
  withVex,
  zeroing,
} from './vector.js';
import type { Lane } from './vector.js';

/** Interleaves elements of `size` bytes of the low or high halves. */
const unpack = (size: number, high: boolean): Builder =>
  lanes(
    apart(({ vb }, to, a, b, bytes) => {
      const half = bytes >> 1;
      const from = high ? half : 0;
      for (let n = 0; n < half; n += size)
        for (let k = 0; k < size; k++) {
          vb[to + 2 * n + k] = vb[a + from + n + k] ?? 0;
          vb[to + 2 * n + size + k] = vb[b + from + n + k] ?? 0;
        }
    }),
  );

/** Behind the bytes of the first source lie those of the second. */
const second = 16;
type Pick = (n: number, control: number, half: number) => number;

/** Elements by an immediate; `from` gives the byte that each begins with. */
const shuffle = (size: number, from: Pick, unary = false): Builder =>
  lanesBy((control, half, bytes) => {
    const moves = Array.from({ length: bytes / size }, (_, n) => from(n, control, half));
    return apart(({ vb }, to, a, b) => {
      moves.forEach((at, n) => {
        const start = at < second ? a + at : b + at - second;
        vb.copyWithin(to + n * size, start, start + size);
      });
    });
  }, unary);
const two = (control: number, n: number): number => (control >> (2 * n)) & 3;
const bit = (control: number, n: number): number => (control >> n) & 1;

/** Of each element which source it is taken from. */
const blend = (size: number, choose: Pick): Builder =>
  shuffle(size, (n, control, half) => n * size + second * choose(n, control, half));

/** The second source where the top bits of a third register's elements are set: xmm0, or the last operand. */
const blendBy =
  (size: number): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const a = i.vex ? placeOf(i, 1) : d;
    const { at, load } = source(cpu, i, i.vex ? 2 : 1);
    const m = i.vex ? placeOf(i, 3) : 0;
    const bytes = sizeOf(i, 0);
    const { vb } = cpu;
    return () => {
      load?.();
      for (let n = 0; n < bytes; n += size) {
        const start = (vb[m + n + size - 1] ?? 0) & 128 ? at : a;
        vb.copyWithin(scratch2 + n, start + n, start + n + size);
      }
      vb.copyWithin(d, scratch2, scratch2 + bytes);
    };
  };

/** pshufb: bytes by the second source's low bits, zero where its top bit is set. */
const shuffleBytes: Lane = apart(({ vb }, to, a, b, bytes) => {
  for (let n = 0; n < bytes; n++) {
    const control = vb[b + n] ?? 0;
    vb[to + n] = control & 128 ? 0 : (vb[a + (control & (bytes - 1))] ?? 0);
  }
});

/** vpermilps, vpermilpd: by an immediate, or by the second source's elements. */
const permuteInLanes = (size: 4 | 8): Builder => {
  const byImmediate = shuffle(
    size,
    (n, control, half) => size * (size === 4 ? two(control, n) : bit(control, n + 2 * half)),
    true,
  );
  const byVector = lanes(
    apart(({ vb, vi }, to, a, b) => {
      for (let n = 0; n < 16; n += size) {
        const control = vi[(b + n) >> 2] ?? 0;
        const start = a + size * (size === 4 ? control & 3 : (control >> 1) & 1);
        vb.copyWithin(to + n, start, start + size);
      }
    }),
  );
  return (cpu, i) => (operand(i, 2).kind === 'immediate' ? byImmediate : byVector)(cpu, i);
};

/** vpermd, vpermps: any element of the second source, by the first one's low bits. */
const permuteWords: Builder = (cpu, i) => {
  const d = placeOf(i, 0);
  const control = placeOf(i, 1) >> 2;
  const { at, load } = source(cpu, i, 2);
  const { vi, vb } = cpu;
  return () => {
    load?.();
    for (let n = 0; n < 8; n++) vi[(scratch2 >> 2) + n] = vi[(at >> 2) + ((vi[control + n] ?? 0) & 7)] ?? 0;
    vb.copyWithin(d, scratch2, scratch2 + 32);
  };
};

/** vpermq, vpermpd. */
const permuteQuadwords: Builder = (cpu, i) => {
  const d = placeOf(i, 0);
  const { at, load } = source(cpu, i, 1);
  const control = immediateOf(i, 2).lo;
  const { vq, vb } = cpu;
  return () => {
    load?.();
    for (let n = 0; n < 4; n++) vq[(scratch2 >> 3) + n] = vq[(at >> 3) + two(control, n)] ?? 0n;
    vb.copyWithin(d, scratch2, scratch2 + 32);
  };
};

/** vperm2f128: each half any of the four, or zero. */
const permuteHalves: Builder = (cpu, i) => {
  const d = placeOf(i, 0);
  const a = placeOf(i, 1);
  const { at, load } = source(cpu, i, 2);
  const control = immediateOf(i, 3).lo;
  const { vb } = cpu;
  return () => {
    load?.();
    for (const half of [0, 1]) {
      const bits = control >> (4 * half);
      const start = (bits & 2 ? at : a) + 16 * (bits & 1);
      const to = scratch2 + 16 * half;
      if (bits & 8) vb.fill(0, to, to + 16);
      else vb.copyWithin(to, start, start + 16);
    }
    vb.copyWithin(d, scratch2, scratch2 + 32);
  };
};

const insertHalf: Builder = (cpu, i) => {
  const d = placeOf(i, 0);
  const a = placeOf(i, 1);
  const { at, load } = source(cpu, i, 2);
  const to = scratch2 + 16 * (immediateOf(i, 3).lo & 1);
  const { vb } = cpu;
  return () => {
    load?.();
    vb.copyWithin(scratch2, a, a + 32);
    vb.copyWithin(to, at, at + 16);
    vb.copyWithin(d, scratch2, scratch2 + 32);
  };
};

const extractHalf: Builder = (cpu, i) => {
  const a = placeOf(i, 1) + 16 * (immediateOf(i, 2).lo & 1);
  const to = operand(i, 0);
  if (to.kind === 'memory') return storer(cpu, to, 16, a, false);
  const d = placeOf(i, 0);
  const { vb } = cpu;
  return () => {
    vb.copyWithin(d, a, a + 16);
  };
};

/** One element everywhere. */
const broadcast =
  (size: number): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const bytes = sizeOf(i, 0);
    const { at, load } = source(cpu, i, 1);
    const { vb } = cpu;
    return () => {
      load?.();
      for (let n = 0; n < bytes; n += size) vb.copyWithin(scratch2 + n, at, at + size);
      vb.copyWithin(d, scratch2, scratch2 + bytes);
    };
  };

/** insertps: any element of a register or the one in memory, then zeros where the immediate says so. */
const insertSingle: Builder = (cpu, i) => {
  const control = immediateOf(i, i.operands.length - 1).lo;
  const last = given(i) - 1;
  const d = placeOf(i, 0);
  const a = last === 2 ? placeOf(i, 1) : d;
  const { at, load } = source(cpu, i, last);
  const from = (at >> 2) + (load ? 0 : two(control, 3));
  const { vi, vb } = cpu;
  return () => {
    load?.();
    const value = vi[from] ?? 0;
    vb.copyWithin(d, a, a + 16);
    vi[(d >> 2) + two(control, 2)] = value;
    for (let n = 0; n < 4; n++) if (bit(control, n)) vi[(d >> 2) + n] = 0;
  };
};

/** An element from a general register or memory. */
const insert =
  (size: 1 | 2 | 4 | 8): Builder =>
  (cpu, i) => {
    const d = placeOf(i, 0);
    const last = given(i) - 1;
    const a = last === 2 ? placeOf(i, 1) : d;
    const from = operand(i, last);
    const n = immediateOf(i, i.operands.length - 1).lo & (Math.min(16, sizeOf(i, 0)) / size - 1);
    const { read } = place(cpu, i, last, from.kind === 'memory' ? size : size === 8 ? 8 : 4);
    const { vb, vw, vi, s } = cpu;
    return () => {
      const value = read();
      const upper = s[HI] ?? 0;
      if (a !== d) vb.copyWithin(d, a, a + 16);
      if (size === 1) vb[d + n] = value;
      else if (size === 2) vw[(d >> 1) + n] = value;
      else if (size === 4) vi[(d >> 2) + n] = value;
      else {
        vi[(d >> 2) + 2 * n] = value;
        vi[(d >> 2) + 2 * n + 1] = upper;
      }
    };
  };

const extract =
  (size: 1 | 2 | 4 | 8): Builder =>
  (cpu, i) => {
    const a = placeOf(i, 1);
    const n = immediateOf(i, 2).lo & (Math.min(16, sizeOf(i, 1)) / size - 1);
    const { write } = place(cpu, i, 0);
    return () => {
      write(elementAt(cpu, a + n * size, size), size === 8 ? (cpu.vi[(a >> 2) + 2 * n + 1] ?? 0) : 0);
    };
  };

/** Zero-extended. */
function elementAt({ vb, vw, vi }: Cpu, at: number, size: number): number {
  return (size === 1 ? vb[at] : size === 2 ? vw[at >> 1] : vi[at >> 2]) ?? 0;
}

/** movmskps, movmskpd, pmovmskb: the sign bits of elements. */
const signs =
  (size: number): Builder =>
  (cpu, i) => {
    const a = placeOf(i, 1);
    const count = sizeOf(i, 1) / size;
    const { write } = place(cpu, i, 0);
    const { vb } = cpu;
    return () => {
      let mask = 0;
      for (let n = 0; n < count; n++) mask |= ((vb[a + n * size + size - 1] ?? 0) >> 7) << n;
      write(mask, 0);
    };
  };

/** pmovsx, pmovzx. */
const extend =
  (from: 1 | 2 | 4, to: 2 | 4 | 8, signed: boolean): Builder =>
  (cpu, i): Op => {
    const d = placeOf(i, 0);
    const { at, load } = source(cpu, i, 1, false);
    const count = sizeOf(i, 0) / to;
    const { vb } = cpu;
    return () => {
      load?.();
      for (let n = 0; n < count; n++) {
        const start = at + n * from;
        const target = scratch2 + n * to;
        vb.copyWithin(target, start, start + from);
        const fill = signed && (vb[start + from - 1] ?? 0) & 128 ? 255 : 0;
        vb.fill(fill, target + from, target + to);
      }
      vb.copyWithin(d, scratch2, scratch2 + count * to);
    };
  };

const extensions = (i: 's' | 'z'): Table => ({
  [`pmov${i}xbd`]: extend(1, 4, i === 's'),
  [`pmov${i}xbq`]: extend(1, 8, i === 's'),
  [`pmov${i}xbw`]: extend(1, 2, i === 's'),
  [`pmov${i}xdq`]: extend(4, 8, i === 's'),
  [`pmov${i}xwd`]: extend(2, 4, i === 's'),
  [`pmov${i}xwq`]: extend(2, 8, i === 's'),
});

export const vectorShuffles: Table = {
  ...withVex({
    ...extensions('s'),
    ...extensions('z'),
    blendpd: blend(8, (n, control, half) => bit(control, n + 2 * half)),
    blendps: blend(4, (n, control, half) => bit(control, n + 4 * half)),
    blendvpd: blendBy(8),
    blendvps: blendBy(4),
    extractps: extract(4),
    insertps: insertSingle,
    movmskpd: signs(8),
    movmskps: signs(4),
    pblendvb: blendBy(1),
    pblendw: blend(2, (n, control) => bit(control, n)),
    pextrb: extract(1),
    pextrd: extract(4),
    pextrq: extract(8),
    pextrw: extract(2),
    pinsrb: insert(1),
    pinsrd: insert(4),
    pinsrq: insert(8),
    pinsrw: insert(2),
    pmovmskb: signs(1),
    pshufb: lanes(shuffleBytes),
    pshufd: shuffle(4, (n, control) => 4 * two(control, n), true),
    pshufhw: shuffle(2, (n, control) => (n < 4 ? 2 * n : 8 + 2 * two(control, n - 4)), true),
    pshuflw: shuffle(2, (n, control) => (n < 4 ? 2 * two(control, n) : 2 * n), true),
    punpckhbw: unpack(1, true),
    punpckhdq: unpack(4, true),
    punpckhqdq: unpack(8, true),
    punpckhwd: unpack(2, true),
    punpcklbw: unpack(1, false),
    punpckldq: unpack(4, false),
    punpcklqdq: unpack(8, false),
    punpcklwd: unpack(2, false),
    shufpd: shuffle(8, (n, control, half) => second * n + 8 * bit(control, n + 2 * half)),
    shufps: shuffle(4, (n, control) => (n < 2 ? 0 : second) + 4 * two(control, n)),
    unpckhpd: unpack(8, true),
    unpckhps: unpack(4, true),
    unpcklpd: unpack(8, false),
    unpcklps: unpack(4, false),
  }),
  pshufw: shuffle(2, (n, control) => 2 * two(control, n), true),
  vbroadcastf128: zeroing(broadcast(16)),
  vbroadcasti128: zeroing(broadcast(16)),
  vbroadcastsd: zeroing(broadcast(8)),
  vbroadcastss: zeroing(broadcast(4)),
  vextractf128: zeroing(extractHalf),
  vextracti128: zeroing(extractHalf),
  vinsertf128: zeroing(insertHalf),
  vinserti128: zeroing(insertHalf),
  vpblendd: zeroing(blend(4, (n, control, half) => bit(control, n + 4 * half))),
  vpbroadcastb: zeroing(broadcast(1)),
  vpbroadcastd: zeroing(broadcast(4)),
  vpbroadcastq: zeroing(broadcast(8)),
  vpbroadcastw: zeroing(broadcast(2)),
  vperm2f128: zeroing(permuteHalves),
  vperm2i128: zeroing(permuteHalves),
  vpermd: zeroing(permuteWords),
  vpermilpd: zeroing(permuteInLanes(8)),
  vpermilps: zeroing(permuteInLanes(4)),
  vpermpd: zeroing(permuteQuadwords),
  vpermps: zeroing(permuteWords),
  vpermq: zeroing(permuteQuadwords),
};
