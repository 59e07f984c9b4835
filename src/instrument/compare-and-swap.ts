// The runtime's compare-and-swap of both copies (runtime/*/atomic.S): what it takes, what it clobbers, how a site gets there.
import { RAX, RCX } from '../analyze/sets.js';
import type { ProfileName } from '../profile/profile.js';

/** An entry for words of 1, 2, 4, 8 bytes: rax is compared, and is what cmpxchg leaves there. */
export interface CompareAndSwap {
  /** Registers of the new value and of the address. */
  readonly value: number;
  readonly address: number;
  /** What else it destroys. Flags: as from cmpxchg. */
  readonly clobbers: readonly number[];
  /** The lines that go there; `label` is a fresh one. */
  readonly enter: (bytes: number, label: () => string) => readonly string[];
}

/** An entry that does what cmpxchg8b, cmpxchg16b do, with the values in the same registers; of the flags only zero is meaningful. */
export type CompareAndSwapPair = Omit<CompareAndSwap, 'value'>;

interface Entries {
  readonly word: CompareAndSwap;
  readonly pair: CompareAndSwapPair;
}

/** Jumped to, as the red zone lies below the stack pointer: the way back is in a register. */
const jump = (entry: string, back: string, label: string): readonly string[] => [
  `\tleaq\t${label}(%rip), %${back}`,
  `\tjmp\t${entry}`,
  `${label}:`,
];

const linuxX8664: Entries = {
  word: {
    value: 11,
    address: 10,
    clobbers: [RCX, 9],
    enter: (bytes, label) => jump(`__mirror_cas${bytes}`, 'rcx', label()),
  },
  pair: {
    address: 10,
    clobbers: [8, 9, 11],
    enter: (bytes, label) => jump(`__mirror_pair${bytes}`, 'r11', label()),
  },
};

/** Called: no register is free there, and nothing lives below the stack pointer. What it uses itself it keeps on both copies of the stack. */
const linuxI386: Entries = {
  word: {
    value: RCX,
    address: 2,
    clobbers: [],
    enter: (bytes) => [`\tcall\t__mirror_cas${bytes}`],
  },
  pair: { address: 6, clobbers: [], enter: (bytes) => [`\tcall\t__mirror_pair${bytes}`] },
};

/** The entries of each target. */
export const compareAndSwapOf: Readonly<Record<ProfileName, Entries>> = {
  'linux-i386': linuxI386,
  'linux-x86_64': linuxX8664,
};

/** The accumulator of cmpxchg. */
export const ACCUMULATOR = RAX;

/** Whether a line made here goes to one of the entries. */
export const entersCompareAndSwap = (line: string): boolean =>
  /^\t(jmp|call)\t__mirror_(cas|pair)\d/.test(line);
