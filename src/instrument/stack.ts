// Pushes, pops and calls: a mirror store behind the stack store would break store forwarding (FACTS 1), so it goes first.
import { RBP, RSP } from '../analyze/sets.js';
import type { MemoryOperand } from '../parse/syntax.js';
import { formatMemory, formatOperand } from './format.js';
import {
  addressOf,
  addressRegisters,
  addressScratch,
  below,
  cfaMoved,
  deadCarrier,
  deadScratch,
  memoryOf,
  moved,
  NoPattern,
  withScratch,
} from './site.js';
import type { Carrier, Expansion, Site } from './site.js';
import { generalNumber, spell, suffix } from './registers.js';
import { full, mirrorOf, mirrorSlot, slot, word } from './target.js';

const at = (bytes: number): string => `${bytes === 0 ? '' : bytes}(%rsp)`;

/** `push x`: `mov x, %gs:-8(%rsp)` first; a memory source goes through a scratch register. */
export function mirrorPush(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const source = instruction.operands[0];
  const bytes = effects.operandBytes === 2 ? 2 : 8;
  // Processors differ in what they store above the 16 bits of a selector.
  if (source?.kind === 'register' && generalNumber(source.name) < 0) return mirrorPushFlags(site);
  if (source?.kind === 'register' || source?.kind === 'immediate') {
    return {
      before: [`\tmov${suffix(bytes)}\t${formatOperand(source)}, %gs:-${bytes}(%rsp)`],
      replace: null,
      after: [],
      window: 0,
    };
  }
  if (source?.kind !== 'memory') throw new NoPattern('push of an unexpected operand');
  return pushThrough(site, source, bytes);
}

/** Another thread may change the source meanwhile: it is read once. */
function pushThrough(site: Site, source: MemoryOperand, bytes: number): Expansion {
  const free = site.freeBefore & site.freeAfter;
  const busy = addressRegisters(source);
  const mov = `\tmov${suffix(bytes)}\t`;
  const dead = deadScratch(site, free, busy);
  if (dead >= 0) {
    const before = [
      `${mov}${formatMemory(source)}, ${spell(dead, bytes)}`,
      `${mov}${spell(dead, bytes)}, %gs:-${bytes}(%rsp)`,
    ];
    return { before, replace: [`\tpush${suffix(bytes)}\t${spell(dead, bytes)}`], after: [], window: 0 };
  }
  // The register's own value comes back before the stack pointer moves: until then the slot lies in the red zone.
  const fill = withScratch(site, 1, free, busy, ([value = -1], shift) => [
    `${mov}${formatMemory(below(source, shift))}, ${spell(value, bytes)}`,
    `${mov}${spell(value, bytes)}, %gs:${shift - bytes}(%rsp)`,
    `${mov}${spell(value, bytes)}, ${shift - bytes}(%rsp)`,
  ]);
  return { before: [], replace: [...fill, `\tleaq\t-${bytes}(%rsp), %rsp`], after: [], window: 0 };
}

/** `pushf`, `push %fs`: what it is, is known only once it stands on the stack. A window. */
export function mirrorPushFlags(site: Site): Expansion {
  const bytes = site.unit.effects.operandBytes === 2 ? 2 : 8;
  const copy = withScratch(site, 1, site.freeAfter, 1 << RSP, ([value = -1], shift) => [
    `\tmov${suffix(bytes)}\t${at(shift)}, ${spell(value, bytes)}`,
    `\tmov${suffix(bytes)}\t${spell(value, bytes)}, %gs:${at(shift)}`,
  ]);
  // The program's own directive follows the push, so until then these tell of it.
  const after = [...cfaMoved(site, bytes), ...copy, ...cfaMoved(site, -bytes)];
  return { before: [], replace: null, after, window: copy.length };
}

/** `enter $size, $0` is a push of %rbp. */
export function mirrorEnter(site: Site): Expansion {
  if (enterOf(site).written !== 8) return copyEntered(site);
  return { before: ['\tmovq\t%rbp, %gs:-8(%rsp)'], replace: null, after: [], window: 0 };
}

/** Of `enter $size, $level`: the bytes of frame pointers written, and of locals below them; NaN where that is no plain number. */
export function enterOf({ unit }: Site): { readonly written: number; readonly locals: number } {
  const [size, level] = unit.instruction.operands;
  const written = unit.effects.implicitMemory.find((item) => item.access.includes('w'))?.bytes ?? 0;
  if (level?.kind !== 'immediate' || written === 0)
    throw new NoPattern('enter with a level that is no number', 'M005', 'write the level as a number');
  const plain = size?.kind === 'immediate' && /^(0x[\da-f]+|0|[1-9]\d*)$/i.test(size.expression);
  if (unit.cfaOnStackPointer && !plain)
    throw new NoPattern('enter with a size that is no number', 'M005', 'write the size as a number');
  return { written, locals: plain ? Number(size.expression) & 0xffff : NaN };
}

/** The frame pointers that `enter` copies are known once they stand below the new %rbp. A window. */
export function copyEntered(site: Site): Expansion {
  const { profile } = site;
  const { written, locals } = enterOf(site);
  const step = profile.wordBytes;
  const frame = (down: number): MemoryOperand => ({
    kind: 'memory',
    segment: '',
    displacement: down === 0 ? '' : String(-down),
    base: full(profile, RBP).slice(1),
    index: '',
    scale: 1,
    decoration: '',
  });
  const copy = withScratch(site, 1, site.freeAfter, (1 << RSP) | (1 << RBP), ([value = -1]) => {
    const lines: string[] = [];
    for (let down = 0; down < written; down += step)
      lines.push(
        `\t${word(profile, 'mov')}\t${formatMemory(frame(down))}, ${full(profile, value)}`,
        `\t${word(profile, 'mov')}\t${full(profile, value)}, ${mirrorOf(profile, frame(down))}`,
      );
    return lines;
  });
  const down = written + locals;
  const after = [...cfaMoved(site, down), ...copy, ...cfaMoved(site, -down)];
  return { before: [], replace: null, after, window: copy.length };
}

/** `pop m`: the value stands on the stack already, so its mirror can be written first. An %rsp base counts from after the pop. */
export function mirrorPop(site: Site): Expansion {
  const memory = memoryOf(site);
  const bytes = site.unit.effects.memoryBytes;
  const target = generalNumber(memory.base) === RSP ? moved(memory, bytes) : memory;
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
  // A register may have to be kept where such an operand stands.
  if (inner?.kind === 'memory' && generalNumber(inner.base) === RSP && !/^\d*$/.test(inner.displacement))
    throw new NoPattern('a call through memory below the stack pointer', 'M005', 'load the address first');
  const before = callMirror(site, busy, (register) => [
    `\tleaq\t${back}(%rip), ${register}`,
    `\tmovq\t${register}, %gs:-8(%rsp)`,
  ]);
  return { before, replace: null, after: [`${back}:`], window: 0 };
}

/** Copy-on-call: at a function's entry the return address that its caller pushed is copied. */
export function mirrorEntry(site: Site): string[] {
  const { integerKilled, integerRead } = site.unit.effects;
  return copyReturnAddress(site, site.freeBefore, integerKilled & ~integerRead & 0xffff & ~(1 << RSP));
}

/**
 * @param free registers whose value nobody needs there
 * @param next those that the instruction behind it overwrites
 */
export function copyReturnAddress(site: Site, free: number, next = 0): string[] {
  const { profile } = site;
  const copy = ({ move, register }: Carrier, shift: number): string[] => [
    `\t${move}\t${slot(profile, shift)}, ${register}`,
    `\t${move}\t${register}, ${mirrorSlot(profile, shift)}`,
  ];
  const carrier = deadCarrier(site, free, 0, next);
  if (carrier !== undefined) return copy(carrier, 0);
  return withScratch(site, 1, free, 0, ([value = -1], shift) =>
    copy({ move: word(profile, 'mov'), register: full(profile, value) }, shift),
  );
}

/**
 * A scratch register directly before a call. With none dead it is kept at -16(%rsp): the call overwrites -8(%rsp) and the callee owns
 * what lies below, so no red zone can be live here. Native and mirror are both written, as both are compared later.
 */
function callMirror(site: Site, busy: number, body: (register: string) => string[]): string[] {
  const candidates = withScratchOrNone(site, busy);
  if (candidates >= 0) return body(spell(candidates, 8));
  const victim = spell((busy & 1) === 0 ? 0 : lowestFree(busy), 8);
  site.keeps('stack');
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
