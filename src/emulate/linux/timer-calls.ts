// The calls that set timers (man 2 setitimer, alarm, timer_create, timer_settime, timerfd_create).
import { waitFor } from './channels.js';
import * as errno from './errno.js';
import type { Handler, Kernel, Open } from './kernel.js';
import { arm, leftOf, timerOf } from './timers.js';
import type { Tells, Timer } from './timers.js';
import { O_NONBLOCK, POLLIN } from './poll-bits.js';

const SIGALRM = 14;
const mostSignals = 64;
const microsecond = 1000;
const second = 1e9;

/** By `which`: the clock, and the signal. */
const intervalTimers: readonly (readonly [Timer['clock'], number])[] = [
  [0, SIGALRM],
  ['cpu', 26], // SIGVTALRM
  ['cpu', 27], // SIGPROF
];

/** struct itimerval: interval and value, seconds and microseconds. */
export const setitimer: Handler = (k, [which = 0, next = 0, old = 0]) => {
  const kind = intervalTimers[which];
  if (!kind) return errno.EINVAL;
  const { word } = k.abi;
  const was = intervalWords(k, which);
  const read = (at: number): number | undefined => {
    const [seconds, microseconds] = [k.readWord(at), k.readWord(at + word)];
    return microseconds < 0 || microseconds >= 1e6
      ? undefined
      : seconds * second + microseconds * microsecond;
  };
  const [interval, value] = next === 0 ? [0, 0] : [read(next), read(next + 2 * word)];
  if (interval === undefined || value === undefined) return errno.EINVAL;
  setInterval(k, which, kind, value, interval);
  if (old !== 0) k.writeWords(old, ...was);
  return 0;
};

function setInterval(
  k: Kernel,
  which: number,
  [clock, signal]: readonly [Timer['clock'], number],
  value: number,
  interval: number,
): void {
  const number = -1 - which;
  if (value === 0) {
    k.timers.delete(number);
    return;
  }
  const timer = timerOf(clock, { signal, thread: undefined, value: undefined });
  k.timers.set(number, timer);
  arm(k, timer, value, interval);
}

export const getitimer: Handler = (k, [which = 0, to = 0]) => {
  if (!intervalTimers[which]) return errno.EINVAL;
  k.writeWords(to, ...intervalWords(k, which));
  return 0;
};

function intervalWords(k: Kernel, which: number): number[] {
  const timer = k.timers.get(-1 - which);
  const left = timer && leftOf(k, timer);
  const times = timer && left !== undefined ? [timer.interval, Math.max(microsecond, left)] : [0, 0];
  return times.flatMap((t) => [Math.floor(t / second), Math.floor((t % second) / microsecond)]);
}

/** In seconds; what is left of one is told as a whole. */
export const alarm: Handler = (k, [seconds = 0]) => {
  const was = k.timers.get(-1);
  const left = was && leftOf(k, was);
  setInterval(k, 0, [0, SIGALRM], seconds * second, 0);
  return left === undefined ? 0 : Math.max(1, Math.round(left / second));
};

/** CLOCK_REALTIME, MONOTONIC, BOOTTIME, TAI. */
const clocks = [0, 1, 7, 11];
/** CLOCK_PROCESS_CPUTIME_ID, and as glibc says it: MAKE_PROCESS_CPUCLOCK(0, CPUCLOCK_SCHED). */
const ofProcess = [2, -6];
/** MONOTONIC_RAW, REALTIME_COARSE, MONOTONIC_COARSE: they have no timers. */
const without = [4, 5, 6];
const SIGEV_SIGNAL = 0;
const SIGEV_NONE = 1;
const SIGEV_THREAD = 2;
const SIGEV_THREAD_ID = 4;
const TIMER_ABSTIME = 1;

/** struct sigevent: a value, the signal, how it is told, a thread. */
function tellsOf(k: Kernel, at: number): Tells | undefined | number {
  const { word } = k.abi;
  const value = new Uint8Array(8);
  value.set(k.memory.readBytes(at, word));
  const [signal, how, thread] = [0, 4, 8].map((n) => k.readInt(at + word + n));
  if (how === SIGEV_NONE) return undefined;
  if (how !== SIGEV_SIGNAL && how !== SIGEV_THREAD && how !== SIGEV_THREAD_ID) return errno.EINVAL;
  if (how === SIGEV_THREAD_ID && !k.threads.has(thread ?? 0)) return errno.EINVAL;
  if (signal === undefined || signal < 1 || signal > mostSignals) return errno.EINVAL;
  return { signal, value, thread: how === SIGEV_THREAD_ID ? thread : undefined };
}

export const timerCreate: Handler = (k, [clock = 0, event = 0, to = 0]) => {
  if (without.includes(clock)) return errno.ENOTSUP;
  const ofCpu = ofProcess.includes(clock | 0);
  if (!clocks.includes(clock) && !ofCpu) {
    if ((clock | 0) < 0 || clock === 3) k.missing(`timer_create of clock ${clock | 0}`);
    return errno.EINVAL;
  }
  const number = k.nextTimer;
  const value = new Uint8Array(8);
  new DataView(value.buffer).setInt32(0, number, true);
  const tells = event === 0 ? { signal: SIGALRM, thread: undefined, value } : tellsOf(k, event);
  if (typeof tells === 'number') return tells;
  k.writeInt(to, number);
  k.timers.set(number, timerOf(ofCpu ? 'cpu' : clock, tells));
  k.nextTimer++;
  return 0;
};

/** struct itimerspec: interval and value; undefined: no time is such. */
function readSpec(k: Kernel, at: number, size: 4 | 8): readonly [number, number] | undefined {
  const [interval, value] = [0, 1].map((n) => {
    const rest = k.readInt(at + (2 * n + 1) * size);
    return rest < 0 || rest >= second || k.readInt(at + 2 * n * size + size - 4) < 0
      ? undefined
      : k.readTime(at + 2 * n * size, size);
  });
  return interval === undefined || value === undefined ? undefined : [interval, value];
}

function writeSpec(k: Kernel, to: number, size: 4 | 8, timer: Timer): void {
  const left = leftOf(k, timer);
  const times = left === undefined ? [0, 0] : [timer.interval, left];
  k.writeNumbers(
    to,
    size,
    times.flatMap((t) => [Math.floor(t / second), Math.floor(t % second)]),
  );
}

function set(k: Kernel, timer: Timer, next: number, old: number, absolute: boolean, size: 4 | 8): number {
  const wanted = readSpec(k, next, size);
  if (!wanted) return errno.EINVAL;
  if (old !== 0) writeSpec(k, old, size, timer);
  const [interval, value] = wanted;
  arm(k, timer, value === 0 ? undefined : absolute ? value - now(k, timer) : value, interval);
  return 0;
}

/** What the timer's clock says. */
function now(k: Kernel, { clock }: Timer): number {
  if (clock === 'cpu') return k.elapsed() - k.slept;
  const { seconds, nanoseconds } = k.now();
  return clock === 0 || clock === 11 ? seconds * second + nanoseconds : k.elapsed();
}

const made = (k: Kernel, number: number): Timer | undefined =>
  (number | 0) < 0 ? undefined : k.timers.get(number);

export const timerSettime =
  (size?: 8): Handler =>
  (k, [number = 0, flags = 0, next = 0, old = 0]) => {
    const timer = made(k, number);
    if (!timer) return errno.EINVAL;
    return set(k, timer, next, old, (flags & TIMER_ABSTIME) !== 0, size ?? k.abi.word);
  };

export const timerGettime =
  (size?: 8): Handler =>
  (k, [number = 0, to = 0]) => {
    const timer = made(k, number);
    if (!timer) return errno.EINVAL;
    writeSpec(k, to, size ?? k.abi.word, timer);
    return 0;
  };

export const timerGetoverrun: Handler = (k, [number = 0]) => made(k, number)?.overrun ?? errno.EINVAL;

export const timerDelete: Handler = (k, [number = 0]) => {
  if (!made(k, number)) return errno.EINVAL;
  k.timers.delete(number);
  return 0;
};

/** What an open file of timerfd_create has. */
export interface TimerNode {
  readonly kind: 'timer';
  readonly number: number;
  readonly timer: Timer;
}

const TFD_CLOEXEC = 0o2000000;

export const timerfdCreate: Handler = (k, [clock = 0, flags = 0]) => {
  if (!clocks.includes(clock) || clock === 11 || flags & ~(O_NONBLOCK | TFD_CLOEXEC)) return errno.EINVAL;
  const number = k.nextFileTimer--;
  const timer = timerOf(clock, undefined);
  k.timers.set(number, timer);
  return k.install({
    node: { kind: 'timer', number, timer },
    path: 'anon_inode:[timerfd]',
    flags: 2 | (flags & O_NONBLOCK),
    offset: 0,
  });
};

/** How often it went off. */
export function readTimer(k: Kernel, file: Open, { timer }: TimerNode, room: number): Uint8Array | number {
  if (room < 8) return errno.EINVAL;
  if (timer.missed === 0)
    return file.flags & O_NONBLOCK ? errno.EAGAIN : waitFor(k, [{ file, events: POLLIN }]);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timer.missed), true);
  timer.missed = 0;
  return bytes;
}

function found(k: Kernel, fd: number): Timer | number {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  return file.node.kind === 'timer' ? file.node.timer : errno.EINVAL;
}

export const timerfdSettime =
  (size?: 8): Handler =>
  (k, [fd = -1, flags = 0, next = 0, old = 0]) => {
    if (flags & ~3) return errno.EINVAL;
    const timer = found(k, fd);
    if (typeof timer === 'number') return timer;
    return set(k, timer, next, old, (flags & TIMER_ABSTIME) !== 0, size ?? k.abi.word);
  };

export const timerfdGettime =
  (size?: 8): Handler =>
  (k, [fd = -1, to = 0]) => {
    const timer = found(k, fd);
    if (typeof timer === 'number') return timer;
    writeSpec(k, to, size ?? k.abi.word, timer);
    return 0;
  };
