// Register sets to names, for people; the encoding stands in effects.ts.
import type { IntegerSet, OtherSet, VectorSet } from './effects.js';
import type { Mode } from './rows.js';

const general: Readonly<Record<Mode, readonly string[]>> = {
  64: 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' '),
  32: 'eax ecx edx ebx esp ebp esi edi'.split(' '),
};
const firstFlag = 16;
const flags = 'CF PF AF ZF SF DF OF'.split(' ');
const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`);
const vectors = numbered('xmm', 32);
const others = [
  ...numbered('k', 8),
  ...numbered('mm', 8),
  ...numbered('tmm', 8),
  ...numbered('bnd', 4),
  'x87',
  'segment',
  'control',
];

const members = (set: number, names: readonly string[]): string[] =>
  names.filter((_, bit) => (set >>> bit) & 1);

/** Names of all registers in three sets: full names of general registers, xmm names for vector registers. */
export function describeRegisters(
  integer: IntegerSet,
  vector: VectorSet,
  other: OtherSet,
  mode: Mode = 64,
): string[] {
  return [...members(integer, general[mode]), ...members(vector, vectors), ...members(other, others)];
}

/** Names of the flags in a set of general registers and flags. */
export function describeFlags(integer: IntegerSet): string[] {
  return members(integer >>> firstFlag, flags);
}
