// Threaded code under a check of every store: a mirror store and the native store behind it are executed together, by the routine of the first, and only
// counted, when nothing is pending. All other instructions that write memory are their closures', which tell them.
import type { Decoded } from '../instruction.js';
import { GS, RSP } from '../state.js';
import type { Copies } from '../store-watch.js';
import { access, op } from '../wasm/encode.js';
import { simd } from '../wasm/simd.js';
import { pushIsMirror32 } from '../wasm/stores.js';
import { slot } from '../wasm/twins.js';
import type { Twins } from '../wasm/twins.js';
import { watch } from '../wasm/watch-words.js';
import { goAnywhere, goTaken } from './branches.js';
import { field, recordBytes } from './record.js';
import type { Encoded, Step } from './record.js';
import { register, sizes, slotAt } from './routine.js';
import type { Routine, Rows } from './routine.js';
import { functions } from './writer.js';
import type { Size, Writer } from './writer.js';

/** Of the native store: the same as of the mirror store, or a push's or call's. */
const kinds = ['push', 'call', 'call m', 'call r'] as const;
const whole = ['movaps mr', 'movups mr'] as const;
const sized = sizes.map((size) => `mov mr${size}`);
const nameOf = (kind: string): string => `pair ${kind}`;
export const pairNames: readonly string[] = [...sized, ...whole, ...kinds].map(nameOf);

/** As records of instructions with these fields: the second one of a pair has no routine, as it is executed by itself only behind its closure. */
export function watchedSteps(
  instructions: readonly Decoded[],
  fields: readonly (Encoded | undefined)[],
  storing: ReadonlySet<string>,
  twins: Twins,
): readonly Step[] {
  twins.begin(instructions);
  return fields.map((one, position) => {
    if (!one || !storing.has(one.routine)) return { routine: one?.routine, fields: one };
    const kind = pairAt(instructions, fields, position, twins);
    return { routine: kind === undefined ? undefined : nameOf(kind), fields: one };
  });
}

/** What the instructions at a position and behind it certainly are. */
function pairAt(
  instructions: readonly Decoded[],
  fields: readonly (Encoded | undefined)[],
  position: number,
  twins: Twins,
): string | undefined {
  const [first, second] = [fields[position]?.routine, fields[position + 1]?.routine];
  const [operand, native] = [instructions[position]?.operands[0], instructions[position + 1]?.operands[0]];
  if (first === undefined || second === undefined || operand?.kind !== 'memory') return undefined;
  if (!twins.isJoined(operand, position)) return undefined;
  const { bits } = instructions[position] ?? { bits: 64 };
  const isKind = kinds.some((kind) => kind === second);
  const stored = isKind ? slot(bits) : native?.kind === 'memory' ? native : undefined;
  if (!twins.isTwin(operand, position, stored)) return undefined;
  // The address that a call pushes is compared.
  if (!second.startsWith('call') && !twins.isSameValue(position + 1)) return undefined;
  if (isKind) return first === `mov mr${bits / 8}` ? second : undefined;
  return first === second ? first : undefined;
}

export function pairs(copies: Copies): Rows {
  const { distance } = copies;

  /** Nothing is pending, and both can be written: the mirror's place is then in `kept`, the native one's in `place`, its address in `address`. */
  const find = (w: Writer, size: number): void => {
    const { c, bits } = w;
    c.i32(0);
    c.memory(access.i32_load, watch.pending);
    c.brIf(w.ways.closure);
    if (bits === 64) {
      c.i32(0);
      c.memory(access.i64_load, 4 * GS);
      c.i64(BigInt(-distance));
      c.do(op.i64_ne);
      c.brIf(w.ways.closure);
    }
    c.get(w.record);
    c.call(functions.sum);
    c.tee(w.address);
    w.findPushed(size, true);
    c.get(w.place);
    c.set(w.kept);
    c.get(w.address);
    c.i64(BigInt(distance));
    c.do(op.i64_add);
    if (bits === 32) {
      c.i64(0xffffffffn);
      c.do(op.i64_and);
    }
    c.tee(w.address);
    if (bits === 32) {
      pushIsMirror32(c, copies);
      c.brIf(w.ways.closure);
      c.get(w.address);
    }
    w.findPushed(size, true);
  };

  const counted = ({ c, record }: Writer): void => {
    c.i32(0);
    c.i32(0);
    c.memory(access.i64_load, watch.pairs);
    c.i64(1n);
    c.do(op.i64_add);
    c.memory(access.i64_store, watch.pairs);
    // The second one's.
    c.get(record);
    c.i32(recordBytes);
    c.do(op.i32_add);
    c.set(record);
  };

  const store = (w: Writer, size: Size): void => {
    for (const place of [w.kept, w.place]) {
      w.c.get(place);
      w.c.get(w.r);
      w.store(size);
    }
    counted(w);
  };

  const plain =
    (size: Size): Routine =>
    (w) => {
      find(w, size);
      register(w, field.from, size, w.r);
      store(w, size);
    };

  const vector =
    (aligned: boolean): Routine =>
    (w) => {
      const { c } = w;
      find(w, 16);
      if (aligned) {
        c.get(w.place);
        c.i32(15);
        c.do(op.i32_and);
        c.brIf(w.ways.closure);
      }
      for (const place of [w.kept, w.place]) {
        c.get(place);
        w.field(field.from);
        c.vector(simd.v128_load);
        c.vector(simd.v128_store);
      }
      counted(w);
    };

  const pushed = (w: Writer): void => {
    store(w, w.slot);
    w.c.i32(0);
    w.c.get(w.address);
    w.c.memory(access.i64_store, slotAt(RSP));
  };

  const push: Routine = (w) => {
    find(w, w.slot);
    register(w, field.from, w.slot, w.r);
    pushed(w);
  };

  /** `target` puts it into `b`, of the record behind this one. */
  const call =
    (target: (w: Writer) => void, go: (w: Writer) => void): Routine =>
    (w) => {
      const { c } = w;
      target(w);
      find(w, w.slot);
      register(w, field.from, w.slot, w.r);
      c.get(w.r);
      c.get(w.record);
      c.memory(access.i64_load, recordBytes + field.immediate);
      c.do(op.i64_ne);
      c.brIf(w.ways.closure);
      pushed(w);
      go(w);
    };

  const toRegisterAddress = (w: Writer): void => {
    register(w, recordBytes + field.from, w.slot, w.b);
  };

  const toMemoryAddress = (w: Writer): void => {
    const { c } = w;
    c.get(w.record);
    c.i32(recordBytes);
    c.do(op.i32_add);
    c.i32(w.slot - 1);
    c.call(functions.readAt);
    c.tee(w.place);
    c.do(op.i32_eqz);
    c.brIf(w.ways.closure);
    c.get(w.place);
    w.load(w.slot);
    c.set(w.b);
  };

  const goThere = (w: Writer): void => {
    w.c.get(w.b);
    w.c.set(w.address);
    goAnywhere(w);
  };

  const rows: Readonly<Record<string, Routine>> = {
    ...Object.fromEntries(sizes.map((size) => [`mov mr${size}`, plain(size)])),
    'movaps mr': vector(true),
    'movups mr': vector(false),
    push,
    call: call(() => undefined, goTaken),
    'call m': call(toMemoryAddress, goThere),
    'call r': call(toRegisterAddress, goThere),
  };
  return pairNames.map((name) => {
    const row = rows[name.slice(nameOf('').length)];
    if (!row) throw new Error(`no routine for ${name}`);
    return [name, row];
  });
}
