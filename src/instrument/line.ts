// Stores to an address that no operand names: rdgsbase gives the distance, or the prefix stands before the instruction.
import { RAX } from '../analyze/sets.js';
import { formatInstruction, formatMemory } from './format.js';
import { generalNumber, spell } from './registers.js';
import { addressRegisters, below, NoPattern, withScratch } from './site.js';
import type { Expansion, Site } from './site.js';

/** `clzero`: the mirror's line first; the distance is a multiple of a line. */
export function mirrorLine(site: Site): Expansion {
  const before = withScratch(site, 1, site.freeBefore, 1 << RAX, ([kept = -1]) => [
    `\tmovq\t%rax, ${spell(kept, 8)}`,
    '\trdgsbase\t%rax',
    `\tleaq\t(%rax,${spell(kept, 8)}), %rax`,
    '\tclzero',
    `\tmovq\t${spell(kept, 8)}, %rax`,
  ]);
  return { before, replace: null, after: [], window: 0 };
}

/** `movdir64b m, r`: to the mirror of where r points, first. */
export function mirrorLineToRegister(site: Site): Expansion {
  const { instruction } = site.unit;
  const [source, target] = instruction.operands;
  if (source?.kind !== 'memory' || target?.kind !== 'register')
    throw new NoPattern('movdir64b of another form');
  const number = generalNumber(target.name);
  // A 32-bit address reaches no mirror.
  if (number < 0 || target.name !== spell(number, 8).slice(1))
    throw new NoPattern('a 32-bit address in a register has no mirror', 'M005', 'use the 64-bit register');
  const before = withScratch(
    site,
    1,
    site.freeBefore,
    addressRegisters(source) | (1 << number),
    ([u = -1], shift) => [
      `\trdgsbase\t${spell(u, 8)}`,
      `\tleaq\t${number === 4 && shift !== 0 ? shift : ''}(${spell(number, 8)},${spell(u, 8)}), ${spell(u, 8)}`,
      `\tmovdir64b\t${formatMemory(below(source, shift))}, ${spell(u, 8)}`,
    ],
  );
  return { before, replace: null, after: [], window: 0 };
}

/** `maskmovdqu`: its store takes a segment prefix. */
export function mirrorMaskMove(site: Site): Expansion {
  const { instruction } = site.unit;
  if (instruction.prefixes.some((prefix) => /^[cdefs]s$/.test(prefix)))
    throw new NoPattern('a masked move in another segment', 'M005', 'add the base to rdi');
  return {
    before: [`\tgs ${formatInstruction(instruction, instruction.mnemonic, -1, '').slice(1)}`],
    replace: null,
    after: [],
    window: 0,
  };
}
