// Sockets within the process: AF_UNIX, in pairs or by name (unix(7), man 2 of each). There is no other family, as where a sandbox allows none.
import { posix } from 'node:path';
import { changed, channel, end, put, take, waitFor } from './channels.js';
import type { Channel, Part } from './channels.js';
import * as errno from './errno.js';
import type { Handler, Kernel, Open } from './kernel.js';
import { release } from './file-calls.js';
import { ownId } from './signals.js';
import { O_NONBLOCK, POLLIN } from './poll-bits.js';

const AF_UNIX = 1;
export const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const S_IFSOCK = 0o140000;
const SHUT_RD = 0;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
export const MSG_PEEK = 2;
export const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_EOR = 0x80;
/** Linux's default of SO_SNDBUF; its own bookkeeping, which counts there, does not here. */
const capacity = 212992;
const longestName = 108;
const most = 4096;

/** Objects that change: an open file keeps the one it has. */
export interface Socket {
  readonly kind: 'socket';
  readonly type: number;
  incoming: Channel | undefined;
  outgoing: Channel | undefined;
  /** A path, or behind a zero byte a name of the process's own. */
  name: string | undefined;
  peer: string | undefined;
  /** Of one that listens: those that have connected. */
  queue: Socket[] | undefined;
  backlog: number;
  /** How many ever have. */
  arrived: number;
}

const socketOf = (type: number): Socket => ({
  kind: 'socket',
  type,
  // Datagrams come from anybody.
  incoming: type === SOCK_DGRAM ? channel(capacity, true) : undefined,
  outgoing: undefined,
  name: undefined,
  peer: undefined,
  queue: undefined,
  backlog: 0,
  arrived: 0,
});

const between = (type: number): Channel => channel(capacity, type !== SOCK_STREAM);

function install(k: Kernel, node: Socket, type: number): number {
  return k.install({ node, path: '', flags: 2 | (type & O_NONBLOCK), offset: 0 });
}

/** The type without its flags; a number below 0 is an error. */
function typeOf(family: number, type: number, protocol: number): number {
  const plain = type & 0xf;
  if (family !== AF_UNIX) return errno.EAFNOSUPPORT;
  if (protocol !== 0 && protocol !== AF_UNIX) return errno.EPROTONOSUPPORT;
  if (type & ~(0xf | O_NONBLOCK | 0o2000000)) return errno.EINVAL;
  // Raw sockets of this family are datagrams.
  if (plain === 3) return SOCK_DGRAM;
  return [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET].includes(plain) ? plain : errno.ESOCKTNOSUPPORT;
}

export const socket: Handler = (k, [family = 0, type = 0, protocol = 0]) => {
  const plain = typeOf(family, type, protocol);
  return plain < 0 ? plain : install(k, socketOf(plain), type);
};

export const socketpair: Handler = (k, [family = 0, type = 0, protocol = 0, to = 0]) => {
  const plain = typeOf(family, type, protocol);
  if (plain < 0) return plain;
  const [a, b] = [socketOf(plain), socketOf(plain)];
  join(a, b);
  k.writeNumbers(to, 4, [install(k, a, type), install(k, b, type)]);
  return 0;
};

function join(a: Socket, b: Socket): void {
  a.incoming = b.outgoing = a.incoming ?? between(a.type);
  b.incoming = a.outgoing = b.incoming ?? between(b.type);
}

export function find(k: Kernel, fd: number): { readonly file: Open; readonly node: Socket } | number {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  return file.node.kind === 'socket' ? { file, node: file.node } : errno.ENOTSOCK;
}

/** Names of the process's own are apart by type. */
const keyOf = (name: string, { type }: Pick<Socket, 'type'>): string =>
  name.startsWith('\0') ? `${type}${name}` : name;

export function closeSocket(k: Kernel, node: Socket): void {
  if (node.incoming) {
    end(node.incoming, 'deaf');
    if (node.type !== SOCK_DGRAM) {
      end(node.incoming, 'ended');
      if (node.outgoing && node.incoming.parts.length > 0) node.outgoing.reset = true;
    }
    for (const { files } of node.incoming.parts.splice(0)) withdraw(k, files);
  }
  // Others may send to whom this one sent datagrams.
  if (node.outgoing && node.type !== SOCK_DGRAM) end(node.outgoing, 'ended');
  for (const one of node.queue ?? []) closeSocket(k, one);
  if (node.name !== undefined && k.sockets.get(keyOf(node.name, node)) === node)
    k.sockets.delete(keyOf(node.name, node));
  changed(k);
}

/** struct sockaddr_un: a family of two bytes, then a path or a name behind a zero byte. */
function readName(k: Kernel, at: number, length: number): string | number {
  if (length < 2 || length > 2 + longestName) return errno.EINVAL;
  const bytes = Buffer.from(k.memory.readBytes(at, length));
  if (bytes.readUInt16LE(0) !== AF_UNIX) return errno.EINVAL;
  const text = bytes.subarray(2).toString('latin1');
  if (text.startsWith('\0') || text === '') return text;
  return k.files.resolve(posix.resolve(k.folder, text.replace(/\0.*/s, '')));
}

/** As much of it as there is room for, and its whole length. */
function writeName(k: Kernel, name: string | undefined, at: number, lengthAt: number): void {
  if (at === 0) return;
  const room = k.readInt(lengthAt);
  const text = name === undefined ? '' : name.startsWith('\0') ? name : `${name}\0`;
  const bytes = Uint8Array.of(AF_UNIX, 0, ...Buffer.from(text, 'latin1'));
  k.write(at, bytes.subarray(0, Math.max(0, room)));
  k.writeInt(lengthAt, bytes.length);
}

export const bind: Handler = (k, [fd = -1, at = 0, length = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  const { node } = found;
  let name = readName(k, at, length);
  if (typeof name === 'number') return name;
  if (node.name !== undefined) return errno.EINVAL;
  if (name === '') {
    // Linux chooses a name of five digits.
    let number = 0;
    do name = `\0${(number++).toString(16).padStart(5, '0')}`;
    while (k.sockets.has(keyOf(name, node)));
  }
  if (name.startsWith('\0') ? k.sockets.has(keyOf(name, node)) : k.files.peek(name) !== undefined)
    return errno.EADDRINUSE;
  if (!name.startsWith('\0')) {
    if (k.files.peek(posix.dirname(name))?.kind !== 'folder') return errno.ENOENT;
    k.files.add(name, {
      kind: 'bound',
      attributes: k.files.attributes(S_IFSOCK | (0o777 & ~k.umask)),
    });
  }
  node.name = name;
  k.sockets.set(keyOf(name, node), node);
  return 0;
};

export const listen: Handler = (k, [fd = -1, backlog = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  const { node } = found;
  if (node.type === SOCK_DGRAM) return errno.ENOTSUP;
  if (node.name === undefined || node.incoming) return errno.EINVAL;
  node.queue ??= [];
  node.backlog = Math.min(backlog >>> 0, most);
  return 0;
};

/** Who has the name; a number is an error. */
function named(k: Kernel, at: number, length: number, type: number): Socket | number {
  const name = readName(k, at, length);
  if (typeof name === 'number') return name;
  if (name === '') return errno.EINVAL;
  if (!name.startsWith('\0')) {
    const there = k.files.peek(name);
    if (!there) return errno.ENOENT;
    if (there.kind !== 'bound') return errno.ECONNREFUSED;
  }
  const target = k.sockets.get(keyOf(name, { type }));
  if (!target) return errno.ECONNREFUSED;
  return target.type === type ? target : errno.EPROTOTYPE;
}

export const connect: Handler = (k, [fd = -1, at = 0, length = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  const { file, node } = found;
  if (node.type === SOCK_DGRAM && length >= 2 && k.memory.readBytes(at, 2).every((byte) => byte === 0)) {
    node.outgoing = node.peer = undefined;
    return 0;
  }
  const target = named(k, at, length, node.type);
  if (typeof target === 'number') return target;
  if (node.type === SOCK_DGRAM) {
    node.outgoing = target.incoming;
    node.peer = target.name;
    return 0;
  }
  if (node.incoming) return errno.EISCONN;
  if (node.queue) return errno.EINVAL;
  if (!target.queue) return errno.ECONNREFUSED;
  if (target.queue.length > target.backlog) {
    if (file.flags & O_NONBLOCK) return errno.EAGAIN;
    return k.missing('connect to a socket whose queue is full');
  }
  const other = socketOf(node.type);
  join(node, other);
  node.peer = other.name = target.name;
  other.peer = node.name;
  target.queue.push(other);
  target.arrived++;
  changed(k);
  return 0;
};

export const accept4: Handler = (k, [fd = -1, at = 0, lengthAt = 0, flags = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  const { file, node } = found;
  if (flags & ~(O_NONBLOCK | 0o2000000)) return errno.EINVAL;
  if (node.type === SOCK_DGRAM) return errno.ENOTSUP;
  if (!node.queue) return errno.EINVAL;
  const other = node.queue.shift();
  if (!other) return file.flags & O_NONBLOCK ? errno.EAGAIN : waitFor(k, [{ file, events: POLLIN }]);
  changed(k);
  writeName(k, other.peer, at, lengthAt);
  return install(k, other, flags);
};

export const shutdown: Handler = (k, [fd = -1, how = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  const { incoming, outgoing } = found.node;
  if (how > SHUT_RDWR) return errno.EINVAL;
  if (!incoming || !outgoing) return errno.ENOTCONN;
  if (how !== SHUT_WR) {
    end(incoming, 'ended');
    end(incoming, 'deaf');
  }
  if (how !== SHUT_RD) end(outgoing, 'ended');
  changed(k);
  return 0;
};

interface Sending {
  readonly flags?: number;
  readonly files?: readonly Open[];
  /** An address of a name. */
  readonly to?: readonly [at: number, length: number];
}

export function transmit(
  k: Kernel,
  file: Open,
  node: Socket,
  bytes: Uint8Array,
  { flags = 0, to = [0, 0], files = [] }: Sending,
): number {
  if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR)) k.missing(`send with flags 0x${flags.toString(16)}`);
  let outgoing = node.outgoing;
  if (to[0] !== 0) {
    if (node.type !== SOCK_DGRAM) return node.incoming ? errno.EISCONN : errno.ENOTSUP;
    const target = named(k, to[0], to[1], node.type);
    if (typeof target === 'number') return target;
    outgoing = target.incoming;
  }
  if (!outgoing) return errno.ENOTCONN;
  if (node.type === SOCK_DGRAM && outgoing.deaf) return errno.ECONNREFUSED;
  if (node.type !== SOCK_STREAM && bytes.length > capacity) return errno.EMSGSIZE;
  const part: Part = { bytes, from: node.name, ...(files.length > 0 && { files }) };
  const done = put(k, file, outgoing, part, {
    nonBlocking: ((flags & MSG_DONTWAIT) | (file.flags & O_NONBLOCK)) !== 0,
    quiet: (flags & MSG_NOSIGNAL) !== 0 || node.type !== SOCK_STREAM,
  });
  // Those of an empty part on a stream go nowhere.
  if (done >= 0 && (bytes.length > 0 || node.type !== SOCK_STREAM)) k.sent.push(...files);
  return done;
}

/** A message that brings files is read: those that nobody has taken are closed. */
export function withdraw(k: Kernel, files: readonly Open[] = []): void {
  for (const file of files) {
    k.sent.splice(k.sent.indexOf(file), 1);
    release(k, file);
  }
}

export function receive(
  k: Kernel,
  file: Open,
  node: Socket,
  length: number,
  { flags = 0 }: { readonly flags?: number },
): Exclude<ReturnType<typeof take>, number> | number {
  const known = MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC;
  if (flags & ~known) k.missing(`recv with flags 0x${flags.toString(16)}`);
  const { incoming } = node;
  if (!incoming) return node.type === SOCK_STREAM ? errno.EINVAL : errno.ENOTCONN;
  if (flags & MSG_WAITALL && node.type === SOCK_STREAM) k.missing('recv with MSG_WAITALL');
  return take(k, file, incoming, length, {
    peek: (flags & MSG_PEEK) !== 0,
    nonBlocking: ((flags & MSG_DONTWAIT) | (file.flags & O_NONBLOCK)) !== 0,
  });
}

export const sendto: Handler = (k, [fd = -1, from = 0, length = 0, flags = 0, to = 0, toLength = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  return transmit(k, found.file, found.node, k.memory.readBytes(from, length), {
    flags,
    to: [to, toLength],
  });
};

export const recvfrom: Handler = (k, [fd = -1, to = 0, length = 0, flags = 0, name = 0, nameLength = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  k.reachable(to, length, true);
  const taken = receive(k, found.file, found.node, length, { flags });
  if (typeof taken === 'number') return taken;
  if (!(flags & MSG_PEEK)) withdraw(k, taken.files);
  k.write(to, taken.bytes);
  tellSender(k, taken.from, name, nameLength);
  return flags & MSG_TRUNC && found.node.type !== SOCK_STREAM ? taken.whole : taken.bytes.length;
};

/** Who has no name has none to be told. */
export function tellSender(k: Kernel, from: string | undefined, at: number, lengthAt: number): void {
  if (at === 0) return;
  if (from === undefined) k.writeInt(lengthAt, 0);
  else writeName(k, from, at, lengthAt);
}

export const getsockname: Handler = (k, [fd = -1, at = 0, lengthAt = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  writeName(k, found.node.name, at, lengthAt);
  return 0;
};

export const getpeername: Handler = (k, [fd = -1, at = 0, lengthAt = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  if (!found.node.outgoing) return errno.ENOTCONN;
  writeName(k, found.node.peer, at, lengthAt);
  return 0;
};

export const SOL_SOCKET = 1;
/** What of SOL_SOCKET can be asked for (<asm-generic/socket.h>). */
const options = new Map<number, (node: Socket) => readonly number[]>([
  [2, () => [0]], // SO_REUSEADDR
  [3, ({ type }) => [type]], // SO_TYPE
  [4, () => [0]], // SO_ERROR
  [7, () => [capacity]], // SO_SNDBUF
  [8, () => [capacity]], // SO_RCVBUF
  [9, () => [0]], // SO_KEEPALIVE
  [17, () => [ownId, 1000, 1000]], // SO_PEERCRED
  [30, ({ queue }) => [queue ? 1 : 0]], // SO_ACCEPTCONN
  [38, () => [0]], // SO_PROTOCOL
  [39, () => [AF_UNIX]], // SO_DOMAIN
]);

export const getsockopt: Handler = (k, [fd = -1, level = 0, name = 0, at = 0, lengthAt = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  if (level !== SOL_SOCKET) return errno.ENOTSUP;
  const option = options.get(name);
  if (!option) return k.missing(`getsockopt ${name}`);
  const bytes = new Uint8Array(Int32Array.from(option(found.node)).buffer).slice(0, k.readInt(lengthAt));
  k.write(at, bytes);
  k.writeInt(lengthAt, bytes.length);
  return 0;
};

/** Those that change nothing for a socket of this family. */
const settable = new Set([2, 6, 9, 13, 15]); // SO_REUSEADDR, SO_BROADCAST, SO_KEEPALIVE, SO_LINGER, SO_REUSEPORT

export const setsockopt: Handler = (k, [fd = -1, level = 0, name = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  if (level !== SOL_SOCKET) return errno.ENOTSUP;
  return settable.has(name) ? 0 : k.missing(`setsockopt ${name}`);
};
