// Scatters: repeatable but for their mask, of which each store clears a bit.
import { formatInstruction } from './format.js';
import { spell } from './registers.js';
import { addressOf, addressScratch, addressRegisters, memoryOf, NoPattern, withScratch } from './site.js';
import type { Expansion, Site } from './site.js';

/** The same scatter to the mirror, then the mask again, then the scatter. It has at most 16 elements, and clears the mask above them. */
export function mirrorScatter(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const memory = memoryOf(site);
  const mask = /^\{%(k[1-7])\}$/.exec(memory.decoration)?.[1];
  if (mask === undefined) throw new NoPattern('a scatter without a mask');
  const before = withScratch(
    site,
    1 + addressScratch(site.profile, memory),
    site.freeBefore,
    addressRegisters(memory),
    ([kept = -1, ...rest], shift) => {
      const address = addressOf(site.profile, memory, rest, shift);
      return [
        ...address.setup,
        `\tkmovw\t%${mask}, ${spell(kept, 4)}`,
        formatInstruction(instruction, instruction.mnemonic, effects.memoryOperand, address.mirror(0)),
        `\tkmovw\t${spell(kept, 4)}, %${mask}`,
      ];
    },
  );
  return { before, replace: null, after: [], window: 0 };
}
