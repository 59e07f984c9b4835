// Refusals that are meant, one row a reason; everything else that is refused is a gap. Sorted by what is refused.

export interface MeantRefusal {
  /** The general form of the message: names in quotes are '...'. */
  readonly reason: RegExp;
  readonly why: string;
}

export const meantRefusals: readonly MeantRefusal[] = [
  { reason: /^16-bit addresses end below/, why: 'a program has no memory there' },
  { reason: /^'...' becomes a register's name after another/, why: 'the other symbol would be one, too' },
  { reason: /^'...' counts bytes of code from here/, why: 'its value changes when code is inserted' },
  {
    reason: /^'...' is refused: /,
    why: 'docs/isa.md: what it writes is not told by its operands, or vendors differ',
  },
  {
    reason: /^'...' of 8 bytes of memory; write movq$/,
    why: 'GNU as takes another encoding than that of movq, which AT&T syntax cannot ask for',
  },
  { reason: /^'...' without ptr in '...', which is a number/, why: 'it reads like a size and is none' },
  {
    reason: /^'...' would (name|make a symbol the name of) a register and something else$/,
    why: 'an address as the value of a symbol: GNU as makes an operand of it',
  },
  {
    reason: /^(FLAT before a number: '...'|two sizes in '...'|no segment in '...')$/,
    why: 'MASM: contradictory',
  },
  {
    reason:
      /^('...' (of what is not a name|with brackets or other names and no register)|a number takes (no size|these operands)|a register or brackets are subtracted in|not a register times a number|a relocation beside another name)/,
    why: 'MASM: GNU as 2.40 reads it in a way of its own, or AT&T syntax cannot say it',
  },
  { reason: /^a comment joins two words$/, why: 'GNU as makes one word of them, nearly always by mistake' },
  { reason: /^a far (address|branch): '...'$/, why: 'it changes the code segment' },
  { reason: /^a name that begins with \$ in '...'$/, why: 'it reads like a number or the current address' },
  {
    reason:
      /^(a prefix without an instruction|more prefixes than an instruction can have|unknown prefix '...')$/,
    why: 'REX bits by hand',
  },
  { reason: /^a privileged instruction$/, why: 'no user program executes it' },
  { reason: /^a way into the kernel that/, why: 'the runtime follows one entry a target' },
  {
    reason: /^an address of \d+ bits in a register has no mirror$/,
    why: 'movdir64b and its kin with the address size by hand: no compiler makes it',
  },
  { reason: /^behind '...' names of registers may be symbols$/, why: '.arch takes registers away' },
  {
    reason: /^directive '...' is not supported$/,
    why: 'another word size in the same file, MRI, bundles, absolute sections',
  },
  { reason: /^macros, loops and included files add up to more than/, why: 'the stated limit' },
  {
    reason: /^prefix '...' before '...': /,
    why: 'it changes the address or the size in a way no compiler uses',
  },
  { reason: /^the base of %fs is not known/, why: 'i386 Linux programs have no such segment by themselves' },
  {
    reason: /^the expression '...' of \.if (depends on the address|has the register)/,
    why: 'inserted code could change it',
  },
  {
    reason: /^the index [er]iz is no register$/,
    why: 'a spelling of disassemblers for an encoding without an index',
  },
  { reason: /^the program uses %gs/, why: 'the mirror needs it' },
  { reason: /^the scale '...' is no number$/, why: 'a symbol, whose value is not worked out here' },
  { reason: /^the word size changes in '...'$/, why: 'a program of one profile has one word size' },
];

/** A write that is known for what it is, but cannot be mirrored yet: no gap in what is understood. */
export const withoutPattern = (reason: string): boolean => /has no (mirror )?pattern/.test(reason);

/** Why a refusal is meant, or undefined. */
export function meant(reason: string): string | undefined {
  return meantRefusals.find((row) => row.reason.test(reason))?.why;
}
