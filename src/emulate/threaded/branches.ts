// Branches, calls, the stack.
import { stateAt } from '../layout.js';
import { conditions } from '../ops/conditions.js';
import { RBP, RIP, RSP } from '../state.js';
import { access, op } from '../wasm/encode.js';
import { field, way } from './record.js';
import { found, pushRegister, register, slotAt, toMemory } from './routine.js';
import type { Routine, Rows } from './routine.js';
import type { Writer } from './writer.js';

/** A register of the program's width becomes the sum of `from` and a constant. */
function pushBeyond(w: Writer, from: number, by: number): void {
  const { c } = w;
  pushRegister(w, from);
  c.i64(BigInt(by));
  c.do(op.i64_add);
  if (w.bits === 64) return;
  c.i64(0xffffffffn);
  c.do(op.i64_and);
}

/** Finds the slot below the stack's; the pointer is moved by `pushed`. */
function findBelow(w: Writer): void {
  pushBeyond(w, RSP, -w.slot);
  w.c.tee(w.address);
  w.c.get(w.address);
  w.c.set(w.a);
  w.findPushed(w.slot, true);
}

/** Stores what is in `r` there. */
function pushed(w: Writer): void {
  const { c } = w;
  toMemory(w, w.slot);
  c.i32(0);
  c.get(w.a);
  c.memory(access.i64_store, slotAt(RSP));
}

/** Pops into a variable. */
function popped(w: Writer, from: number, into: number): void {
  const { c } = w;
  pushRegister(w, from);
  w.findPushed(w.slot, false);
  found(w, w.slot, into);
  c.i32(0);
  pushBeyond(w, from, w.slot);
  c.memory(access.i64_store, slotAt(RSP));
}

/** The place of the way that is taken. */
export function taken(w: Writer): void {
  w.c.get(w.record);
  w.c.i32(way.taken);
  w.c.do(op.i32_add);
  w.c.set(w.place);
}

export function goAnywhere(w: Writer): void {
  taken(w);
  w.c.br(w.ways.anywhere);
}

export function goTaken(w: Writer): void {
  taken(w);
  w.c.br(w.ways.way);
}

function returnAddress(w: Writer): void {
  w.immediate();
  w.c.set(w.r);
}

const toRegisterAddress = (w: Writer): void => {
  register(w, field.from, w.slot, w.b);
};

const toMemoryAddress = (w: Writer): void => {
  w.find(w.slot, false);
  found(w, w.slot, w.b);
};

const jumpTo =
  (target: (w: Writer) => void): Routine =>
  (w) => {
    target(w);
    w.c.get(w.b);
    w.c.set(w.address);
    goAnywhere(w);
  };

const callTo =
  (target: (w: Writer) => void): Routine =>
  (w) => {
    target(w);
    findBelow(w);
    returnAddress(w);
    pushed(w);
    w.c.get(w.b);
    w.c.set(w.address);
    goAnywhere(w);
  };

const others: Readonly<Record<string, Routine>> = {
  call: (w) => {
    findBelow(w);
    returnAddress(w);
    pushed(w);
    goTaken(w);
  },
  'call m': callTo(toMemoryAddress),
  'call r': callTo(toRegisterAddress),
  jmp: goTaken,
  'jmp m': jumpTo(toMemoryAddress),
  'jmp r': jumpTo(toRegisterAddress),
  ret: (w) => {
    const { c } = w;
    popped(w, RSP, w.address);
    c.i32(0);
    pushRegister(w, RSP);
    w.immediate();
    c.do(op.i64_add);
    if (w.bits === 32) {
      c.i64(0xffffffffn);
      c.do(op.i64_and);
    }
    c.memory(access.i64_store, slotAt(RSP));
    taken(w);
    c.br(w.ways.address);
  },
  enter: (w) => {
    w.c.i32(stateAt);
    w.c.memory(access.i64_load, 4 * RIP);
    w.c.set(w.address);
    taken(w);
    w.c.br(w.ways.address);
  },
  leave: (w) => {
    const { c } = w;
    popped(w, RBP, w.r);
    c.i32(0);
    c.get(w.r);
    c.memory(access.i64_store, slotAt(RBP));
  },
  pop: (w) => {
    popped(w, RSP, w.r);
    w.field(field.to);
    w.c.get(w.r);
    w.c.memory(access.i64_store);
  },
  push: (w) => {
    findBelow(w);
    register(w, field.from, w.slot, w.r);
    pushed(w);
  },
};

const jumpIf =
  (condition: string): Routine =>
  (w) => {
    const { c } = w;
    c.get(w.record);
    c.i32(way.taken);
    c.i32(way.next);
    w.condition(condition);
    c.do(op.select, op.i32_add);
    c.set(w.place);
    c.br(w.ways.way);
  };

export const branches: Rows = [
  ...Object.keys(conditions).map((name): Rows[number] => [`j${name}`, jumpIf(name)]),
  ...Object.entries(others),
];
