// String instructions. rdgsbase gives D, so that the mirror of a range is the same instruction at rdi + D, in the same direction.
import { RCX, RDI, RSI } from '../analyze/sets.js';
import { formatInstruction } from './format.js';
import { withScratch } from './site.js';
import type { Expansion, Site } from './site.js';
import { spell, suffix } from './registers.js';

const STRING_REGISTERS = (1 << 0) | (1 << RCX) | (1 << RSI) | (1 << RDI);

const repeats = (site: Site): boolean =>
  site.unit.instruction.prefixes.some((p) => p === 'rep' || p === 'repe' || p === 'repz');

/** Where movs reads, with its segment; what it writes is always in the flat one. */
function sourceOf(site: Site): string {
  const { operands, prefixes } = site.unit.instruction;
  const prefix = prefixes.find((name) => /^[cdefs]s$/.test(name));
  const [source] = operands;
  const segment = source?.kind === 'memory' ? source.segment : (prefix ?? '');
  return segment === '' ? '(%rsi)' : `%${segment}:(%rsi)`;
}

const mnemonic = (site: Site, name: string): string => name + suffix(site.unit.effects.operandBytes);

/** `stos`: the mirror first, then native. */
export function mirrorStos(site: Site): Expansion {
  const bytes = site.unit.effects.operandBytes;
  if (!repeats(site))
    return {
      before: [`\tmov${suffix(bytes)}\t${spell(0, bytes)}, %gs:(%rdi)`],
      replace: null,
      after: [],
      window: 0,
    };
  const before = withScratch(
    site,
    2,
    site.freeBefore & site.freeAfter,
    STRING_REGISTERS,
    ([start = -1, count = -1]) => [
      `\tmovq\t%rdi, ${spell(start, 8)}`,
      `\tmovq\t%rcx, ${spell(count, 8)}`,
      '\trdgsbase\t%rdi',
      `\tleaq\t(%rdi,${spell(start, 8)}), %rdi`,
      `\trep ${mnemonic(site, 'stos')}`,
      `\tmovq\t${spell(start, 8)}, %rdi`,
      `\tmovq\t${spell(count, 8)}, %rcx`,
    ],
  );
  return { before, replace: null, after: [], window: 0 };
}

/** `movs`: source and destination may overlap, so native goes first and the destination is copied: a window. */
export function mirrorMovs(site: Site): Expansion {
  const { instruction } = site.unit;
  const bytes = site.unit.effects.operandBytes;
  if (!repeats(site)) {
    const before = withScratch(
      site,
      1,
      site.freeBefore & site.freeAfter,
      STRING_REGISTERS,
      ([value = -1]) => [
        `\tmov${suffix(bytes)}\t${sourceOf(site)}, ${spell(value, bytes)}`,
        `\tmov${suffix(bytes)}\t${spell(value, bytes)}, %gs:(%rdi)`,
      ],
    );
    return { before, replace: null, after: [], window: 0 };
  }
  const replace = withScratch(
    site,
    3,
    site.freeBefore & site.freeAfter,
    STRING_REGISTERS,
    ([start = -1, count = -1, source = -1]) => [
      `\tmovq\t%rdi, ${spell(start, 8)}`,
      `\tmovq\t%rcx, ${spell(count, 8)}`,
      formatInstruction(instruction, instruction.mnemonic, -1, ''),
      `\tmovq\t%rsi, ${spell(source, 8)}`,
      `\tmovq\t${spell(start, 8)}, %rsi`,
      '\trdgsbase\t%rdi',
      `\tleaq\t(%rdi,${spell(start, 8)}), %rdi`,
      `\tmovq\t${spell(count, 8)}, %rcx`,
      `\trep ${mnemonic(site, 'movs')}`,
      // The copy read native memory from the start, so rsi stands where rdi stood after the native move.
      '\tmovq\t%rsi, %rdi',
      `\tmovq\t${spell(source, 8)}, %rsi`,
    ],
  );
  return { before: [], replace, after: [], window: 7 };
}
