// Locked and implicitly locked operations: performed natively, then copied until both copies agree (DESIGN 5).
import {
  addressOf,
  addressRegisters,
  addressScratch,
  memoryOf,
  moved,
  NoPattern,
  withScratch,
} from './site.js';
import type { Expansion, Site } from './site.js';
import type { MemoryOperand } from '../parse/syntax.js';
import { formatInstruction, formatMemory } from './format.js';
import { generalNumber, spell, suffix } from './registers.js';
import { RCX, RSP } from '../analyze/sets.js';

/**
 * Reads native memory, stores it to the mirror with a full fence (xchg with memory locks), reads native again and repeats while
 * another thread has changed it. No instruction of the loop touches a flag: the difference is formed by `not` and `lea`
 * (s + ~t + 1 = s - t) and tested by jrcxz.
 */
export function mirrorAtomic(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const memory = memoryOf(site);
  const bytes = effects.memoryBytes;
  if (![1, 2, 4, 8].includes(bytes))
    throw new NoPattern(`an atomic operation on ${bytes} bytes has no pattern`);
  const changesAddress = (effects.integerWritten & addressRegisters(memory)) !== 0;
  if (changesAddress && memory.segment !== '')
    throw new NoPattern('the instruction changes the registers of its %fs address');

  const loop =
    (where: MemoryOperand) =>
    (scratch: readonly number[], shift: number): string[] => {
      const [s = -1, t = -1, ...rest] = scratch;
      const address = addressOf(site.profile, where, rest, shift);
      const again = site.label();
      const equal = site.label();
      const load = (register: number): string =>
        bytes >= 4
          ? `\tmov${suffix(bytes)}\t${address.native(0)}, ${spell(register, bytes)}`
          : `\tmovz${suffix(bytes)}l\t${address.native(0)}, ${spell(register, 4)}`;
      const swap = `\txchgq\t%rcx, ${spell(t, 8)}`;
      return [
        ...address.setup,
        `${again}:`,
        load(s),
        `\tmovq\t${spell(s, 8)}, ${spell(t, 8)}`,
        `\txchg${suffix(bytes)}\t${spell(t, bytes)}, ${address.mirror(0)}`,
        load(t),
        `\tnotq\t${spell(t, 8)}`,
        `\tleaq\t1(${spell(s, 8)},${spell(t, 8)}), ${spell(t, 8)}`,
        swap,
        `\tjrcxz\t${equal}`,
        swap,
        `\tjmp\t${again}`,
        `${equal}:`,
        swap,
      ];
    };
  // rcx is swapped for the test, so it may be neither scratch itself.
  const busy = addressRegisters(memory) | (1 << RCX);
  if (!changesAddress) {
    const after = withScratch(
      site,
      2 + addressScratch(site.profile, memory),
      site.freeAfter,
      busy,
      loop(memory),
    );
    return { before: [], replace: null, after, window: after.length };
  }
  // xchg %rax,(%rax): the address is computed before the instruction and kept in a register of its own.
  const used = busy | ((effects.integerRead | effects.integerWritten) & 0xffff);
  let window = 0;
  const replace = withScratch(
    site,
    3,
    site.freeBefore & site.freeAfter,
    used,
    ([u = -1, s = -1, t = -1], shift) => {
      if (
        shift !== 0 &&
        instruction.operands.some((o) => o.kind === 'register' && generalNumber(o.name) === RSP)
      )
        throw new NoPattern('the instruction uses the stack pointer and no register is free');
      const fixed: MemoryOperand = { ...memory, base: spell(u, 8).slice(1), index: '', displacement: '' };
      const tail = loop(fixed)([s, t], 0);
      window = tail.length;
      return [
        `\tleaq\t${formatMemory(memory.base === 'rsp' ? moved(memory, shift) : memory)}, ${spell(u, 8)}`,
        formatInstruction(instruction, instruction.mnemonic, effects.memoryOperand, formatMemory(fixed)),
        ...tail,
      ];
    },
  );
  return { before: [], replace, after: [], window };
}
