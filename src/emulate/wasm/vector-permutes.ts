// Compiled: elements picked by numbers in a register, one by one, as ops/vector-shuffle.ts and ops/evex-shuffle.ts have them, narrowed ones, and those that a mask picks.
import type { Operand } from '../instruction.js';
import { access, I32, I64, loadOf, op, V128 } from './encode.js';
import type { Emitter } from './emitter.js';
import type { Row, Rows } from './row.js';
import { replaceLanes, simd } from './simd.js';
import type { Size } from './simd.js';
import {
  bytesOf,
  isVector,
  isVectorSource,
  load,
  pushChosen,
  result,
  source,
  unmasked,
  vector,
  wholeSource,
} from './vector-operands.js';
import type { Source } from './vector-operands.js';

const isBroadcast = (bytes: number | undefined): boolean => (bytes ?? 0) > 0;

/** Pushes the low bits of an element of indices. */
function pushIndex(e: Emitter, { push, offset }: Source, at: number, size: Size): void {
  push();
  e.c.memory(
    size === 1 ? access.i32_load8_u : size === 2 ? access.i32_load16_u : access.i32_load,
    offset + at,
  );
}

/** Elements of a table, or of two one behind the other, the result of 16 bytes at a time. */
function lookUp(
  e: Emitter,
  size: Size,
  count: number,
  index: Source,
  tables: readonly Source[],
  part: number,
): void {
  const { c } = e;
  const n = e.temporary(I32);
  c.v128([]);
  for (let lane = 0; lane < 16 / size; lane++) {
    pushIndex(e, index, 16 * part + lane * size, size);
    c.set(n);
    const place = ({ push, offset }: Source): void => {
      push();
      c.i32(offset);
      c.do(op.i32_add);
    };
    const [first, second] = tables;
    if (!first) throw new Error('a table');
    if (second) {
      place(second);
      place(first);
      c.get(n);
      c.i32(count);
      c.do(op.i32_and, op.select);
    } else place(first);
    c.get(n);
    c.i32(count - 1);
    c.do(op.i32_and);
    c.i32(Math.log2(size));
    c.do(op.i32_shl, op.i32_add);
    c.memory(loadOf(size));
    c.lane(replaceLanes[size], lane);
  }
}

/** Any element of the last operand, by the first source's low bits. */
const permute = (size: Size): Row =>
  vector((i) => {
    const [to, index, table] = i.operands;
    if (!isVector(to) || !isVector(index) || !table || !isVectorSource(table)) return undefined;
    if (isBroadcast(i.evex?.broadcast)) return undefined;
    return (e) => {
      const b = wholeSource(e, i, table, to.size);
      const n = source(e, index, to.size);
      result(e, i, to, { element: size, apart: true }, (part) => {
        lookUp(e, size, to.size / size, n, [b], part);
      });
    };
  });

/** Any element of two tables; the indices, or the first table, are the destination's old contents. */
const permuteTwo = (size: Size, indexIsDestination: boolean): Row =>
  vector((i) => {
    const [to, second, last] = i.operands;
    if (!isVector(to) || !isVector(second) || !last || !isVectorSource(last)) return undefined;
    if (isBroadcast(i.evex?.broadcast)) return undefined;
    return (e) => {
      const b = wholeSource(e, i, last, to.size);
      const [d, a] = [source(e, to, to.size), source(e, second, to.size)];
      const [index, table] = indexIsDestination ? [d, a] : [a, d];
      result(e, i, to, { element: size, apart: true }, (part) => {
        lookUp(e, size, to.size / size, index, [table, b], part);
      });
    };
  });

/** Each element's low bits. */
const narrowing = (from: Size, to: Size): Row =>
  unmasked((i) => {
    const [d, a]: readonly (Operand | undefined)[] = i.operands;
    const bytes = (bytesOf(a) * to) / from;
    if (!isVector(a) || !isVectorSource(d) || (d?.kind === 'memory' && bytes < 8)) return undefined;
    return (e) => {
      const { c } = e;
      const s = source(e, a, a.size);
      const make = (part: number): void => {
        c.v128([]);
        for (let lane = 0; lane < Math.min(16, bytes) / to; lane++) {
          s.push();
          c.memory(loadOf(to), s.offset + ((16 * part) / to + lane) * from);
          c.lane(replaceLanes[to], lane);
        }
      };
      if (isVector(d)) {
        result(e, i, d, { element: to, apart: true }, make);
        return;
      }
      const m = source(e, d, bytes, { writes: true });
      for (let part = 0; part < Math.max(1, bytes / 16); part++) {
        m.push();
        make(part);
        if (bytes >= 16) c.vector(simd.v128_store, m.offset + 16 * part);
        else {
          c.lane(simd.i64x2_extract_lane, 0);
          c.memory(access.i64_store, m.offset);
        }
      }
    };
  });

/** Chosen elements of the last source, others of the first one or zero. */
const blend = (size: Size): Row =>
  vector((i) => {
    const [to, first, last] = i.operands;
    if (!isVector(to) || !isVector(first) || !last || !isVectorSource(last)) return undefined;
    const { mask = 0, zeroing = false } = i.evex ?? {};
    return (e) => {
      const b = wholeSource(e, i, last, to.size);
      const a = source(e, first, to.size);
      const plain = i.evex ? { ...i, evex: { ...i.evex, mask: 0 } } : i;
      result(e, plain, to, { element: size }, (part) => {
        load(e, b, part);
        if (mask === 0) return;
        if (zeroing) e.c.v128([]);
        else load(e, a, part);
        pushChosen(e, mask, size, part);
        e.c.simd(simd.v128_bitselect);
      });
    };
  });

/** Of 64 bits without sign, by a comparison with the upper bits changed: which of both. */
const choose = (comparison: number): Row =>
  vector((i) => {
    const [to, first, last] = i.operands;
    if (!isVector(to) || !isVector(first) || !last || !isVectorSource(last)) return undefined;
    return (e) => {
      const { c } = e;
      const b = wholeSource(e, i, last, to.size);
      const a = source(e, first, to.size);
      const [x, y] = [e.temporary(V128), e.temporary(V128)];
      const top = e.temporary(I64);
      c.i64(-(1n << 63n));
      c.set(top);
      result(e, i, to, { element: 8 }, (part) => {
        load(e, a, part);
        c.tee(x);
        load(e, b, part);
        c.tee(y);
        for (const value of [x, y]) {
          c.get(value);
          c.get(top);
          c.simd(simd.i64x2_splat);
          c.simd(simd.v128_xor);
        }
        c.simd(comparison);
        c.simd(simd.v128_bitselect);
      });
    };
  });

export const vectorPermutes: Rows = {
  vblendmpd: blend(8),
  vblendmps: blend(4),
  vpblendmb: blend(1),
  vpblendmd: blend(4),
  vpblendmq: blend(8),
  vpblendmw: blend(2),
  vpermb: permute(1),
  vpermd: permute(4),
  vpermi2b: permuteTwo(1, true),
  vpermi2d: permuteTwo(4, true),
  vpermi2pd: permuteTwo(8, true),
  vpermi2ps: permuteTwo(4, true),
  vpermi2q: permuteTwo(8, true),
  vpermi2w: permuteTwo(2, true),
  vpermps: permute(4),
  vpermt2b: permuteTwo(1, false),
  vpermt2d: permuteTwo(4, false),
  vpermt2pd: permuteTwo(8, false),
  vpermt2ps: permuteTwo(4, false),
  vpermt2q: permuteTwo(8, false),
  vpermt2w: permuteTwo(2, false),
  vpermw: permute(2),
  vpmaxuq: choose(simd.i64x2_gt_s),
  vpminuq: choose(simd.i64x2_lt_s),
  vpmovdb: narrowing(4, 1),
  vpmovdw: narrowing(4, 2),
  vpmovqb: narrowing(8, 1),
  vpmovqd: narrowing(8, 4),
  vpmovqw: narrowing(8, 2),
  vpmovwb: narrowing(2, 1),
};
