// Threads: one runs at a time, for a random number of instructions that the seed gives, so that the same seed is the same run. What Linux keeps for a
// thread lies in the kernel's own fields while it runs, else in its record.
import { addressOf, MemoryFault } from '../memory.js';
import { RIP } from '../state.js';
import type { CpuSnapshot } from '../state.js';
import type { Polled } from './channels.js';
import { EFAULT, EINTR } from './errno.js';
import type { Kernel } from './kernel.js';
import { RandomBytes } from './random.js';
import { recovers } from './recoveries.js';
import { deliverPending, has } from './signals.js';
import { expireTimers, isOver, isTimed, nextDue, untilNext } from './timers.js';

const perThread = [
  'alternateStack', 'clearChildTid', 'frames', 'pending', 'recovery', 'refusedAt', 'refusedCount', 'robustList', 'savedMask', 'signalMask', 'threadName', 'trap',
] as const; // prettier-ignore
export type Own = Pick<Kernel, (typeof perThread)[number]>;

/** A structure timespec of the program's. */
interface Remaining {
  readonly to: number;
  readonly size: 4 | 8;
}

/** Why a thread does not run. */
export interface Wait {
  /** Their order. */
  readonly since: number;
  /** In Kernel.elapsed()'s nanoseconds; Infinity: none. */
  readonly deadline: number;
  /** In instructions, in a fault campaign. */
  readonly latest?: number;
  /** What the call answers at the deadline. */
  readonly late: number;
  readonly futex?: { readonly address: number; readonly bits: number };
  /** The call, by its number, is made again when one of the files is ready. */
  readonly polled?: { readonly files: readonly Polled[]; readonly call: number };
  /** The call is made again, by its number, when a signal of the set is there. */
  readonly signals?: { readonly set: Uint8Array; readonly call: number };
  /** The call is made again, by this number, where a handler with SA_RESTART comes in between. */
  readonly again?: number;
  /** Where a sleep that is interrupted says what was left. */
  readonly remaining?: Remaining;
}

export interface Thread {
  readonly id: number;
  /** While another one runs. */
  registers: CpuSnapshot | undefined;
  own: Own;
  wait: Wait | undefined;
  /** Of its last wait. */
  since: number;
  /** What the call that it waited in answers. */
  answer: number | undefined;
  /** The call is made again. */
  again: boolean;
  /** The time of that call is over. */
  over: boolean;
  /** What is left of its sleep, and where that is told. */
  left: (Remaining & { readonly nanoseconds: number }) | undefined;
}

/** Thrown by a call that does not answer yet. */
export class Blocked {
  constructor(readonly wait: Wait) {}
}

/** Between two looks at whether it still is one. */
const longestRecovery = 1_000_000;
const SA_RESTART = 0x10000000;
/** Of syscall and int $0x80. */
const callBytes = 2;

export function ownFields(k: Own): Own {
  return Object.fromEntries(perThread.map((name) => [name, k[name]])) as unknown as Own;
}

/** What Linux keeps for a thread, wherever it lies. */
export function ownOf(k: Kernel, { id, own }: Thread): Own {
  return id === k.current ? k : own;
}

export function runningThread(k: Kernel): Thread {
  const thread = k.threads.get(k.current);
  if (!thread) throw new Error('no thread runs');
  return thread;
}

/** Bytes of the schedule's own, so that what a program asks for does not change it. */
function chance(k: Kernel, bytes: number): number {
  const generator = new RandomBytes(k.chance);
  const number = Buffer.from(generator.next(bytes)).readUIntLE(0, bytes);
  k.chance = generator.state;
  return number;
}

/** Adds to what tells two runs apart: who goes on, or is told of what, when and where. */
export function remember(k: Kernel, what: number, registers: Int32Array): void {
  for (const word of [what, k.cpu.executed, registers[RIP] ?? 0])
    k.turns = (Math.imul(k.turns, 31) + word) | 0;
}

/** Only the first thread, and nothing that could interrupt it. */
export const isAlone = (k: Kernel): boolean => k.threads.size === 1 && !isTimed(k);

/** Its turn is over. */
export function yieldTurn(k: Kernel): void {
  k.yielding = true;
  k.due = true;
}

export function beginTurn(k: Kernel): void {
  // Alone it has no turns; a second thread begins with one.
  if (k.threads.size > 1) k.turnEnd = k.cpu.executed + k.cpu.position + 1 + (chance(k, 3) % k.options.slice);
  k.yielding = false;
}

/** Ends a wait with what its call answers. */
export function wake(thread: Thread, answer: number): void {
  thread.wait = undefined;
  thread.answer = answer;
}

/** A signal comes to a thread that waits. */
export function interruptWait(k: Kernel, thread: Thread, flags: number): void {
  const { wait } = thread;
  if (!wait) return;
  thread.since = wait.since;
  wake(thread, EINTR);
  thread.again = wait.again !== undefined && (flags & SA_RESTART) !== 0;
  if (thread.again) thread.answer = wait.again;
  else if (wait.remaining !== undefined)
    thread.left = { ...wait.remaining, nanoseconds: Math.max(0, wait.deadline - k.elapsed()) };
}

export const isAwaited = ({ wait }: Thread, number: number): boolean =>
  wait?.signals !== undefined && has(wait.signals.set, number);

/** A thread that waits for the signal takes it. */
export function wakeFor(k: Kernel, thread: Thread, number: number): boolean {
  const { wait } = thread;
  if (!wait?.signals || !isAwaited(thread, number)) return false;
  wake(thread, wait.signals.call);
  thread.again = true;
  k.due = true;
  return true;
}

/** The time of its call is over, which is made again. */
export function takeOver(k: Kernel): boolean {
  const thread = runningThread(k);
  const { over } = thread;
  thread.over = false;
  return over;
}

function switchTo(k: Kernel, thread: Thread): void {
  const { cpu } = k;
  const before = k.threads.get(k.current);
  if (before === thread) return;
  if (before) {
    before.registers = cpu.snapshot();
    before.own = ownFields(k);
  }
  if (!thread.registers) throw new Error('a thread without registers');
  cpu.restore({ ...thread.registers, executed: cpu.executed });
  thread.registers = undefined;
  Object.assign(k, thread.own);
  k.current = thread.id;
  k.onSwitch?.(thread.id);
}

/** Back from the call that it waited in. */
function resume(k: Kernel, thread: Thread): void {
  const { s } = k.cpu;
  if (thread.answer === undefined) return;
  const { left } = thread;
  thread.left = undefined;
  if (left)
    try {
      k.writeNumbers(left.to, left.size, [
        Math.floor(left.nanoseconds / 1e9),
        Math.floor(left.nanoseconds % 1e9),
      ]);
    } catch (fault) {
      if (!(fault instanceof MemoryFault)) throw fault;
      thread.answer = EFAULT;
    }
  k.answer(thread.answer);
  if (thread.again) {
    const from = addressOf(s[RIP] ?? 0, s[RIP + 1] ?? 0) - callBytes;
    s[RIP] = from | 0;
    s[RIP + 1] = Math.floor(from / 0x100000000);
  }
  thread.answer = undefined;
  thread.again = false;
}

/** What is due by now: timers, and waits that have lasted long enough. */
function expire(k: Kernel): void {
  expireTimers(k);
  for (const thread of k.threads.values())
    if (thread.wait && isOver(k, thread.wait)) {
      const { polled, late } = thread.wait;
      wake(thread, polled?.call ?? late);
      thread.again = thread.over = polled !== undefined;
    }
}

/** Says who runs, and for how many instructions at most. May end the program. */
export function schedule(k: Kernel): number {
  const { cpu } = k;
  k.due = false;
  // Between two runs of the interpreter all instructions are counted.
  cpu.position = 0;
  for (;;) {
    expire(k);
    const ready = [...k.threads.values()].filter((t) => t.wait === undefined);
    if (ready.length === 0) {
      const due = nextDue(k);
      if (due === Infinity) k.missing('a wait that nobody ends: every thread waits');
      k.slept += due - k.elapsed();
      continue;
    }
    const running = ready.find((t) => t.id === k.current);
    const recovering = recovers(k);
    let next = recovering ?? running;
    if (recovering?.wait) continue;
    if (recovering) k.yielding = false;
    else if (!running || k.yielding || cpu.executed >= k.turnEnd) {
      const others = k.yielding && ready.length > 1 ? ready.filter((t) => t !== running) : ready;
      next = others.length === 1 ? others[0] : others[chance(k, 2) % others.length];
      beginTurn(k);
      if (next && k.threads.size > 1) remember(k, next.id, next.registers?.general ?? cpu.s);
    }
    if (next) {
      switchTo(k, next);
      resume(k, next);
    }
    deliverPending(k, cpu.executed);
    const until = untilNext(k);
    if (k.visit || k.recovery) return Math.max(1, Math.min(k.recovery ? longestRecovery : 1000, until));
    if (k.threads.size === 1) return Math.max(1, until);
    return Math.max(1, Math.min(k.turnEnd - cpu.executed, until));
  }
}
