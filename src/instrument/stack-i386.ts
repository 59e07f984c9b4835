// i386 has no red zone: a signal frame lands directly below %esp, on both copies. So %esp moves first, then the mirror slot is filled, then
// the native one (DESIGN 3), but for pushes that the runtime knows how to begin again. Return addresses are copied by the called function.
import { RSP } from '../analyze/sets.js';
import type { ImmediateOperand, MemoryOperand, RegisterOperand } from '../parse/syntax.js';
import { linuxI386 as profile } from '../profile/linux-i386.js';
import { formatMemory, formatOperand } from './format.js';
import { generalNumber, spell, suffix } from './registers.js';
import {
  addressRegisters,
  cfaMoved,
  deadScratch,
  deadVectors,
  moved,
  NoPattern,
  withScratch,
} from './site.js';
import type { Expansion, Site } from './site.js';
import { copyEntered, copyReturnAddress, enterOf } from './stack.js';
import { mirrorSlot, slot, vectorMove } from './target.js';

const EBP = 5;
const ESP = '%esp';

/**
 * `push x`, of 2 or 4 bytes. A word goes to the mirror of its slot first: a signal frame that lands on the slot in between is copied, and the
 * runtime then begins again at the mirror store, which it knows by its displacement (mr_redo_push). What else is pushed gets its slot first.
 */
export function mirrorPush(site: Site): Expansion {
  const source = site.unit.instruction.operands[0];
  const bytes = site.unit.effects.operandBytes === 2 ? 2 : 4;
  if (source?.kind === 'memory') return pushThrough(site, source, bytes);
  if (source?.kind !== 'register' && source?.kind !== 'immediate')
    throw new NoPattern('push of an unexpected operand');
  // How many bytes a pushed segment register writes depends on the processor (APM volume 3, push).
  if (source.kind === 'register' && generalNumber(source.name) < 0) return copyPushed(site, bytes);
  checkImmediate(source);
  if (bytes === 4) return { before: [aheadOfPush(source)], replace: null, after: [], window: 0 };
  if (source.kind === 'register' && generalNumber(source.name) === RSP)
    return pushThrough(site, source, bytes);
  return { before: [], replace: fill(site, formatOperand(source), bytes), after: [], window: 0 };
}

const aheadOfPush = (source: RegisterOperand | ImmediateOperand): string =>
  `\tmovl\t${formatOperand(source)}, ${mirrorSlot(profile, -4)}`;

/** GNU as makes a distance from the instruction's own place of this symbol, which a copy in another instruction would change. */
function checkImmediate(source: RegisterOperand | ImmediateOperand): void {
  if (source.kind === 'immediate' && source.expression.includes('_GLOBAL_OFFSET_TABLE_'))
    throw new NoPattern(
      'a pushed _GLOBAL_OFFSET_TABLE_ has no pattern',
      'M005',
      'load it into a register and push that',
    );
}

/** A new slot with a value that can be stored as it is. */
function fill(site: Site, value: string, bytes: number, move = `mov${suffix(bytes)}`): string[] {
  const mov = `\t${move}\t${value}, `;
  return [
    `\tleal\t${slot(profile, -bytes)}, ${ESP}`,
    ...cfaMoved(site, bytes),
    `${mov}${mirrorSlot(profile, 0)}`,
    `${mov}${slot(profile, 0)}`,
    // The program's own directive follows and tells of the whole push.
    ...cfaMoved(site, -bytes),
  ];
}

/** A source in memory, or %esp itself, means %esp before the push and goes through a register. */
function pushThrough(site: Site, source: MemoryOperand | RegisterOperand, bytes: number): Expansion {
  const busy = source.kind === 'memory' ? addressRegisters(source) : 0;
  const load = (value: number, shift: number): string => {
    if (source.kind === 'register') return `\tleal\t${slot(profile, shift)}, ${spell(value, 4)}`;
    const operand = source.base === profile.stackPointer ? moved(source, shift) : source;
    return `\tmov${suffix(bytes)}\t${formatMemory(operand)}, ${spell(value, bytes)}`;
  };
  const free = site.freeBefore & site.freeAfter;
  const dead = deadScratch(site, free, busy);
  if (dead >= 0 && bytes === 4) {
    const value = spell(dead, 4);
    const replace = [load(dead, 0), `\tmovl\t${value}, ${mirrorSlot(profile, -4)}`, `\tpushl\t${value}`];
    return { before: [], replace, after: [], window: 0 };
  }
  const [vector] = deadVectors(site, 1);
  if (vector !== undefined && source.kind === 'memory' && bytes === 4) {
    const move = vectorMove(profile);
    const replace = [`\t${move}\t${formatMemory(source)}, ${vector}`, ...fill(site, vector, 4, move)];
    return { before: [], replace, after: [], window: 0 };
  }
  if (dead >= 0) {
    const replace = [load(dead, 0), ...fill(site, spell(dead, bytes), bytes)];
    return { before: [], replace, after: [], window: 0 };
  }
  const victim = profile.scratchOrder.find((number) => ((busy >> number) & 1) === 0) ?? -1;
  const kept = spell(victim, 4);
  site.keeps('stack');
  const value = spell(victim, bytes);
  const replace = [
    `\tleal\t${slot(profile, -bytes - 4)}, ${ESP}`,
    ...cfaMoved(site, bytes + 4),
    `\tmovl\t${kept}, ${mirrorSlot(profile, 0)}`,
    `\tmovl\t${kept}, ${slot(profile, 0)}`,
    load(victim, bytes + 4),
    `\tmov${suffix(bytes)}\t${value}, ${mirrorSlot(profile, 4)}`,
    `\tmov${suffix(bytes)}\t${value}, ${slot(profile, 4)}`,
    `\tmovl\t${slot(profile, 0)}, ${kept}`,
    `\tleal\t${slot(profile, 4)}, ${ESP}`,
    ...cfaMoved(site, -bytes - 4),
  ];
  return { before: [], replace, after: [], window: 0 };
}

/** What an instruction pushed is known only once it stands on the stack. A window. */
function copyPushed(site: Site, pushed: number): Expansion {
  const after = withScratch(site, 1, site.freeAfter, 0, ([value = -1], shift) => {
    const lines: string[] = [];
    for (let at = 0; at < pushed; at += 4) {
      const bytes = Math.min(4, pushed - at);
      lines.push(
        `\tmov${suffix(bytes)}\t${slot(profile, shift + at)}, ${spell(value, bytes)}`,
        `\tmov${suffix(bytes)}\t${spell(value, bytes)}, ${mirrorSlot(profile, shift + at)}`,
      );
    }
    return lines;
  });
  return {
    before: [],
    replace: null,
    after: [...cfaMoved(site, pushed), ...after, ...cfaMoved(site, -pushed)],
    window: after.length,
  };
}

/** `pushf`, `pusha`. */
export function mirrorPushMany(site: Site): Expansion {
  const pushed = site.unit.effects.implicitMemory.find((memory) => memory.access === 'w')?.bytes ?? 0;
  if (pushed === 0) throw new NoPattern('a push of an unknown size has no pattern');
  return copyPushed(site, pushed);
}

/** `enter $size, $0` is push, mov, lea. */
export function mirrorEnter(site: Site): Expansion {
  const { written, locals: size } = enterOf(site);
  if (written !== 4 || Number.isNaN(size)) return copyEntered(site);
  const frame = fill(site, spell(EBP, 4), 4);
  return {
    before: [],
    replace: [
      ...frame,
      ...cfaMoved(site, 4),
      `\tmovl\t${ESP}, ${spell(EBP, 4)}`,
      ...(size === 0 ? [] : [`\tleal\t${slot(profile, -size)}, ${ESP}`]),
      ...cfaMoved(site, -4),
    ],
    after: [],
    window: 0,
  };
}

/**
 * A call to a label that is no function's entry (`call 1f; 1: popl %ebx`), where nothing copies the return address: the call goes
 * to a place of its own that copies it and jumps on. That place stands before the call, so that the address is still that of the
 * instruction behind it.
 */
export function mirrorCall(site: Site): Expansion {
  const operand = site.unit.instruction.operands[0];
  if (operand?.kind !== 'target' || site.unit.effects.implicitMemory.some(({ bytes }) => bytes !== 4))
    throw new NoPattern('a far or an unexpected call has no pattern');
  const onward = site.label();
  const landing = site.label();
  return {
    before: [
      `\tjmp\t${onward}`,
      `${landing}:`,
      ...cfaMoved(site, 4),
      ...copyReturnAddress(site, site.freeAtTarget),
      `\tjmp\t${operand.expression}`,
      ...cfaMoved(site, -4),
      `${onward}:`,
    ],
    replace: [`\tcall\t${landing}`],
    after: [],
    window: 0,
  };
}

/** The runtime keeps all registers and flags but eax. */
export function boundaryInterrupt(): Expansion {
  return { before: [], replace: [`\tcall\t${profile.syscallEntry}`], after: [], window: 1 };
}
