// Identity, time, limits, the end (man 2 of each).
import { FS, GS } from '../state.js';
import { MemoryFault } from '../memory.js';
import * as errno from './errno.js';
import { Ended } from './kernel.js';
import type { Handler, Kernel } from './kernel.js';
import { ownId } from './signals.js';

const ARCH_SET_GS = 0x1001;
const ARCH_SET_FS = 0x1002;
const ARCH_GET_FS = 0x1003;
const ARCH_GET_GS = 0x1004;

export const constant =
  (value: number): Handler =>
  () =>
    value;

export const exit: Handler = (_, [code = 0]) => {
  throw new Ended({ kind: 'exit', code: code & 255 });
};

export const archPrctl: Handler = (k, [what = 0, address = 0]) => {
  const s = k.cpu.s;
  const base = what === ARCH_SET_GS || what === ARCH_GET_GS ? GS : FS;
  if (what === ARCH_SET_FS || what === ARCH_SET_GS) {
    s[base] = address | 0;
    s[base + 1] = Math.floor(address / 0x100000000);
    return 0;
  }
  if (what !== ARCH_GET_FS && what !== ARCH_GET_GS) return errno.EINVAL;
  k.writeWords(address, (s[base + 1] ?? 0) * 0x100000000 + ((s[base] ?? 0) >>> 0));
  return 0;
};

export const setTidAddress: Handler = (k, [address = 0]) => {
  k.clearChildTid = address;
  return k.current;
};

/** A structure of the program's words, or of 8 bytes each. */
export const clockGettime =
  (size?: 8): Handler =>
  (k, [clock = 0, address = 0]) => {
    const { seconds, nanoseconds } = k.now();
    const wall = clock === 0 || clock === 5 || clock === 11;
    if (clock < 0 || clock > 11) return errno.EINVAL;
    const t = k.elapsed();
    k.writeNumbers(
      address,
      size ?? k.abi.word,
      wall ? [seconds, nanoseconds] : [Math.floor(t / 1e9), Math.floor(t % 1e9)],
    );
    return 0;
  };

export const clockGetres =
  (size?: 8): Handler =>
  (k, [, address = 0]) => {
    if (address !== 0) k.writeNumbers(address, size ?? k.abi.word, [0, 1]);
    return 0;
  };

export const gettimeofday: Handler = (k, [address = 0]) => {
  const { seconds, nanoseconds } = k.now();
  if (address !== 0) k.writeWords(address, seconds, Math.floor(nanoseconds / 1000));
  return 0;
};

export const time: Handler = (k, [address = 0]) => {
  const { seconds } = k.now();
  if (address !== 0) k.writeWords(address, seconds);
  return seconds;
};

export const uname: Handler = (k, [address = 0]) => {
  const bytes = new Uint8Array(6 * 65);
  ['Linux', 'mirrorasm', '6.1.0', '#1 SMP', 'x86_64', '(none)'].forEach((text, n) => {
    bytes.set(Buffer.from(text, 'latin1'), 65 * n);
  });
  k.write(address, bytes);
  return 0;
};

/** By number (<asm-generic/resource.h>); those that are not listed are unlimited. */
const limits: ReadonlyMap<number, readonly [number, number]> = new Map([
  [3, [0x800000, -1]], // RLIMIT_STACK
  [4, [0, -1]], // RLIMIT_CORE
  [7, [1024, 1048576]], // RLIMIT_NOFILE
]);
const kinds = 16;

const limitOf = (k: Kernel, what: number): readonly [number, number] =>
  k.limits.get(what) ?? limits.get(what) ?? [-1, -1];

/** Nobody is held to a limit; what was set is told. */
function setLimit(k: Kernel, what: number, soft: number, hard: number): number {
  const amount = (n: number): number => (n < 0 ? Infinity : n);
  if (amount(soft) > amount(hard)) return errno.EINVAL;
  if (amount(hard) > amount(limitOf(k, what)[1])) return errno.EPERM;
  k.limits.set(what, [soft, hard]);
  return 0;
}

export const prlimit: Handler = (k, [pid = 0, what = 0, next = 0, old = 0]) => {
  if (pid !== 0 && pid !== ownId) return errno.ESRCH;
  if (what >= kinds) return errno.EINVAL;
  const was = limitOf(k, what);
  const result = next === 0 ? 0 : setLimit(k, what, k.readLong(next), k.readLong(next + 8));
  if (result === 0 && old !== 0) k.writeNumbers(old, 8, was);
  return result;
};
export const getrlimit: Handler = (k, [what = 0, old = 0]) => {
  if (what >= kinds) return errno.EINVAL;
  k.writeWords(old, ...limitOf(k, what));
  return 0;
};
export const setrlimit: Handler = (k, [what = 0, next = 0]) => {
  if (what >= kinds) return errno.EINVAL;
  const { word } = k.abi;
  const value = (at: number): number => (word === 4 ? k.readInt(at) : k.readLong(at));
  return setLimit(k, what, value(next), value(next + word));
};

const ownUser = 1000;

/** setuid and its like: to what it is, or -1, which leaves it. */
export const keepUser: Handler = (_, a) =>
  a.slice(0, 3).every((id) => (id | 0) === -1 || id === ownUser) ? 0 : errno.EPERM;
export const setuid: Handler = (_, [id = 0]) => (id === ownUser ? 0 : errno.EPERM);
export const setreuid: Handler = (k, [a = 0, b = 0]) => keepUser(k, [a, b]);
export const getresuid: Handler = (k, to) => {
  for (const at of to.slice(0, 3)) k.writeInt(at, ownUser);
  return 0;
};

/** Of the process itself: it leads its group and its session. */
export const getpgid: Handler = (_, [pid = 0]) => (pid === 0 || pid === ownId ? ownId : errno.ESRCH);
export const setpgid: Handler = (_, [pid = 0, group = 0]) => {
  if (pid !== 0 && pid !== ownId) return errno.ESRCH;
  return group === 0 || group === ownId ? 0 : errno.EPERM;
};

/** SCHED_OTHER has one priority. */
export const schedGetparam: Handler = (k, [, at = 0]) => {
  k.writeInt(at, 0);
  return 0;
};
export const schedPriority =
  (realTime: number): Handler =>
  (_, [policy = 0]) =>
    policy === 1 || policy === 2 ? realTime : [0, 3, 5, 6].includes(policy) ? 0 : errno.EINVAL;
export const schedSetaffinity: Handler = (k, [, size = 0, at = 0]) =>
  size > 0 && (k.memory.readBytes(at, 1)[0] ?? 0) & 1 ? 0 : errno.EINVAL;
export const getcpu: Handler = (k, to) => {
  for (const at of to.slice(0, 2)) if (at !== 0) k.writeInt(at, 0);
  return 0;
};

const ram = 0x40000000;
/** struct sysinfo (<linux/sysinfo.h>): words, the number of processes, words, the unit. */
export const sysinfo: Handler = (k, [at = 0]) => {
  const { word } = k.abi;
  const bytes = word === 8 ? 112 : 64;
  k.write(at, new Uint8Array(bytes));
  k.writeWords(at, Math.floor(k.elapsed() / 1e9), 0, 0, 0, ram, ram / 2);
  k.writeInt(at + 10 * word, 1);
  k.writeInt(at + (word === 8 ? 104 : 52), 1);
  return 0;
};

export const getrandom: Handler = (k, [address = 0, length = 0]) => {
  k.write(address, k.random(Math.min(length, 0x2000000)));
  return Math.min(length, 0x2000000);
};

export const getrusage: Handler = (k, [, address = 0]) => {
  const t = k.elapsed();
  k.writeWords(address, Math.floor(t / 1e9), Math.floor((t % 1e9) / 1000), ...new Array<number>(16).fill(0));
  return 0;
};

export const times: Handler = (k, [address = 0]) => {
  const ticks = Math.floor(k.elapsed() / 1e7);
  if (address !== 0) k.writeWords(address, ticks, 0, 0, 0);
  return ticks;
};

/** PR_SET_NAME 15, PR_GET_NAME 16, PR_MCE_KILL 33 (nobody is told early here), PR_GET_TID_ADDRESS 40. */
export const prctl: Handler = (k, [what = 0, address = 0]) => {
  if (what === 15) k.threadName = k.string(address).slice(0, 15);
  else if (what === 16) k.write(address, Buffer.from(k.threadName.padEnd(16, '\0'), 'latin1'));
  else if (what === 33) return 0;
  else if (what === 40) k.writeWords(address, k.clearChildTid);
  else return errno.EINVAL;
  return 0;
};

/** The kernel's mask has 8 bytes. */
export const schedGetaffinity: Handler = (k, [, size = 0, address = 0]) => {
  if (size % k.abi.word !== 0 || size === 0) return errno.EINVAL;
  const mask = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0).subarray(0, size);
  k.write(address, mask);
  return mask.length;
};

export const umask: Handler = (k, [mask = 0]) => {
  const old = k.umask;
  k.umask = mask & 0o777;
  return old;
};

/** Within the process itself: how the mirroring runtime reads and writes memory that may not be there. */
function copyWithin(
  k: Kernel,
  [pid = 0, , localCount = 0, , remoteCount = 0]: readonly number[],
  [from, to]: readonly [number, number],
): number {
  if (pid !== ownId) return errno.ESRCH;
  if (localCount !== 1 || remoteCount !== 1) k.missing('process_vm_readv with several parts');
  const { word } = k.abi;
  const length = Math.min(k.readWord(from + word), k.readWord(to + word));
  return copy(k, k.readWord(from), k.readWord(to), length);
}
export const processVmReadv: Handler = (k, args) => copyWithin(k, args, [args[3] ?? 0, args[1] ?? 0]);
export const processVmWritev: Handler = (k, args) => copyWithin(k, args, [args[1] ?? 0, args[3] ?? 0]);

function copy(k: Kernel, from: number, to: number, length: number): number {
  let done = 0;
  while (done < length) {
    const n = Math.min(length - done, 4096 - ((from + done) % 4096));
    try {
      k.write(to + done, k.memory.readBytes(from + done, n));
    } catch (fault) {
      if (fault instanceof MemoryFault) return done > 0 ? done : errno.EFAULT;
      throw fault;
    }
    done += n;
  }
  return done;
}

const PRIO_USER = 2;
/** What is asked for is the process, its group, or its user: all are the same one. */
const isOther = (which: number, who: number): boolean =>
  who !== 0 && who !== (which === PRIO_USER ? ownUser : ownId);

/** 1 to 40, so that an error is below 0. */
export const getpriority: Handler = (k, [which = 0, who = 0]) => {
  if (which > PRIO_USER) return errno.EINVAL;
  return isOther(which, who) ? errno.ESRCH : 20 - k.niceness;
};

/** Nobody gets it back without a privilege. */
export const setpriority: Handler = (k, [which = 0, who = 0, value = 0]) => {
  if (which > PRIO_USER) return errno.EINVAL;
  if (isOther(which, who)) return errno.ESRCH;
  const wanted = Math.max(-20, Math.min(19, value | 0));
  if (wanted < k.niceness) return errno.EACCES;
  k.niceness = wanted;
  return 0;
};
