// Moves and bitwise logic of vector registers.
import { access, op } from '../wasm/encode.js';
import { simd } from '../wasm/simd.js';
import { field } from './record.js';
import { wide } from './routine.js';
import type { Routine, Rows } from './routine.js';
import type { Writer } from './writer.js';

/** What is pushed by `push` becomes the low part of a vector register's 16 bytes. */
function lowPart(w: Writer, push: () => void): void {
  const { c } = w;
  w.field(field.to);
  push();
  c.memory(access.i64_store);
  w.field(field.to);
  c.i64(0n);
  c.memory(access.i64_store, 8);
}

const logicAndParts: Rows = [
  ...Object.entries({ pand: simd.v128_and, por: simd.v128_or, pxor: simd.v128_xor }).map(
    ([name, code]): readonly [string, Routine] => [
      name,
      (w) => {
        w.field(field.to);
        w.field(field.to);
        w.c.vector(simd.v128_load);
        w.field(field.from);
        w.c.vector(simd.v128_load);
        w.c.simd(code);
        w.c.vector(simd.v128_store);
      },
    ],
  ),
  ...wide.flatMap((size): Rows => [
    [
      `part vm${size}`,
      (w) => {
        w.find(size, false);
        lowPart(w, () => {
          w.c.get(w.place);
          w.load(size);
        });
      },
    ],
    [
      `part vr${size}`,
      (w) => {
        lowPart(w, () => {
          w.field(field.from);
          w.load(size);
        });
      },
    ],
  ]),
];

const wholes: Rows = (['movaps', 'movups'] as const).flatMap((name): Rows => {
  const aligned = (w: Writer): void => {
    if (name === 'movups') return;
    w.c.get(w.place);
    w.c.i32(15);
    w.c.do(op.i32_and);
    w.c.brIf(w.ways.closure);
  };
  return [
    [
      `${name} rm`,
      (w) => {
        w.find(16, false);
        aligned(w);
        w.field(field.to);
        w.c.get(w.place);
        w.c.vector(simd.v128_load);
        w.c.vector(simd.v128_store);
      },
    ],
    [
      `${name} mr`,
      (w) => {
        w.find(16, true);
        aligned(w);
        w.c.get(w.place);
        w.field(field.from);
        w.c.vector(simd.v128_load);
        w.c.vector(simd.v128_store);
      },
    ],
  ];
});

const registerMove: Routine = (w) => {
  w.field(field.to);
  w.field(field.from);
  w.c.vector(simd.v128_load);
  w.c.vector(simd.v128_store);
};

export const vectors: Rows = [...logicAndParts, ...wholes, ['movaps rr', registerMove]];
