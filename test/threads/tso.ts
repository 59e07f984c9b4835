// A small x86-TSO machine (Sewell et al., "x86-TSO", CACM 2010): threads with store buffers run rewritten text, and every interleaving is visited.
import { generalNumber } from '../../src/instrument/registers.js';
import type { Instruction, MemoryOperand, Operand } from '../../src/parse/syntax.js';
import { linuxI386 } from '../../src/profile/linux-i386.js';
import { placeOf } from './program.js';
import type { Program } from './program.js';

/** Values by address; `%gs:` addresses are the mirror's. Accesses that overlap have the same address, or are pairs of words. */
export type Memory = Readonly<Record<string, bigint>>;

interface Part {
  readonly cell: string;
  readonly bytes: number;
  readonly value: bigint;
}

/** One store: all its parts reach memory at once. */
type Pending = readonly Part[];

interface Thread {
  at: number;
  registers: bigint[];
  zf: boolean;
  cf: boolean;
  buffer: Pending[];
  /** What the thread alone sees: its stack by address, and the numbers loaded by x87. */
  stack: Record<string, bigint>;
  numbers: (readonly [low: bigint, high: bigint])[];
}

interface State {
  memory: Record<string, bigint>;
  threads: Thread[];
}

/** Where the runtime's data are for the machine: far from what programs use. */
const LOCKS = 0x100000n;
const CODE = 0x200000n;

/** Where the stack of every thread begins. */
const STACK = 0x9000n;
const DISTANCE = BigInt(linuxI386.mirrorDisplacement);

const bytesOfSuffix: Readonly<Record<string, number>> = { b: 1, w: 2, l: 4, q: 8 };

/** Vector registers keep a word behind the sixteen general ones. */
const numberOf = (name: string): number =>
  name.startsWith('xmm') ? 16 + Number(name.slice(3)) : generalNumber(name);

function bytesOfRegister(name: string): number {
  if (/^(r..|r1.|r[89])$/.test(name) && !/[dwb]$/.test(name)) return 8;
  if (/^e..$|^r\d+d$/.test(name)) return 4;
  if (/l$|h$|^r\d+b$/.test(name)) return 1;
  return 2;
}

const RSP = 4;
const NO_MEMORY = {
  kind: 'memory',
  segment: '',
  displacement: '',
  base: '',
  index: '',
  scale: 1,
  decoration: '',
} as const;

/** Only the thread itself uses its stack. */
const isStack = (operand: MemoryOperand): boolean => /^[er]sp$/.test(operand.base);

const mask = (value: bigint, bytes: number): bigint => BigInt.asUintN(bytes * 8, value);
const merge = (old: bigint, bytes: number, value: bigint): bigint =>
  old - mask(old, bytes) + mask(value, bytes);

/** One instruction of one thread. */
class Step {
  constructor(
    private readonly state: State,
    private readonly thread: Thread,
    private readonly program: Program,
  ) {}

  register(name: string): bigint {
    return name === '' ? 0n : (this.thread.registers[numberOf(name)] ?? 0n);
  }

  /** What a displacement comes to: a sum of numbers and names. */
  displacement(text: string): bigint {
    const { program, thread } = this;
    let sum = 0n;
    for (const [, sign, term = ''] of text.matchAll(/([+-]?)\s*([\w.$]+)/g)) {
      let value: bigint;
      if (/^(0x[\da-f]+|\d+)$/i.test(term)) value = BigInt(term);
      else if (term === 'D') value = DISTANCE;
      else if (term === 'mr_locks') value = LOCKS - 0x1000n;
      else value = CODE + BigInt(placeOf(program, term, thread.at - 1));
      sum += sign === '-' ? -value : value;
    }
    return sum;
  }

  address(operand: MemoryOperand): bigint {
    if (operand.base === 'rip') {
      if (operand.displacement === 'mr_state+16') return LOCKS - 0x2000n;
      return this.displacement(operand.displacement);
    }
    return mask(
      this.displacement(operand.displacement) +
        this.register(operand.base) +
        this.register(operand.index) * BigInt(operand.scale),
      this.program.target === 'linux-i386' ? 4 : 8,
    );
  }

  /** `more`: bytes behind the operand's address. */
  cell(operand: MemoryOperand, more = 0n): string {
    const address = this.address(operand) + more;
    // The upper half of 32 bits is mirrors.
    if (this.program.target === 'linux-i386' && address >> 31n)
      return `%gs:${mask(address - DISTANCE, 4).toString(16)}`;
    return `${operand.segment === '' ? '' : `%${operand.segment}:`}${address.toString(16)}`;
  }

  private load(cell: string, bytes: number): bigint {
    if (cell === (LOCKS - 0x2000n).toString(16)) return LOCKS - 0x1000n;
    this.checkAlive(cell);
    let value = this.state.memory[cell] ?? 0n;
    for (const pending of this.thread.buffer)
      for (const part of pending) if (part.cell === cell) value = merge(value, part.bytes, part.value);
    return mask(value, bytes);
  }

  read(operand: Operand, bytes: number): bigint {
    switch (operand.kind) {
      case 'immediate':
        return mask(BigInt(operand.expression), bytes);
      case 'register':
        return mask(this.register(operand.name), bytes);
      case 'memory':
        return isStack(operand)
          ? mask(this.thread.stack[this.cell(operand)] ?? 0n, bytes)
          : this.load(this.cell(operand), bytes);
      default:
        throw new Error(`operand ${operand.kind}`);
    }
  }

  /** The words of a pair: those of one access, which other threads see at once. */
  readPair(operand: MemoryOperand, half: number): readonly [low: bigint, high: bigint] {
    const cells = [this.cell(operand), this.cell(operand, BigInt(half))];
    const [low = 0n, high = 0n] = cells.map((cell) =>
      isStack(operand) ? (this.thread.stack[cell] ?? 0n) : this.load(cell, half),
    );
    return [low, high];
  }

  writePair(operand: MemoryOperand, half: number, values: readonly [bigint, bigint], atomic: boolean): void {
    const parts = values.map((value, i) => ({
      cell: this.cell(operand, BigInt(half * i)),
      bytes: half,
      value,
    }));
    for (const { cell, value } of parts) {
      if (isStack(operand)) this.thread.stack[cell] = value;
      else this.checkAlive(cell);
      if (atomic) this.state.memory[cell] = value;
    }
    if (!atomic && !isStack(operand)) this.thread.buffer.push(parts);
  }

  /** 32-bit results clear the upper half (APM volume 1, 3.1.2). `atomic` reaches memory at once. */
  write(operand: Operand, bytes: number, value: bigint, atomic: boolean): void {
    if (operand.kind === 'register') {
      const number = numberOf(operand.name);
      const old = bytes === 4 ? 0n : (this.thread.registers[number] ?? 0n);
      this.thread.registers[number] = merge(old, bytes, value);
      // What lies below the stack pointer is gone.
      if (number === RSP)
        this.thread.stack = Object.fromEntries(
          Object.entries(this.thread.stack).filter(([at]) => BigInt(`0x${at.replace('%gs:', '')}`) >= value),
        );
    } else if (operand.kind === 'memory') {
      const cell = this.cell(operand);
      if (isStack(operand)) this.thread.stack[cell] = mask(value, bytes);
      else {
        this.checkAlive(cell);
        if (atomic) this.state.memory[cell] = merge(this.state.memory[cell] ?? 0n, bytes, value);
        else this.thread.buffer.push([{ cell, bytes, value: mask(value, bytes) }]);
      }
    } else throw new Error(`operand ${operand.kind}`);
  }

  /** A word that was given back must not be touched any more: the cell `freed:word` says that it was. */
  checkAlive(cell: string): void {
    const native = cell.replace('%gs:', '');
    if (this.state.memory[freedCell(native)] === 1n)
      throw new Error(`${cell} is touched after it was given back`);
  }

  /** False where the instruction has to wait for the thread's store buffer. */
  run(): boolean {
    const { thread, program } = this;
    const instruction = program.instructions[thread.at]!;
    const { mnemonic, operands } = instruction;
    const [first, second] = operands;
    const named = operands.find((operand) => operand.kind === 'register');
    const bytes =
      named?.kind === 'register' ? bytesOfRegister(named.name) : bytesOfSuffix[mnemonic.slice(-1)]!;
    const inMemory = operands.some((operand) => operand.kind === 'memory');
    const base = /^(set|cmov|movz|j|call$|cmpxchg\d)/.test(mnemonic)
      ? mnemonic
      : mnemonic.replace(/[bwlq]$/, '');
    const atomic = inMemory && (base === 'xchg' || instruction.prefixes.includes('lock'));
    if ((atomic || base === 'mfence') && thread.buffer.length > 0) return false;
    thread.at++;
    const stackPointer = { kind: 'register', name: 'esp', decoration: '' } as const;
    const top = { ...NO_MEMORY, base: 'esp' };
    const jump = (taken: boolean): void => {
      if (first?.kind === 'indirect' && first.inner.kind === 'register')
        thread.at = Number(this.register(first.inner.name) - CODE);
      else if (first?.kind !== 'target') throw new Error(`${mnemonic} without a target`);
      else if (taken) thread.at = placeOf(program, first.expression, thread.at - 1);
    };
    const compute = (value: bigint, carry: boolean): void => {
      thread.zf = mask(value, bytes) === 0n;
      thread.cf = carry;
    };
    const modify = (change: (old: bigint) => bigint, carry: (old: bigint) => boolean): void => {
      const target = operands[operands.length - 1]!;
      if (target.kind === 'memory' && !atomic) throw new Error(`${mnemonic} of memory without lock`);
      const old = this.read(target, bytes);
      compute(change(old), carry(old));
      this.write(target, bytes, change(old), atomic);
    };
    const overflows = (value: bigint): boolean => value >> BigInt(bytes * 8) > 0n;
    switch (base) {
      case 'mov':
        this.write(second!, bytes, this.read(first!, bytes), false);
        break;
      case 'movd':
        this.write(second!, 4, this.read(first!, 4), false);
        break;
      case 'movzbl':
      case 'movzwl':
        this.write(second!, 4, this.read(first!, bytesOfSuffix[mnemonic.charAt(4)]!), false);
        break;
      case 'xchg': {
        const [a, b] = [this.read(first!, bytes), this.read(second!, bytes)];
        this.write(first!, bytes, b, atomic);
        this.write(second!, bytes, a, atomic);
        break;
      }
      case 'lea':
        if (first?.kind !== 'memory') throw new Error('lea of no address');
        this.write(second!, bytes, this.address(first), false);
        break;
      case 'not':
        this.write(first!, bytes, ~this.read(first!, bytes), false);
        break;
      case 'add':
        modify(
          (old) => old + this.read(first!, bytes),
          (old) => overflows(old + this.read(first!, bytes)),
        );
        break;
      case 'sub':
        modify(
          (old) => old - this.read(first!, bytes),
          (old) => old < this.read(first!, bytes),
        );
        break;
      case 'and':
        modify(
          (old) => old & this.read(first!, bytes),
          () => false,
        );
        break;
      case 'bts': {
        const bit = 1n << this.read(first!, 1);
        const { zf } = thread;
        modify(
          (old) => old | bit,
          (old) => (old & bit) !== 0n,
        );
        thread.zf = zf;
        break;
      }
      case 'cmpxchg8b':
      case 'cmpxchg16b': {
        if (first?.kind !== 'memory' || !atomic) throw new Error(`${mnemonic} without lock`);
        const half = base === 'cmpxchg8b' ? 4 : 8;
        const found = this.readPair(first, half);
        const [a, c, d, b] = [0, 1, 2, 3].map((n) => mask(thread.registers[n] ?? 0n, half));
        thread.zf = found[0] === a && found[1] === d;
        if (thread.zf) this.writePair(first, half, [b ?? 0n, c ?? 0n], true);
        else [thread.registers[0], thread.registers[2]] = found;
        break;
      }
      case 'fildl':
        if (first?.kind !== 'memory') throw new Error('fildll of no memory');
        thread.numbers.push(this.readPair(first, 4));
        break;
      case 'fistpl': {
        const number = thread.numbers.pop();
        if (first?.kind !== 'memory' || number === undefined) throw new Error('fistpll of nothing');
        this.writePair(first, 4, number, false);
        break;
      }
      case 'call':
        this.write(stackPointer, 4, this.register('esp') - 4n, false);
        this.write(top, 4, CODE + BigInt(thread.at), false);
        jump(true);
        break;
      case 'cmpxchg': {
        const accumulator = { kind: 'register', name: bytes === 8 ? 'rax' : 'eax', decoration: '' } as const;
        const [old, expected] = [this.read(second!, bytes), this.read(accumulator, bytes)];
        compute(expected - old, expected < old);
        if (old === expected) this.write(second!, bytes, this.read(first!, bytes), atomic);
        else this.write(accumulator, bytes, old, false);
        break;
      }
      case 'cmp':
        compute(
          this.read(second!, bytes) - this.read(first!, bytes),
          this.read(second!, bytes) < this.read(first!, bytes),
        );
        break;
      case 'test':
        compute(this.read(second!, bytes) & this.read(first!, bytes), false);
        break;
      case 'mfence':
      case 'pause':
        break;
      case 'ret':
        if (this.register('esp') === STACK) thread.at = program.instructions.length;
        else {
          thread.at = Number(this.read(top, 4) - CODE);
          this.write(stackPointer, 4, this.register('esp') + 4n, false);
        }
        break;
      case 'jmp':
        jump(true);
        break;
      case 'je':
        jump(thread.zf);
        break;
      case 'jne':
        jump(!thread.zf);
        break;
      case 'jc':
        jump(thread.cf);
        break;
      default:
        throw new Error(`the machine does not know ${mnemonic}`);
    }
    return true;
  }
}

/** The cell by which a program says that a word, by its address in hexadecimal digits, was given back. */
export const freedCell = (native: string): string => (BigInt(`0x${native}`) + 0x8000n).toString(16);

const copy = (state: State): State => ({
  memory: { ...state.memory },
  threads: state.threads.map((thread) => ({
    ...thread,
    registers: [...thread.registers],
    buffer: [...thread.buffer],
    stack: { ...thread.stack },
    numbers: [...thread.numbers],
  })),
});

const keyOf = (state: State): string =>
  JSON.stringify([state.memory, state.threads], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16) : value,
  );

/** Whether other threads can see an instruction, or be seen by it. */
const meetsOthers = ({ mnemonic, operands }: Instruction): boolean =>
  mnemonic === 'mfence' ||
  (!mnemonic.startsWith('lea') &&
    operands.some((o) => o.kind === 'memory' && o.base !== 'rip' && !isStack(o)));

/** The next instruction of a thread and all behind it that are the thread's own business: when those run makes no difference. */
function advance(state: State, thread: Thread, program: Program): boolean {
  if (!new Step(state, thread, program).run()) return false;
  for (
    let next = program.instructions[thread.at];
    next && !meetsOthers(next);
    next = program.instructions[thread.at]
  )
    new Step(state, thread, program).run();
  if (thread.at >= program.instructions.length) {
    thread.registers.fill(0n);
    thread.stack = {};
  }
  return true;
}

/**
 * Runs all interleavings of `programs`.
 *
 * @param registers what every thread begins with, by number; others are 0
 * @param memory what memory begins with
 * @param invariant called for every state that memory is seen in; throws where it does not hold
 * @returns what memory can hold at the end, each once, and how many states there were
 */
export function explore(
  programs: readonly Program[],
  registers: Readonly<Record<number, bigint>>,
  memory: Memory,
  invariant: (memory: Memory) => void = () => undefined,
): { readonly finals: readonly Memory[]; readonly states: number } {
  const start: State = {
    memory: { ...memory },
    threads: programs.map(() => ({
      at: 0,
      registers: Array.from({ length: 16 }, (_, number) =>
        number === RSP ? STACK : (registers[number] ?? 0n),
      ),
      zf: false,
      cf: false,
      buffer: [],
      stack: {},
      numbers: [],
    })),
  };
  const seen = new Set([keyOf(start)]);
  const finals = new Map<string, Memory>();
  const open = [start];
  const visit = (state: State): void => {
    const key = keyOf(state);
    if (seen.has(key)) return;
    if (seen.size > 2_000_000) throw new Error('more states than the machine looks at');
    seen.add(key);
    invariant(state.memory);
    open.push(state);
  };
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    let done = true;
    for (let t = 0; t < programs.length; t++) {
      if (state.threads[t]!.buffer.length > 0) {
        done = false;
        const next = copy(state);
        for (const { cell, bytes, value } of next.threads[t]!.buffer.shift()!)
          next.memory[cell] = merge(next.memory[cell] ?? 0n, bytes, value);
        visit(next);
      }
      if (state.threads[t]!.at < programs[t]!.instructions.length) {
        done = false;
        const next = copy(state);
        if (advance(next, next.threads[t]!, programs[t]!)) visit(next);
      }
    }
    if (done) finals.set(keyOf(state), state.memory);
  }
  return { finals: [...finals.values()], states: seen.size };
}
