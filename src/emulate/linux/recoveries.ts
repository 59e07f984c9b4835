// Recoveries in a fault campaign, where they are to change as little as they can: from the delivery of SIGBUS to the return from its handler the thread keeps its
// turn, and its instructions do not count. Other threads that are told of the page (SIGBUS, too) see to it at once, one after the other, as a visit, which does not count
// either: turns go on as without the loss, unless a recovery has to wait for another thread.
import type { Kernel } from './kernel.js';
import type { Trapped } from './signal-frame.js';
import type { Thread } from './threads.js';

/** Of a thread in the handler of SIGBUS. */
export interface Recovery {
  /** Instructions counted before it. */
  readonly from: number;
  /** Kernel.frames with its own. */
  readonly depth: number;
  /** What frames of other signals tell of the last exception. */
  readonly trap: Trapped;
}

/** A thread runs for its recovery alone. */
export interface Visit {
  readonly thread: number;
  /** Whose turn it is, and the count. */
  readonly home: number;
  readonly executed: number;
  /** It waited, and is to wait again, in its place. */
  readonly since: number | undefined;
}

const SIGBUS = 7;
/** Of a program that never gets through: they count from then on. */
const mostUncounted = 50_000_000;
/** Instructions from the end of a recovery to where a thread waits again, at most. */
const mostToWait = 20_000;

/** Goes back to a count, from the one before the instruction that runs. */
function uncount(k: Kernel, now: number, to: number): void {
  if (k.uncounted > mostUncounted) return;
  k.uncounted += now - to;
  k.cpu.executed -= now - to;
}

/** `count`: instructions before the handler's first. */
export function enterRecovery(k: Kernel, number: number, count: number, trap: Trapped): void {
  if (k.apart && number === SIGBUS && !k.recovery) k.recovery = { from: count, depth: k.frames, trap };
}

/** Behind sigreturn. */
export function leaveRecovery(k: Kernel): void {
  if (!k.recovery || k.frames >= k.recovery.depth) return;
  uncount(k, k.cpu.executed + k.cpu.position + 1, k.recovery.from);
  k.trap = k.recovery.trap;
  k.recovery = undefined;
  k.due = true;
}

/** A call that met a lost page is made again: the count is what it was then. */
export function makeAgain(k: Kernel): void {
  if (!k.apart) return;
  uncount(k, k.cpu.executed + k.cpu.position, k.refusedCount);
  k.due = true;
}

const isBlocked = (mask: Uint8Array): boolean => (((mask[0] ?? 0) >> (SIGBUS - 1)) & 1) === 1;
const isTold = ({ own }: Thread): boolean =>
  own.pending.some((p) => p.number === SIGBUS) && !isBlocked(own.signalMask);

/** Nobody has a recovery to do, or is in one. */
export function isSettled(k: Kernel): boolean {
  if (k.visit || k.recovery || k.pending.some((p) => p.number === SIGBUS)) return false;
  return [...k.threads.values()].every((t) => t.id === k.current || (!isTold(t) && !t.own.recovery));
}

/** The thread that runs for a recovery, if one has to; undefined: turns go on. */
export function recovers(k: Kernel): Thread | undefined {
  if (!k.apart) return undefined;
  const running = k.threads.get(k.current);
  if (k.yielding) k.visit = undefined;
  const { visit } = k;
  if (visit && running?.id === visit.thread) {
    const returns = visit.since !== undefined && k.cpu.executed - visit.executed < mostToWait;
    if (running.wait === undefined && (k.recovery || returns)) return running;
    k.cpu.executed = visit.executed;
    k.visit = undefined;
    return next(k, visit.home) ?? k.threads.get(visit.home);
  }
  if (k.recovery && running?.wait === undefined && !k.yielding) return running;
  return k.recovery ? undefined : next(k, k.current);
}

function next(k: Kernel, home: number): Thread | undefined {
  const told = [...k.threads.values()].find(
    (t) => t.id !== home && t.id !== k.current && t.wait === undefined && isTold(t),
  );
  if (told) {
    k.visits++;
    k.visit = {
      thread: told.id,
      home,
      executed: k.cpu.executed,
      since: told.answer === undefined ? undefined : told.since,
    };
  }
  return told;
}

/** A thread that a visit has interrupted waits on as long as before. */
export function waitsOn(k: Kernel): number | undefined {
  const since = k.visit?.thread === k.current ? k.visit.since : undefined;
  if (since !== undefined) k.waits--;
  return since;
}
