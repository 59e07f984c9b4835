// A program in the emulator: load, step, run, look at it. The library's entry.
import { sourceLines } from './dwarf-lines.js';
import type { SourceLine } from './dwarf-lines.js';
import { parseElf } from './elf.js';
import type { Elf, ElfSymbol } from './elf.js';
import { Interpreter } from './interpreter.js';
import type { Stop, Tiers } from './interpreter.js';
import { faultOf } from './exceptions.js';
import { Kernel } from './linux/kernel.js';
import type { End, Input, KernelSnapshot } from './linux/kernel.js';
import { RandomBytes } from './linux/random.js';
import { fault } from './linux/signals.js';
import { abis } from './linux/abi.js';
import { load } from './load.js';
import type { Start } from './load.js';
import { originsOf } from './marks.js';
import type { Origin } from './marks.js';
import { addressOf, Memory } from './memory.js';
import type { MemorySnapshot } from './memory.js';
import { Cpu, RIP, RSP, Trap } from './state.js';
import type { CpuSnapshot } from './state.js';

export interface MachineOptions {
  /** argv; the first is the program's name. */
  readonly args: readonly string[];
  readonly environment?: readonly string[];
  /** The host's folder that is the program's `/`, read only; undefined: an empty tree. */
  readonly root?: string | undefined;
  /** The program's working folder. */
  readonly folder?: string;
  /** Of getrandom, AT_RANDOM and the order of threads. */
  readonly seed?: number;
  /** Instructions that a thread runs at most before it may be another's turn. */
  readonly slice?: number;
  /** Bytes of memory that the program may touch. */
  readonly memory?: number;
  /** How code is executed (interpreter.ts); by default hot code is compiled. */
  readonly tiers?: Tiers;
  readonly io?: Partial<Input>;
}

/** A moment of a run. What `io` has given and taken is the caller's to remember. */
export interface Snapshot {
  readonly cpu: CpuSnapshot;
  readonly memory: MemorySnapshot;
  readonly kernel: KernelSnapshot;
}

/** Why run() came back. */
export type RunResult =
  | { readonly kind: 'limit' }
  | End
  | { readonly kind: 'fault'; readonly signal: number; readonly text: string; readonly address: number };

const registerNames: Readonly<Record<32 | 64, readonly string[]>> = {
  32: 'eax ecx edx ebx esp ebp esi edi'.split(' '),
  64: 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' '),
};

export class Machine {
  readonly memory: Memory;
  readonly cpu: Cpu;
  readonly interpreter: Interpreter;
  readonly kernel: Kernel;
  readonly elf: Elf;
  readonly start: Start;
  private lines: ((address: number) => SourceLine | undefined) | undefined;
  private origins: ((address: number) => Origin) | undefined;

  constructor(
    private readonly file: Uint8Array,
    options: MachineOptions,
  ) {
    this.elf = parseElf(file);
    this.memory = new Memory(options.memory);
    this.cpu = new Cpu(this.memory, this.elf.bits);
    const seed = options.seed ?? 1;
    const slice = options.slice ?? 1000;
    const name = options.args[0] ?? 'program';
    this.start = load(this.memory, file, this.elf, {
      name,
      args: options.args,
      environment: options.environment ?? [],
      random: RandomBytes.seeded(seed).next(16),
    });
    const io: Input = {
      read: options.io?.read ?? (() => new Uint8Array(0)),
      write: options.io?.write ?? (() => undefined),
    };
    this.kernel = new Kernel(
      this.cpu,
      this.start,
      { root: options.root, folder: options.folder ?? '/', seed, slice, io, executable: name, file },
      abis[this.elf.bits],
    );
    this.interpreter = new Interpreter(this.cpu, options.tiers ?? { tier: 1 });
    this.cpu.onSteps = () => {
      this.interpreter.interrupt();
    };
    this.cpu.onSyscall = () => {
      // It comes back by an iret that sets the trap flag: what traps is the instruction behind it.
      this.cpu.trapless = true;
      if (!this.kernel.syscall()) this.interpreter.stop();
      else if (this.kernel.due) this.interpreter.interrupt();
    };
    this.setPair(RIP, this.start.entry);
    this.setPair(RSP, this.start.stack);
  }

  private setPair(at: number, value: number): void {
    this.cpu.s[at] = value | 0;
    this.cpu.s[at + 1] = (value / 0x100000000) | 0;
  }

  /** The address of the next instruction. */
  get rip(): number {
    return addressOf(this.cpu.s[RIP] ?? 0, this.cpu.s[RIP + 1] ?? 0);
  }

  /** Instructions executed so far. */
  get executed(): number {
    return this.cpu.executed;
  }

  /** General registers by name. */
  registers(): Readonly<Record<string, bigint>> {
    return Object.fromEntries(registerNames[this.cpu.bits].map((name, n) => [name, this.cpu.q[n] ?? 0n]));
  }

  /** One instruction. */
  step(): RunResult {
    return this.run(1);
  }

  /** Until the program ends, or as many instructions were executed. */
  run(limit = Number.MAX_SAFE_INTEGER): RunResult {
    const last = Math.min(this.executed + limit, Number.MAX_SAFE_INTEGER);
    for (;;) {
      if (this.kernel.end) return this.kernel.end;
      if (this.executed >= last) return { kind: 'limit' };
      const turn = this.kernel.untilDue();
      if (turn === 0) continue;
      const { steps } = this.cpu;
      this.cpu.trapless = false;
      let stop = this.interpreter.run(steps ? 1 : Math.min(turn, last - this.executed));
      if (steps && stop.kind === 'done' && !this.cpu.trapless)
        stop = { kind: 'trap', trap: new Trap('step', 'behind an instruction') };
      switch (stop.kind) {
        case 'done':
          break;
        case 'stopped':
          return this.kernel.end ?? { kind: 'limit' };
        case 'missing':
          return this.describe(stop);
        case 'fault':
        case 'trap': {
          const refused = faultOf(stop, this.cpu);
          if (!refused || !fault(this.kernel, refused)) return this.describe(stop);
        }
      }
    }
  }

  /** Cheap: pages are copied when they are written. */
  snapshot(): Snapshot {
    return { cpu: this.cpu.snapshot(), memory: this.memory.snapshot(), kernel: this.kernel.snapshot() };
  }

  /** Any number of times, forwards or back. */
  restore(snapshot: Snapshot): void {
    this.cpu.restore(snapshot.cpu);
    this.memory.restore(snapshot.memory);
    this.kernel.restore(snapshot.kernel);
  }

  /** Gives back the memory that only this snapshot holds. */
  release(snapshot: Snapshot): void {
    this.memory.release(snapshot.memory);
  }

  private describe(stop: Exclude<Stop, { kind: 'done' | 'stopped' }>): RunResult {
    const at = `at ${hex(this.rip)} (${this.symbolize(this.rip)})`;
    if (stop.kind === 'missing') {
      const bytes = [...stop.bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ');
      return { kind: 'missing', text: `instruction ${stop.name} (${bytes}) ${at}` };
    }
    if (stop.kind === 'fault') {
      const { fault } = stop;
      const what = fault.access === 2 ? 'store to' : fault.access === 4 ? 'execution of' : 'load from';
      const text = `${what} ${hex(fault.address)}, ${fault.why}, ${at}`;
      return { kind: 'fault', signal: faultOf(stop, this.cpu)?.number ?? 0, text, address: fault.address };
    }
    const signal = faultOf(stop, this.cpu)?.number;
    if (signal === undefined) return { kind: 'missing', text: `${stop.trap.text} ${at}` };
    const text = `${stop.trap.kind} ${stop.trap.text} ${at}`;
    return { kind: 'fault', signal, text, address: this.rip };
  }

  /** Where in the source an instruction comes from, if the file has debug information. */
  sourceLine(address: number): SourceLine | undefined {
    this.lines ??= sourceLines(this.file, this.elf);
    return this.lines(address - this.start.bias);
  }

  /** Whose the instruction at an address is. */
  originOf(address: number): Origin {
    this.origins ??= originsOf(this.file, this.elf, this.start.bias);
    return this.origins(address);
  }

  /** The function or object that an address is in, with the distance from its start. */
  symbolize(address: number): string {
    const at = address - this.start.bias;
    let found: ElfSymbol | undefined;
    for (const symbol of this.elf.symbols) {
      if (symbol.address > at) break;
      if (symbol.kind !== 'other' && at < symbol.address + Math.max(symbol.size, 1)) found = symbol;
    }
    if (!found) return '?';
    return at === found.address ? found.name : `${found.name}+${hex(at - found.address)}`;
  }
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
