// One write to be mirrored, what a pattern may use there, and what it gives back.
import type { Unit } from '../analyze/code.js';
import { ALL_INTEGER, RSP, VOLATILE } from '../analyze/sets.js';
import type { Abi } from '../analyze/liveness.js';
import type { MemoryOperand } from '../parse/syntax.js';
import { formatMemory, moveDisplacement } from './format.js';
import { MIRROR_SEGMENT, RED_ZONE_BYTES } from '../profile/linux-x86_64.js';
import { generalNumber, spell } from './registers.js';

export interface Site {
  readonly unit: Unit;
  readonly abi: Abi;
  /** Registers whose value before, after the instruction nobody needs. */
  readonly freeBefore: number;
  readonly freeAfter: number;
  readonly freeVector: number;
  /** A fresh local label. */
  readonly label: () => string;
}

/** Whole lines; `replace` null keeps the instruction as written. `window` counts instructions during which an error loses data. */
export interface Expansion {
  readonly before: readonly string[];
  readonly replace: readonly string[] | null;
  readonly after: readonly string[];
  readonly window: number;
}

/** Why a pattern cannot be used: becomes a diagnostic. */
export class NoPattern extends Error {
  constructor(
    message: string,
    readonly code: 'M005' | 'M009' = 'M005',
  ) {
    super(message);
  }
}

/** Registers named by a memory operand. */
export function addressRegisters(operand: MemoryOperand): number {
  let set = 0;
  const base = generalNumber(operand.base);
  const index = generalNumber(operand.index);
  if (base >= 0) set |= 1 << base;
  if (index >= 0) set |= 1 << index;
  return set;
}

/** The memory operand of a site. */
export function memoryOf(site: Site): MemoryOperand {
  const operand = site.unit.instruction.operands[site.unit.effects.memoryOperand];
  if (operand?.kind !== 'memory') throw new NoPattern('the memory operand has an unexpected form');
  return operand;
}

/** The address moved by some bytes. */
export function moved(operand: MemoryOperand, bytes: number): MemoryOperand {
  return bytes === 0 ? operand : { ...operand, displacement: moveDisplacement(operand.displacement, bytes) };
}

/** A native address and its mirror, after `setup`. */
export interface Address {
  readonly setup: readonly string[];
  readonly native: (bytes: number) => string;
  readonly mirror: (bytes: number) => string;
}

/** Scratch registers that addressOf needs: the %fs base has to be read where the operand has it (DESIGN 4). */
export function addressScratch(operand: MemoryOperand): number {
  if (operand.segment !== 'fs') return 0;
  return operand.base !== '' && operand.index !== '' ? 2 : 1;
}

/**
 * Native and mirror form of a memory operand. `shift` is how far %rsp stands below its place in the program's own code.
 * For %fs operands `scratch` holds addressScratch() registers: %fs:0 holds its own address (psABI TLS, variant II).
 */
export function addressOf(operand: MemoryOperand, scratch: readonly number[], shift: number): Address {
  const own = shift !== 0 && operand.base === 'rsp' ? moved(operand, shift) : operand;
  if (operand.segment !== 'fs') {
    return {
      setup: [],
      native: (bytes) => formatMemory(moved(own, bytes)),
      mirror: (bytes) => formatMemory(moved(own, bytes), MIRROR_SEGMENT),
    };
  }
  if (own.base === 'rip') throw new NoPattern('a %rip-relative operand with %fs has no pattern');
  const thread = spell(scratch[0] ?? -1, 8).slice(1);
  const setup = [`\tmovq\t%fs:0, %${thread}`];
  let linear: MemoryOperand;
  if (own.base !== '' && own.index !== '') {
    const sum = spell(scratch[1] ?? -1, 8).slice(1);
    setup.push(`\tleaq\t${formatMemory({ ...own, segment: '', displacement: '', decoration: '' })}, %${sum}`);
    linear = { ...own, base: thread, index: sum, scale: 1 };
  } else if (own.base !== '') linear = { ...own, base: own.base, index: thread, scale: 1 };
  else linear = { ...own, base: thread };
  return {
    setup,
    native: (bytes) => formatMemory(moved(own, bytes)),
    mirror: (bytes) => formatMemory(moved(linear, bytes), MIRROR_SEGMENT),
  };
}

/** Order of choice: registers without a REX prefix in 32-bit operations first. */
const preference = [0, 1, 2, 6, 7, 8, 9, 10, 11, 3, 5, 12, 13, 14, 15];

/**
 * Builds code that needs `count` scratch registers. Dead registers are taken; a missing one is kept in a dead vector register;
 * failing that on the stack, below the red zone (psABI 3.2.2; DESIGN 6), with the mirror of the stack kept too.
 *
 * @param free registers dead over the whole of the built code
 * @param busy registers the built code or its operands use
 * @param body receives the registers and the distance by which %rsp was moved
 */
export function withScratch(
  site: Site,
  count: number,
  free: number,
  busy: number,
  body: (scratch: readonly number[], shift: number) => readonly string[],
  allowed = 0xffff,
): string[] {
  const usable = allowed & ~busy & ~(1 << RSP);
  const dead = free & usable & (site.abi === 'sysv' ? VOLATILE : ALL_INTEGER);
  const taken: number[] = [];
  for (const number of preference) if (taken.length < count && (dead >> number) & 1) taken.push(number);
  if (taken.length === count) return [...body(taken, 0)];

  const spilled: number[] = [];
  for (const number of preference) {
    if (taken.length + spilled.length === count) break;
    if ((usable >> number) & 1 && !taken.includes(number)) spilled.push(number);
  }
  if (taken.length + spilled.length < count)
    throw new NoPattern(`${count} scratch registers are needed and cannot be had here`, 'M009');
  const scratch = [...taken, ...spilled];

  const vectors: number[] = [];
  for (let v = 15; v >= 0 && vectors.length < spilled.length; v--)
    if ((site.freeVector >> v) & 1) vectors.push(v);
  if (vectors.length === spilled.length) {
    return [
      ...spilled.map((r, i) => `\tmovq\t${spell(r, 8)}, %xmm${vectors[i] ?? 0}`),
      ...body(scratch, 0),
      ...spilled.map((r, i) => `\tmovq\t%xmm${vectors[i] ?? 0}, ${spell(r, 8)}`),
    ];
  }
  const shift = RED_ZONE_BYTES + 8 * spilled.length;
  const cfi = (bytes: number): string[] =>
    site.unit.cfaOnStackPointer ? [`\t.cfi_adjust_cfa_offset ${bytes}`] : [];
  return [
    `\tleaq\t-${RED_ZONE_BYTES}(%rsp), %rsp`,
    ...cfi(RED_ZONE_BYTES),
    ...spilled.flatMap((r) => [`\tmovq\t${spell(r, 8)}, %gs:-8(%rsp)`, `\tpushq\t${spell(r, 8)}`, ...cfi(8)]),
    ...body(scratch, shift),
    ...[...spilled].reverse().flatMap((r) => [`\tpopq\t${spell(r, 8)}`, ...cfi(-8)]),
    `\tleaq\t${RED_ZONE_BYTES}(%rsp), %rsp`,
    ...cfi(-RED_ZONE_BYTES),
  ];
}
