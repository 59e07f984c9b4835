// What one end writes and another reads, of a pipe or of a socket; and threads that wait for either.
import { EAGAIN, ECONNRESET, EPIPE } from './errno.js';
import { edgesOfSet, eventsOfSet } from './epoll.js';
import { eventsOf } from './eventfd.js';
import { eventsOfFifo } from './fifos.js';
import type { Kernel, Open } from './kernel.js';
import { sendSelf } from './signals.js';
import { POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDHUP, O_NONBLOCK } from './poll-bits.js';
import { Blocked, wake } from './threads.js';

const SIGPIPE = 13;
/** PIPE_BUF: what is no longer is written whole or not at all. */
const atomic = 4096;

export interface Part {
  readonly bytes: Uint8Array;
  /** The name of the socket that sent it. */
  readonly from: string | undefined;
  /** That it brings (SCM_RIGHTS). */
  readonly files?: readonly Open[];
}

export interface Channel {
  parts: Part[];
  /** Each part is read by itself. */
  readonly messages: boolean;
  readonly capacity: number;
  /** Nobody writes any more. */
  ended: boolean;
  /** Nobody reads any more. */
  deaf: boolean;
  /** Who wrote has closed before all was read that came to it. */
  reset: boolean;
  /** How often those were told who wait to read, to write, and of either end. */
  puts: number;
  takes: number;
  ends: number;
}

/** pipe(7). */
export const pipeCapacity = 65536;

export const channel = (capacity: number, messages = false): Channel => ({
  parts: [],
  messages,
  capacity,
  ended: false,
  deaf: false,
  reset: false,
  puts: 0,
  takes: 0,
  ends: 0,
});

/** Nobody writes any more, or reads. */
export function end(one: Channel, which: 'ended' | 'deaf'): void {
  one[which] = true;
  one.ends++;
}

export const waiting = ({ parts }: Channel): number =>
  parts.reduce((sum, { bytes }) => sum + bytes.length, 0);

export const readable = (from: Channel): boolean => from.parts.length > 0 || from.ended;
export const writable = (to: Channel): boolean => waiting(to) < to.capacity;

/** What poll tells of an open file. */
export function events({ node }: Open): number {
  switch (node.kind) {
    case 'pipe':
      return node.end === 'read'
        ? (node.channel.parts.length > 0 ? POLLIN : 0) | (node.channel.ended ? POLLHUP : 0)
        : (writable(node.channel) ? POLLOUT : 0) | (node.channel.deaf ? POLLERR : 0);
    case 'socket': {
      const { incoming, outgoing, queue } = node;
      if (queue) return queue.length > 0 ? POLLIN : 0;
      if (!incoming) return POLLOUT | (node.type === 2 ? 0 : POLLHUP);
      return (
        (readable(incoming) ? POLLIN : 0) |
        (incoming.ended ? POLLRDHUP : 0) |
        (!outgoing || writable(outgoing) || outgoing.deaf ? POLLOUT : 0) |
        (incoming.ended && outgoing?.ended === true ? POLLHUP : 0) |
        (incoming.reset ? POLLERR : 0)
      );
    }
    case 'timer':
      return node.timer.missed > 0 ? POLLIN : 0;
    case 'event':
      return eventsOf(node);
    case 'epoll':
      return eventsOfSet(node);
    case 'fifo':
      return eventsOfFifo(node);
    case 'host':
      return node.number === 0 ? POLLIN : POLLOUT;
    default:
      return POLLIN | POLLOUT;
  }
}

const reads = POLLIN | 0x2 | 0x40 | 0x80; // POLLPRI, POLLRDNORM, POLLRDBAND
const writes = POLLOUT | 0x100 | 0x200; // POLLWRNORM, POLLWRBAND

/** A number that changes when those are told who wait for that (edge-triggered: epoll(7)). */
export function edges({ node }: Open, wanted: number): number {
  const to = wanted & reads ? 1 : 0;
  const from = wanted & writes ? 1 : 0;
  switch (node.kind) {
    case 'pipe':
      return (node.end === 'read' ? to * node.channel.puts : from * node.channel.takes) + node.channel.ends;
    case 'socket': {
      const { incoming, outgoing, arrived } = node;
      return (
        to * (arrived + (incoming?.puts ?? 0)) +
        from * (outgoing?.takes ?? 0) +
        (incoming?.ends ?? 0) +
        (outgoing?.ends ?? 0)
      );
    }
    case 'event':
      return to * node.puts + from * node.takes;
    case 'timer':
      return to * node.timer.times;
    case 'epoll':
      return edgesOfSet(node);
    default:
      return 0;
  }
}

/** What a file holds that is not read yet, and what it waits for. */
export function waitingIn({ node }: Open): readonly string[] {
  if (node.kind === 'event') return [String(node.count)];
  if (node.kind === 'epoll')
    return node.watched.map((one) => [one.number, one.wanted, ...one.data, one.seen, one.off].join());
  const from = node.kind === 'pipe' ? node.channel : node.kind === 'socket' ? node.incoming : undefined;
  return (from?.parts ?? []).map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
}

/** What a thread waits for. */
export interface Polled {
  readonly file: Open;
  readonly events: number;
}

const always = POLLERR | POLLHUP;
export const ready = ({ file, events: wanted }: Polled): number => events(file) & (wanted | always);

/** The call is made again when one of them is ready, or when the time is over. */
export function waitFor(
  k: Kernel,
  polled: readonly Polled[],
  { deadline = Infinity, restarts = true } = {},
): never {
  throw new Blocked({
    since: ++k.waits,
    deadline,
    late: 0,
    polled: { files: polled, call: k.number },
    ...(restarts && { again: k.number }),
  });
}

/** Something was read, written or closed. */
export function changed(k: Kernel): void {
  for (const thread of k.threads.values()) {
    const polled = thread.wait?.polled;
    if (!polled?.files.some((one) => ready(one) !== 0)) continue;
    wake(thread, polled.call);
    thread.again = true;
    k.due = true;
  }
}

export interface Reading {
  /** The bytes stay. */
  readonly peek?: boolean;
  readonly nonBlocking?: boolean;
}

export interface Taken {
  readonly bytes: Uint8Array;
  readonly from: string | undefined;
  /** Of a message, however much of it there was room for. */
  readonly whole: number;
  readonly files: readonly Open[];
}

/** Up to `length` bytes, or one message; nothing at the end. */
export function take(
  k: Kernel,
  file: Open,
  from: Channel,
  length: number,
  { peek = false, nonBlocking = (file.flags & O_NONBLOCK) !== 0 }: Reading = {},
): Taken | number {
  const [first] = from.parts;
  if (!first) {
    if (from.reset) {
      from.reset = false;
      return ECONNRESET;
    }
    if (from.ended || (length === 0 && !from.messages))
      return { bytes: new Uint8Array(0), from: undefined, whole: 0, files: [] };
    return nonBlocking ? EAGAIN : waitFor(k, [{ file, events: POLLIN }]);
  }
  const wasFull = !writable(from);
  const got: Uint8Array[] = [];
  const files: Open[] = [];
  const rest = [...from.parts];
  let left = length;
  let freed = false;
  for (let one = rest[0]; one && (left > 0 || from.messages); one = rest[0]) {
    const bytes = one.bytes.subarray(0, left);
    got.push(bytes);
    files.push(...(one.files ?? []));
    left -= bytes.length;
    freed = from.messages || bytes.length === one.bytes.length;
    if (freed) rest.shift();
    else rest[0] = { bytes: one.bytes.subarray(bytes.length), from: one.from };
    // Files come with the last byte that is read.
    if (from.messages || one.files) break;
  }
  const bytes = Uint8Array.from(Buffer.concat(got));
  if (!peek) {
    from.parts = rest;
    // Of a pipe who waits for room is told when there was none, of a socket when there is much of it.
    if (file.node.kind === 'pipe' ? wasFull : freed && 4 * waiting(from) <= from.capacity) from.takes++;
    changed(k);
  }
  return { bytes, from: first.from, whole: from.messages ? first.bytes.length : bytes.length, files };
}

/** What may wait is taken whole where there is room at all. */
export function put(
  k: Kernel,
  file: Open,
  to: Channel,
  part: Part,
  { nonBlocking = (file.flags & O_NONBLOCK) !== 0, quiet = false } = {},
): number {
  if (to.deaf || to.ended) {
    if (!quiet) sendSelf(k, SIGPIPE);
    return EPIPE;
  }
  let { bytes } = part;
  if (bytes.length === 0 && !to.messages) return 0;
  const room = to.capacity - waiting(to);
  if (nonBlocking) {
    if (room < (to.messages ? bytes.length : Math.min(bytes.length, atomic))) return EAGAIN;
    if (!to.messages) bytes = bytes.subarray(0, room);
  } else if (room <= 0) waitFor(k, [{ file, events: POLLOUT }]);
  to.parts.push({ ...part, bytes });
  to.puts++;
  changed(k);
  return bytes.length;
}
