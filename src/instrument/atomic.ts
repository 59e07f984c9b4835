// Locked and implicitly locked operations on x86-64: each becomes a compare-and-swap of both copies, the mirror first (runtime/x86_64/atomic.S).
import { RAX, RCX, RSP } from '../analyze/sets.js';
import type { Instruction, MemoryOperand } from '../parse/syntax.js';
import { formatInstruction, formatMemory } from './format.js';
import { generalNumber, isHighByte, spell, suffix } from './registers.js';
import { addressRegisters, deadOf, memoryOf, moved, NoPattern, spillAround } from './site.js';
import type { Expansion, Site } from './site.js';
import { compareAndSwapEntry } from './target.js';

/** What the runtime's compare-and-swap takes and clobbers beside rax and rcx. */
const LOCK = 9;
const ADDRESS = 10;
const VALUE = 11;
const taken = [RAX, RCX, LOCK, ADDRESS, VALUE];

/** These change memory whatever it holds. */
const alwaysChanges: ReadonlySet<string> = new Set(['btc', 'dec', 'inc', 'not']);

/** The operation as it is computed in a register: `add x, value`. */
interface Operation {
  readonly site: Site;
  readonly bytes: number;
  /** Number of the register operand, -1 when it is an immediate or there is none. */
  readonly operand: number;
  /** Where its value stands while rax, rcx, r9 to r11 are in use. */
  readonly held: number;
  /** Keeps flags that the operation reads or lets through; -1: there are none. */
  readonly flags: number;
}

/**
 * `lock op x, m`: rax = m; r11 = rax op x; compare-and-swap; again if m has changed. What leaves memory as it was writes
 * nothing: a plain store of another thread may stand between its mirror and its native half (a lock being released while a try to take
 * it fails), and the old value would go over the new one. test/threads/model.test.ts runs all of it.
 */
export function mirrorAtomic(site: Site): Expansion {
  const { instruction, effects } = site.unit;
  const high = instruction.operands.find(
    (operand) => operand.kind === 'register' && isHighByte(operand.name),
  );
  if (high?.kind === 'register') return throughLowByte(site, high.name);
  const memory = memoryOf(site);
  const bytes = effects.memoryBytes;
  if (![1, 2, 4, 8].includes(bytes))
    throw new NoPattern(`an atomic operation on ${bytes} bytes has no pattern`);
  const named = instruction.operands.find((operand) => operand.kind === 'register');
  const operand = named?.kind === 'register' ? generalNumber(named.name) : -1;
  if (/^bt[src]$/.test(effects.base) && operand >= 0)
    throw new NoPattern('an atomic bit operation with the offset in a register has no pattern');
  const compares = effects.base === 'cmpxchg';

  let busy = addressRegisters(memory);
  for (const number of [...taken, RSP, operand]) if (number >= 0) busy |= 1 << number;
  const dead = deadOf(site, site.freeBefore & site.freeAfter);
  const extra = (): number => {
    const order = site.profile.scratchOrder.filter((number) => !((busy >> number) & 1));
    const chosen = order.find((number) => (dead >> number) & 1) ?? order[0];
    if (chosen === undefined) throw new NoPattern('no register is left for an atomic operation', 'M009');
    busy |= 1 << chosen;
    return chosen;
  };
  const moves = compares ? operand === ADDRESS : taken.includes(operand);
  const held = moves ? extra() : operand;
  const flags = site.flagsThrough ? extra() : -1;
  const used = [...taken, ...(moves ? [held] : []), ...(flags >= 0 ? [flags] : [])];
  const result = compares ? RAX : effects.base === 'xchg' || effects.base === 'xadd' ? operand : -1;
  const kept = used.filter((number) => number !== result && !((dead >> number) & 1));
  const replace = spillAround(site, kept, (shift) => {
    if (shift !== 0 && operand === RSP)
      throw new NoPattern('the instruction uses the stack pointer and no register is free');
    const operation = { site, bytes, operand, held, flags };
    return [
      ...(moves ? [`\tmovq\t${spell(operand, 8)}, ${spell(held, 8)}`] : []),
      ...addressTo(site, memory, operand, shift),
      ...(compares ? compareAndSwap(operation) : loop(operation)),
    ];
  });
  return { before: [], replace, after: [], window: 0 };
}

/** ah, bh, ch, dh: exchanged with the low byte for the time being. */
function throughLowByte(site: Site, high: string): Expansion {
  const low = `${high.charAt(0)}l`;
  const number = generalNumber(low);
  const { instruction } = site.unit;
  if ((addressRegisters(memoryOf(site)) >> number) & 1)
    throw new NoPattern(
      `an atomic operation with %${high} and an address in the same register has no pattern`,
    );
  const operands = instruction.operands.map((operand) =>
    operand.kind === 'register' ? { ...operand, name: low } : operand,
  );
  const expansion = mirrorAtomic({
    ...site,
    unit: { ...site.unit, instruction: { ...instruction, operands } },
    freeBefore: site.freeBefore & ~(1 << number),
    freeAfter: site.freeAfter & ~(1 << number),
  });
  const swap = `\txchgb\t%${low}, %${high}`;
  return { ...expansion, replace: [swap, ...(expansion.replace ?? []), swap] };
}

/** The operand's linear address in r10; no flag and no register but r10 changes, for thread-local operands one more of the taken. */
function addressTo(site: Site, memory: MemoryOperand, operand: number, shift: number): string[] {
  const own = { ...(memory.base === 'rsp' ? moved(memory, shift) : memory), segment: '' };
  const to = spell(ADDRESS, 8);
  if (memory.segment !== site.profile.threadSegment) return [`\tleaq\t${formatMemory(own)}, ${to}`];
  if (own.base === 'rip') throw new NoPattern('a %rip-relative operand with %fs has no pattern');
  const busy = addressRegisters(memory) | (operand >= 0 ? 1 << operand : 0);
  const thread = [LOCK, VALUE, RCX].find((number) => !((busy >> number) & 1)) ?? -1;
  if (own.base === '' && own.index === '')
    return [`\tmovq\t%fs:0, ${to}`, `\tleaq\t${formatMemory({ ...own, base: to.slice(1) })}, ${to}`];
  if (thread < 0) throw new NoPattern('no register is left for a thread-local atomic operation', 'M009');
  return [
    `\tmovq\t%fs:0, ${spell(thread, 8)}`,
    `\tleaq\t${formatMemory(own)}, ${to}`,
    `\tleaq\t(${to},${spell(thread, 8)}), ${to}`,
  ];
}

/** Into the runtime; comes back to `back` with rax and the flags of cmpxchg. */
const enter = (bytes: number, back: string): string[] => [
  `\tleaq\t${back}(%rip), %rcx`,
  `\tjmp\t${compareAndSwapEntry(bytes)}`,
  `${back}:`,
];

function compareAndSwap({ site, bytes, held }: Operation): string[] {
  const value = held === VALUE ? [] : [`\tmovq\t${spell(held, 8)}, ${spell(VALUE, 8)}`];
  return [...value, ...enter(bytes, site.label())];
}

function loop(operation: Operation): string[] {
  const { site, bytes, operand, held, flags } = operation;
  const { base } = site.unit.effects;
  const [again, back, done] = [site.label(), site.label(), site.label()];
  const s = suffix(bytes);
  const [old, value] = [spell(RAX, bytes), spell(VALUE, bytes)];
  const copy = `\tmovq\t${spell(RAX, 8)}, ${spell(VALUE, 8)}`;
  const takeFlags = flags < 0 ? [] : [`\tmovl\t${spell(flags, 4)}, %eax`, '\taddb\t$127, %al', '\tsahf']; // overflow: 127 + 1
  const keepFlags = flags < 0 ? [] : ['\tlahf', '\tseto\t%al', `\tmovl\t%eax, ${spell(flags, 4)}`];
  const readsFlags = base === 'adc' || base === 'sbb';
  const exchanges = base === 'xchg';
  const compute = exchanges
    ? [`\tmov${s}\t${spell(held, bytes)}, ${value}`]
    : [copy, ...(readsFlags ? [...takeFlags, `\tmovq\t${spell(VALUE, 8)}, %rax`] : []), compute1(operation)];
  const lines = [
    ...keepFlags,
    `\tmov${s}\t(${spell(ADDRESS, 8)}), ${old}`,
    `${again}:`,
    ...compute,
    ...(alwaysChanges.has(base) ? [] : [`\tcmp${s}\t${value}, ${old}`, `\tje\t${done}`]),
    ...enter(bytes, back),
    `\tjne\t${again}`,
    `${done}:`,
  ];
  // The flags of the operation, from the value that it found.
  if (!exchanges || flags >= 0) lines.push(copy);
  lines.push(...takeFlags);
  if (!exchanges && base !== 'not') lines.push(compute1(operation));
  if (exchanges || base === 'xadd') {
    const found = exchanges && flags >= 0 ? value : old;
    if (held === operand) lines.push(`\tmov${s}\t${found}, ${spell(operand, bytes)}`);
    else
      lines.push(
        `\tmov${s}\t${found}, ${spell(held, bytes)}`,
        `\tmovq\t${spell(held, 8)}, ${spell(operand, 8)}`,
      );
  }
  return lines;
}

/** The operation on r11 in place of memory. */
function compute1({ site, bytes, operand, held }: Operation): string {
  const { instruction, effects } = site.unit;
  const value = spell(VALUE, bytes);
  if (effects.base === 'xadd') return `\tadd${suffix(bytes)}\t${spell(held, bytes)}, ${value}`;
  const plain: Instruction = {
    ...instruction,
    prefixes: [],
    operands: instruction.operands.map((one) =>
      one.kind === 'register' && operand >= 0 ? { ...one, name: spell(held, bytes).slice(1) } : one,
    ),
  };
  return formatInstruction(plain, effects.base + suffix(bytes), effects.memoryOperand, value);
}
