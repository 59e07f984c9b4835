// Compiled: moves between vector registers, memory and general registers, as ops/vector-moves.ts and ops/evex-moves.ts have them.
import type { Decoded, MemoryOperand, Operand } from '../instruction.js';
import { access, op, V128 } from './encode.js';
import type { Emitter } from './emitter.js';
import { generalOf, isGeneral } from './row.js';
import type { Row, Rows } from './row.js';
import { bitmasks, loadSplats, replaceLanes, simd, splats } from './simd.js';
import type { Size } from './simd.js';
import {
  bytesOf,
  clearAbove,
  clearFrom,
  immediateOf,
  isVector,
  isVectorSource,
  each,
  load,
  maskAt,
  pushChosen,
  put,
  result,
  source,
  unmasked,
  vector,
  vectorAt,
  wholeSource,
  withVex,
} from './vector-operands.js';
import type { Plan, Source } from './vector-operands.js';

/** A whole register from or to anywhere; `element` is what a bit of the mask stands for. */
const move =
  (aligned: boolean, element: Size = 1): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !from || !isVectorSource(to) || !isVectorSource(from)) return undefined;
    const bytes = bytesOf(to);
    if (to.kind === 'memory')
      return (e) => {
        if (i.evex && i.evex.mask > 0) storeChosen(e, i, to, from, element, aligned);
        else {
          const a = source(e, from, bytes);
          const d = source(e, to, bytes, { aligned, writes: true });
          copy(e, a, d, bytes);
        }
      };
    if (!isVector(to)) return undefined;
    return (e) => {
      const a = source(e, from, bytes, { aligned });
      result(e, i, to, { element }, (part) => {
        load(e, a, part);
      });
    };
  };

function copy(e: Emitter, from: Source, to: Source, bytes: number): void {
  for (let part = 0; part < bytes / 16; part++)
    put(
      e,
      to,
      () => {
        load(e, from, part);
      },
      part,
    );
}

/** Where no element is chosen, memory is not touched. Who is told of stores is told of those elements alone. */
function storeChosen(
  e: Emitter,
  i: Decoded,
  to: MemoryOperand,
  from: Operand,
  element: Size,
  aligned: boolean,
): void {
  const { c } = e;
  if (e.isWatched) {
    e.settleStores();
    e.byInterpreter();
    return;
  }
  const mask = i.evex?.mask ?? 0;
  const count = to.size / element;
  c.i32(0);
  c.memory(access.i64_load, maskAt(mask));
  c.i64((1n << BigInt(count)) - 1n);
  c.do(op.i64_and, op.i64_eqz, op.i32_eqz);
  c.if();
  const a = source(e, from, to.size);
  const d = source(e, to, to.size, { aligned, writes: true });
  for (let part = 0; part < to.size / 16; part++)
    put(
      e,
      d,
      () => {
        load(e, a, part);
        load(e, d, part);
        pushChosen(e, mask, element, part);
        c.simd(simd.v128_bitselect);
      },
      part,
    );
  c.end();
}

/** 4 or 8 bytes from one place to another. */
function part(e: Emitter, bytes: 4 | 8, from: Source, fromByte: number, to: Source, toByte: number): void {
  const { c } = e;
  to.push();
  from.push();
  c.memory(bytes === 8 ? access.i64_load : access.i32_load, from.offset + fromByte);
  c.memory(bytes === 8 ? access.i64_store : access.i32_store, to.offset + toByte);
}

/** As part, to the low end of a register; the rest becomes zero. */
function widened(e: Emitter, bytes: 4 | 8, from: Source, to: Source): void {
  put(e, to, () => {
    from.push();
    e.c.vector(bytes === 8 ? simd.v128_load64_zero : simd.v128_load32_zero, from.offset);
  });
}

/** movss, movsd: from memory the rest becomes zero, from a register it stays, or is another's. */
const scalarMove =
  (bytes: 4 | 8): Plan =>
  (i) => {
    const [to, first] = i.operands;
    const last = i.operands.at(-1);
    if (!isVectorSource(to) || !isVectorSource(last)) return undefined;
    return (e) => {
      const b = source(e, last, bytes);
      const d = source(e, to, bytes, { writes: true });
      if (last?.kind === 'memory') widened(e, bytes, b, d);
      else if (i.operands.length === 3) merged(e, bytes, source(e, first, 16), b, 0, d, 0);
      else part(e, bytes, b, 0, d, 0);
      if (isVector(to)) clearAbove(e, i, to, 16);
    };
  };

/** A register with some of its bytes from elsewhere. */
function merged(
  e: Emitter,
  bytes: 4 | 8,
  rest: Source,
  from: Source,
  fromByte: number,
  to: Source,
  toByte: number,
): void {
  put(e, to, () => {
    load(e, rest);
    from.push();
    e.c.memory(bytes === 8 ? access.i64_load : access.i32_load, from.offset + fromByte);
    e.c.lane(replaceLanes[bytes], toByte / bytes);
  });
}

/** One half from or to memory, or between registers (movhlps, movlhps); the other one stays, or is another's. */
const half =
  (to: 0 | 8, from: 0 | 8): Plan =>
  (i) => {
    const [x, first] = i.operands;
    const last = i.operands.at(-1);
    if (!isVectorSource(x) || !isVectorSource(last)) return undefined;
    return (e) => {
      const b = source(e, last, 8);
      const d = source(e, x, 8, { writes: true });
      const fromByte = last?.kind === 'memory' ? 0 : from;
      if (x?.kind === 'memory') part(e, 8, b, to, d, 0);
      else if (i.operands.length === 3) merged(e, 8, source(e, first, 16), b, fromByte, d, to);
      else part(e, 8, b, fromByte, d, to);
      if (isVector(x)) clearAbove(e, i, x, 16);
    };
  };

/** movd, movq. */
const narrow =
  (bytes: 4 | 8): Plan =>
  (i) => {
    const [to, from] = i.operands;
    const fits = (o: Operand | undefined): boolean => isVectorSource(o) || isGeneral(o);
    if (!to || !from || !fits(to) || !fits(from)) return undefined;
    return (e) => {
      const { c } = e;
      if (isGeneral(from)) {
        put(e, source(e, to, 16), () => {
          c.v128([]);
          e.readRegister(generalOf(from, bytes));
          c.lane(replaceLanes[bytes], 0);
        });
      } else if (isGeneral(to)) {
        c.i32(0);
        c.memory(bytes === 8 ? access.i64_load : access.i32_load, vectorAt(from));
        e.writeRegister(generalOf(to, bytes));
      } else {
        const a = source(e, from, bytes);
        const d = source(e, to, bytes, { writes: true });
        if (isVector(to)) widened(e, bytes, a, d);
        else part(e, bytes, a, 0, d, 0);
      }
      if (isVector(to)) clearAbove(e, i, to, 16);
    };
  };

/** An element everywhere; with EVEX also a general register's low bits. */
const broadcast =
  (size: Size, element: Size = size): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!isVector(to) || !from || !(isGeneral(from) || isVectorSource(from))) return undefined;
    return (e) => {
      const { c } = e;
      const value = e.temporary(V128);
      if (isGeneral(from)) {
        e.readRegister(generalOf(from, size === 8 ? 8 : 4));
        c.simd(splats[size]);
      } else {
        const { push, offset } = source(e, from, size);
        push();
        c.vector(loadSplats[size], offset);
      }
      c.set(value);
      result(e, i, to, { element }, () => {
        c.get(value);
      });
    };
  };

/** 16 or 32 bytes of memory everywhere. */
const broadcastPart =
  (bytes: 16 | 32, element: Size): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!isVector(to) || from?.kind !== 'memory' || !isVectorSource(from)) return undefined;
    return (e) => {
      const a = source(e, from, bytes);
      result(e, i, to, { element }, (n) => {
        load(e, a, n % (bytes / 16));
      });
    };
  };

/** An element to a general register, zero-extended, or to memory. */
const extract =
  (size: Size): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !isVector(from) || !(isGeneral(to) || isVectorSource(to))) return undefined;
    const at = vectorAt(from) + size * (immediateOf(i) & (16 / size - 1));
    return (e) => {
      const d = e.destination(to, to.kind === 'memory' ? size : size === 8 ? 8 : 4, false);
      const value = d.value;
      e.c.i32(0);
      e.c.memory(loads[size], at);
      e.c.set(value);
      d.write(value);
    };
  };
const loads = {
  1: access.i32_load8_u,
  2: access.i32_load16_u,
  4: access.i32_load,
  8: access.i64_load,
} as const;

const insert =
  (size: Size): Plan =>
  (i) => {
    const given = i.operands.filter((o) => o.kind !== 'immediate');
    const [to] = given;
    const first = given.length === 3 ? given[1] : to;
    const from = given.at(-1);
    if (!isVector(to) || !isVector(first) || !from || isVector(from)) return undefined;
    if (!isGeneral(from) && !isVectorSource(from)) return undefined;
    return (e) => {
      const value = e.held(from, from.kind === 'memory' ? size : size === 8 ? 8 : 4);
      const a = source(e, first, 16);
      put(e, source(e, to, 16), () => {
        load(e, a);
        e.c.get(value);
        e.c.lane(replaceLanes[size], immediateOf(i) & (16 / size - 1));
      });
      clearAbove(e, i, to, 16);
    };
  };

/** A part of a register, to another one or memory. */
const extractPart =
  (bytes: 16 | 32, element: Size = 4): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !isVectorSource(to) || !isVector(from)) return undefined;
    const first = (bytes / 16) * (immediateOf(i) & (from.size / bytes - 1));
    if (to.kind === 'memory')
      return (i.evex?.mask ?? 0) > 0
        ? undefined
        : (e) => {
            const a = source(e, from, from.size);
            const d = source(e, to, bytes, { writes: true });
            copy(e, { ...a, offset: a.offset + 16 * first }, d, bytes);
          };
    if (!isVector(to)) return undefined;
    return (e) => {
      const a = source(e, from, from.size);
      result(e, i, to, { element, apart: true, bytes }, (n) => {
        load(e, a, first + n);
      });
    };
  };

/** A part of the first source from the last one. */
const insertPart =
  (bytes: 16 | 32, element: Size = 4): Plan =>
  (i) => {
    const [to, from, last] = i.operands;
    if (!isVector(to) || !isVector(from) || !last || !isVectorSource(last)) return undefined;
    const parts = bytes / 16;
    const at = parts * (immediateOf(i) & (to.size / bytes - 1));
    return (e) => {
      const b = wholeSource(e, i, last, bytes);
      const a = source(e, from, to.size);
      result(e, i, to, { element, apart: true }, (n) => {
        if (n >= at && n < at + parts) load(e, b, n - at);
        else load(e, a, n);
      });
    };
  };

/** movmskps, movmskpd, pmovmskb. */
const signs =
  (size: Size): Plan =>
  (i) => {
    const [to, from] = i.operands;
    if (!to || !isGeneral(to) || !isVector(from)) return undefined;
    return (e) => {
      const { c } = e;
      const a = source(e, from, from.size);
      for (let n = 0; n < from.size / 16; n++) {
        load(e, a, n);
        c.simd(bitmasks[size]);
        if (n === 0) continue;
        c.i32((16 * n) / size);
        c.do(op.i32_shl, op.i32_or);
      }
      e.writeRegister(generalOf(to, 4));
    };
  };

/** movddup and its like: elements by the place that each comes from. */
const repeated = (size: 4 | 8, from: (n: number) => number): Row =>
  each(
    size,
    (e, _, b) => {
      b();
      e.c.v128([]);
      e.c.shuffle(Array.from({ length: 16 }, (_unused, n) => size * from(Math.floor(n / size)) + (n % size)));
    },
    true,
  );

/** Of the sixteen registers that VEX has, in 32-bit code of eight. */
const zeroUpper: Row = {
  sets: 'none',
  plan: (i) => (e) => {
    for (let n = 0; n < (i.bits === 64 ? 16 : 8); n++) clearFrom(e, n, 16);
  },
};

const anywhere = vector(move(false));
const aligned = (element: Size): Row => vector(move(true, element));

export const vectorMoves: Rows = {
  ...withVex({
    lddqu: anywhere,
    movapd: aligned(8),
    movaps: aligned(4),
    movd: unmasked(narrow(4)),
    movddup: repeated(8, () => 0),
    movdqa: aligned(1),
    movdqu: anywhere,
    movhlps: unmasked(half(0, 8)),
    movhpd: unmasked(half(8, 0)),
    movhps: unmasked(half(8, 0)),
    movlhps: unmasked(half(8, 0)),
    movlpd: unmasked(half(0, 0)),
    movlps: unmasked(half(0, 0)),
    movmskpd: vector(signs(8)),
    movmskps: vector(signs(4)),
    movntdq: aligned(1),
    movntdqa: aligned(1),
    movntpd: aligned(8),
    movntps: aligned(4),
    movq: unmasked(narrow(8)),
    movsd: unmasked(scalarMove(8)),
    movshdup: repeated(4, (n) => n | 1),
    movsldup: repeated(4, (n) => n & 2),
    movss: unmasked(scalarMove(4)),
    movupd: vector(move(false, 8)),
    movups: vector(move(false, 4)),
    extractps: unmasked(extract(4)),
    pextrb: unmasked(extract(1)),
    pextrd: unmasked(extract(4)),
    pextrq: unmasked(extract(8)),
    pextrw: unmasked(extract(2)),
    pinsrb: unmasked(insert(1)),
    pinsrd: unmasked(insert(4)),
    pinsrq: unmasked(insert(8)),
    pinsrw: unmasked(insert(2)),
    pmovmskb: vector(signs(1)),
  }),
  vbroadcastf128: vector(broadcastPart(16, 4)),
  vbroadcastf32x4: vector(broadcastPart(16, 4)),
  vbroadcastf32x2: vector(broadcast(8, 4)),
  vbroadcastf32x8: vector(broadcastPart(32, 4)),
  vbroadcastf64x2: vector(broadcastPart(16, 8)),
  vbroadcastf64x4: vector(broadcastPart(32, 8)),
  vbroadcasti128: vector(broadcastPart(16, 4)),
  vbroadcasti32x4: vector(broadcastPart(16, 4)),
  vbroadcasti32x2: vector(broadcast(8, 4)),
  vbroadcasti32x8: vector(broadcastPart(32, 4)),
  vbroadcasti64x2: vector(broadcastPart(16, 8)),
  vbroadcasti64x4: vector(broadcastPart(32, 8)),
  vbroadcastsd: vector(broadcast(8)),
  vbroadcastss: vector(broadcast(4)),
  vextractf128: vector(extractPart(16, 4)),
  vextractf32x4: vector(extractPart(16, 4)),
  vextractf32x8: vector(extractPart(32, 4)),
  vextractf64x2: vector(extractPart(16, 8)),
  vextractf64x4: vector(extractPart(32, 8)),
  vextracti128: vector(extractPart(16, 4)),
  vextracti32x4: vector(extractPart(16, 4)),
  vextracti32x8: vector(extractPart(32, 4)),
  vextracti64x2: vector(extractPart(16, 8)),
  vextracti64x4: vector(extractPart(32, 8)),
  vinsertf128: vector(insertPart(16, 4)),
  vinsertf32x4: vector(insertPart(16, 4)),
  vinsertf32x8: vector(insertPart(32, 4)),
  vinsertf64x2: vector(insertPart(16, 8)),
  vinsertf64x4: vector(insertPart(32, 8)),
  vinserti128: vector(insertPart(16, 4)),
  vinserti32x4: vector(insertPart(16, 4)),
  vinserti32x8: vector(insertPart(32, 4)),
  vinserti64x2: vector(insertPart(16, 8)),
  vinserti64x4: vector(insertPart(32, 8)),
  vmovdqa32: aligned(4),
  vmovdqa64: aligned(8),
  vmovdqu16: vector(move(false, 2)),
  vmovdqu32: vector(move(false, 4)),
  vmovdqu64: vector(move(false, 8)),
  vmovdqu8: vector(move(false, 1)),
  vpbroadcastb: vector(broadcast(1)),
  vpbroadcastd: vector(broadcast(4)),
  vpbroadcastq: vector(broadcast(8)),
  vpbroadcastw: vector(broadcast(2)),
  vzeroupper: zeroUpper,
};
