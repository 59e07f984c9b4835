// Register names: operand classes, and which bit of a register set each name is.
import { CLASS, type Mode } from './rows.js';

export interface RegisterName {
  /** Operand classes (bits of CLASS). */
  readonly classes: number;
  /** Bit of the general register it is, or is part of; 0 for others. */
  readonly integer: number;
  /** Bit of the vector register; 0 for others. */
  readonly vector: number;
  /** Bit of the OtherSet; 0 for general and vector registers. */
  readonly other: number;
  /** Writing it leaves part of the register as it was (8 and 16 bits), or of what the bit stands for. */
  readonly partial: boolean;
}

function build(mode: Mode): Map<string, RegisterName> {
  const table = new Map<string, RegisterName>();
  const long = mode === 64;
  const add = (name: string, classes: number, integer = 0, vector = 0, partial = false): void => {
    table.set(name, { classes, integer, vector, other: 0, partial });
  };
  const special = (name: string, classes: number, bit: number): void => {
    table.set(name, { classes, integer: 0, vector: 0, other: 1 << bit, partial: bit >= 28 });
  };
  const legacy = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
  legacy.forEach((name, i) => {
    const bit = 1 << i;
    if (long) add(`r${name}`, CLASS.r64 | (i === 0 ? CLASS.rax : 0), bit);
    add(`e${name}`, CLASS.r32 | (i === 0 ? CLASS.eax : 0), bit);
    add(name, CLASS.r16 | (i === 0 ? CLASS.ax : 0) | (i === 2 ? CLASS.dx : 0), bit, 0, true);
    if (long && i >= 4) add(`${name}l`, CLASS.r8, bit, 0, true);
  });
  ['a', 'c', 'd', 'b'].forEach((letter, i) => {
    add(`${letter}l`, CLASS.r8 | (i === 0 ? CLASS.al : 0) | (i === 1 ? CLASS.cl : 0), 1 << i, 0, true);
    add(`${letter}h`, CLASS.r8, 1 << i, 0, true);
    // Another name of the low byte, in an encoding with REX.
    if (long) add(`${letter}xl`, CLASS.r8, 1 << i, 0, true);
  });
  for (let i = 8; long && i < 16; i++) {
    add(`r${i}`, CLASS.r64, 1 << i);
    add(`r${i}d`, CLASS.r32, 1 << i);
    add(`r${i}w`, CLASS.r16, 1 << i, 0, true);
    add(`r${i}b`, CLASS.r8, 1 << i, 0, true);
  }
  for (let i = 0; i < (long ? 32 : 8); i++) {
    add(`xmm${i}`, CLASS.x | (i === 0 ? CLASS.x0 : 0), 0, 1 << i);
    add(`ymm${i}`, CLASS.y, 0, 1 << i);
    add(`zmm${i}`, CLASS.z, 0, 1 << i);
  }
  for (let i = 0; i < 16; i++) {
    special(`cr${i}`, CLASS.cr, 30);
    if (!long && i >= 8) continue;
    special(`dr${i}`, CLASS.dr, 30);
    special(`db${i}`, CLASS.dr, 30);
  }
  for (let i = 0; i < 8; i++) {
    special(`k${i}`, CLASS.k, i);
    special(`mm${i}`, CLASS.mm, 8 + i);
    special(`st(${i})`, CLASS.st | (i === 0 ? CLASS.st0 : 0), 28);
    if (long) special(`tmm${i}`, CLASS.tmm, 16 + i);
    if (i < 4) special(`bnd${i}`, CLASS.bnd, 24 + i);
  }
  special('st', CLASS.st | CLASS.st0, 28);
  for (const name of ['es', 'cs', 'ss', 'ds', 'fs', 'gs']) special(name, CLASS.sg, 29);
  // Address registers only.
  for (const name of long ? ['rip', 'eip', 'riz', 'eiz'] : ['eiz']) add(name, 0);
  return table;
}

const tables: Readonly<Record<Mode, ReadonlyMap<string, RegisterName>>> = { 64: build(64), 32: build(32) };

/** The register names of a mode, without `%`. */
export function registersOf(mode: Mode): ReadonlyMap<string, RegisterName> {
  return tables[mode];
}
