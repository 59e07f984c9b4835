// Stores to an address that no operand names: it is moved to the mirror in its register.
import { RAX, RDI } from '../analyze/sets.js';
import { formatInstruction, formatMemory } from './format.js';
import { generalNumber } from './registers.js';
import { addressRegisters, below, NoPattern, withScratch } from './site.js';
import type { Expansion, Site } from './site.js';
import { full, mirrorAddress, word } from './target.js';

/** `clzero`: the mirror's line first; the distance is a multiple of a line. */
export function mirrorLine(site: Site): Expansion {
  const { profile } = site;
  const mov = word(profile, 'mov');
  const before = withScratch(site, 1, site.freeBefore, 1 << RAX, ([kept = -1]) => [
    `\t${mov}\t${full(profile, RAX)}, ${full(profile, kept)}`,
    ...mirrorAddress(profile, kept, RAX),
    '\tclzero',
    `\t${mov}\t${full(profile, kept)}, ${full(profile, RAX)}`,
  ]);
  return { before, replace: null, after: [], window: 0 };
}

/** `movdir64b m, r`: to the mirror of where r points, first. */
export function mirrorLineToRegister(site: Site): Expansion {
  const { profile } = site;
  const { instruction } = site.unit;
  const [source, target] = instruction.operands;
  if (source?.kind !== 'memory' || target?.kind !== 'register')
    throw new NoPattern('movdir64b of another form');
  const number = generalNumber(target.name);
  if (number < 0 || target.name !== full(profile, number).slice(1))
    throw new NoPattern(
      `an address of ${profile.mode / 2} bits in a register has no mirror`,
      'M005',
      `use the ${profile.mode}-bit register`,
    );
  const before = withScratch(
    site,
    1,
    site.freeBefore,
    addressRegisters(source) | (1 << number),
    ([u = -1], shift) => [
      ...mirrorAddress(profile, number, u, number === 4 ? shift : 0),
      `\tmovdir64b\t${formatMemory(below(source, shift))}, ${full(profile, u)}`,
    ],
  );
  return { before, replace: null, after: [], window: 0 };
}

/** `maskmovdqu`: stores to where rdi points, in a flat segment. */
export function mirrorMaskMove(site: Site): Expansion {
  const { profile } = site;
  const { instruction } = site.unit;
  const prefixes = instruction.prefixes.filter((prefix) => !/^[cdes]s$/.test(prefix));
  const twin = formatInstruction({ ...instruction, prefixes }, instruction.mnemonic, -1, '');
  if (profile.mirrorSegment !== '')
    return {
      before: [`\t${profile.mirrorSegment} ${twin.slice(1)}`],
      replace: null,
      after: [],
      window: 0,
    };
  const mov = word(profile, 'mov');
  const before = withScratch(site, 1, site.freeBefore, 1 << RDI, ([kept = -1]) => [
    `\t${mov}\t${full(profile, RDI)}, ${full(profile, kept)}`,
    ...mirrorAddress(profile, kept, RDI),
    twin,
    `\t${mov}\t${full(profile, kept)}, ${full(profile, RDI)}`,
  ]);
  return { before, replace: null, after: [], window: 0 };
}
