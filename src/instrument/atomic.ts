// Locked and implicitly locked operations: each becomes a compare-and-swap of both copies, the mirror first (runtime/*/atomic.S).
import { RBX, RCX, RDX, RSP } from '../analyze/sets.js';
import type { Instruction, MemoryOperand } from '../parse/syntax.js';
import { ACCUMULATOR, compareAndSwapOf } from './compare-and-swap.js';
import { formatInstruction, formatMemory } from './format.js';
import { bytesOf, generalNumber, isHighByte, spell, suffix } from './registers.js';
import { addressRegisters, below, deadOf, memoryOf, NoPattern, spillAround } from './site.js';
import type { Expansion, Site } from './site.js';
import { full, word } from './target.js';

/** What is computed in a register where the instruction has another name. */
const computedAs: ReadonlyMap<string, string> = new Map([
  ['aadd', 'add'],
  ['aand', 'and'],
  ['aor', 'or'],
  ['axor', 'xor'],
  ['xadd', 'add'],
]);

/** Operations that change no flag: remote atomics, not (APM volume 3). */
const changesNoFlag: ReadonlySet<string> = new Set(['aadd', 'aand', 'aor', 'axor', 'not', 'xchg']);

/** `lock op x, m`, and what is locked without the prefix. test/threads/model.test.ts runs what is made here, with the runtime's part. */
export function mirrorAtomic(site: Site): Expansion {
  const { effects } = site.unit;
  const memory = memoryOf(site);
  if (site.profile.mirrorSegment === '' && memory.segment === 'fs')
    throw new NoPattern('the base of %fs is not known');
  if (effects.base === 'cmpxchg8b' || effects.base === 'cmpxchg16b') return compareAndSwapPair(site, memory);
  if (![1, 2, 4, 8].includes(effects.memoryBytes))
    throw new NoPattern(`an atomic operation on ${effects.memoryBytes} bytes has no pattern`);
  const high = site.unit.instruction.operands.find(
    (operand) => operand.kind === 'register' && isHighByte(operand.name),
  );
  if (high?.kind === 'register' && site.profile.mode === 64) return throughLowByte(site, high.name);
  return effects.base === 'cmpxchg' ? compareAndSwap(site, memory) : loop(site, memory);
}

/** The registers of one expansion: those that the runtime takes, and others as they are needed. */
class Registers {
  private readonly others: number[] = [];

  constructor(
    private readonly site: Site,
    private readonly taken: readonly number[],
    private readonly operands: readonly number[],
  ) {}

  private get dead(): number {
    return deadOf(this.site, this.site.freeBefore & this.site.freeAfter);
  }

  /** One more: a dead one, or else one that the address does not need, or else one that is kept over the expansion. */
  extra(allowed = 0xffff): number {
    const busy = [RSP, ...this.taken, ...this.operands, ...this.others];
    const order = this.site.profile.scratchOrder.filter((n) => (allowed >> n) & 1 && !busy.includes(n));
    const address = addressRegisters(memoryOf(this.site));
    const chosen =
      order.find((n) => (this.dead >> n) & 1) ?? order.find((n) => !((address >> n) & 1)) ?? order[0];
    if (chosen === undefined) throw new NoPattern('no register is left for an atomic operation', 'M009');
    this.others.push(chosen);
    return chosen;
  }

  /** A register of the runtime's that holds no operand and is not `busy`; or one more. */
  free(busy: readonly number[]): number {
    const own = this.taken.find((n) => !this.operands.includes(n) && !busy.includes(n));
    return own ?? this.extra();
  }

  /** Those whose value the program needs afterwards. `untouched` are not changed, `results` are the instruction's. */
  kept(untouched: readonly number[]): number[] {
    return [...this.taken, ...this.others].filter(
      (number) => !untouched.includes(number) && !((this.dead >> number) & 1),
    );
  }

  /** Lines that put the operand's linear address into `to`, which no operand of the instruction needs any more. */
  address(memory: MemoryOperand, to: number, thread: number, shift: number): string[] {
    const { profile, flagsThrough } = this.site;
    const own = { ...below(memory, shift), segment: '', decoration: '' };
    const target = full(profile, to);
    const lea = word(profile, 'lea');
    if (memory.segment !== profile.threadSegment) {
      if (formatMemory(own) === `(${target})`) return [];
      return [`\t${lea}\t${formatMemory(own)}, ${target}`];
    }
    if (own.base === 'rip') throw new NoPattern('a %rip-relative operand with %fs has no pattern');
    const base = `%${profile.threadSegment}:0`;
    if (own.base === '' && own.index === '')
      return [
        `\t${word(profile, 'mov')}\t${base}, ${target}`,
        `\t${lea}\t${formatMemory({ ...own, base: target.slice(1) })}, ${target}`,
      ];
    const linear = `\t${lea}\t${formatMemory(own)}, ${target}`;
    // Where no flag goes through, they are dead here.
    if (!flagsThrough) return [linear, `\t${word(profile, 'add')}\t${base}, ${target}`];
    return [
      linear,
      `\t${word(profile, 'mov')}\t${base}, ${full(profile, thread)}`,
      `\t${lea}\t(${target},${full(profile, thread)}), ${target}`,
    ];
  }
}

/** Whether the thread's base is added to the address by way of a register. */
const needsThread = ({ profile, flagsThrough }: Site, { segment, base, index }: MemoryOperand): boolean =>
  flagsThrough && segment === profile.threadSegment && (base !== '' || index !== '');

/** An instruction that names the stack pointer cannot run where that was moved. */
function checkStackPointer(operands: readonly number[], shift: number): void {
  if (shift !== 0 && operands.includes(RSP))
    throw new NoPattern('the instruction uses the stack pointer and no register is free');
}

/** The part of a register that an operand names. */
const part = (number: number, bytes: number, high: boolean): string =>
  high ? `%${'acdb'.charAt(number)}h` : spell(number, bytes);

/** Whether the operand's address is in `to` as it is. */
const isThere = ({ profile }: Site, memory: MemoryOperand, to: number): boolean =>
  memory.segment !== profile.threadSegment && formatMemory(memory, '') === `(${full(profile, to)})`;

/** `cmpxchg`: the runtime's own. */
function compareAndSwap(site: Site, memory: MemoryOperand): Expansion {
  const { profile, unit, label } = site;
  const { value, address, clobbers, enter } = compareAndSwapOf[profile.name].word;
  const source = unit.instruction.operands[0];
  if (source?.kind !== 'register') throw new NoPattern('a compare-and-swap of an unexpected form');
  const operand = generalNumber(source.name);
  const high = isHighByte(source.name);
  const registers = new Registers(site, [address, value, ...clobbers], [operand, ACCUMULATOR]);
  const thread = needsThread(site, memory) ? registers.free([address]) : -1;
  const [A, V] = [full(profile, address), full(profile, value)];
  // Where the value is in the address's register, they change places.
  const moves =
    operand === address
      ? [`\t${word(profile, 'xchg')}\t${V}, ${A}`]
      : operand === value
        ? []
        : [`\t${word(profile, 'mov')}\t${full(profile, operand)}, ${V}`];
  if (high) moves.push(`\tmovb\t${part(value, 1, true)}, ${spell(value, 1)}`);
  const untouched = [
    ...(moves.length === 0 ? [value] : []),
    ...(operand !== address && isThere(site, memory, address) ? [address] : []),
  ];
  const replace = spillAround(site, registers.kept(untouched), (shift) => {
    checkStackPointer([operand], shift);
    return [
      ...registers.address(memory, operand === address ? value : address, thread, shift),
      ...moves,
      ...enter(unit.effects.memoryBytes, label),
    ];
  });
  return { before: [], replace, after: [], window: 0 };
}

/** `cmpxchg8b`, `cmpxchg16b`: of the flags they change zero alone. */
function compareAndSwapPair(site: Site, memory: MemoryOperand): Expansion {
  const { profile, unit, flagsThrough, label } = site;
  const { address, clobbers, enter } = compareAndSwapOf[profile.name].pair;
  const registers = new Registers(site, [address, ...clobbers], [ACCUMULATOR, RCX, RDX, RBX]);
  const thread = needsThread(site, memory) ? registers.free([address]) : -1;
  const untouched = isThere(site, memory, address) ? [address] : [];
  const enters = enter(unit.effects.memoryBytes, label);
  if (!flagsThrough) {
    const replace = spillAround(site, registers.kept(untouched), (shift) => [
      ...registers.address(memory, address, thread, shift),
      ...enters,
    ]);
    return { before: [], replace, after: [], window: 0 };
  }
  const flags = registers.extra();
  const mov = word(profile, 'mov');
  // The thread's base is not needed any more.
  const aside = full(profile, thread >= 0 ? thread : registers.free([address]));
  const accumulator = full(profile, ACCUMULATOR);
  const differs = label();
  const replace = spillAround(site, registers.kept(untouched), (shift) => [
    ...registers.address(memory, address, thread, shift),
    `\t${mov}\t${accumulator}, ${aside}`,
    '\tlahf',
    '\tseto\t%al',
    '\tandb\t$0xbf, %ah',
    `\tmovl\t%eax, ${spell(flags, 4)}`,
    `\t${mov}\t${aside}, ${accumulator}`,
    ...enters,
    `\t${mov}\t${accumulator}, ${aside}`,
    `\tmovl\t${spell(flags, 4)}, %eax`,
    `\tjne\t${differs}`,
    '\torb\t$0x40, %ah',
    `${differs}:`,
    '\taddb\t$127, %al',
    '\tsahf',
    `\t${mov}\t${aside}, ${accumulator}`,
  ]);
  return { before: [], replace, after: [], window: 0 };
}

/** ah, bh, ch, dh beside registers that need REX: exchanged with the low byte for the time being. */
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

/** An operation as it is computed in a register: `add x, value`. */
interface Operation {
  readonly site: Site;
  readonly bytes: number;
  /** Where a register operand's value stands, by its number. */
  readonly held: ReadonlyMap<number, number>;
  /** Keeps flags that the operation reads or lets through; -1: there are none. */
  readonly flags: number;
}

/**
 * All others: old = m; new = old op x; compare-and-swap; again if m has changed. Where m stays as it is, too: the instruction is a fence
 * and faults where m cannot be written; the runtime then does not write the mirror.
 */
function loop(site: Site, memory: MemoryOperand): Expansion {
  const { profile, unit } = site;
  const { value, address, clobbers } = compareAndSwapOf[profile.name].word;
  const { base, memoryBytes: bytes } = unit.effects;
  const taken = [ACCUMULATOR, address, value, ...clobbers];
  const named = unit.instruction.operands.flatMap((o) => (o.kind === 'register' ? [o.name] : []));
  const operands = [...new Set(named.map(generalNumber))];
  const registers = new Registers(site, taken, operands);
  // Where the address is computed while the operands are still in their registers.
  const first = operands.includes(address) ? registers.free([]) : address;
  const thread = needsThread(site, memory) ? registers.free([first]) : -1;
  const byteOperand = named.some((name) => bytesOfPart(name) === 1);
  const held = new Map(
    operands.map((n) => [
      n,
      taken.includes(n) ? registers.extra(byteOperand ? profile.byteRegisters : 0xffff) : n,
    ]),
  );
  const flags = site.flagsThrough ? registers.extra() : -1;
  const operation: Operation = { site, bytes, held, flags };
  const result = resultOf(base, named);
  const number = result === '' ? -1 : generalNumber(result);
  const mov = word(profile, 'mov');
  const move = (from: number, to: number): string[] =>
    from === to ? [] : [`\t${mov}\t${full(profile, from)}, ${full(profile, to)}`];
  const isBitString = /^bt[src]$/.test(base) && operands.length > 0;
  const stays = first === address && !isBitString && isThere(site, memory, address);
  const untouched = [number, ...(stays ? [address] : [])];
  const replace = spillAround(site, registers.kept(untouched), (shift) => {
    checkStackPointer(operands, shift);
    return [
      ...registers.address(memory, first, thread, shift),
      ...[...held].flatMap(([from, to]) => move(from, to)),
      ...move(first, address),
      ...(flags < 0 ? [] : ['\tlahf', '\tseto\t%al', `\tmovl\t%eax, ${spell(flags, 4)}`]),
      ...(isBitString ? bitAddress(operation, memory) : []),
      ...repeat(operation),
      ...(result === '' ? [] : takeResult(operation, result)),
    ];
  });
  return { before: [], replace, after: [], window: 0 };
}

/** Size of a register that an operand names, ah to dh included. */
const bytesOfPart = (name: string): number => (isHighByte(name) ? 1 : bytesOf(name));

/** The register operand that gets the old value. */
function resultOf(base: string, named: readonly string[]): string {
  if (base === 'xchg' || base === 'xadd') return named[0] ?? '';
  return comparesAndAdds(base) ? (named[1] ?? '') : '';
}

const comparesAndAdds = (base: string): boolean => /^cmp\w+xadd$/.test(base);

/** `bts %x, m` changes the bit x of the string that begins at m: the address of its word (APM volume 3, BT). */
function bitAddress({ site, bytes, held }: Operation, memory: MemoryOperand): string[] {
  const { profile } = site;
  const { value, address } = compareAndSwapOf[profile.name].word;
  const names = [memory.base, memory.index].filter((name) => name !== '' && name !== 'rip');
  const narrow = names.some((name) => bytesOf(name) < profile.wordBytes);
  if (narrow && (profile.mode === 32 || memory.segment === profile.threadSegment))
    throw new NoPattern('a locked bit string at such an address has no pattern');
  const [offset = -1] = held.values();
  const size = narrow ? 4 : profile.wordBytes;
  const [A, V] = [full(profile, address), full(profile, value)];
  return [
    bytes === profile.wordBytes
      ? `\t${word(profile, 'mov')}\t${spell(offset, bytes)}, ${V}`
      : `\tmovs${suffix(bytes)}${suffix(profile.wordBytes)}\t${spell(offset, bytes)}, ${V}`,
    `\t${word(profile, 'sar')}\t$${3 + Math.log2(bytes)}, ${V}`,
    `\tlea${suffix(size)}\t(${A},${V},${bytes}), ${spell(address, size)}`,
  ];
}

function repeat(operation: Operation): string[] {
  const { site, bytes, flags } = operation;
  const { profile, label } = site;
  const { base } = site.unit.effects;
  const { value, address, enter } = compareAndSwapOf[profile.name].word;
  const again = label();
  const s = suffix(bytes);
  const [old, made] = [spell(ACCUMULATOR, bytes), spell(value, bytes)];
  const copy = `\t${word(profile, 'mov')}\t${full(profile, ACCUMULATOR)}, ${full(profile, value)}`;
  const takeFlags = flags < 0 ? [] : [`\tmovl\t${spell(flags, 4)}, %eax`, '\taddb\t$127, %al', '\tsahf']; // overflow: 127 + 1
  const readsFlags = base === 'adc' || base === 'sbb';
  const back = `\t${word(profile, 'mov')}\t${full(profile, value)}, ${full(profile, ACCUMULATOR)}`;
  return [
    `\tmov${s}\t(${full(profile, address)}), ${old}`,
    `${again}:`,
    ...(base === 'xchg' ? [] : [copy, ...(readsFlags ? [...takeFlags, back] : [])]),
    ...compute(operation, made),
    ...enter(bytes, label),
    `\tjne\t${again}`,
    // The flags of the operation, from the value that it found.
    ...(changesNoFlag.has(base) ? [] : flagsOf(operation, copy, takeFlags)),
    ...(base === 'xchg' && flags >= 0 ? [copy] : []),
    ...(changesNoFlag.has(base) ? takeFlags : []),
  ];
}

function flagsOf(operation: Operation, copy: string, takeFlags: readonly string[]): string[] {
  const { site, bytes } = operation;
  const { base } = site.unit.effects;
  const made = spell(compareAndSwapOf[site.profile.name].word.value, bytes);
  if (comparesAndAdds(base)) return [copy, `\tcmp${suffix(bytes)}\t${spellHeld(operation, 1)}, ${made}`];
  return [copy, ...takeFlags, ...compute(operation, made)];
}

/** The old value to the operand that gets it: what is left of it stands in the register of new values where flags went through. */
function takeResult({ site, bytes, held, flags }: Operation, result: string): string[] {
  const { profile } = site;
  const { value } = compareAndSwapOf[profile.name].word;
  const number = generalNumber(result);
  const from = flags >= 0 ? value : ACCUMULATOR;
  // A whole register, or one whose upper half becomes 0.
  if (bytes >= 4)
    return from === number ? [] : [`\tmov${suffix(bytes)}\t${spell(from, bytes)}, ${spell(number, bytes)}`];
  const to = held.get(number) ?? number;
  return [
    `\tmov${suffix(bytes)}\t${spell(from, bytes)}, ${part(to, bytes, isHighByte(result))}`,
    ...(to === number ? [] : [`\t${word(profile, 'mov')}\t${full(profile, to)}, ${full(profile, number)}`]),
  ];
}

/** Where the value of register operand `at` stands, as the instruction names it. */
function spellHeld({ site, bytes, held }: Operation, at: number): string {
  const named = site.unit.instruction.operands.filter((o) => o.kind === 'register')[at];
  if (named?.kind !== 'register') throw new NoPattern('an atomic operation of an unexpected form');
  const number = generalNumber(named.name);
  return part(held.get(number) ?? number, bytes, isHighByte(named.name));
}

/** The operation on `made` in place of memory. */
function compute(operation: Operation, made: string): string[] {
  const { site, bytes, held } = operation;
  const { instruction, effects } = site.unit;
  const s = suffix(bytes);
  if (effects.base === 'xchg') return [`\tmov${s}\t${spellHeld(operation, 0)}, ${made}`];
  if (comparesAndAdds(effects.base)) {
    const [add, done] = [site.label(), site.label()];
    return [
      `\tcmp${s}\t${spellHeld(operation, 1)}, ${made}`,
      `\tj${effects.base.slice(3, -4)}\t${add}`,
      `\tjmp\t${done}`,
      `${add}:`,
      `\tadd${s}\t${spellHeld(operation, 0)}, ${made}`,
      `${done}:`,
    ];
  }
  const plain: Instruction = {
    ...instruction,
    prefixes: [],
    operands: instruction.operands.map((one) => {
      const number = one.kind === 'register' ? generalNumber(one.name) : -1;
      if (one.kind !== 'register' || number < 0) return one;
      // A shift's count is not of the operation's size, but no locked instruction has one.
      return { ...one, name: part(held.get(number) ?? number, bytes, isHighByte(one.name)).slice(1) };
    }),
  };
  const name = computedAs.get(effects.base) ?? effects.base;
  return [formatInstruction(plain, name + s, effects.memoryOperand, made)];
}
