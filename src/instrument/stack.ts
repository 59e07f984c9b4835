// Pushes, pops and calls: a mirror store behind the stack store would break store forwarding (FACTS 1), so it goes first.
import { RSP } from '../analyze/sets.js';
import { formatMemory, formatOperand } from './format.js';
import {
  addressOf,
  addressRegisters,
  addressScratch,
  cfaMoved,
  memoryOf,
  moved,
  NoPattern,
  withScratch,
} from './site.js';
import type { Expansion, Site } from './site.js';
import { generalNumber, spell, suffix } from './registers.js';
import { full, mirrorSlot, slot, word } from './target.js';

const at = (bytes: number): string => `${bytes === 0 ? '' : bytes}(%rsp)`;

/** `push x`: `mov x, %gs:-8(%rsp)` first; a memory source goes through a scratch register. */
export function mirrorPush(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const source = instruction.operands[0];
  const bytes = effects.operandBytes === 2 ? 2 : 8;
  if (source?.kind === 'register' && generalNumber(source.name) < 0)
    throw new NoPattern('a pushed segment register has no pattern');
  if (source?.kind === 'register' || source?.kind === 'immediate') {
    return {
      before: [`\tmov${suffix(bytes)}\t${formatOperand(source)}, %gs:-${bytes}(%rsp)`],
      replace: null,
      after: [],
      window: 0,
    };
  }
  if (source?.kind !== 'memory') throw new NoPattern('push of an unexpected operand');
  const before = withScratch(
    site,
    1,
    site.freeBefore & site.freeAfter,
    addressRegisters(source),
    ([value = -1], shift) => {
      // A spilled register leaves %rsp lower for a while; the slot to be pushed keeps its place.
      const operand = shift !== 0 && source.base === 'rsp' ? moved(source, shift) : source;
      return [
        `\tmov${suffix(bytes)}\t${formatMemory(operand)}, ${spell(value, bytes)}`,
        `\tmov${suffix(bytes)}\t${spell(value, bytes)}, %gs:${shift - bytes}(%rsp)`,
      ];
    },
  );
  return { before, replace: null, after: [], window: 0 };
}

/** `pushf`: the flags are known only once they stand on the stack. A window. */
export function mirrorPushFlags(site: Site): Expansion {
  const copy = withScratch(site, 1, site.freeAfter, 1 << RSP, ([value = -1], shift) => [
    `\tmovq\t${at(shift)}, ${spell(value, 8)}`,
    `\tmovq\t${spell(value, 8)}, %gs:${at(shift)}`,
  ]);
  // The program's own directive follows the push, so until then these tell of it.
  const after = [...cfaMoved(site, 8), ...copy, ...cfaMoved(site, -8)];
  return { before: [], replace: null, after, window: copy.length };
}

/** `pop m`: the value stands on the stack already, so its mirror can be written first. An %rsp base counts from after the pop. */
export function mirrorPop(site: Site): Expansion {
  const memory = memoryOf(site);
  const bytes = site.unit.effects.memoryBytes;
  const target = memory.base === site.profile.stackPointer ? moved(memory, bytes) : memory;
  const before = withScratch(
    site,
    1 + addressScratch(site.profile, memory),
    site.freeBefore,
    addressRegisters(memory) | (1 << RSP),
    ([value = -1, ...rest], shift) => {
      const address = addressOf(site.profile, target, rest, shift);
      return [
        ...address.setup,
        `\tmov${suffix(bytes)}\t${slot(site.profile, shift)}, ${spell(value, bytes)}`,
        `\tmov${suffix(bytes)}\t${spell(value, bytes)}, ${address.mirror(0)}`,
      ];
    },
  );
  return { before, replace: null, after: [], window: 0 };
}

/** `call`: its return address goes to the mirror at the call site. */
export function mirrorCall(site: Site): Expansion {
  if (site.unit.effects.implicitMemory.some(({ bytes }) => bytes !== 8))
    throw new NoPattern('a far call has no pattern');
  const back = site.label();
  const operand = site.unit.instruction.operands[0];
  const inner = operand?.kind === 'indirect' ? operand.inner : undefined;
  let busy = site.unit.effects.integerRead & 0xffff;
  if (inner?.kind === 'memory') busy |= addressRegisters(inner);
  const before = callMirror(site, busy, (register) => [
    `\tleaq\t${back}(%rip), ${register}`,
    `\tmovq\t${register}, %gs:-8(%rsp)`,
  ]);
  return { before, replace: null, after: [`${back}:`], window: 0 };
}

/** Copy-on-call: at a function's entry the return address that its caller pushed is copied. */
export function mirrorEntry(site: Site): string[] {
  return copyReturnAddress(site, site.freeBefore);
}

/** @param free registers whose value nobody needs there */
export function copyReturnAddress(site: Site, free: number): string[] {
  const { profile } = site;
  return withScratch(site, 1, free, 0, ([value = -1], shift) => [
    `\t${word(profile, 'mov')}\t${slot(profile, shift)}, ${full(profile, value)}`,
    `\t${word(profile, 'mov')}\t${full(profile, value)}, ${mirrorSlot(profile, shift)}`,
  ]);
}

/**
 * A scratch register directly before a call. With none dead it is kept at -16(%rsp): the call overwrites -8(%rsp) and the callee owns
 * what lies below, so no red zone can be live here. Native and mirror are both written, as both are compared later.
 */
function callMirror(site: Site, busy: number, body: (register: string) => string[]): string[] {
  const candidates = withScratchOrNone(site, busy);
  if (candidates >= 0) return body(spell(candidates, 8));
  const victim = spell((busy & 1) === 0 ? 0 : lowestFree(busy), 8);
  return [
    `\tmovq\t${victim}, %gs:-16(%rsp)`,
    `\tmovq\t${victim}, -16(%rsp)`,
    ...body(victim),
    `\tmovq\t-16(%rsp), ${victim}`,
  ];
}

function lowestFree(busy: number): number {
  for (let r = 0; r < 16; r++) if (r !== RSP && !((busy >> r) & 1)) return r;
  throw new NoPattern('a call that reads every register');
}

/** A register dead before the call and not used by it, or -1. r11 first: no argument ever stands in it (psABI 3.2.3). */
function withScratchOrNone(site: Site, busy: number): number {
  const free = site.freeBefore & ~busy & ~(1 << RSP);
  const order = [11, 0, 1, 2, 6, 7, 8, 9, 10];
  for (const r of order) if ((free >> r) & 1) return r;
  return -1;
}
