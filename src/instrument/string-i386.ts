// String instructions on i386: the mirror of a range is the same instruction at edi + D, in the same direction.
import { RCX, RDI, RSI } from '../analyze/sets.js';
import { linuxI386 as profile } from '../profile/linux-i386.js';
import { spell, suffix } from './registers.js';
import { NoPattern, withScratch } from './site.js';
import type { Expansion, Site } from './site.js';

const STOS_REGISTERS = (1 << 0) | (1 << RCX) | (1 << RDI);
const MOVS_REGISTERS = (1 << RCX) | (1 << RSI) | (1 << RDI);
const DISTANCE = profile.mirrorDisplacement;

const REPEATS: ReadonlySet<string> = new Set(['rep', 'repe', 'repz', 'repne', 'repnz']);
const repeats = (site: Site): boolean => site.unit.instruction.prefixes.some((p) => REPEATS.has(p));

/** Segments other than %fs and %gs are flat. */
function checkForm(site: Site): void {
  for (const prefix of site.unit.instruction.prefixes)
    if (!REPEATS.has(prefix))
      throw new NoPattern(`the prefix '${prefix}' on a string instruction has no pattern`);
  for (const operand of site.unit.instruction.operands) {
    if (operand.kind !== 'memory') continue;
    if (!operand.base.startsWith('e'))
      throw new NoPattern('a string instruction with 16-bit addresses has no pattern');
    if (operand.segment === 'fs' || operand.segment === 'gs')
      throw new NoPattern(`a string instruction on %${operand.segment} has no pattern`);
  }
}

const operation = (site: Site, name: string): string => name + suffix(site.unit.effects.operandBytes);

/** `stos`: the mirror first, then native. */
export function mirrorStos(site: Site): Expansion {
  checkForm(site);
  const bytes = site.unit.effects.operandBytes;
  if (!repeats(site))
    return {
      before: [`\tmov${suffix(bytes)}\t${spell(0, bytes)}, ${DISTANCE}(%edi)`],
      replace: null,
      after: [],
      window: 0,
    };
  const before = withScratch(
    site,
    2,
    site.freeBefore & site.freeAfter,
    STOS_REGISTERS,
    ([start = -1, count = -1]) => [
      `\tmovl\t%edi, ${spell(start, 4)}`,
      `\tmovl\t%ecx, ${spell(count, 4)}`,
      `\tleal\t${DISTANCE}(%edi), %edi`,
      `\trep ${operation(site, 'stos')}`,
      `\tmovl\t${spell(start, 4)}, %edi`,
      `\tmovl\t${spell(count, 4)}, %ecx`,
    ],
  );
  return { before, replace: null, after: [], window: 0 };
}

/** `movs`: with rep, source and destination may overlap, so native goes first and the destination is copied: a window. */
export function mirrorMovs(site: Site): Expansion {
  checkForm(site);
  const bytes = site.unit.effects.operandBytes;
  const free = site.freeBefore & site.freeAfter;
  if (!repeats(site)) {
    const before = withScratch(
      site,
      1,
      free,
      MOVS_REGISTERS,
      ([value = -1]) => [
        `\tmov${suffix(bytes)}\t(%esi), ${spell(value, bytes)}`,
        `\tmov${suffix(bytes)}\t${spell(value, bytes)}, ${DISTANCE}(%edi)`,
      ],
      bytes === 1 ? profile.byteRegisters : 0xffff,
    );
    return { before, replace: null, after: [], window: 0 };
  }
  const movs = `\trep ${operation(site, 'movs')}`;
  const replace = withScratch(site, 3, free, MOVS_REGISTERS, ([start = -1, count = -1, source = -1]) => [
    `\tmovl\t%edi, ${spell(start, 4)}`,
    `\tmovl\t%ecx, ${spell(count, 4)}`,
    movs,
    `\tmovl\t%esi, ${spell(source, 4)}`,
    `\tmovl\t${spell(start, 4)}, %esi`,
    `\tleal\t${DISTANCE}(%esi), %edi`,
    `\tmovl\t${spell(count, 4)}, %ecx`,
    movs,
    // The copy read native memory from the start, so esi stands where edi stood after the native move.
    '\tmovl\t%esi, %edi',
    `\tmovl\t${spell(source, 4)}, %esi`,
  ]);
  return { before: [], replace, after: [], window: 7 };
}
