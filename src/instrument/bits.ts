// Bit strings: `bts %rax, m` changes the bit rax of the string that begins at m, so its word may be far away.
import type { Operand } from '../parse/syntax.js';
import { RAX, RCX } from '../analyze/sets.js';
import { copyUntilStable } from './atomic-copy.js';
import { formatMemory } from './format.js';
import { generalNumber, spell, suffix } from './registers.js';
import { addressRegisters, linearAddress, memoryOf, NoPattern, withScratch } from './site.js';
import type { Expansion, Site } from './site.js';
import { mirrorOf } from './target.js';

/** Whether an address is computed in 32 bits. */
const isNarrow = (name: string): boolean => /^(e..|r\d+d)$/.test(name);

/**
 * The instruction first, then its word is copied. The word's place takes an arithmetic shift, which changes flags: they are kept in
 * rax by lahf and seto, as pushf would need the stack.
 */
export function mirrorBitString(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const memory = memoryOf(site);
  const bytes = effects.operandBytes;
  const offset: Operand | undefined = instruction.operands[0];
  const bit = offset?.kind === 'register' ? generalNumber(offset.name) : -1;
  if (bit < 0) throw new NoPattern('a bit offset that is no register');
  const locked = instruction.prefixes.includes('lock');
  const narrow = isNarrow(memory.base) || isNarrow(memory.index);
  const busy = addressRegisters(memory) | (1 << bit) | (1 << RAX) | (locked ? 1 << RCX : 0);
  const after = withScratch(site, 3, site.freeAfter, busy, ([u = -1, t = -1, kept = -1], shift) => {
    const address = linearAddress(site.profile, memory, u, t, shift);
    const [U, T] = [spell(u, 8), spell(t, 8)];
    if (bit === 4 && shift !== 0)
      throw new NoPattern('a bit offset in the stack pointer and no register is free', 'M009');
    return [
      ...address.setup,
      bytes === 8 ? `\tmovq\t${spell(bit, 8)}, ${T}` : `\tmovs${suffix(bytes)}q\t${spell(bit, bytes)}, ${T}`,
      `\tmovq\t%rax, ${spell(kept, 8)}`,
      '\tlahf',
      '\tseto\t%al',
      `\tsarq\t$${3 + Math.log2(bytes)}, ${T}`,
      '\taddb\t$127, %al',
      '\tsahf',
      `\tmovq\t${spell(kept, 8)}, %rax`,
      `\tlea${narrow ? 'l' : 'q'}\t(${U},${T},${bytes}), ${spell(u, narrow ? 4 : 8)}`,
      ...(locked
        ? copyUntilStable(
            site,
            {
              setup: [],
              native: () => formatMemory(address.operand),
              mirror: () => mirrorOf(site.profile, address.operand),
            },
            0,
            bytes,
            t,
            kept,
          )
        : [
            `\tmov${suffix(bytes)}\t${formatMemory(address.operand)}, ${spell(t, bytes)}`,
            `\tmov${suffix(bytes)}\t${spell(t, bytes)}, ${mirrorOf(site.profile, address.operand)}`,
          ]),
    ];
  });
  return { before: [], replace: null, after, window: after.length };
}
