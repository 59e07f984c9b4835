// Compiled code that all regions of a machine share: the loop from region to region, and what regions call.
import type { Memory } from '../memory.js';
import { READ, WRITE } from '../memory.js';
import {
  enterAt,
  exitAt,
  jumpCacheAt,
  jumpCacheEntries,
  pairSoughtAt,
  readTlbAt,
  stateAt,
  stoppedAt,
  wasmPage,
  writeTlbAt,
} from '../layout.js';
import { RIP } from '../state.js';
import type { Copies } from '../store-watch.js';
import type { Run } from '../threaded/loop.js';
import { compileModule, wasm } from './api.js';
import type { WasmTable } from './api.js';
import { missExit, missWrites } from './accesses.js';
import { access, Code, encodeModule, I32, I64, op } from './encode.js';
import { lazy } from './flags.js';
import { flushFunction } from './flush.js';
import { hashed, pushHashed, pushTlbOffset } from './lookup.js';
import { types } from './region-module.js';
import { copyFunction, fillFunction } from './repeat.js';

/**
 * (region, entry, budget): executes from region to region, and by threaded code between them. What is left of the budget, inverted where the interpreter
 * has to go on: at the way out in `exitAt`, or inside threaded code, whose answer is there, below -1.
 */
export type Go = (region: number, entry: number, budget: number) => number;

/** The entry of the jump cache of an address: address, region, entry. */
export const jumpSlot = (lo: number): number => jumpCacheAt + hashed(lo, jumpCacheEntries);

/** Pushes the place of the entry of an address in a variable, without jumpCacheAt. */
export function pushSlot(c: Code, rip: number): void {
  pushHashed(c, rip, jumpCacheEntries);
}

/** Two functions are imported. */
const [fillIndex, threadedIndex, flushIndex, missIndex] = [0, 1, 2, 3];

function goFunction(isThreaded: boolean): Code {
  const c = new Code(3);
  const [region, entry, budget] = [0, 1, 2];
  const rip = c.local(I64);
  const slot = c.local(I32);
  const why = c.local(I32);
  const before = c.local(I32);
  const out = c.block();
  const again = c.loop();
  c.get(budget);
  c.get(entry);
  c.get(region);
  c.callIndirect(0);
  c.tee(budget);
  c.i32(0);
  c.do(op.i32_lt_s);
  c.brIf(out);
  const next = c.loop();
  c.i32(0);
  c.memory(access.i64_load, stateAt + 4 * RIP);
  c.set(rip);
  pushSlot(c, rip);
  c.tee(slot);
  c.memory(access.i64_load, jumpCacheAt);
  c.get(rip);
  c.do(op.i64_eq);
  c.if();
  c.get(slot);
  c.memory(access.i32_load, jumpCacheAt + 8);
  c.set(region);
  c.get(slot);
  c.memory(access.i32_load, jumpCacheAt + 12);
  c.set(entry);
  c.br(again);
  c.end();
  if (isThreaded) {
    flush(c);
    c.i32(enterAt);
    c.get(budget);
    c.tee(before);
    c.call(threadedIndex);
    c.set(why);
    c.i32(0);
    c.memory(access.i32_load, stoppedAt);
    c.set(budget);
    c.i32(0);
    c.i32(0);
    c.memory(access.i32_load, stoppedAt + 8);
    c.get(before);
    c.do(op.i32_add);
    c.get(budget);
    c.do(op.i32_sub);
    c.memory(access.i32_store, stoppedAt + 8);
    c.get(why);
    c.if();
    c.i32(0);
    c.i32(-1);
    c.get(why);
    c.do(op.i32_sub);
    c.memory(access.i32_store, exitAt);
    c.get(budget);
    c.i32(-1);
    c.do(op.i32_xor, op.return);
    c.end();
    // It came to a block of compiled code; or it did nothing.
    c.get(budget);
    c.get(before);
    c.do(op.i32_ne);
    c.brIf(next);
  }
  c.end();
  c.end();
  c.end();
  flush(c);
  c.get(budget);
  return c;
}

/** The interpreter, and threaded code, have flags of their own. */
function flush(c: Code): void {
  for (const [at, how] of [
    [lazy.kind, access.i32_load],
    [lazy.over, access.i32_load],
    [lazy.a, access.i64_load],
    [lazy.b, access.i64_load],
  ] as const) {
    c.i32(0);
    c.memory(how, at);
  }
  c.call(flushIndex);
  c.i32(0);
  c.i64(0n);
  c.memory(access.i64_store, lazy.kind);
}

/**
 * (native address, what, place): remembers that page with its frame and the mirror's, or neither: 0 where one of them cannot be accessed. Where the mirror is, is
 * the check's (watched.ts).
 */
function missBothFunction({ distance, end }: Copies): Code {
  const c = new Code(3);
  const [at, what, place] = [0, 1, 2];
  const miss = (place: () => void): void => {
    c.get(what);
    place();
    c.call(missIndex);
    c.do(op.i32_eqz);
    c.if();
    c.i32(0);
    c.do(op.return);
    c.end();
  };
  c.get(at);
  c.i64(BigInt(distance));
  c.do(op.i64_sub);
  if (end < Infinity) {
    c.i64(BigInt(end - 1));
    c.do(op.i64_and);
  }
  miss(() => {
    c.i32(pairSoughtAt);
  });
  c.get(at);
  miss(() => {
    c.get(place);
  });
  c.get(place);
  c.i32(0);
  c.memory(access.i32_load, pairSoughtAt + 8);
  c.i32(distance | 0);
  c.do(op.i32_sub);
  c.memory(access.i32_store, 12);
  c.i32(1);
  return c;
}

/** (address, what, place): remembers the operand's page, by the TLB; 0 where it cannot be accessed. */
function missFunction(): Code {
  const c = new Code(3);
  const [at, what, place] = [0, 1, 2];
  const entry = c.local(I32);
  pushTlbOffset(c, at);
  c.i32(readTlbAt);
  c.i32(writeTlbAt);
  c.get(what);
  c.i32(missWrites);
  c.do(op.i32_and, op.i32_eqz, op.select, op.i32_add);
  c.tee(entry);
  c.memory(access.i64_load);
  c.get(at);
  c.do(op.i64_xor);
  c.i64(4096n);
  c.get(what);
  c.i32(missWrites - 1);
  c.do(op.i32_and, op.i64_extend_i32_u, op.i64_sub, op.i64_gt_u);
  c.if();
  c.get(at);
  c.do(op.i32_wrap_i64);
  c.get(at);
  c.i64(32n);
  c.do(op.i64_shr_u, op.i32_wrap_i64);
  c.get(what);
  c.call(fillIndex);
  c.do(op.i32_eqz);
  c.if();
  c.i32(0);
  c.do(op.return);
  c.end();
  c.end();
  c.get(place);
  c.get(at);
  c.i64(-4096n);
  c.do(op.i64_and);
  c.memory(access.i64_store);
  c.get(place);
  c.get(entry);
  c.memory(access.i32_load, 8);
  c.get(at);
  c.i64(-4096n);
  c.do(op.i64_and, op.i32_wrap_i64, op.i32_sub);
  c.memory(access.i32_store, 8);
  c.i32(1);
  return c;
}

export interface Driver {
  readonly go: Go;
  readonly table: WasmTable;
  /** Of a region: all but `call`. */
  readonly imports: Readonly<Record<string, unknown>>;
}

/** `copies`: of a check of every store. */
export function makeDriver(memory: Memory, threaded: Run | undefined, copies?: Copies): Driver {
  const fill = { parameters: [I32, I32, I32], results: [I32] } as const;
  const records = { parameters: [I32, I32], results: [I32] } as const;
  const module = compileModule(
    encodeModule({
      types: [types.region, types.flush, types.miss, fill, types.repeat, records],
      imports: [
        { name: 'fill', type: 3 },
        { name: 'threaded', type: 5 },
      ],
      table: true,
      pages: memory.shared.buffer.byteLength / wasmPage,
      functions: [
        { name: 'flush', type: 1, code: flushFunction() },
        { name: 'miss', type: 2, code: missFunction() },
        { name: 'go', type: 3, code: goFunction(threaded !== undefined) },
        { name: 'copy', type: 4, code: copyFunction() },
        { name: 'fill', type: 4, code: fillFunction() },
        {
          name: 'missBoth',
          type: 2,
          code: missBothFunction(copies ?? { distance: 0, lo: 0, hi: 0, end: Infinity }),
        },
      ],
    }),
  );
  const words = new Int32Array(memory.shared.buffer);
  const table = new wasm.Table({ initial: 64, element: 'anyfunc' });
  const { exports } = new wasm.Instance(module, {
    e: {
      memory: memory.shared,
      table,
      threaded: threaded ?? ((): number => 0),
      fill: (lo: number, hi: number, what: number): number => {
        if (memory.prepare(lo, hi, what & (missWrites - 1), what & missWrites ? WRITE : READ)) return 1;
        words[exitAt >> 2] = what >>> missExit;
        return 0;
      },
    },
  });
  return {
    go: exports['go'] as Go,
    table,
    imports: {
      memory: memory.shared,
      miss: exports['miss'],
      flush: exports['flush'],
      copy: exports['copy'],
      fill: exports['fill'],
      missBoth: exports['missBoth'],
    },
  };
}
