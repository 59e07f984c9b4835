// The routines of all instructions, one row each. None changes anything before it knows that its memory can be accessed.
import { arithmetic } from './arithmetic.js';
import { branches } from './branches.js';
import { moves } from './moves.js';
import { products } from './products.js';
import type { Rows } from './routine.js';
import { shiftRoutines } from './shifts.js';
import { vectors } from './vectors.js';

/** All but that of closures, which is number 0. */
export const routines: Rows = [
  ...arithmetic,
  ...branches,
  ...moves,
  ...products,
  ...shiftRoutines,
  ...vectors,
];
