// Timers, whoever set them: when they go off, who is told, and how time passes where nobody runs (kernel/time/posix-timers.c, itimer.c; fs/timerfd.c).
//
// In a fault campaign the clock counts system calls, so that a program sees the same times with a recovery as without. Timers go off by that clock, too, but not
// later than after as many instructions as they have nanoseconds: a program that only computes has them as well. A recovery's instructions do not count.
import { changed } from './channels.js';
import type { Kernel } from './kernel.js';
import { sendTimer } from './signals.js';
import type { Wait } from './threads.js';

/** What a timer sends. */
export interface Tells {
  readonly signal: number;
  /** Else the process. */
  readonly thread: number | undefined;
  /** sigev_value, of timer_create. */
  readonly value: Uint8Array | undefined;
}

/** Objects that change: a timerfd's file has the one that goes off. */
export interface Timer {
  /** Of the CPU's time, or of the clock that the number says. */
  readonly clock: 'cpu' | number;
  readonly tells: Tells | undefined;
  /** In elapsed()'s nanoseconds; Infinity: it does not run. */
  due: number;
  /** In instructions: of the CPU's time, and in a fault campaign of any. */
  at: number;
  /** 0: once. */
  interval: number;
  /** How often it went off, in all and since somebody was told. */
  times: number;
  missed: number;
  /** Of those, beyond the first, when a signal was delivered last. */
  overrun: number;
}

/** By number; those of setitimer are below 0, and so are files' own. */
export type Timers = Map<number, Timer>;

export const timerOf = (clock: Timer['clock'], tells: Tells | undefined): Timer => ({
  clock,
  tells,
  due: Infinity,
  at: Infinity,
  interval: 0,
  missed: 0,
  times: 0,
  overrun: 0,
});

const counted = (k: Kernel): number => k.cpu.executed + k.cpu.position;
/** Nothing goes off by instructions that do not count. */
const stands = (k: Kernel): boolean => k.recovery !== undefined || k.visit !== undefined || k.refusedAt !== 0;

/** Both in nanoseconds; `value` may lie in the past, undefined stops it. */
export function arm(k: Kernel, timer: Timer, value: number | undefined, interval: number): void {
  const ofCpu = timer.clock === 'cpu';
  const length = value ?? Infinity;
  timer.due = ofCpu ? Infinity : k.elapsed() + length;
  timer.at = ofCpu || k.apart ? counted(k) + Math.max(0, Math.ceil(length)) : Infinity;
  timer.interval = interval;
  timer.missed = 0;
  k.due = true;
}

/** Nanoseconds; undefined: it does not run. */
export function leftOf(k: Kernel, timer: Timer): number | undefined {
  const left = timer.clock === 'cpu' ? timer.at - counted(k) : timer.due - k.elapsed();
  return left === Infinity ? undefined : Math.max(1, left);
}

/** A wait with a time limit has both, too. */
export function limited(k: Kernel, wait: Wait): Wait {
  if (!k.apart || wait.deadline === Infinity) return wait;
  return { ...wait, latest: counted(k) + Math.max(0, Math.ceil(wait.deadline - k.elapsed())) };
}

/** What is due by its instructions is due by the clock, which the program may ask. */
function isDue(k: Kernel, due: number, at: number): boolean {
  const now = k.elapsed();
  if (due <= now) return true;
  if (at > counted(k) || stands(k)) return false;
  if (due !== Infinity) k.slept += due - now;
  return true;
}

export const isOver = (k: Kernel, { deadline, latest = Infinity }: Wait): boolean =>
  isDue(k, deadline, latest);

/** Timers that are due by now go off. */
export function expireTimers(k: Kernel): void {
  for (const [number, timer] of k.timers) {
    const { due, at, interval } = timer;
    if (!isDue(k, due, at)) continue;
    const late = timer.clock === 'cpu' ? counted(k) - at : k.elapsed() - due;
    const times = interval > 0 ? 1 + Math.floor(late / interval) : 1;
    timer.missed += times;
    timer.times += times;
    if (timer.clock !== 'cpu') timer.due = interval > 0 ? due + times * interval : Infinity;
    const rest = timer.clock === 'cpu' ? times * interval - late : timer.due - k.elapsed();
    timer.at = interval > 0 && at !== Infinity ? counted(k) + Math.ceil(rest) : Infinity;
    if (timer.tells) sendTimer(k, number, timer.tells);
    else changed(k);
  }
}

/** Its signal is delivered, with the number of those that there was none for. */
export function tellOverrun(k: Kernel, number: number): number {
  const timer = k.timers.get(number);
  if (!timer) return 0;
  timer.overrun = Math.max(0, timer.missed - 1);
  timer.missed = 0;
  return timer.overrun;
}

/** Some timer runs. */
export function isTimed(k: Kernel): boolean {
  for (const { due, at } of k.timers.values()) if (due !== Infinity || at !== Infinity) return true;
  return false;
}

/** Where nobody runs, the clock goes on to here. */
export function nextDue(k: Kernel): number {
  let due = Infinity;
  for (const timer of k.timers.values()) due = Math.min(due, timer.due);
  for (const { wait } of k.threads.values()) if (wait) due = Math.min(due, wait.deadline);
  return due;
}

/** Instructions until something may be due. In a campaign a system call looks whether something is by the clock. */
export function untilNext(k: Kernel): number {
  let at = Infinity;
  for (const timer of k.timers.values()) at = Math.min(at, timer.at);
  for (const { wait } of k.threads.values()) at = Math.min(at, wait?.latest ?? Infinity);
  const byCount = stands(k) ? Infinity : at - counted(k);
  return k.apart ? byCount : Math.min(byCount, nextDue(k) - k.elapsed());
}
