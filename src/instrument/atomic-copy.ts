// Locked and implicitly locked operations on i386, and those of x86-64 that the runtime's compare-and-swap cannot do (16 bytes, bit strings,
// compare and add): performed natively, then copied until both copies agree (DESIGN 5).
import {
  addressOf,
  addressRegisters,
  addressScratch,
  linearAddress,
  memoryOf,
  namesStackPointer,
  NoPattern,
  withScratch,
} from './site.js';
import type { Address, Expansion, Site } from './site.js';
import type { MemoryOperand } from '../parse/syntax.js';
import { formatInstruction, formatMemory } from './format.js';
import { hasHighByte, spell, suffix } from './registers.js';
import { RCX } from '../analyze/sets.js';
import { full, word } from './target.js';

/**
 * Reads native memory, stores it to the mirror with a full fence (xchg with memory locks), reads native again and repeats while
 * another thread has changed it. No instruction of the loop touches a flag: the difference is formed by `not` and `lea`
 * (s + ~t + 1 = s - t) and tested by jrcxz.
 */
export function mirrorAtomicAfter(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const memory = memoryOf(site);
  const bytes = effects.memoryBytes;
  const { profile } = site;
  const step = Math.min(bytes, profile.wordBytes);
  if (![1, 2, 4, 8, 16].includes(bytes))
    throw new NoPattern(`an atomic operation on ${bytes} bytes has no pattern`);
  const changesAddress = (effects.integerWritten & addressRegisters(memory)) !== 0;

  const loop =
    (where: MemoryOperand) =>
    (scratch: readonly number[], shift: number): string[] => {
      const [s = -1, t = -1, ...rest] = scratch;
      const address = addressOf(profile, where, rest, shift);
      const lines = [...address.setup];
      // Wider than a word: each part on its own.
      for (let at = 0; at < bytes; at += step) lines.push(...copyUntilStable(site, address, at, step, s, t));
      return lines;
    };
  // The second register has to have a part of the operation's size; an address leaves at least one such.
  const allowed = [0xffff, step === 1 ? profile.byteRegisters : 0xffff];
  // rcx is swapped for the test, so it may be neither scratch itself.
  const busy = addressRegisters(memory) | (1 << RCX);
  if (!changesAddress) {
    const after = withScratch(
      site,
      2 + addressScratch(site.profile, memory),
      site.freeAfter,
      busy,
      loop(memory),
      allowed,
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
      if (shift !== 0 && namesStackPointer(site))
        throw new NoPattern('an exchange with the stack pointer, and no register is free', 'M009');
      const { setup, operand } = linearAddress(profile, memory, u, t, shift);
      const tail = loop(operand)([s, t], 0);
      window = tail.length;
      return [
        ...setup,
        formatInstruction(instruction, instruction.mnemonic, effects.memoryOperand, formatMemory(operand)),
        ...tail,
      ];
    },
    // Beside ah to dh an address register without REX.
    [hasHighByte(instruction) ? 0xff : 0xffff, ...allowed],
  );
  return { before: [], replace, after: [], window };
}

/** The loop for one part of at most a word. */
export function copyUntilStable(
  { profile, label }: Site,
  address: Address,
  at: number,
  bytes: number,
  s: number,
  t: number,
): string[] {
  const again = label();
  const equal = label();
  const load = (register: number): string =>
    bytes >= 4
      ? `\tmov${suffix(bytes)}\t${address.native(at)}, ${spell(register, bytes)}`
      : `\tmovz${suffix(bytes)}l\t${address.native(at)}, ${spell(register, 4)}`;
  const [S, T, count] = [full(profile, s), full(profile, t), full(profile, RCX)];
  const swap = `\t${word(profile, 'xchg')}\t${count}, ${T}`;
  return [
    `${again}:`,
    load(s),
    `\t${word(profile, 'mov')}\t${S}, ${T}`,
    `\txchg${suffix(bytes)}\t${spell(t, bytes)}, ${address.mirror(at)}`,
    load(t),
    `\t${word(profile, 'not')}\t${T}`,
    `\t${word(profile, 'lea')}\t1(${S},${T}), ${T}`,
    swap,
    `\tj${count.slice(1)}z\t${equal}`,
    swap,
    `\tjmp\t${again}`,
    `${equal}:`,
    swap,
  ];
}
