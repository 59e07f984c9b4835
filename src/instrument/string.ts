// String instructions. The mirror of a range is the same instruction at its mirror address, in the same direction.
import { RAX, RCX, RDI, RSI } from '../analyze/sets.js';
import type { MemoryOperand } from '../parse/syntax.js';
import { formatInstruction, formatMemory } from './format.js';
import { withScratch } from './site.js';
import type { Expansion, Site } from './site.js';
import { spell, suffix } from './registers.js';
import { full, mirrorAddress, mirrorOf, word } from './target.js';

const STOS_REGISTERS = (1 << RAX) | (1 << RCX) | (1 << RDI);
const MOVS_REGISTERS = (1 << RCX) | (1 << RSI) | (1 << RDI);

const repeats = (site: Site): boolean =>
  site.unit.instruction.prefixes.some((p) => p === 'rep' || p === 'repe' || p === 'repz');

const pointer = (site: Site, number: number, segment = ''): MemoryOperand => ({
  kind: 'memory',
  segment,
  displacement: '',
  base: full(site.profile, number).slice(1),
  index: '',
  scale: 1,
  decoration: '',
});

/** Where movs reads, with its segment; what it writes is always in the flat one. */
function sourceOf(site: Site): string {
  const { operands, prefixes } = site.unit.instruction;
  const prefix = prefixes.find((name) => /^[cdes]s$/.test(name));
  const [source] = operands;
  return formatMemory(pointer(site, RSI, source?.kind === 'memory' ? source.segment : prefix));
}

const mnemonic = (site: Site, name: string): string => name + suffix(site.unit.effects.operandBytes);

/** `mov from, to` of a whole register. */
const move = ({ profile }: Site, from: number, to: number): string =>
  `\t${word(profile, 'mov')}\t${full(profile, from)}, ${full(profile, to)}`;

const itself = ({ unit: { instruction } }: Site): string =>
  formatInstruction(instruction, instruction.mnemonic, -1, '');

/** `stos`: the mirror first, then native. */
export function mirrorStos(site: Site): Expansion {
  const { profile } = site;
  const bytes = site.unit.effects.operandBytes;
  if (!repeats(site))
    return {
      before: [`\tmov${suffix(bytes)}\t${spell(0, bytes)}, ${mirrorOf(profile, pointer(site, RDI))}`],
      replace: null,
      after: [],
      window: 0,
    };
  // The native one next to the other, also where registers are kept around them: a signal in between undoes the first (runtime/group.c).
  const replace = withScratch(
    site,
    2,
    site.freeBefore & site.freeAfter,
    STOS_REGISTERS,
    ([start = -1, count = -1]) => [
      move(site, RDI, start),
      move(site, RCX, count),
      ...mirrorAddress(profile, start, RDI),
      `\trep ${mnemonic(site, 'stos')}`,
      move(site, start, RDI),
      move(site, count, RCX),
      itself(site),
    ],
  );
  return { before: [], replace, after: [], window: 0 };
}

/** `movs`: with rep, source and destination may overlap, so native goes first and the destination is copied: a window. */
export function mirrorMovs(site: Site): Expansion {
  const { profile } = site;
  const bytes = site.unit.effects.operandBytes;
  if (!repeats(site)) {
    const replace = withScratch(
      site,
      1,
      site.freeBefore & site.freeAfter,
      MOVS_REGISTERS,
      ([value = -1]) => [
        `\tmov${suffix(bytes)}\t${sourceOf(site)}, ${spell(value, bytes)}`,
        `\tmov${suffix(bytes)}\t${spell(value, bytes)}, ${mirrorOf(profile, pointer(site, RDI))}`,
        itself(site),
      ],
      bytes === 1 ? profile.byteRegisters : 0xffff,
    );
    return { before: [], replace, after: [], window: 0 };
  }
  const replace = withScratch(
    site,
    3,
    site.freeBefore & site.freeAfter,
    MOVS_REGISTERS,
    ([start = -1, count = -1, source = -1]) => [
      move(site, RDI, start),
      move(site, RCX, count),
      itself(site),
      move(site, RSI, source),
      move(site, start, RSI),
      ...mirrorAddress(profile, start, RDI),
      move(site, count, RCX),
      `\trep ${mnemonic(site, 'movs')}`,
      // The copy read native memory from the start, so rsi stands where rdi stood after the native move.
      move(site, RSI, RDI),
      move(site, source, RSI),
    ],
  );
  return { before: [], replace, after: [], window: 7 };
}
