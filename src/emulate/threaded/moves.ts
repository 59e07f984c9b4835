// Extensions, cmov, set, bswap, lea, the accumulator's sign, repeated strings.
import { conditions } from '../ops/conditions.js';
import { RAX, RDX } from '../state.js';
import { access, op } from '../wasm/encode.js';
import { field } from './record.js';
import { found, register, slotAt, toRegister, wide } from './routine.js';
import type { Routine, Rows } from './routine.js';
import { functions } from './writer.js';
import type { Writer } from './writer.js';

function extensionRows(): Rows {
  return (['movsx', 'movzx'] as const).flatMap((name) =>
    ([1, 2, 4] as const).flatMap((from) =>
      wide.flatMap((to): Rows => {
        const finish = (w: Writer): void => {
          w.load(from, name === 'movsx');
          w.c.set(w.r);
          toRegister(w, to, name === 'movsx');
        };
        return [
          [
            `${name} r${from}r${to}`,
            (w) => {
              w.field(field.from);
              finish(w);
            },
          ],
          [
            `${name} m${from}r${to}`,
            (w) => {
              w.find(from, false);
              w.c.get(w.place);
              finish(w);
            },
          ],
        ];
      }),
    ),
  );
}

function conditionRows(name: string): Rows {
  const moved =
    (size: 4 | 8, load: (w: Writer) => void): Routine =>
    (w) => {
      const { c } = w;
      load(w);
      c.get(w.b);
      w.field(field.to);
      w.load(size);
      w.condition(name);
      c.do(op.select);
      c.set(w.r);
      toRegister(w, size);
    };
  return [
    ...wide.flatMap((size): Rows => [
      [
        `cmov${name} rr${size}`,
        moved(size, (w) => {
          register(w, field.from, size, w.b);
        }),
      ],
      [
        `cmov${name} rm${size}`,
        moved(size, (w) => {
          w.find(size, false);
          found(w, size, w.b);
        }),
      ],
    ]),
    [
      `set${name}`,
      (w) => {
        w.field(field.to);
        w.condition(name);
        w.c.memory(access.i32_store8);
      },
    ],
  ];
}

/** Bytes swapped in pairs, pairs in words, words. */
const swapped =
  (size: 4 | 8): Routine =>
  (w) => {
    const { c, r } = w;
    register(w, field.to, size, r);
    for (const [by, mask] of [
      [8n, 0x00ff00ff00ff00ffn],
      [16n, 0x0000ffff0000ffffn],
    ] as const) {
      c.get(r);
      c.i64(mask);
      c.do(op.i64_and);
      c.i64(by);
      c.do(op.i64_shl);
      c.get(r);
      c.i64(by);
      c.do(op.i64_shr_u);
      c.i64(mask);
      c.do(op.i64_and, op.i64_or);
      c.set(r);
    }
    c.get(r);
    c.i64(32n);
    c.do(op.i64_rotl);
    if (size === 4) {
      c.i64(32n);
      c.do(op.i64_shr_u);
    }
    c.set(r);
    toRegister(w, size);
  };

/** The accumulator's extensions: from it, by sign, to itself or to rdx. */
const widened =
  (from: 2 | 4 | 8, to: 4 | 8, upper: boolean): Routine =>
  (w) => {
    const { c } = w;
    c.i32(0);
    c.i32(0);
    w.load(from, true);
    if (upper) {
      c.i64(63n);
      c.do(op.i64_shr_s);
    }
    if (to === 4) {
      c.i64(0xffffffffn);
      c.do(op.i64_and);
    }
    c.memory(access.i64_store, slotAt(upper ? RDX : RAX));
  };

/** What is left of it is the closure's. */
const repeated =
  (run: number): Routine =>
  (w) => {
    const { c, record, ways } = w;
    w.stores = true;
    c.get(record);
    c.memory(access.i32_load, field.immediate);
    c.call(run);
    c.do(op.i32_eqz);
    c.brIf(ways.closure);
  };

const lea =
  (size: 4 | 8): Routine =>
  (w) => {
    w.c.get(w.record);
    w.c.call(functions.sum);
    w.c.set(w.r);
    toRegister(w, size, true);
  };

export const moves: Rows = [
  ...extensionRows(),
  ...Object.keys(conditions).flatMap(conditionRows),
  ['bswap 4', swapped(4)],
  ['bswap 8', swapped(8)],
  ['cdq', widened(4, 4, true)],
  ['cdqe', widened(4, 8, false)],
  ['cqo', widened(8, 8, true)],
  ['cwde', widened(2, 4, false)],
  ['lea 4', lea(4)],
  ['lea 8', lea(8)],
  ['nop', () => undefined],
  ['rep movs', repeated(functions.copy)],
  ['rep stos', repeated(functions.fill)],
];
