// What one end writes and another reads, of a pipe or of a socket; and threads that wait for either.
import { EAGAIN, EPIPE } from './errno.js';
import type { Kernel, Open } from './kernel.js';
import { sendSelf } from './signals.js';
import { Blocked, wake } from './threads.js';

/** As poll(2) has them. */
export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
export const POLLRDHUP = 0x2000;

export const O_NONBLOCK = 0o4000;
const SIGPIPE = 13;
/** PIPE_BUF: what is no longer is written whole or not at all. */
const atomic = 4096;

export interface Part {
  readonly bytes: Uint8Array;
  /** The name of the socket that sent it. */
  readonly from: string | undefined;
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
}

/** pipe(7). */
export const pipeCapacity = 65536;

export const channel = (capacity: number, messages = false): Channel => ({
  parts: [],
  messages,
  capacity,
  ended: false,
  deaf: false,
});

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
        (incoming.ended && outgoing?.ended === true ? POLLHUP : 0)
      );
    }
    case 'timer':
      return node.timer.missed > 0 ? POLLIN : 0;
    case 'host':
      return node.number === 0 ? POLLIN : POLLOUT;
    default:
      return POLLIN | POLLOUT;
  }
}

/** What a pipe or a socket holds that is not read yet. */
export function waitingIn({ node }: Open): readonly string[] {
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

/** Up to `length` bytes, or one message; nothing at the end. */
export function take(
  k: Kernel,
  file: Open,
  from: Channel,
  length: number,
  { peek = false, nonBlocking = (file.flags & O_NONBLOCK) !== 0 }: Reading = {},
): { readonly bytes: Uint8Array; readonly from: string | undefined; readonly whole: number } | number {
  const [first] = from.parts;
  if (!first) {
    if (from.ended || (length === 0 && !from.messages))
      return { bytes: new Uint8Array(0), from: undefined, whole: 0 };
    return nonBlocking ? EAGAIN : waitFor(k, [{ file, events: POLLIN }]);
  }
  if (from.messages) {
    if (!peek) from.parts.shift();
    changed(k);
    return { bytes: first.bytes.subarray(0, length), from: first.from, whole: first.bytes.length };
  }
  const all = Buffer.concat(from.parts.map(({ bytes }) => bytes));
  const bytes = Uint8Array.from(all.subarray(0, length));
  if (!peek) {
    const rest = Uint8Array.from(all.subarray(length));
    from.parts = rest.length === 0 ? [] : [{ bytes: rest, from: first.from }];
    changed(k);
  }
  return { bytes, from: first.from, whole: bytes.length };
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
  changed(k);
  return bytes.length;
}
