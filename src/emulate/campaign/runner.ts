// Executes single cases: to the moment, page lost, and on to the end or to where the state is that of the clean run again.
import { pageSize } from '../memory.js';
import type { MemorySnapshot } from '../memory.js';
import { decode } from '../instruction.js';
import type { Machine, RunResult, Snapshot } from '../machine.js';
import { runToProgram, touchCode } from '../check/start.js';
import { within } from '../check/runtime-map.js';
import type { RuntimeMap, Span } from '../check/runtime-map.js';
import { isSettled } from '../linux/recoveries.js';
import { tellOfPage } from '../linux/signals.js';
import { sameRegisters } from '../state.js';
import { differingByte, differingState } from './compare.js';
import { Moments } from './moments.js';
import type { Moment } from './moments.js';
import { Harmless } from './harmless.js';
import type { Terminal } from './terminal.js';
import type { Fault, Lose } from './fault.js';
import { mirrorOf } from '../check/mirror.js';
import { mirrorPage, mnemonicOf, unusedByThreads } from './trace.js';
import type { Clean } from './trace.js';

/**
 * same: exit code, output and memory are those of the clean run; the others name the first thing that is not. told: the runtime says that nothing can bring
 * the page back, and ends the program. turns: exit code and output are the same, but threads ran otherwise or a timer's signal arrived elsewhere, and memory is not as they left it. found: the check at the end says so, and the output is right; late: it is not.
 */
export type Outcome =
  'same' | 'turns' | 'told' | 'found' | 'late' | 'crash' | 'hang' | 'exit' | 'output' | 'memory';
const all: readonly Outcome[] = [
  'same',
  'turns',
  'told',
  'found',
  'late',
  'crash',
  'hang',
  'exit',
  'output',
  'memory',
];
export const outcomesOf = (lose: Lose): readonly Outcome[] =>
  all.filter((o) => (lose === 'bit' ? o !== 'told' && o !== 'turns' : o !== 'found' && o !== 'late'));
/** What is not as without the loss, and nobody was told. */
export const isBad = (outcome: Outcome): boolean => !['same', 'turns', 'told', 'found'].includes(outcome);
export const none = (): Record<Outcome, number> =>
  Object.fromEntries(all.map((outcome) => [outcome, 0])) as Record<Outcome, number>;

/**
 * Who brings a lost page back. program: Linux refuses the page, and the program's own runtime recovers it, or does not. ideal: the emulator copies
 * the other copy before the access.
 */
export type Recovery = 'program' | 'ideal';

/** Who hears of a lost page first. touched: the thread that touches it (BUS_MCEERR_AR). told: nobody has touched it, the kernel tells of it at once (BUS_MCEERR_AO). */
export type Notice = 'touched' | 'told';

export interface Manner {
  readonly lose: Lose;
  readonly notice: Notice;
  readonly recovery: Recovery;
}

export interface Executed {
  readonly outcome: Outcome;
  readonly text: string;
  /** Pages that the program's runtime says it recovered. */
  readonly recovered: number;
  /** Of the first instruction behind the loss: the function, and mnemonic or `runtime`. */
  readonly place: string;
  readonly interrupted: string;
}

type Judged = Pick<Executed, 'outcome' | 'text'>;

/** runtime/recover.c writes each in one call. */
const saysRecovered = /^mirrorasm: \S+Z .* was lost and is recovered from /;
const saysAnything = /^mirrorasm: /;
const saysLost = /^mirrorasm: .*: nothing can bring it back$/m;
/** Behind the first two words of struct control (runtime/mr.h). */
const recoveredAt = 16;
const longestRecovery = 50_000_000;
/** Of those, what a look at who runs counts as. */
const fewest = 10_000;

export class Runner {
  private readonly moments: Moments;
  private readonly final: MemorySnapshot;
  private readonly written: readonly [Buffer, Buffer];
  private readonly turns: number;
  private readonly harmless: Harmless;
  /** Where the runtime counts; undefined: it recovers nothing. */
  private readonly counter: number | undefined;
  /** Where the clean run comes back to the program's code from the call that has the last case's moment. */
  private behind: { readonly from: number; readonly moment: Moment | undefined } | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly terminal: Terminal,
    private readonly map: RuntimeMap,
    private readonly clean: Clean,
    private readonly how: Manner,
  ) {
    const control = machine.elf.symbols.find((s) => s.name === 'mr_control');
    this.counter = control && control.address + machine.start.bias + recoveredAt;
    if (how.lose !== 'bit' && how.recovery === 'program' && this.counter === undefined)
      throw new Error('its runtime cannot recover lost pages: build it again, or use --recovery ideal');
    machine.kernel.apart = true;
    if (!runToProgram(machine, map)) throw new Error('the program ended before its own code began');
    machine.kernel.byMachineCheck = how.lose === 'line';
    touchCode(machine);
    this.moments = new Moments(machine, terminal, clean);
    this.harmless = new Harmless(machine);
    this.final = machine.snapshot().memory;
    this.written = [this.output(1), this.output(2)];
    this.turns = machine.kernel.turns;
    if (how.lose === 'bit' && this.differing() !== 0)
      throw new Error('flipped bits are what the check at exit has to find: run with MIRROR_CHECK=exit');
  }

  /** What earlier cases taught. */
  forget(): void {
    this.harmless.forget();
  }

  /** `begun`: to the end, even where the rest is known to be the clean run's; called where the case begins. */
  execute(fault: Fault, begun?: () => void): Executed {
    const begin = this.moments.goTo(fault.at);
    const { machine } = this;
    const place = machine.symbolize(machine.rip);
    const interrupted = within(this.map.code, machine.rip) ? 'runtime' : this.mnemonic();
    begun?.();
    const whole = begun !== undefined;
    let judged: Judged;
    try {
      judged = this.lose(fault, begin, whole);
    } catch (error) {
      // A program gone astray may ask for what the emulator cannot do, such as more memory than it has.
      if (!(error instanceof Error)) throw error;
      judged = { outcome: 'crash', text: `the emulator stops: ${error.message}` };
    }
    return { ...judged, recovered: this.recovered(), place, interrupted };
  }

  private mnemonic(): string {
    const { memory, rip, cpu } = this.machine;
    const instruction = decode(memory.fetch(rip), BigInt(rip), cpu.bits);
    return instruction ? mnemonicOf(instruction) : '?';
  }

  private recovered(): number {
    const { memory } = this.machine;
    if (this.counter === undefined || !memory.isPresent(this.counter)) return 0;
    return new DataView(memory.readBytes(this.counter, 4).buffer).getUint32(0, true);
  }

  private lose(fault: Fault, begin: Moment, whole: boolean): Judged {
    const { memory } = this.machine;
    const { mirror } = this.clean;
    if (fault.bit !== undefined) {
      memory.flipBit(fault.lost === 'native' ? fault.address : mirrorOf(mirror, fault.address), fault.bit);
      return this.goOn(fault, whole);
    }
    if (this.how.recovery === 'program') return this.byProgram(fault, begin, whole);
    const other = mirrorPage(mirror, fault.page);
    if (fault.lost === 'native') memory.copyPage(other, fault.page);
    else memory.copyPage(fault.page, other);
    return this.goOn(fault, whole);
  }

  private goOn(fault: Fault, whole: boolean): Judged {
    const { machine } = this;
    const { kernel } = machine;
    // Until the next system call the kernel's state is the clean run's, and so is the rest of the run once registers and memory are.
    const { calls } = kernel;
    for (const m of whole ? [] : this.moments.grid) {
      if (m.executed <= fault.at) continue;
      const result = machine.run(m.executed - machine.executed);
      if (result.kind !== 'limit') return this.classify(result);
      if (kernel.calls !== calls || m.calls !== calls) break;
      if (this.isAt(m.snapshot)) return { outcome: 'same', text: 'goes on as the clean run' };
    }
    return this.classify(this.toTheEnd());
  }

  private toTheEnd(): RunResult {
    return this.machine.run(2 * this.clean.end + 1_000_000 - this.machine.executed);
  }

  private isAt({ cpu, memory: other }: Snapshot): boolean {
    const { memory } = this.machine;
    if (!sameRegisters(cpu, this.machine.cpu.snapshot())) return false;
    let pages = 0;
    for (const number of memory.presentPages()) {
      pages++;
      if (!memory.equals(other, number)) return false;
    }
    return pages === other.pages.size;
  }

  /** Linux's way: the page refuses every access, and SIGBUS or EFAULT tells the runtime, whose handler brings it back. */
  private byProgram(fault: Fault, begin: Moment, whole: boolean): Judged {
    const { machine, clean } = this;
    const { memory, kernel, cpu } = machine;
    const { current, frames } = kernel;
    const page = fault.lost === 'native' ? fault.page : mirrorPage(clean.mirror, fault.page);
    const back = this.comesBack(begin, frames, page, current);
    if (!memory.lose(page)) return { outcome: 'same', text: 'the page is not there' };
    if (this.how.notice === 'told') tellOfPage(kernel, page * pageSize);
    const result = this.runToProgramCode(frames, page, current);
    if (result.kind !== 'limit') return this.classify(result);
    if (!back || machine.executed - fault.at >= longestRecovery) return this.classify(this.toTheEnd());
    // The clock does not count the recovery: the program sees the times that it sees without.
    cpu.executed = back.executed;
    const words = whole ? undefined : this.differenceFrom(back.snapshot);
    if (words && this.harmless.are(words) && fault.at >= clean.lastMoving)
      return { outcome: 'same', text: 'goes on as the clean run' };
    const judged = this.classify(this.toTheEnd());
    if (words && judged.outcome === 'same') this.harmless.learn(words);
    return judged;
  }

  /** The moment at which the clean run executes the program's code again: the beginning, if that does. Undefined: it never does. */
  private comesBack(begin: Moment, frames: number, page: number, thread: number): Moment | undefined {
    if (!within(this.map.code, this.machine.rip)) return begin;
    const known = this.behind;
    const { executed } = begin;
    if (known && known.from <= executed && executed < (known.moment?.executed ?? Infinity))
      return known.moment;
    const result = this.runToProgramCode(frames, page, thread);
    const moment = result.kind === 'limit' ? this.moments.take() : undefined;
    if (known?.moment) this.moments.release(known.moment);
    this.behind = { from: executed, moment };
    this.moments.restore(begin);
    return moment;
  }

  /** Until a thread runs the program's own code, outside of handlers that were entered since, and the page is there; others that were told of it have seen to it. */
  private runToProgramCode(frames: number, page: number, thread: number): RunResult {
    const { machine } = this;
    const { interpreter, kernel, memory } = machine;
    const isBack = (): boolean =>
      kernel.current === thread &&
      kernel.visit === undefined &&
      kernel.frames <= frames &&
      !memory.isLost(page) &&
      !within(this.map.code, machine.rip);
    interpreter.onBlock = () => {
      // Behind a visit nothing of the program's is to be executed before it is looked at.
      if (isBack() || (kernel.visit && kernel.due)) interpreter.stop();
    };
    try {
      for (let left = longestRecovery; left > 0;) {
        const before = machine.executed;
        const result = machine.run(left);
        if (result.kind !== 'limit') return result;
        kernel.refusedAt = 0;
        kernel.untilDue();
        if (kernel.end) return kernel.end;
        if (isBack() && isSettled(kernel)) break;
        left -= Math.max(fewest, machine.executed - before);
      }
      return { kind: 'limit' };
    } finally {
      interpreter.onBlock = undefined;
    }
  }

  /** Words of the runtime's state in which the machine differs from a moment of the clean run; undefined: in more than that. */
  private differenceFrom({
    cpu: registers,
    memory: other,
    kernel: clean,
  }: Snapshot): ReadonlySet<number> | undefined {
    const { machine } = this;
    const { cpu, kernel } = machine;
    if (!sameRegisters(registers, cpu.snapshot()) || !kernel.isAlike(clean)) return undefined;
    return differingState(machine, other, { ...this.clean, state: this.map.state, unused: this.unused() });
  }

  private classify(result: RunResult): Judged {
    if (result.kind === 'limit') return { outcome: 'hang', text: 'does not end' };
    if ((result.kind === 'signal' || result.kind === 'fault') && this.saysLost())
      return { outcome: 'told', text: 'the runtime says that it is lost' };
    if (result.kind === 'signal') return { outcome: 'crash', text: `signal ${result.number}` };
    if (result.kind === 'fault') return { outcome: 'crash', text: `signal ${result.signal}: ${result.text}` };
    if (result.kind !== 'exit') return { outcome: 'crash', text: result.text };
    if (this.how.lose === 'bit' && this.differing() !== 0) {
      const output = this.differentOutput();
      return output === undefined
        ? { outcome: 'found', text: 'the check finds it' }
        : { outcome: 'late', text: `${output}; the check finds it afterwards` };
    }
    const clean = this.moments.result;
    if (clean.kind !== 'exit' || result.code !== clean.code)
      return { outcome: 'exit', text: `exit code ${result.code}` };
    const output = this.differentOutput();
    if (output !== undefined) return { outcome: 'output', text: output };
    const { machine } = this;
    const { kernel } = machine;
    const unused = [...this.clean.unused, ...this.unused()];
    const differing = this.differingByte(unused);
    if (differing === undefined) return { outcome: 'same', text: 'same exit code, output and memory' };
    const where = `0x${differing.toString(16)} (${machine.symbolize(differing)})`;
    // Slots of frames that nobody has written yet hold what calls have left there: those of a call that began again, too.
    const otherwise =
      kernel.turns !== this.turns ||
      (kernel.visits > 0 && this.differingByte([...unused, this.clean.stack]) === undefined);
    return otherwise
      ? { outcome: 'turns', text: `${where} differs at the end, where threads or timers ran otherwise` }
      : { outcome: 'memory', text: `${where} differs at the end` };
  }

  private differingByte(unused: readonly Span[]): number | undefined {
    return differingByte(this.machine, this.final, { ...this.clean, state: this.map.state, unused });
  }

  private unused(): Span[] {
    return unusedByThreads(this.machine, this.clean.stack, this.map.redZone);
  }

  private differentOutput(): string | undefined {
    for (const number of [1, 2] as const)
      if (!this.output(number).equals(this.written[number - 1] ?? Buffer.alloc(0)))
        return `file descriptor ${number} got something else`;
    return undefined;
  }

  private output(number: 1 | 2): Buffer {
    return this.terminal.written(number, this.how.lose === 'bit' ? saysAnything : saysRecovered);
  }

  private saysLost(): boolean {
    return saysLost.test(this.terminal.written(2).toString('latin1'));
  }

  /** Bytes that the check at exit says differ; undefined: it says nothing. */
  private differing(): number | undefined {
    const said = /^mirrorasm: checked \d+ bytes, (\d+) differ$/m.exec(
      this.terminal.written(2).toString('latin1'),
    );
    return said ? Number(said[1]) : undefined;
  }
}
