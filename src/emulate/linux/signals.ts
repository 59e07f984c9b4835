// Signals of a process and its threads: who is told, when, and the calls that set it (man 2 of each, kernel/signal.c).
import { addressOf, MemoryFault, pageSize } from '../memory.js';
import { RIP, RSP } from '../state.js';
import * as errno from './errno.js';
import { Ended, Resumed } from './kernel.js';
import type { Handler, Kernel } from './kernel.js';
import { enterRecovery, leaveRecovery } from './recoveries.js';
import { onStack } from './signal-frame.js';
import type { AlternateStack, Trapped } from './signal-frame.js';
import { interruptWait, ownOf, remember, runningThread, isAwaited, wakeFor } from './threads.js';
import type { Thread } from './threads.js';
import { tellOverrun } from './timers.js';
import type { Tells } from './timers.js';

/** The only process, and its first thread. */
export const ownId = 1000;
const ownUser = 1000;
const mostSignals = 64;
const SIGBUS = 7;
const SIGKILL = 9;
const SIGSEGV = 11;
const SIGSTOP = 19;
const SIG_IGN = 1;
const SA_ONSTACK = 0x08000000;
const SA_NODEFER = 0x40000000;
const SA_RESETHAND = 0x80000000;
const SS_ONSTACK = 1;
const SS_DISABLE = 2;
const leastStack = 2048;
const BUS_MCEERR_AO = 5;
const SI_USER = 0;
const SI_KERNEL = 0x80;
const SI_TIMER = -2;
const SI_TKILL = -6;
/** Signals whose default is to do nothing (man 7 signal): CHLD, CONT, URG, WINCH. */
const ignored = new Set([17, 18, 23, 28]);
/** Whose default is to stop: STOP, TSTP, TTIN, TTOU. */
const stopping = new Set([19, 20, 21, 22]);

export interface Pending {
  readonly number: number;
  readonly info: Uint8Array;
  /** The timer that sent it. */
  readonly timer?: number;
}

/** What an instruction that the CPU refuses comes to. */
export interface Fault {
  readonly number: number;
  readonly code: number;
  readonly address: number;
  /** log2 of the bytes that a memory error took. */
  readonly lsb?: number;
  readonly trap: Trapped;
  /** Where the program goes on, if not at the instruction itself. */
  readonly resumeAt?: number;
}

export const noStack: AlternateStack = { base: 0, flags: SS_DISABLE, size: 0 };

export const has = (set: Uint8Array, number: number): boolean =>
  (((set[(number - 1) >> 3] ?? 0) >> ((number - 1) & 7)) & 1) === 1;

interface Action {
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: Uint8Array;
}

function actionOf(k: Kernel, number: number): Action {
  const { action, word } = k.abi;
  const bytes = k.signalActions.get(number) ?? new Uint8Array(action.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const address = (at: number): number =>
    word === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
  return {
    handler: address(0),
    flags: view.getUint32(action.flags, true),
    restorer: address(action.restorer),
    mask: bytes.subarray(action.mask, action.mask + 8),
  };
}

function siginfo(number: number, code: number, fill: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(128));
  view.setInt32(0, number, true);
  view.setInt32(8, code, true);
  fill(view);
  return new Uint8Array(view.buffer);
}

/** An exception of the running instruction. False: nobody handles it, which ends the program; so does a handler that is blocked. */
export function fault(k: Kernel, f: Fault): boolean {
  const byCpu = k.byMachineCheck && f.lsb !== undefined;
  const before = k.trap;
  if (!byCpu) k.trap = f.trap;
  if (actionOf(k, f.number).handler <= SIG_IGN || has(k.signalMask, f.number)) return false;
  if (f.resumeAt !== undefined) {
    k.cpu.s[RIP] = f.resumeAt | 0;
    k.cpu.s[RIP + 1] = Math.floor(f.resumeAt / 0x100000000);
  }
  const { infoAt, word } = k.abi;
  const info = siginfo(f.number, f.code, (view) => {
    const address = byCpu ? f.address - (f.address % pageSize) : f.address;
    if (word === 4) view.setUint32(infoAt, address, true);
    else view.setBigInt64(infoAt, BigInt(address), true);
    if (f.lsb !== undefined) view.setUint16(infoAt + word, f.lsb, true);
  });
  try {
    enter(k, { number: f.number, info }, k.cpu.executed, before);
  } catch (thrown) {
    if (!(thrown instanceof Ended)) throw thrown;
    k.end = thrown.end;
  }
  return true;
}

/** The kernel tells of a lost page before anybody touches it (PR_MCE_KILL_EARLY): the first thread (mm/memory-failure.c, find_early_kill_thread). */
export function tellOfPage(k: Kernel, address: number): void {
  const [first] = k.threads.values();
  const { infoAt, word } = k.abi;
  const info = siginfo(SIGBUS, BUS_MCEERR_AO, (view) => {
    if (word === 4) view.setUint32(infoAt, address, true);
    else view.setBigInt64(infoAt, BigInt(address), true);
    view.setUint16(infoAt + word, Math.log2(pageSize), true);
  });
  if (first) send(k, first, { number: SIGBUS, info });
  k.due = true;
}

/** Goes to the handler; where there is no room for its frame, the program ends. `before`: the last exception but this one. */
function enter(k: Kernel, { number, info }: Pending, count: number, before = k.trap): void {
  const action = actionOf(k, number);
  k.call = `signal ${number}`;
  let entered = false;
  try {
    entered = k.abi.enterHandler(
      k.cpu,
      {
        ...action,
        number,
        info,
        mask: k.savedMask ?? k.signalMask,
        trap: k.trap,
        alternate: k.alternateStack,
        onAlternate: (action.flags & SA_ONSTACK) !== 0,
      },
      (address, bytes) => {
        k.write(address, bytes);
      },
    );
  } catch (thrown) {
    if (!(thrown instanceof MemoryFault)) throw thrown;
  }
  if (!entered) throw new Ended({ kind: 'signal', number: SIGSEGV });
  k.savedMask = undefined;
  k.frames++;
  enterRecovery(k, number, count, before);
  const mask = k.signalMask.map((byte, n) => byte | (action.mask[n] ?? 0));
  const at = (number - 1) >> 3;
  if (!(action.flags & SA_NODEFER)) mask[at] = (mask[at] ?? 0) | (1 << ((number - 1) & 7));
  setMask(k, mask);
  if (action.flags & SA_RESETHAND) k.signalActions.delete(number);
}

export function setMask(k: Kernel, mask: Uint8Array): void {
  const own = mask.slice();
  for (const number of [SIGKILL, SIGSTOP]) {
    const at = (number - 1) >> 3;
    own[at] = (own[at] ?? 0) & ~(1 << ((number - 1) & 7));
  }
  k.signalMask = own;
}

/** Behind a call, or before an instruction: what is pending and not blocked is delivered. `count`: instructions before. */
export function deliverPending(k: Kernel, count: number): void {
  for (;;) {
    const ready = [...k.pending, ...k.sharedPending].filter((p) => !has(k.signalMask, p.number));
    const [next] = ready.sort((a, b) => a.number - b.number);
    if (!next) {
      restoreMask(k);
      return;
    }
    k.pending = k.pending.filter((p) => p !== next);
    k.sharedPending = k.sharedPending.filter((p) => p !== next);
    const info = next.timer === undefined ? next.info : ofTimer(k, next.timer, next.info);
    const { handler } = actionOf(k, next.number);
    if (handler > SIG_IGN) enter(k, { ...next, info }, count);
    else if (handler !== SIG_IGN && !ignored.has(next.number)) {
      if (stopping.has(next.number)) k.missing(`stopping by signal ${next.number}`);
      throw new Ended({ kind: 'signal', number: next.number });
    }
  }
}

/** A call that waited with a mask of its own is over. */
export function restoreMask(k: Kernel): void {
  if (k.savedMask) k.signalMask = k.savedMask;
  k.savedMask = undefined;
}

/** A signal is there that would end a wait. */
export function isInterrupted(k: Kernel): boolean {
  return [...k.pending, ...k.sharedPending].some(({ number }) => {
    const { handler } = actionOf(k, number);
    return !has(k.signalMask, number) && (handler > SIG_IGN || (handler !== SIG_IGN && !ignored.has(number)));
  });
}

/** One that is pending, of a set. */
export function takeSignal(k: Kernel, set: Uint8Array): Pending | undefined {
  const there = [...k.pending, ...k.sharedPending].filter((p) => has(set, p.number));
  const [next] = there.sort((a, b) => a.number - b.number);
  if (!next) return undefined;
  k.pending = k.pending.filter((p) => p !== next);
  k.sharedPending = k.sharedPending.filter((p) => p !== next);
  return next.timer === undefined ? next : { ...next, info: ofTimer(k, next.timer, next.info) };
}

/** A signal of less than 32 is pending once. */
const withOne = (pending: readonly Pending[], one: Pending): readonly Pending[] =>
  one.number < 32 && pending.some((p) => p.number === one.number) ? pending : [...pending, one];

function send(k: Kernel, thread: Thread, sent: Pending): void {
  const { number } = sent;
  const { handler, flags } = actionOf(k, number);
  const own = ownOf(k, thread);
  const nobody = handler === SIG_IGN || (handler === 0 && ignored.has(number));
  const blocked = has(own.signalMask, number);
  if (nobody && !blocked && !isAwaited(thread, number)) return;
  own.pending = withOne(own.pending, sent);
  if (!wakeFor(k, thread, number) && !blocked) interruptWait(k, thread, flags);
}

/** To any thread that does not block it: the first, if it does not (complete_signal). */
function sendProcess(k: Kernel, sent: Pending): void {
  const threads = [...k.threads.values()];
  const open = threads.find((thread) => !has(ownOf(k, thread).signalMask, sent.number));
  if (open) send(k, open, sent);
  else {
    k.sharedPending = withOne(k.sharedPending, sent);
    threads.find((thread) => wakeFor(k, thread, sent.number));
  }
}

/** One of a timer's is pending at a time; what goes off meanwhile is counted. */
export function sendTimer(k: Kernel, timer: number, { signal, thread, value }: Tells): void {
  const threads = [...k.threads.values()];
  const pending = [k.sharedPending, ...threads.map((one) => ownOf(k, one).pending)].flat();
  if (pending.some((p) => p.timer === timer)) return;
  const { infoAt } = k.abi;
  const info = siginfo(signal, value ? SI_TIMER : SI_KERNEL, (view) => {
    if (!value) return;
    view.setInt32(infoAt, timer, true);
    new Uint8Array(view.buffer).set(value, infoAt + 8);
  });
  const target = thread === undefined ? undefined : k.threads.get(thread);
  const sent = { number: signal, info, timer };
  if (target) send(k, target, sent);
  else if (thread === undefined) sendProcess(k, sent);
}

/** Nobody may have changed what a snapshot has. */
function ofTimer(k: Kernel, timer: number, info: Uint8Array): Uint8Array {
  remember(k, timer, k.cpu.s);
  const told = info.slice();
  const overrun = tellOverrun(k, timer);
  if (new DataView(told.buffer).getInt32(8, true) === SI_TIMER)
    new DataView(told.buffer).setInt32(k.abi.infoAt + 4, overrun, true);
  return told;
}

function fromProgram({ abi }: Kernel, number: number, code: number): Uint8Array {
  return siginfo(number, code, (view) => {
    view.setInt32(abi.infoAt, ownId, true);
    view.setInt32(abi.infoAt + 4, ownUser, true);
  });
}

export const kill: Handler = (k, [process = 0, signal = 0]) => {
  const number = signal | 0;
  if ((process | 0) !== ownId && process !== 0) return errno.ESRCH;
  if (number < 0 || number > mostSignals) return errno.EINVAL;
  if (number !== 0) sendProcess(k, { number, info: fromProgram(k, number, SI_USER) });
  return 0;
};

/** To the thread that runs, as if it had called kill. */
export function sendSelf(k: Kernel, number: number): void {
  send(k, runningThread(k), { number, info: fromProgram(k, number, SI_USER) });
}

/** tkill, tgkill: numbers of the arguments that have the thread and the signal. */
export const killThread =
  (target: number, signal: number): Handler =>
  (k, a) => {
    const number = (a[signal] ?? 0) | 0;
    const thread = k.threads.get((a[target] ?? 0) | 0);
    if (!thread) return errno.ESRCH;
    if (number < 0 || number > mostSignals) return errno.EINVAL;
    if (number !== 0) send(k, thread, { number, info: fromProgram(k, number, SI_TKILL) });
    return 0;
  };

/** rt_sigqueueinfo and rt_tgsigqueueinfo. */
export const queueInfo =
  (target: number, signal: number): Handler =>
  (k, a) => {
    const number = (a[signal] ?? 0) | 0;
    const thread = k.threads.get((a[target] ?? 0) | 0);
    if (!thread) return errno.ESRCH;
    if (number < 1 || number > mostSignals) return errno.EINVAL;
    const info = k.memory.readBytes(a[signal + 1] ?? 0, 128);
    new DataView(info.buffer).setInt32(0, number, true);
    if (target === 0) sendProcess(k, { number, info });
    else send(k, thread, { number, info });
    return 0;
  };

export const sigaction: Handler = (k, [number = 0, next = 0, old = 0, size = 0]) => {
  if (size !== 8 || number < 1 || number > mostSignals) return errno.EINVAL;
  const wanted = next === 0 ? undefined : k.memory.readBytes(next, k.abi.action.bytes);
  if (wanted && (number === SIGKILL || number === SIGSTOP)) return errno.EINVAL;
  const was = k.signalActions.get(number) ?? new Uint8Array(k.abi.action.bytes);
  if (wanted) k.signalActions.set(number, wanted);
  // Told last: what cannot be written leaves the new action.
  if (old !== 0) k.write(old, was);
  return 0;
};

export const sigprocmask: Handler = (k, [how = 0, next = 0, old = 0, size = 0]) => {
  if (size !== 8) return errno.EINVAL;
  const wanted = next === 0 ? undefined : k.memory.readBytes(next, 8);
  const was = k.signalMask;
  if (wanted) {
    const change = [
      (a: number, b: number) => a | b,
      (a: number, b: number) => a & ~b,
      (_: number, b: number) => b,
    ][how];
    if (!change) return errno.EINVAL;
    setMask(
      k,
      was.map((byte, n) => change(byte, wanted[n] ?? 0)),
    );
  }
  // The kernel tells the old set last: what cannot be written leaves the new one.
  if (old !== 0) k.write(old, was);
  return 0;
};

export const sigpending: Handler = (k, [to = 0, size = 0]) => {
  if (size > 8) return errno.EINVAL;
  const set = new Uint8Array(8);
  for (const { number } of [...k.pending, ...k.sharedPending])
    set[(number - 1) >> 3] = (set[(number - 1) >> 3] ?? 0) | (1 << ((number - 1) & 7));
  k.write(to, set.subarray(0, size));
  return 0;
};

/** do_sigaltstack */
function setStack(k: Kernel, wanted: AlternateStack, sp: number): number {
  if (onStack(k.alternateStack, sp)) return errno.EPERM;
  const mode = wanted.flags & 0x7fffffff;
  if (mode !== 0 && mode !== SS_ONSTACK && mode !== SS_DISABLE) return errno.EINVAL;
  if (mode !== SS_DISABLE && wanted.size < leastStack) return errno.ENOMEM;
  k.alternateStack = mode === SS_DISABLE ? { ...noStack, flags: wanted.flags } : wanted;
  return 0;
}

export const sigaltstack: Handler = (k, [next = 0, old = 0]) => {
  const sp = addressOf(k.cpu.s[RSP] ?? 0, k.cpu.s[RSP + 1] ?? 0);
  const was = k.alternateStack;
  if (next !== 0) {
    const { word } = k.abi;
    const wanted = {
      base: k.readWord(next),
      flags: k.readInt(next + word),
      size: k.readWord(next + 2 * word),
    };
    const result = setStack(k, wanted, sp);
    if (result !== 0) return result;
  }
  if (old !== 0) {
    const on = onStack(was, sp) ? SS_ONSTACK : 0;
    k.writeWords(old, was.base, was.size === 0 ? SS_DISABLE : on | (was.flags & ~3), was.size);
  }
  return 0;
};

/** `info`: the frame is one with siginfo. */
export const sigreturn =
  (info: boolean): Handler =>
  (k) => {
    let back;
    try {
      back = k.abi.leaveHandler(k.cpu, (address, length) => k.memory.readBytes(address, length), info);
    } catch (thrown) {
      if (!(thrown instanceof MemoryFault)) throw thrown;
      throw new Ended({ kind: 'signal', number: SIGSEGV });
    }
    k.frames = Math.max(0, k.frames - 1);
    leaveRecovery(k);
    setMask(k, back.mask);
    // What cannot be set is left as it is (restore_altstack).
    if (back.alternate) setStack(k, back.alternate, addressOf(k.cpu.s[RSP] ?? 0, k.cpu.s[RSP + 1] ?? 0));
    throw new Resumed();
  };
