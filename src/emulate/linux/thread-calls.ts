// Threads' own calls: their beginning and end, futexes, sleeps (man 2 of each, kernel/fork.c, kernel/futex).
import { RAX, RSP } from '../state.js';
import { MemoryFault } from '../memory.js';
import * as errno from './errno.js';
import { Ended } from './kernel.js';
import type { Handler, Kernel } from './kernel.js';
import { noStack } from './signals.js';
import { beginTurn, Blocked, isAlone, ownFields, ownOf, runningThread, wake, yieldTurn } from './threads.js';
import type { Wait } from './threads.js';

const CLONE_VM = 0x100;
const CLONE_SIGHAND = 0x800;
const CLONE_THREAD = 0x10000;
const CLONE_SETTLS = 0x80000;
const CLONE_PARENT_SETTID = 0x100000;
const CLONE_CHILD_CLEARTID = 0x200000;
const CLONE_CHILD_SETTID = 0x1000000;
const ofThread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
/** What else may be there and says nothing new: FS, FILES, SYSVSEM, DETACHED. */
const harmless = 0x200 | 0x400 | 0x40000 | 0x400000;

interface Beginning {
  readonly flags: number;
  readonly stack: number;
  readonly parentTid: number;
  readonly childTid: number;
  readonly tls: number;
}

function setPair(s: Int32Array, at: number, value: number): void {
  s[at] = value | 0;
  s[at + 1] = Math.floor(value / 0x100000000);
}

function begin(k: Kernel, { flags, stack, parentTid, childTid, tls }: Beginning): number {
  // fork, as glibc has it.
  if ((flags & ~(CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID)) === 0 && stack === 0) return errno.ENOSYS;
  if ((flags & ofThread) !== ofThread)
    k.missing(`${k.call} with flags 0x${flags.toString(16)}: other processes`);
  const strange =
    flags &
    ~(ofThread | harmless | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID);
  if (strange !== 0) k.missing(`${k.call} with flags 0x${strange.toString(16)}`);
  const { cpu } = k;
  const registers = cpu.snapshot();
  if (flags & CLONE_SETTLS && !k.abi.setThreadPointer(k, registers.general, tls)) return errno.EINVAL;
  const id = ++k.lastId;
  setPair(registers.general, RAX, 0);
  if (stack !== 0) setPair(registers.general, RSP, stack);
  // Nobody is told where it cannot be (kernel/fork.c, kernel_clone; kernel/sched/core.c, schedule_tail).
  for (const [flag, at] of [
    [CLONE_PARENT_SETTID, parentTid],
    [CLONE_CHILD_SETTID, childTid],
  ] as const)
    try {
      if (flags & flag) k.writeInt(at, id);
    } catch (fault) {
      if (!(fault instanceof MemoryFault)) throw fault;
    }
  const first = k.threads.size === 1;
  k.threads.set(id, {
    id,
    registers,
    own: {
      ...ownFields(k),
      alternateStack: noStack,
      clearChildTid: flags & CLONE_CHILD_CLEARTID ? childTid : 0,
      frames: 0,
      pending: [],
      recovery: undefined,
      refusedAt: 0,
      robustList: 0,
      savedMask: undefined,
    },
    wait: undefined,
    since: 0,
    answer: undefined,
    again: false,
    over: false,
    left: undefined,
  });
  k.files.makeFolder(`/proc/self/task/${id}`, 0o555);
  if (first) beginTurn(k);
  k.due = true;
  return id;
}

/** flags, stack, parent_tid, then child_tid and tls in one order or the other. */
export const clone =
  (tlsFirst = false): Handler =>
  (k, [flags = 0, stack = 0, parentTid = 0, fourth = 0, fifth = 0]) => {
    const [childTid, tls] = tlsFirst ? [fifth, fourth] : [fourth, fifth];
    return begin(k, { flags: flags & ~0xff, stack, parentTid, childTid, tls });
  };

/** struct clone_args (<linux/sched.h>): flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls. */
export const clone3: Handler = (k, [at = 0, size = 0]) => {
  if (size < 64) return errno.EINVAL;
  const word = (n: number): number => k.readLong(at + 8 * n);
  return begin(k, {
    flags: word(0),
    stack: word(5) + word(6),
    parentTid: word(3),
    childTid: word(2),
    tls: word(7),
  });
};

/** exit: of this thread. The last one ends the program, with what the first one said. */
export const exitThread: Handler = (k, [code = 0]) => {
  const thread = runningThread(k);
  if (thread.id === k.firstThread) k.leaderCode = code & 255;
  if (k.threads.size === 1) throw new Ended({ kind: 'exit', code: k.leaderCode });
  leaveRobustList(k, thread.id);
  if (k.clearChildTid !== 0)
    try {
      k.writeInt(k.clearChildTid, 0);
      wakeFutex(k, k.clearChildTid, 1, allBits);
    } catch (fault) {
      if (!(fault instanceof MemoryFault)) throw fault; // nobody is told where it cannot be
    }
  k.threads.delete(thread.id);
  k.files.remove(`/proc/self/task/${thread.id}`, true);
  k.due = true;
  return 0;
};

const FUTEX_WAITERS = 0x80000000;
const FUTEX_OWNER_DIED = 0x40000000;
const FUTEX_TID = 0x3fffffff;
const longestList = 2048;

/** exit_robust_list: locks of a thread that ended without unlocking them are given to the next one. */
function leaveRobustList(k: Kernel, id: number): void {
  const head = k.robustList;
  if (head === 0) return;
  try {
    const { word } = k.abi;
    const offset = k.readWord(head + word);
    const pending = k.readWord(head + 2 * word);
    const release = (entry: number): void => {
      // The offset may be negative.
      const sum = entry - (entry % 2) + offset;
      const at = word === 4 ? sum >>> 0 : sum;
      const value = k.readInt(at) >>> 0;
      if ((value & FUTEX_TID) !== id) return;
      k.writeInt(at, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
      if (value & FUTEX_WAITERS) wakeFutex(k, at, 1, allBits);
    };
    let entry = k.readWord(head);
    for (let n = 0; n < longestList && entry - (entry % 2) !== head; n++) {
      const next = k.readWord(entry - (entry % 2));
      if (entry !== pending) release(entry);
      entry = next;
    }
    if (pending !== 0) release(pending);
  } catch (fault) {
    if (!(fault instanceof MemoryFault)) throw fault;
  }
}

export const setRobustList: Handler = (k, [head = 0, size = 0]) => {
  if (size !== 3 * k.abi.word) return errno.EINVAL;
  k.robustList = head;
  return 0;
};

/** Of any thread; 0: the caller. */
export const getRobustList: Handler = (k, [id = 0, head = 0, size = 0]) => {
  const thread = k.threads.get(id === 0 ? k.current : id);
  if (!thread) return errno.ESRCH;
  k.writeWords(size, 3 * k.abi.word);
  k.writeWords(head, ownOf(k, thread).robustList);
  return 0;
};

export const schedYield: Handler = (k) => {
  if (!isAlone(k)) yieldTurn(k);
  return 0;
};

const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX_REQUEUE = 3;
const FUTEX_CMP_REQUEUE = 4;
const FUTEX_WAIT_BITSET = 9;
const FUTEX_WAKE_BITSET = 10;
const FUTEX_CLOCK_REALTIME = 256;
const allBits = 0xffffffff;

/** Those that wait longest first. */
function wakeFutex(k: Kernel, address: number, most: number, bits: number): number {
  let woken = 0;
  for (const thread of waiters(k, address)) {
    if (woken >= most) break;
    if (((thread.wait?.futex?.bits ?? 0) & bits) === 0) continue;
    wake(thread, 0);
    woken++;
  }
  return woken;
}

function waiters(k: Kernel, address: number): ReturnType<typeof runningThread>[] {
  return [...k.threads.values()]
    .filter((t) => t.wait?.futex?.address === address)
    .sort((a, b) => (a.wait?.since ?? 0) - (b.wait?.since ?? 0));
}

function requeue(k: Kernel, from: number, to: number, wakes: number, moves: number): number {
  const woken = wakeFutex(k, from, wakes, allBits);
  let moved = 0;
  for (const thread of waiters(k, from)) {
    const { wait } = thread;
    if (moved >= moves || !wait?.futex) break;
    thread.wait = { ...wait, since: ++k.waits, futex: { ...wait.futex, address: to } };
    moved++;
  }
  return woken + moved;
}

/** Absolute, in elapsed()'s nanoseconds. */
function deadlineOf(k: Kernel, at: number, absolute: boolean, realTime: boolean, size?: 8): number {
  if (at === 0) return Infinity;
  const time = k.readTime(at, size);
  if (!absolute) return k.elapsed() + time;
  const { seconds, nanoseconds } = k.now();
  return realTime ? k.elapsed() + time - (seconds * 1e9 + nanoseconds) : time;
}

/** A time limit is of the program's words, or of 8 bytes each. */
export const futex =
  (size?: 8): Handler =>
  (k, [address = 0, operation = 0, value = 0, fourth = 0, second = 0, third = 0]) => {
    const what = operation & 127;
    switch (what) {
      case FUTEX_WAIT:
      case FUTEX_WAIT_BITSET: {
        if (k.readInt(address) !== (value | 0)) return errno.EAGAIN;
        const bits = what === FUTEX_WAIT ? allBits : third;
        if ((bits | 0) === 0) return errno.EINVAL;
        const absolute = what === FUTEX_WAIT_BITSET;
        const deadline = deadlineOf(k, fourth, absolute, (operation & FUTEX_CLOCK_REALTIME) !== 0, size);
        throw new Blocked({
          since: ++k.waits,
          deadline,
          late: errno.ETIMEDOUT,
          futex: { address, bits },
          ...(deadline === Infinity ? { again: k.number } : {}),
        });
      }
      case FUTEX_WAKE:
        return wakeFutex(k, address, value, allBits);
      case FUTEX_WAKE_BITSET:
        return (third | 0) === 0 ? errno.EINVAL : wakeFutex(k, address, value, third);
      case FUTEX_CMP_REQUEUE:
        if (k.readInt(address) !== (third | 0)) return errno.EAGAIN;
        return requeue(k, address, second, value, fourth);
      case FUTEX_REQUEUE:
        return requeue(k, address, second, value, fourth);
      default:
        return k.missing(`futex operation ${what}`);
    }
  };

const TIMER_ABSTIME = 1;

/** Sleeping moves the clock; others may run meanwhile. `clocks`: clock and flags come first. */
export const nanosleep =
  (clocks: boolean, size?: 8): Handler =>
  (k, a) => {
    const [clock = 0, flags = 0] = clocks ? a : [1, 0];
    const [request = 0, remaining = 0] = clocks ? a.slice(2) : a;
    const absolute = (flags & TIMER_ABSTIME) !== 0;
    const deadline = deadlineOf(k, request, absolute, clock === 0, size);
    if (isAlone(k)) {
      k.slept += Math.max(0, deadline - k.elapsed());
      return 0;
    }
    const wait: Wait = { since: ++k.waits, deadline, late: 0 };
    throw new Blocked(
      absolute || remaining === 0
        ? wait
        : { ...wait, remaining: { to: remaining, size: size ?? k.abi.word } },
    );
  };

/** Until a handler runs. */
export const pause: Handler = (k) => {
  throw new Blocked({ since: ++k.waits, deadline: Infinity, late: 0 });
};
