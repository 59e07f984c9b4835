// Register names of 64-bit mode: operand classes, and which bit of a register set each name is.
import { CLASS } from './rows.js';

export interface RegisterName {
  /** Operand classes (bits of CLASS). */
  readonly classes: number;
  /** Bit of the general register it is, or is part of; 0 for others. */
  readonly integer: number;
  /** Bit of the vector register; 0 for others. */
  readonly vector: number;
  /** Writing it leaves part of the 64-bit register as it was (8 and 16 bits). */
  readonly partial: boolean;
}

function build(): Map<string, RegisterName> {
  const table = new Map<string, RegisterName>();
  const add = (name: string, classes: number, integer = 0, vector = 0, partial = false): void => {
    table.set(name, { classes, integer, vector, partial });
  };
  const legacy = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
  legacy.forEach((name, i) => {
    const bit = 1 << i;
    add(`r${name}`, CLASS.r64 | (i === 0 ? CLASS.rax : 0), bit);
    add(`e${name}`, CLASS.r32 | (i === 0 ? CLASS.eax : 0), bit);
    add(name, CLASS.r16 | (i === 0 ? CLASS.ax : 0) | (i === 2 ? CLASS.dx : 0), bit, 0, true);
    if (i >= 4) add(`${name}l`, CLASS.r8, bit, 0, true);
  });
  ['a', 'c', 'd', 'b'].forEach((letter, i) => {
    add(`${letter}l`, CLASS.r8 | (i === 0 ? CLASS.al : 0) | (i === 1 ? CLASS.cl : 0), 1 << i, 0, true);
    add(`${letter}h`, CLASS.r8, 1 << i, 0, true);
  });
  for (let i = 8; i < 16; i++) {
    add(`r${i}`, CLASS.r64, 1 << i);
    add(`r${i}d`, CLASS.r32, 1 << i);
    add(`r${i}w`, CLASS.r16, 1 << i, 0, true);
    add(`r${i}b`, CLASS.r8, 1 << i, 0, true);
  }
  for (let i = 0; i < 32; i++) {
    add(`xmm${i}`, CLASS.x | (i === 0 ? CLASS.x0 : 0), 0, 1 << i);
    add(`ymm${i}`, CLASS.y, 0, 1 << i);
    add(`zmm${i}`, CLASS.z, 0, 1 << i);
  }
  for (let i = 0; i < 16; i++) {
    add(`cr${i}`, CLASS.cr);
    add(`dr${i}`, CLASS.dr);
    add(`db${i}`, CLASS.dr);
  }
  for (let i = 0; i < 8; i++) {
    add(`mm${i}`, CLASS.mm);
    add(`k${i}`, CLASS.k);
    add(`st(${i})`, CLASS.st | (i === 0 ? CLASS.st0 : 0));
    add(`tmm${i}`, CLASS.tmm);
    if (i < 4) add(`bnd${i}`, CLASS.bnd);
  }
  add('st', CLASS.st | CLASS.st0);
  for (const name of ['es', 'cs', 'ss', 'ds', 'fs', 'gs']) add(name, CLASS.sg);
  // Address registers only.
  for (const name of ['rip', 'eip', 'riz', 'eiz']) add(name, 0);
  return table;
}

/** All register names of 64-bit mode, without `%`. */
export const REGISTERS: ReadonlyMap<string, RegisterName> = build();
