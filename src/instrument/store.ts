// Stores and read-modify-writes: the mirror first, then native memory (write-ahead, DESIGN 3).
import { formatInstruction } from './format.js';
import { RSP } from '../analyze/sets.js';
import type { Instruction } from '../parse/syntax.js';
import {
  addressOf,
  addressRegisters,
  addressScratch,
  cfaMoved,
  memoryOf,
  namesStackPointer,
  NoPattern,
  withScratch,
} from './site.js';
import { full, mirrorSlot, slot, word } from './target.js';
import type { Expansion, Site } from './site.js';
import { bytesOf, generalNumber, hasHighByte, spell, suffix } from './registers.js';

/** Integer registers an instruction's operands name. */
function operandRegisters(site: Site): number {
  let set = site.unit.effects.integerRead | site.unit.effects.integerWritten;
  for (const operand of site.unit.instruction.operands)
    if (operand.kind === 'memory') set |= addressRegisters(operand);
  return set & 0xffff;
}

/** The same store to the mirror, then the store. */
export function mirrorStore(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  // Its index is the distance of two rows, no part of the address.
  if (effects.base === 'tilestored' && memoryOf(site).segment === site.profile.threadSegment)
    throw new NoPattern('a tile stored to thread-local memory', 'M005', 'load the address first');
  return storeAs(site, (target, made) =>
    formatInstruction(made, instruction.mnemonic, effects.memoryOperand, target),
  );
}

/** Registers without REX prefixes: beside ah..dh nothing else can be encoded. */
const LEGACY = 0xff;

function storeAs(
  site: Site,
  store: (target: string, instruction: Instruction) => string,
  mnemonic = site.unit.instruction.mnemonic,
): Expansion {
  const { profile } = site;
  const { instruction } = site.unit;
  const memory = memoryOf(site);
  const forAddress = addressScratch(profile, memory);
  if (forAddress === 0) {
    const address = addressOf(profile, memory, [], 0);
    return { before: [store(address.mirror(0), instruction)], replace: null, after: [], window: 0 };
  }
  const native = (target: string, made: Instruction): string =>
    formatInstruction(made, mnemonic, site.unit.effects.memoryOperand, target);
  const stacked = namesStackPointer(site);
  // Both stores next to each other, also where a register is kept around them: a signal in between undoes the first (runtime/group.c).
  const replace = withScratch(
    site,
    forAddress + (stacked ? 1 : 0),
    site.freeBefore,
    operandRegisters(site),
    (scratch, shift) => {
      const address = addressOf(profile, memory, scratch, shift);
      const value = scratch[forAddress];
      const moves = shift !== 0 && value !== undefined;
      const made = moves ? withoutStackPointer(instruction, value) : instruction;
      return [
        ...address.setup,
        ...(moves ? [stackPointerTo(site, value, shift)] : []),
        store(address.mirror(0), made),
        native(address.native(0), made),
      ];
    },
    hasHighByte(instruction) ? LEGACY : 0xffff,
  );
  return { before: [], replace, after: [], window: 0 };
}

/** The stack pointer stands lower here: what it is in the program, in a register of its own. */
const stackPointerTo = ({ profile }: Site, value: number, shift: number): string =>
  `\t${word(profile, 'lea')}\t${slot(profile, shift)}, ${full(profile, value)}`;

/** The instruction with `value` for the stack pointer. */
function withoutStackPointer(instruction: Instruction, value: number): Instruction {
  const operands = instruction.operands.map((operand) => {
    if (operand.kind !== 'register' || generalNumber(operand.name) !== RSP) return operand;
    return { ...operand, name: spell(value, bytesOf(operand.name)).slice(1) };
  });
  return { ...instruction, operands };
}

/**
 * `xsave` reads the header of the area it writes, which the mirror has, too. `xsaveopt` may leave what it has restored from the same
 * address, which the mirror was not: the plain instruction stores the same and leaves nothing.
 */
export function mirrorState(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const plain = instruction.mnemonic.replace('xsaveopt', 'xsave');
  const expansion = storeAs(
    site,
    (target) => formatInstruction(instruction, plain, effects.memoryOperand, target),
    plain,
  );
  if (plain === instruction.mnemonic || expansion.replace !== null) return expansion;
  return { ...expansion, replace: [formatInstruction(instruction, plain, -1, '')] };
}

/** x87 stores that pop: `fst`/`fist` store the same value and do not. The 80-bit and 64-bit integer forms have no such twin. */
const withoutPop: ReadonlyMap<string, string> = new Map([
  ['fstp4', 'fsts'],
  ['fstp8', 'fstl'],
  ['fistp2', 'fists'],
  ['fistp4', 'fistl'],
]);

export function mirrorFloatPop(site: Site): Expansion {
  const { effects } = site.unit;
  const twin = withoutPop.get(`${effects.base}${effects.memoryBytes}`);
  if (twin === undefined && effects.base === 'fistp' && site.profile.wordBytes < 8)
    return mirrorIntegerPop(site);
  if (twin === undefined) return copyAfter(site);
  return storeAs(site, (target) => `\t${twin}\t${target}`);
}

/**
 * `fistpll` where it is how compilers store 64 bits at once (_Atomic long long): the mirror has to go first, and what another thread may
 * take over and give back must not be read again. The number is made on the stack, and loaded from there, exactly, for the instruction
 * itself. What differs: the condition bit that tells of rounding up, and the contents of the register that is empty then.
 */
function mirrorIntegerPop(site: Site): Expansion {
  const { profile } = site;
  const memory = memoryOf(site);
  const lea = word(profile, 'lea');
  const mov = word(profile, 'mov');
  const before = withScratch(
    site,
    1 + addressScratch(profile, memory),
    site.freeBefore,
    addressRegisters(memory),
    ([value = -1, ...rest], shift) => {
      const address = addressOf(profile, memory, rest, shift + 8);
      const register = full(profile, value);
      return [
        `\t${lea}\t${slot(profile, -8)}, %${profile.stackPointer}`,
        ...cfaMoved(site, 8),
        `\tfistpll\t${slot(profile, 0)}`,
        `\tfildll\t${slot(profile, 0)}`,
        ...address.setup,
        ...[0, 4].flatMap((at) => [
          `\t${mov}\t${slot(profile, at)}, ${register}`,
          `\t${mov}\t${register}, ${mirrorSlot(profile, at)}`,
          `\t${mov}\t${register}, ${address.mirror(at)}`,
        ]),
        `\t${lea}\t${slot(profile, 8)}, %${profile.stackPointer}`,
        ...cfaMoved(site, -8),
      ];
    },
  );
  return { before, replace: null, after: [], window: 0 };
}

/** `op x, m`: compute in a scratch register, store it to the mirror, then to native memory. Flags are those of op. */
export function mirrorModify(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const bytes = effects.operandBytes;
  const memory = memoryOf(site);
  const busy = operandRegisters(site);
  const forAddress = addressScratch(site.profile, memory);
  const stacked = namesStackPointer(site);
  const replace = withScratch(
    site,
    1 + forAddress + (stacked ? 1 : 0),
    site.freeBefore & site.freeAfter,
    busy,
    (scratch, shift) => {
      const [value = -1, ...rest] = scratch;
      const address = addressOf(site.profile, memory, rest, shift);
      const register = spell(value, bytes);
      const other = rest[forAddress] ?? -1;
      const moves = shift !== 0 && stacked;
      const load =
        bytes >= 4
          ? `mov${suffix(bytes)}\t${address.native(0)}, ${register}`
          : `movz${suffix(bytes)}l\t${address.native(0)}, ${spell(value, 4)}`;
      return [
        ...address.setup,
        ...(moves ? [stackPointerTo(site, other, shift)] : []),
        `\t${load}`,
        formatInstruction(
          moves ? withoutStackPointer(instruction, other) : instruction,
          effects.base + suffix(bytes),
          effects.memoryOperand,
          register,
        ),
        `\tmov${suffix(bytes)}\t${register}, ${address.mirror(0)}`,
        `\tmov${suffix(bytes)}\t${register}, ${address.native(0)}`,
      ];
    },
    // Beside ah to dh the value needs a register without REX; what holds an address does not stand in the operation.
    [hasHighByte(instruction) ? 0xf : bytes === 1 ? site.profile.byteRegisters : 0xffff],
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
