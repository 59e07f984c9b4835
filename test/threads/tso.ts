// A small x86-TSO machine (Sewell et al., "x86-TSO", CACM 2010): threads with store buffers run rewritten text, and every interleaving is visited.
// Memory operands name cells: the segment and the base register, so `(%rdi)` is native and `%gs:(%rdi)` its mirror. Little-endian, low parts share a cell.
import { parse } from '../../src/parse/parse';
import { generalNumber } from '../../src/instrument/registers';
import type { Instruction, MemoryOperand, Operand } from '../../src/parse/syntax';

export interface Final {
  /** Value by cell: `(%rdi)`, `%gs:(%rdi)`. */
  readonly memory: Readonly<Record<string, bigint>>;
  /** General registers of each thread by number. */
  readonly registers: readonly (readonly bigint[])[];
}

export interface Program {
  readonly instructions: readonly Instruction[];
  /** Index of the instruction a label stands before. */
  readonly labels: ReadonlyMap<string, number>;
}

interface Pending {
  readonly cell: string;
  readonly bytes: number;
  readonly value: bigint;
}

interface Thread {
  at: number;
  registers: bigint[];
  zf: boolean;
  cf: boolean;
  buffer: Pending[];
}

interface State {
  memory: Record<string, bigint>;
  threads: Thread[];
}

/** Reads a text of the machine's few instructions; whatever else it holds is an error. */
export function load(text: string): Program {
  const file = parse('model.s', text);
  const instructions: Instruction[] = [];
  const labels = new Map<string, number>();
  for (const { labels: names, body } of file.parsed) {
    for (const name of names) labels.set(name, instructions.length);
    if (body.kind === 'instruction') instructions.push(body);
    else if (body.kind === 'malformed') throw new Error(body.reason);
  }
  return { instructions, labels };
}

const bytesOfSuffix: Readonly<Record<string, number>> = { b: 1, w: 2, l: 4, q: 8 };

function bytesOfRegister(name: string): number {
  if (/^(r..|r1.|r[89])$/.test(name) && !/[dwb]$/.test(name)) return 8;
  if (/^e..$|^r\d+d$/.test(name)) return 4;
  if (/l$|h$|^r\d+b$/.test(name)) return 1;
  return 2;
}

const mask = (value: bigint, bytes: number): bigint => BigInt.asUintN(bytes * 8, value);
const cellOf = (operand: MemoryOperand): string => {
  if (operand.displacement !== '' || operand.index !== '') throw new Error('a cell is a base register alone');
  return `${operand.segment === '' ? '' : `%${operand.segment}:`}(%${operand.base})`;
};
const merge = (old: bigint, bytes: number, value: bigint): bigint =>
  old - mask(old, bytes) + mask(value, bytes);

/** One instruction of one thread; false where it has to wait for the thread's store buffer. */
class Step {
  constructor(
    private readonly state: State,
    private readonly thread: Thread,
    private readonly program: Program,
  ) {}

  read(operand: Operand, bytes: number): bigint {
    switch (operand.kind) {
      case 'immediate':
        return mask(BigInt(operand.expression), bytes);
      case 'register':
        return mask(this.thread.registers[generalNumber(operand.name)] ?? 0n, bytes);
      case 'memory': {
        const cell = cellOf(operand);
        let value = this.state.memory[cell] ?? 0n;
        for (const pending of this.thread.buffer)
          if (pending.cell === cell) value = merge(value, pending.bytes, pending.value);
        return mask(value, bytes);
      }
      default:
        throw new Error(`operand ${operand.kind}`);
    }
  }

  /** 32-bit results clear the upper half (APM volume 1, 3.1.2). `atomic` reaches memory at once. */
  write(operand: Operand, bytes: number, value: bigint, atomic: boolean): void {
    if (operand.kind === 'register') {
      const number = generalNumber(operand.name);
      const old = bytes === 4 ? 0n : (this.thread.registers[number] ?? 0n);
      this.thread.registers[number] = merge(old, bytes, value);
    } else if (operand.kind === 'memory') {
      const cell = cellOf(operand);
      if (atomic) this.state.memory[cell] = merge(this.state.memory[cell] ?? 0n, bytes, value);
      else this.thread.buffer.push({ cell, bytes, value: mask(value, bytes) });
    } else throw new Error(`operand ${operand.kind}`);
  }

  run(): boolean {
    const { thread, program } = this;
    const instruction = program.instructions[thread.at]!;
    const { mnemonic, operands } = instruction;
    const [first, second] = operands;
    const named = operands.find((operand) => operand.kind === 'register');
    const bytes =
      named?.kind === 'register' ? bytesOfRegister(named.name) : bytesOfSuffix[mnemonic.slice(-1)]!;
    const inMemory = operands.some((operand) => operand.kind === 'memory');
    const base = /^(set|cmov|movz|j)/.test(mnemonic) ? mnemonic : mnemonic.replace(/[bwlq]$/, '');
    const atomic = inMemory && (base === 'xchg' || instruction.prefixes.includes('lock'));
    if ((atomic || base === 'mfence') && thread.buffer.length > 0) return false;
    thread.at++;
    const jump = (taken: boolean): void => {
      if (first?.kind !== 'target') throw new Error(`${mnemonic} without a target`);
      if (taken) thread.at = program.labels.get(first.expression)!;
    };
    const compute = (value: bigint, carry: boolean): void => {
      thread.zf = mask(value, bytes) === 0n;
      thread.cf = carry;
    };
    const modify = (change: (old: bigint) => bigint, carry: (old: bigint) => boolean): void => {
      const target = operands[operands.length - 1]!;
      if (inMemory && !atomic) throw new Error(`${mnemonic} of memory without lock`);
      const old = this.read(target, bytes);
      compute(change(old), carry(old));
      this.write(target, bytes, change(old), atomic);
    };
    switch (base) {
      case 'mov':
        this.write(second!, bytes, this.read(first!, bytes), false);
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
        this.write(
          second!,
          bytes,
          BigInt(first.displacement || 0) +
            (thread.registers[generalNumber(first.base)] ?? 0n) +
            (thread.registers[generalNumber(first.index)] ?? 0n) * BigInt(first.scale),
          false,
        );
        break;
      case 'not':
        this.write(first!, bytes, ~this.read(first!, bytes), false);
        break;
      case 'add':
        modify(
          (old) => old + this.read(first!, bytes),
          (old) => (old + this.read(first!, bytes)) >> BigInt(bytes * 8) > 0n,
        );
        break;
      case 'or':
        modify(
          (old) => old | this.read(first!, bytes),
          () => false,
        );
        break;
      case 'bts': {
        const bit = 1n << this.read(first!, 1);
        const zf = thread.zf;
        modify(
          (old) => old | bit,
          (old) => (old & bit) !== 0n,
        );
        thread.zf = zf;
        break;
      }
      case 'xadd': {
        const [old, more] = [this.read(second!, bytes), this.read(first!, bytes)];
        compute(old + more, (old + more) >> BigInt(bytes * 8) > 0n);
        this.write(first!, bytes, old, false);
        this.write(second!, bytes, old + more, atomic);
        break;
      }
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
        thread.at = program.instructions.length;
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
      case 'jnc':
        jump(!thread.cf);
        break;
      case 'jrcxz':
        jump(thread.registers[1] === 0n);
        break;
      default:
        throw new Error(`the machine does not know ${mnemonic}`);
    }
    return true;
  }
}

const copy = (state: State): State => ({
  memory: { ...state.memory },
  threads: state.threads.map((thread) => ({
    ...thread,
    registers: [...thread.registers],
    buffer: [...thread.buffer],
  })),
});

const keyOf = (state: State): string =>
  JSON.stringify([state.memory, state.threads], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16) : value,
  );

/**
 * Runs all interleavings of `programs`, each with registers rax = rcx = ... = 0 but `registers`.
 *
 * @param invariant called for every state that memory is seen in; throws where it does not hold
 * @returns the states at the end, each once, and how many states there were
 */
export function explore(
  programs: readonly Program[],
  memory: Readonly<Record<string, bigint>>,
  invariant: (memory: Readonly<Record<string, bigint>>) => void = () => undefined,
): { readonly finals: readonly Final[]; readonly states: number } {
  const start: State = {
    memory: { ...memory },
    threads: programs.map(() => ({
      at: 0,
      registers: new Array<bigint>(16).fill(0n),
      zf: false,
      cf: false,
      buffer: [],
    })),
  };
  const seen = new Set([keyOf(start)]);
  const finals = new Map<string, Final>();
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
        const { cell, bytes, value } = next.threads[t]!.buffer.shift()!;
        next.memory[cell] = merge(next.memory[cell] ?? 0n, bytes, value);
        visit(next);
      }
      if (state.threads[t]!.at < programs[t]!.instructions.length) {
        done = false;
        const next = copy(state);
        if (new Step(next, next.threads[t]!, programs[t]!).run()) visit(next);
      }
    }
    if (done) {
      const registers = state.threads.map((thread) => thread.registers);
      const final = { memory: state.memory, registers };
      finals.set(JSON.stringify(Object.entries(state.memory).map(([k, v]) => [k, String(v)])), final);
    }
  }
  return { finals: [...finals.values()], states: seen.size };
}
