// Stores and read-modify-writes: the mirror first, then native memory (write-ahead, DESIGN 3).
import { formatInstruction } from './format.js';
import { addressOf, addressRegisters, addressScratch, memoryOf, NoPattern, withScratch } from './site.js';
import type { Expansion, Site } from './site.js';
import { generalNumber, isHighByte, spell, suffix } from './registers.js';

/** Integer registers an instruction's operands name. */
function operandRegisters(site: Site): number {
  let set = site.unit.effects.integerRead | site.unit.effects.integerWritten;
  for (const operand of site.unit.instruction.operands)
    if (operand.kind === 'memory') set |= addressRegisters(operand);
  return set & 0xffff;
}

const hasHighByte = (site: Site): boolean =>
  site.unit.instruction.operands.some((operand) => operand.kind === 'register' && isHighByte(operand.name));

/** The same store to the mirror, then the store. */
export function mirrorStore(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  return storeAs(site, (target) =>
    formatInstruction(instruction, instruction.mnemonic, effects.memoryOperand, target),
  );
}

/** Registers without REX prefixes: beside ah..dh nothing else can be encoded. */
const LEGACY = 0xff;

function storeAs(site: Site, store: (target: string) => string): Expansion {
  const memory = memoryOf(site);
  const before = withScratch(
    site,
    addressScratch(site.profile, memory),
    site.freeBefore,
    operandRegisters(site),
    (scratch, shift) => {
      const readsStackPointer = site.unit.instruction.operands.some(
        (o) => o.kind === 'register' && generalNumber(o.name) === 4,
      );
      if (shift !== 0 && readsStackPointer)
        throw new NoPattern('a store of %rsp needs a scratch register and none is free');
      const address = addressOf(site.profile, memory, scratch, shift);
      return [...address.setup, store(address.mirror(0))];
    },
    hasHighByte(site) ? LEGACY : 0xffff,
  );
  return { before, replace: null, after: [], window: 0 };
}

/** x87 stores that pop: `fst`/`fist` store the same value and do not. The 80-bit and 64-bit integer forms have no such twin. */
const withoutPop: ReadonlyMap<string, string> = new Map([
  ['fstp4', 'fsts'],
  ['fstp8', 'fstl'],
  ['fistp2', 'fists'],
  ['fistp4', 'fistl'],
]);

export function mirrorFloatPop(site: Site): Expansion {
  const twin = withoutPop.get(`${site.unit.effects.base}${site.unit.effects.memoryBytes}`);
  if (twin === undefined) return copyAfter(site);
  return storeAs(site, (target) => `\t${twin}\t${target}`);
}

/** `op x, m`: compute in a scratch register, store it to the mirror, then to native memory. Flags are those of op. */
export function mirrorModify(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const bytes = effects.operandBytes;
  const memory = memoryOf(site);
  const busy = operandRegisters(site);
  const replace = withScratch(
    site,
    1 + addressScratch(site.profile, memory),
    site.freeBefore & site.freeAfter,
    busy,
    (scratch, shift) => {
      const [value = -1, ...rest] = scratch;
      if (
        shift !== 0 &&
        instruction.operands.some((o) => o.kind === 'register' && generalNumber(o.name) === 4)
      )
        throw new NoPattern('an operation on %rsp needs a scratch register and none is free');
      const address = addressOf(site.profile, memory, rest, shift);
      const register = spell(value, bytes);
      const load =
        bytes >= 4
          ? `mov${suffix(bytes)}\t${address.native(0)}, ${register}`
          : `movz${suffix(bytes)}l\t${address.native(0)}, ${spell(value, 4)}`;
      return [
        ...address.setup,
        `\t${load}`,
        formatInstruction(instruction, effects.base + suffix(bytes), effects.memoryOperand, register),
        `\tmov${suffix(bytes)}\t${register}, ${address.mirror(0)}`,
        `\tmov${suffix(bytes)}\t${register}, ${address.native(0)}`,
      ];
    },
    hasHighByte(site) ? 0xf : bytes === 1 ? site.profile.byteRegisters : 0xffff,
  );
  return { before: [], replace, after: [], window: 0 };
}

/** A store that cannot be repeated: performed natively, then its bytes copied. A window. */
export function copyAfter(site: Site): Expansion {
  const { effects } = site.unit;
  const memory = memoryOf(site);
  if (effects.integerWritten & addressRegisters(memory))
    throw new NoPattern('the instruction changes its own address registers');
  const after = withScratch(
    site,
    1 + addressScratch(site.profile, memory),
    site.freeAfter,
    addressRegisters(memory),
    (scratch, shift) => {
      const [value = -1, ...rest] = scratch;
      const address = addressOf(site.profile, memory, rest, shift);
      const lines = [...address.setup];
      for (let at = 0; at < effects.memoryBytes;) {
        const left = effects.memoryBytes - at;
        const bytes = Math.min(site.profile.wordBytes, left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1);
        lines.push(
          `\tmov${suffix(bytes)}\t${address.native(at)}, ${spell(value, bytes)}`,
          `\tmov${suffix(bytes)}\t${spell(value, bytes)}, ${address.mirror(at)}`,
        );
        at += bytes;
      }
      return lines;
    },
    effects.memoryBytes % 2 === 1 ? site.profile.byteRegisters : 0xffff,
  );
  return { before: [], replace: null, after, window: after.length };
}
