// Bit strings: `bts %rax, m` changes the bit rax of the string that begins at m, so its word may be far away.
import type { Operand } from '../parse/syntax.js';
import { RAX, RSP } from '../analyze/sets.js';
import { formatMemory } from './format.js';
import { generalNumber, spell, suffix } from './registers.js';
import { linearAddress, memoryOf, NoPattern, withScratch } from './site.js';
import type { Expansion, Site } from './site.js';
import { full, mirrorOf, slot, word } from './target.js';

/** Whether an address is computed in 32 bits in 64-bit code. */
const isNarrow = (name: string): boolean => /^(e..|r\d+d)$/.test(name);

/**
 * Not locked (atomic.ts). The instruction first, then its word is copied. The word's place takes an arithmetic shift, which changes flags: they are kept in
 * rax by lahf and seto, as pushf would need the stack.
 */
export function mirrorBitString(site: Site): Expansion {
  const { profile } = site;
  const { instruction, effects } = site.unit;
  const memory = memoryOf(site);
  const bytes = effects.operandBytes;
  const offset: Operand | undefined = instruction.operands[0];
  const bit = offset?.kind === 'register' ? generalNumber(offset.name) : -1;
  if (bit < 0) throw new NoPattern('a bit offset that is no register');
  const narrow = profile.mode === 64 && (isNarrow(memory.base) || isNarrow(memory.index));
  // Registers of the address may serve once it is formed, so that seven registers are enough.
  const busy = (1 << bit) | (1 << RAX);
  const after = withScratch(site, 3, site.freeAfter, busy, ([u = -1, t = -1, kept = -1], shift) => {
    const address = linearAddress(profile, memory, u, t, shift);
    const [T, K, A] = [full(profile, t), full(profile, kept), full(profile, RAX)];
    const mov = word(profile, 'mov');
    return [
      ...address.setup,
      ...offsetTo(site, bit, bytes, t, shift),
      `\t${mov}\t${A}, ${K}`,
      '\tlahf',
      '\tseto\t%al',
      `\t${word(profile, 'sar')}\t$${3 + Math.log2(bytes)}, ${T}`,
      '\taddb\t$127, %al',
      '\tsahf',
      `\t${mov}\t${K}, ${A}`,
      `\tlea${narrow ? 'l' : suffix(profile.wordBytes)}\t(${full(profile, u)},${T},${bytes}), ${spell(u, narrow ? 4 : profile.wordBytes)}`,
      `\tmov${suffix(bytes)}\t${formatMemory(address.operand)}, ${spell(t, bytes)}`,
      `\tmov${suffix(bytes)}\t${spell(t, bytes)}, ${mirrorOf(profile, address.operand)}`,
    ];
  });
  return { before: [], replace: null, after, window: after.length };
}

/** The bit offset, whose sign counts, at full width in `t`. */
function offsetTo({ profile }: Site, bit: number, bytes: number, t: number, shift: number): string[] {
  const whole = bytes === profile.wordBytes;
  const T = full(profile, t);
  if (bit === RSP && shift !== 0) {
    const lines = [`\t${word(profile, 'lea')}\t${slot(profile, shift)}, ${T}`];
    return whole
      ? lines
      : [...lines, `\tmovs${suffix(bytes)}${suffix(profile.wordBytes)}\t${spell(t, bytes)}, ${T}`];
  }
  return whole
    ? [`\t${word(profile, 'mov')}\t${full(profile, bit)}, ${T}`]
    : [`\tmovs${suffix(bytes)}${suffix(profile.wordBytes)}\t${spell(bit, bytes)}, ${T}`];
}
