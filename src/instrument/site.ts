// One write to be mirrored, what a pattern may use there, and what it gives back.
import type { Unit } from '../analyze/code.js';
import { ALL_INTEGER, RSP } from '../analyze/sets.js';
import type { Abi } from '../analyze/liveness.js';
import type { MemoryOperand } from '../parse/syntax.js';
import { formatMemory, moveDisplacement } from './format.js';
import type { Profile } from '../profile/profile.js';
import { generalNumber } from './registers.js';
import { full, mirrorOf, mirrorSlot, slot, vectorMove, word } from './target.js';

export interface Site {
  readonly profile: Profile;
  readonly unit: Unit;
  readonly abi: Abi;
  /** Registers whose value before, after the instruction nobody needs. */
  readonly freeBefore: number;
  readonly freeAfter: number;
  readonly freeVector: number;
  /** Of a direct call: registers whose value at its target nobody needs; 0 when that is not in view. */
  readonly freeAtTarget: number;
  /** Whether status flags go through the instruction: read by it, or not all defined by it and live after it. */
  readonly flagsThrough: boolean;
  /** A fresh local label. */
  readonly label: () => string;
  /** For the statistics: a pattern says that no register was dead, and where one is kept. */
  readonly keeps: (where: Exclude<Kept, 'nothing'>) => void;
}

/** Where a pattern keeps registers that are not dead: nowhere, in vector registers, on the stack. */
export type Kept = 'nothing' | 'vector' | 'stack';

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
    readonly note = '',
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

/** The operand as seen when the stack pointer stands `shift` lower than in the program's own code. */
export function below(operand: MemoryOperand, shift: number): MemoryOperand {
  return generalNumber(operand.base) === RSP ? moved(operand, shift) : operand;
}

/** The registers of scratch that linearAddress needs. */
export const linearScratch = 2;

/**
 * Lines that put the address of an operand into register `u`, without flags; `t` is changed for thread-local ones. Afterwards
 * the operand is `(u)` in the flat segment.
 */
export function linearAddress(
  profile: Profile,
  operand: MemoryOperand,
  u: number,
  t: number,
  shift: number,
): { readonly setup: readonly string[]; readonly operand: MemoryOperand } {
  const lea = word(profile, 'lea');
  const own = below(operand, shift);
  const setup = [`\t${lea}\t${formatMemory({ ...own, segment: '', decoration: '' })}, ${full(profile, u)}`];
  if (operand.segment === profile.threadSegment)
    setup.push(
      `\t${word(profile, 'mov')}\t%${profile.threadSegment}:0, ${full(profile, t)}`,
      `\t${lea}\t(${full(profile, u)},${full(profile, t)}), ${full(profile, u)}`,
    );
  const base = full(profile, u).slice(1);
  return { setup, operand: { ...operand, segment: '', displacement: '', base, index: '', scale: 1 } };
}

/** Whether the instruction has the stack pointer as an operand, not just in an address. */
export function namesStackPointer(site: Site): boolean {
  return site.unit.instruction.operands.some((o) => o.kind === 'register' && generalNumber(o.name) === RSP);
}

/** A native address and its mirror, after `setup`. */
export interface Address {
  readonly setup: readonly string[];
  readonly native: (bytes: number) => string;
  readonly mirror: (bytes: number) => string;
}

/** Scratch registers that addressOf needs: the base of thread-local storage has to be read where an operand has it (DESIGN 4). */
export function addressScratch(profile: Profile, operand: MemoryOperand): number {
  if (operand.segment !== profile.threadSegment) return 0;
  return operand.base !== '' && operand.index !== '' ? 2 : 1;
}

/**
 * Native and mirror form of a memory operand. `shift` is how far the stack pointer stands below its place in the program's own code.
 * For thread-local operands `scratch` holds addressScratch() registers: the segment's first word is its own address (TLS, variant II).
 */
export function addressOf(
  profile: Profile,
  operand: MemoryOperand,
  scratch: readonly number[],
  shift: number,
): Address {
  checkAddressing(profile, operand);
  const own = below(operand, shift);
  if (operand.segment !== profile.threadSegment) {
    return {
      setup: [],
      native: (bytes) => formatMemory(moved(own, bytes)),
      mirror: (bytes) => mirrorOf(profile, moved(own, bytes)),
    };
  }
  if (own.base === 'rip') throw new NoPattern('a %rip-relative operand with %fs has no pattern');
  const thread = full(profile, scratch[0] ?? -1).slice(1);
  const setup = [`\t${word(profile, 'mov')}\t%${profile.threadSegment}:0, %${thread}`];
  let linear: MemoryOperand;
  if (own.index !== '' && generalNumber(own.index) < 0) {
    // The index is a vector: base and thread make one register.
    if (own.base !== '') setup.push(`\t${word(profile, 'lea')}\t(%${own.base},%${thread}), %${thread}`);
    linear = { ...own, base: thread };
  } else if (own.base !== '' && own.index !== '') {
    const sum = full(profile, scratch[1] ?? -1).slice(1);
    setup.push(
      `\t${word(profile, 'lea')}\t${formatMemory({ ...own, segment: '', displacement: '', decoration: '' })}, %${sum}`,
    );
    linear = { ...own, base: thread, index: sum, scale: 1 };
  } else if (own.base !== '') linear = { ...own, base: own.base, index: thread, scale: 1 };
  else linear = { ...own, base: thread };
  return {
    setup,
    native: (bytes) => formatMemory(moved(own, bytes)),
    mirror: (bytes) => mirrorOf(profile, moved(linear, bytes)),
  };
}

/** Refuses addresses to which the mirror distance cannot be added. */
function checkAddressing(profile: Profile, operand: MemoryOperand): void {
  // There the distance is a displacement, so the segment has to begin at 0 and the address to have 32 bits.
  if (profile.mirrorSegment !== '') return;
  if (operand.segment === 'fs')
    throw new NoPattern('the base of %fs is not known', 'M005', 'add it to the address');
  if ([operand.base, operand.index].some((name) => /^(b[xp]|[sd]i)$/.test(name)))
    throw new NoPattern(
      '16-bit addresses end below the first page that a program can have',
      'M005',
      'use 32-bit registers',
    );
}

/** A register that is dead, not busy, and may serve as scratch here; or -1. */
export function deadScratch(site: Site, free: number, busy: number): number {
  const usable = deadOf(site, free) & ~busy;
  return site.profile.scratchOrder.find((number) => ((usable >> number) & 1) === 1) ?? -1;
}

/** Of `free`, the registers that may serve as scratch here. */
export const deadOf = (site: Site, free: number): number => free & ~(1 << RSP) & scratchable(site);

const scratchable = (site: Site): number => (site.abi === 'sysv' ? site.profile.volatile : ALL_INTEGER);

/** What a word goes through on its way from memory to memory. */
export interface Carrier {
  readonly move: string;
  readonly register: string;
}

/**
 * A register that is dead: a general one, or a vector register.
 *
 * @param next registers that the instruction behind the inserted code overwrites: dead, even where landing pads may read them
 */
export function deadCarrier(site: Site, free: number, busy: number, next = 0): Carrier | undefined {
  const { profile } = site;
  const dead = deadScratch(site, free, busy);
  const general = dead >= 0 ? dead : (profile.scratchOrder.find((number) => (next >> number) & 1) ?? -1);
  if (general >= 0) return { move: word(profile, 'mov'), register: full(profile, general) };
  const [register] = deadVectors(site, 1);
  return register === undefined ? undefined : { move: vectorMove(profile), register };
}

/**
 * Builds code that needs `count` scratch registers. Dead registers are taken; a missing one is kept in a dead vector register;
 * failing that on the stack, below the red zone (DESIGN 6), with the mirror of the stack kept too.
 *
 * @param free registers dead over the whole of the built code
 * @param busy registers the built code or its operands use
 * @param body receives the registers and the distance by which the stack pointer was moved
 * @param allowed what each register may be, by its place; one set for all of them
 */
export function withScratch(
  site: Site,
  count: number,
  free: number,
  busy: number,
  body: Body,
  allowed: number | readonly number[] = 0xffff,
): string[] {
  const { profile } = site;
  const usable = ~busy & ~(1 << RSP);
  const dead = free & usable & scratchable(site);
  const allowedAt = (place: number): number =>
    typeof allowed === 'number' ? allowed : (allowed[place] ?? 0xffff);
  // Places with fewer choices choose first.
  const places = [...Array(count).keys()].sort((a, b) => bitCount(allowedAt(a)) - bitCount(allowedAt(b)));
  const scratch = new Array<number>(count).fill(-1);
  const choose = (place: number, from: number): boolean => {
    const number = profile.scratchOrder.find(
      (r) => ((from & allowedAt(place)) >> r) & 1 && !scratch.includes(r),
    );
    if (number === undefined) return false;
    scratch[place] = number;
    return true;
  };
  const missing = places.filter((place) => !choose(place, dead));
  if (missing.length === 0) return [...body(scratch, 0)];
  for (const place of missing)
    if (!choose(place, usable))
      throw new NoPattern(`${count} scratch registers are needed and cannot be had here`, 'M009');
  return spillAround(
    site,
    missing.map((place) => scratch[place] ?? -1),
    (shift) => body(scratch, shift),
  );
}

/**
 * Keeps registers over some code: each in a dead vector register, or all on the stack.
 *
 * @param body receives the distance by which the stack pointer was moved
 */
export function spillAround(
  site: Site,
  spilled: readonly number[],
  body: (shift: number) => readonly string[],
): string[] {
  if (spilled.length === 0) return [...body(0)];
  const { profile } = site;
  const vectors = deadVectors(site, spilled.length);
  if (vectors.length === spilled.length) {
    const move = `\t${vectorMove(profile)}\t`;
    site.keeps('vector');
    return [
      ...spilled.map((r, i) => `${move}${full(profile, r)}, ${vectors[i] ?? ''}`),
      ...body(0),
      ...spilled.map((r, i) => `${move}${vectors[i] ?? ''}, ${full(profile, r)}`),
    ];
  }
  site.keeps('stack');
  return profile.redZoneBytes === 0 ? spillFramed(site, spilled, body) : spillPushed(site, spilled, body);
}

/** At most `count` vector registers that are dead around the site, and may keep a word. */
export function deadVectors({ profile, freeVector }: Site, count: number): string[] {
  const names: string[] = [];
  for (let v = 15; v >= 0 && names.length < count; v--)
    if (((freeVector & profile.vectorSpills) >> v) & 1) names.push(`%xmm${v}`);
  return names;
}

function bitCount(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

type Body = (scratch: readonly number[], shift: number) => readonly string[];

/** Tells the unwinder that the stack pointer has just moved down by `bytes`. */
export function cfaMoved(site: Site, bytes: number): string[] {
  return site.unit.cfaOnStackPointer ? [`\t.cfi_adjust_cfa_offset ${bytes}`] : [];
}

/** Steps over the red zone, where nothing that is pushed can be hit by a signal frame, and pushes. */
function spillPushed(
  site: Site,
  spilled: readonly number[],
  body: (shift: number) => readonly string[],
): string[] {
  const { profile } = site;
  const zone = profile.redZoneBytes;
  const bytes = profile.wordBytes;
  const lea = word(profile, 'lea');
  return [
    `\t${lea}\t${slot(profile, -zone)}, ${full(profile, RSP)}`,
    ...cfaMoved(site, zone),
    ...spilled.flatMap((r) => [
      `\t${word(profile, 'mov')}\t${full(profile, r)}, ${mirrorSlot(profile, -bytes)}`,
      `\t${word(profile, 'push')}\t${full(profile, r)}`,
      ...cfaMoved(site, bytes),
    ]),
    ...body(zone + bytes * spilled.length),
    ...[...spilled]
      .reverse()
      .flatMap((r) => [`\t${word(profile, 'pop')}\t${full(profile, r)}`, ...cfaMoved(site, -bytes)]),
    `\t${lea}\t${slot(profile, zone)}, ${full(profile, RSP)}`,
    ...cfaMoved(site, -zone),
  ];
}

/** Without a red zone a signal frame lands directly below the stack pointer, on both copies: it moves first, then the slots are filled. */
function spillFramed(
  site: Site,
  spilled: readonly number[],
  body: (shift: number) => readonly string[],
): string[] {
  const { profile } = site;
  const bytes = profile.wordBytes;
  const frame = bytes * spilled.length;
  const lea = word(profile, 'lea');
  const mov = word(profile, 'mov');
  return [
    `\t${lea}\t${slot(profile, -frame)}, ${full(profile, RSP)}`,
    ...cfaMoved(site, frame),
    ...spilled.flatMap((r, i) => [
      `\t${mov}\t${full(profile, r)}, ${mirrorSlot(profile, i * bytes)}`,
      `\t${mov}\t${full(profile, r)}, ${slot(profile, i * bytes)}`,
    ]),
    ...body(frame),
    ...spilled.map((r, i) => `\t${mov}\t${slot(profile, i * bytes)}, ${full(profile, r)}`),
    `\t${lea}\t${slot(profile, frame)}, ${full(profile, RSP)}`,
    ...cfaMoved(site, -frame),
  ];
}
