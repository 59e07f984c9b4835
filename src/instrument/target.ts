// Spellings that follow from the target: word-sized mnemonics, registers, stack slots and mirror addresses.
import type { MemoryOperand } from '../parse/syntax.js';
import type { Profile } from '../profile/profile.js';
import { entersCompareAndSwap } from './compare-and-swap.js';
import { appendDisplacement, formatMemory } from './format.js';
import { spell, suffix } from './registers.js';

/** `mov` to `movq` or `movl`. */
export function word(profile: Profile, mnemonic: string): string {
  return mnemonic + suffix(profile.wordBytes);
}

/** Moves a word between memory or a general register and a vector register. */
export const vectorMove = (profile: Profile): string => (profile.wordBytes === 8 ? 'movq' : 'movd');

/** `%`-spelling of a general register at full width. */
export function full(profile: Profile, number: number): string {
  return spell(number, profile.wordBytes);
}

/** The slot `bytes` above the stack pointer. */
export function slot(profile: Profile, bytes: number): string {
  return formatMemory(slotOperand(profile, bytes));
}

/** Its mirror. */
export function mirrorSlot(profile: Profile, bytes: number): string {
  return mirrorOf(profile, slotOperand(profile, bytes));
}

function slotOperand(profile: Profile, bytes: number): MemoryOperand {
  return {
    kind: 'memory',
    segment: '',
    displacement: bytes === 0 ? '' : String(bytes),
    base: profile.stackPointer,
    index: '',
    scale: 1,
    decoration: '',
  };
}

/** The mirror of an operand whose segment base is 0. */
export function mirrorOf(profile: Profile, operand: MemoryOperand): string {
  const displacement = appendDisplacement(operand.displacement, profile.mirrorDisplacement);
  return formatMemory({ ...operand, displacement }, profile.mirrorSegment);
}

/**
 * Lines that make of a native address in one register that of its mirror in another, which may be the same where no segment holds the
 * distance. No flag changes.
 *
 * @param plus what is added to the native address
 */
export function mirrorAddress(profile: Profile, from: number, to: number, plus = 0): string[] {
  const own = full(profile, from);
  if (profile.mirrorSegment === '')
    return [`\tleal\t${(profile.mirrorDisplacement + plus) | 0}(${own}), ${full(profile, to)}`];
  const distance = full(profile, to);
  return [
    `\trd${profile.mirrorSegment}base\t${distance}`,
    `\t${word(profile, 'lea')}\t${plus === 0 ? '' : plus}(${distance},${own}), ${distance}`,
  ];
}

/** Whether a line made here has to do with the mirror: a store (inserted code never reads it), or its address for a string operation. */
export function namesMirror(profile: Profile, line: string): boolean {
  if (entersCompareAndSwap(line)) return true;
  return profile.mirrorSegment === ''
    ? line.includes(String(profile.mirrorDisplacement))
    : line.includes(`%${profile.mirrorSegment}:`) || /^\t(gs |rdgsbase)/.test(line);
}

/** Whether a line made here stores to the mirror by itself. */
export function isMirrorStore(profile: Profile, line: string): boolean {
  return namesMirror(profile, line) && !/^\t(lea|rdgsbase)/.test(line);
}

/** Whether a site does its native write in the runtime, so that the mirror store alone cannot be left out. */
export function writesInRuntime(lines: readonly string[]): boolean {
  return lines.some(entersCompareAndSwap);
}
