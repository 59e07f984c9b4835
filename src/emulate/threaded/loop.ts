// The WebAssembly function that executes records: one loop, a table of routines, and the ways from block to block.
import { blockEntries, blocksAt, stateAt, stoppedAt, wasmPage } from '../layout.js';
import { READ, WRITE } from '../memory.js';
import type { Memory } from '../memory.js';
import type { Copies } from '../store-watch.js';
import { compileModule, wasm } from '../wasm/api.js';
import { access, Code, encodeModule, I32, I64, op } from '../wasm/encode.js';
import { types } from '../wasm/region-module.js';
import { hashed, pushHashed } from '../wasm/lookup.js';
import { copyFunction, fillFunction } from '../wasm/repeat.js';
import { RIP } from '../state.js';
import { pairNames, pairs } from './pairs.js';
import { head, recordBytes, way, field } from './record.js';
import { routines } from './routines.js';
import { findFunction, prepareWrites, sumFunction, Writer } from './writer.js';

/** Why records stopped: at a block that is not theirs, with its address in RIP; at one that a closure executes; as the first, behind a jump to anywhere. */
export const stopped = { block: 0, closure: 1, anywhere: 3 } as const;
/** (record, rest of the budget behind its block): one of these. */
export type Run = (record: number, left: number) => number;

/** The entry of an address: address, header. */
export const blockEntry = (lo: number): number => blocksAt + hashed(lo, blockEntries);

/** By name, as record.ts has them; 0 is the closure's. Those of pairs are there under a check of every store. */
export const routineNumbers: ReadonlyMap<string, number> = new Map(
  [...routines.map(([name]) => name), ...pairNames].map((name, n) => [name, n + 1]),
);
/** The routine of what stands behind a block's last record, and that of the record at `enterAt`. */
export const goesOn = 'jmp';
export const entering = 'enter';

/** `storing` gets the names of routines that write memory. */
function goFunction(
  bits: 32 | 64,
  hot: number,
  tells: boolean,
  copies: Copies | undefined,
  storing: Set<string>,
): Code {
  const rows = copies ? [...routines, ...pairs(copies)] : routines;
  const c = new Code(2);
  const [record, left] = [0, 1];
  const header = c.local(I32);
  const count = c.local(I32);
  const why = c.local(I32);
  const tell = c.local(I32);
  const leave = (reason: () => void): void => {
    c.i32(0);
    c.get(left);
    c.memory(access.i32_store, stoppedAt);
    c.i32(0);
    c.get(record);
    c.memory(access.i32_store, stoppedAt + 4);
    reason();
    c.do(op.return);
  };
  const again = c.loop();
  const closure = c.block();
  const block = c.block();
  const enter = c.block();
  const address = c.block();
  const anywhere = c.block();
  const onWay = c.block();
  const next = c.block();
  const w = new Writer(c, bits, { next, closure, way: onWay, address, anywhere });
  const labels = rows.map(() => c.block()).reverse();
  c.get(record);
  c.memory(access.i32_load, field.routine);
  c.brTable([closure, ...labels], closure);
  for (const [name, emit] of rows) {
    c.end();
    w.stores = false;
    emit(w);
    if (w.stores) storing.add(name);
    c.br(next);
  }
  c.end();
  // The next record.
  c.get(record);
  c.i32(recordBytes);
  c.do(op.i32_add);
  c.set(record);
  c.br(again);
  c.end();
  // By a way.
  c.get(w.place);
  c.memory(access.i32_load, way.link);
  c.tee(header);
  c.brIf(enter);
  c.get(w.place);
  c.memory(access.i64_load, way.address);
  c.set(w.address);
  c.br(address);
  c.end();
  // Anywhere.
  c.i32(tells ? 1 : 0);
  c.set(tell);
  c.end();
  // To an address.
  const slot = count;
  const goTo = (): void => {
    c.i32(stateAt);
    c.get(w.address);
    c.memory(access.i64_store, 4 * RIP);
    c.br(block);
  };
  c.i32(stopped.anywhere);
  c.i32(stopped.block);
  c.get(tell);
  c.do(op.select);
  c.set(why);
  c.i32(0);
  c.set(tell);
  pushHashed(c, w.address, blockEntries);
  c.tee(slot);
  c.memory(access.i64_load, blocksAt);
  c.get(w.address);
  c.do(op.i64_ne);
  c.if();
  goTo();
  c.end();
  c.get(slot);
  c.memory(access.i32_load, blocksAt + 8);
  c.set(header);
  // Where it went the last time, the interpreter knows.
  c.get(why);
  c.get(w.place);
  c.memory(access.i32_load, way.link);
  c.get(header);
  c.do(op.i32_ne, op.i32_and);
  c.get(w.place);
  c.get(header);
  c.memory(access.i32_store, way.link);
  c.if();
  goTo();
  c.end();
  c.i32(stopped.block);
  c.set(why);
  c.end();
  // Enter the block.
  c.get(header);
  c.memory(access.i32_load, head.count);
  c.i32(1);
  c.do(op.i32_add);
  c.set(count);
  c.get(left);
  c.get(header);
  c.memory(access.i32_load, head.length);
  c.do(op.i32_lt_s);
  c.get(header);
  c.memory(access.i32_load, head.stop);
  c.get(count);
  c.i32(hot);
  c.do(op.i32_eq, op.i32_or, op.i32_or);
  c.if();
  c.i32(stateAt);
  c.get(header);
  c.memory(access.i64_load, head.address);
  c.memory(access.i64_store, 4 * RIP);
  c.br(block);
  c.end();
  c.get(header);
  c.get(count);
  c.memory(access.i32_store, head.count);
  c.get(left);
  c.get(header);
  c.memory(access.i32_load, head.length);
  c.do(op.i32_sub);
  c.set(left);
  c.get(header);
  c.i32(recordBytes);
  c.do(op.i32_add);
  c.set(record);
  c.br(again);
  c.end();
  // At a block's beginning.
  leave(() => {
    c.get(why);
  });
  c.end();
  // By a closure.
  leave(() => {
    c.i32(stopped.closure);
  });
  c.end();
  c.do(op.unreachable);
  return c;
}

export interface Loop {
  readonly go: Run;
  /** Names of routines that write memory. */
  readonly storing: ReadonlySet<string>;
}

/**
 * A block that was begun `hot` times is left for the compiler; undefined: there is none, and nobody is told of jumps to anywhere. `copies`: under a check
 * of every store.
 */
export function makeLoop(memory: Memory, bits: 32 | 64, hot: number | undefined, copies?: Copies): Loop {
  const storing = new Set<string>();
  const find = { parameters: [I64, I32], results: [I32] } as const;
  const findRecord = { parameters: [I32, I32], results: [I32] } as const;
  const sum = { parameters: [I32], results: [I64] } as const;
  const prepare = { parameters: [I32, I32, I32], results: [I32] } as const;
  const { shared } = memory;
  const module = compileModule(
    encodeModule({
      types: [sum, find, findRecord, types.repeat, prepare],
      imports: [{ name: 'prepare', type: 4 }],
      table: false,
      pages: shared.buffer.byteLength / wasmPage,
      functions: [
        { name: 'sum', type: 0, code: sumFunction(bits) },
        { name: 'read', type: 1, code: findFunction(bits, 'address', false) },
        { name: 'write', type: 1, code: findFunction(bits, 'address', true) },
        { name: 'readAt', type: 2, code: findFunction(bits, 'record', false) },
        { name: 'writeAt', type: 2, code: findFunction(bits, 'record', true) },
        { name: 'copy', type: 3, code: copyFunction() },
        { name: 'fill', type: 3, code: fillFunction() },
        { name: 'go', type: 2, code: goFunction(bits, hot ?? -1, hot !== undefined, copies, storing) },
      ],
    }),
  );
  const { exports } = new wasm.Instance(module, {
    e: {
      memory: shared,
      prepare: (lo: number, hi: number, what: number): number =>
        memory.prepare(lo, hi, (what & (prepareWrites - 1)) + 1, what & prepareWrites ? WRITE : READ) ? 1 : 0,
    },
  });
  return { go: exports['go'] as Run, storing };
}
