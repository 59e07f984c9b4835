// Refusals that are meant, one row a reason; everything else that is refused is a gap. Sorted by what is refused.

export interface MeantRefusal {
  /** The general form of the message: names in quotes are '...'. */
  readonly reason: RegExp;
  readonly why: string;
}

export const meantRefusals: readonly MeantRefusal[] = [
  { reason: /^'...' counts bytes of code from here/, why: 'its value changes when code is inserted' },
  {
    reason: /^'...' is refused: /,
    why: 'docs/isa.md: what it writes is not told by its operands, or vendors differ',
  },
  { reason: /^a privileged instruction$/, why: 'no user program executes it' },
  {
    reason: /^directive '...' is not supported$/,
    why: 'another word size in the same file, MRI, bundles, absolute sections',
  },
  { reason: /^macros, loops and included files add up to more than/, why: 'the stated limit' },
  {
    reason: /^prefix '...' before '...': /,
    why: 'it changes the address or the size in a way no compiler uses',
  },
  {
    reason: /^the expression '...' of \.if (depends on the address|has the register)/,
    why: 'inserted code could change it',
  },
  { reason: /^the program uses %gs/, why: 'the mirror needs it' },
  {
    reason: /^the index [er]iz is no register$/,
    why: 'a spelling of disassemblers for an encoding without an index',
  },
  { reason: /^the word size changes in '...'$/, why: 'a program of one profile has one word size' },
  { reason: /^unknown prefix '...'$/, why: 'REX bits by hand' },
];

/** Why a refusal is meant, or undefined. */
export function meant(reason: string): string | undefined {
  return meantRefusals.find((row) => row.reason.test(reason))?.why;
}
