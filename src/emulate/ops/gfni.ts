// Galois-field arithmetic on bytes (SDM vol. 2, GF2P8AFFINEINVQB and its like).
import type { Table } from '../operands.js';
import { apart, lanes, lanesBy, withVex } from './vector.js';
import type { Lane } from './vector.js';
import { inverses, product } from './crypto.js';
import { parity } from '../state.js';

const multiply: Lane = ({ vb }, d, a, b, bytes) => {
  for (let n = 0; n < bytes; n++) vb[d + n] = product(vb[a + n] ?? 0, vb[b + n] ?? 0);
};

/** Each byte times the matrix of bits in its eight bytes of the second source, plus a constant. */
const affine =
  (before: (v: number) => number) =>
  (control: number): Lane =>
    apart(({ vb }, to, a, b, bytes) => {
      for (let n = 0; n < bytes; n++) {
        const value = before(vb[a + n] ?? 0);
        let result = control;
        for (let bit = 0; bit < 8; bit++) {
          const row = vb[b + (n & ~7) + 7 - bit] ?? 0;
          result ^= (1 - (parity[row & value] ?? 0)) << bit;
        }
        vb[to + n] = result;
      }
    });

export const gfni: Table = withVex({
  gf2p8affineinvqb: lanesBy(affine((v) => inverses[v] ?? 0)),
  gf2p8affineqb: lanesBy(affine((v) => v)),
  gf2p8mulb: lanes(multiply),
});
