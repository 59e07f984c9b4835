// Files, folders, pipes, terminals (man 2 of each).
import { posix } from 'node:path';
import * as errno from './errno.js';
import { readAt, setSize, writeAt } from './contents.js';
import { firstTime, readHost } from './files.js';
import type { Attributes, Node } from './files.js';
import { MemoryFault, pageSize } from '../memory.js';
import { channel, changed, end, pipeCapacity, put, take, waiting } from './channels.js';
import type { Handler, Kernel, Open, Pipe } from './kernel.js';
import { structure } from './layouts.js';
import { forget } from './epoll.js';
import { readEvent, writeEvent } from './eventfd.js';
import { openFifo } from './fifos.js';
import { closeSocket, receive, transmit, withdraw } from './socket-calls.js';
import { readTimer } from './timer-calls.js';
import { O_NONBLOCK } from './poll-bits.js';

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EMPTY_PATH = 0x1000;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const O_DIRECT = 0o40000;
const O_DIRECTORY = 0o200000;
const S_IFIFO = 0o010000;
const S_IFSOCK = 0o140000;
const mostBytes = 0x7ffff000;

/** The absolute path of an argument; a number is an error. */
export function pathOf(k: Kernel, folder: number, name: string, follow = true): string | number {
  if (name === '') return errno.ENOENT;
  let base = k.folder;
  if (!name.startsWith('/') && (folder | 0) !== AT_FDCWD) {
    const file = k.open.get(folder | 0);
    if (!file) return errno.EBADF;
    base = file.path;
  }
  return k.files.resolve(posix.resolve(base, name), follow);
}

export const openat: Handler = (k, [folder = 0, name = 0, flags = 0, mode = 0]) => {
  const path = pathOf(k, folder, k.string(name));
  if (typeof path === 'number') return path;
  let node = k.files.peek(path);
  if (!node) {
    if (!(flags & O_CREAT)) return errno.ENOENT;
    const parent = k.files.peek(posix.dirname(path));
    if (parent?.kind !== 'folder') return errno.ENOENT;
    node = k.files.newFile(mode & ~k.umask);
    k.files.add(path, node);
  } else if (flags & O_CREAT && flags & O_EXCL) return errno.EEXIST;
  const writes = (flags & 3) !== 0;
  if (node.kind === 'folder' && writes) return errno.EISDIR;
  if (node.kind === 'bound') return errno.ENXIO;
  if (node.kind === 'fifo') return openFifo(k, node, path, flags);
  if (node.kind !== 'folder' && flags & O_DIRECTORY) return errno.ENOTDIR;
  if (node.kind === 'file' && writes && flags & O_TRUNC) {
    setSize(node, 0);
    node.host = undefined;
  }
  const failed = node.kind === 'file' ? readHost(node) : 0;
  if (failed !== 0) return failed;
  return k.install({ node, path, flags, offset: 0 });
};

export const close: Handler = (k, [fd = -1]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  k.open.delete(fd | 0);
  release(k, file);
  return 0;
};

/** Where nobody has it open any more, and no message brings it. */
export function release(k: Kernel, file: Open): void {
  if ([...k.open.values(), ...k.sent].includes(file)) return;
  forget(k, file);
  if (file.node.kind === 'pipe') {
    const { channel: of, end: which, fifo } = file.node;
    if (fifo) fifo.open[which]--;
    if (!fifo || fifo.open[which] === 0) end(of, which === 'read' ? 'deaf' : 'ended');
    changed(k);
  } else if (file.node.kind === 'socket') closeSocket(k, file.node);
  else if (file.node.kind === 'timer') k.timers.delete(file.node.number);
}

export function readFrom(k: Kernel, file: Open, n: number, at: number | undefined): Uint8Array | number {
  const node = file.node;
  switch (node.kind) {
    case 'host':
      return node.number === 0 ? k.options.io.read(n) : errno.EBADF;
    case 'file': {
      const from = at ?? file.offset;
      const bytes = readAt(node, from, n);
      if (at === undefined) file.offset += bytes.length;
      return bytes;
    }
    case 'device':
      if (node.name === 'zero') return new Uint8Array(n);
      if (node.name === 'pagemap') {
        const bytes = pagemap(k, n, at ?? file.offset);
        if (at === undefined && typeof bytes !== 'number') file.offset += bytes.length;
        return bytes;
      }
      return node.name === 'random' ? k.random(n) : new Uint8Array(0);
    case 'pipe': {
      if (node.end !== 'read') return errno.EBADF;
      const taken = take(k, file, node.channel, n);
      return typeof taken === 'number' ? taken : taken.bytes;
    }
    case 'socket': {
      const taken = receive(k, file, node, n, {});
      if (typeof taken === 'number') return taken;
      withdraw(k, taken.files);
      return taken.bytes;
    }
    case 'event':
      return readEvent(k, file, node, n);
    case 'epoll':
      return errno.EINVAL;
    case 'timer':
      return readTimer(k, file, node, n);
    case 'folder':
      return errno.EISDIR;
    case 'link':
    case 'bound':
    case 'fifo':
      return errno.EINVAL;
  }
}

/** Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 62 swapped, which is what a lost page looks like, 61 of a file or shared. */
function pagemap({ memory }: Kernel, length: number, at: number): Uint8Array | number {
  if (at % 8 !== 0 || length % 8 !== 0) return errno.EINVAL;
  const view = new DataView(new ArrayBuffer(length));
  for (let n = 0; n < length; n += 8) {
    const address = ((at + n) / 8) * pageSize;
    if (!memory.isPresent(address)) continue;
    const shared = memory.regions.find(address)?.shared === true ? 1 << 29 : 0;
    view.setUint32(n + 4, (memory.isLost(address / pageSize) ? 1 << 30 : 1 << 31) | shared, true);
  }
  return new Uint8Array(view.buffer);
}

export function writeTo(k: Kernel, file: Open, bytes: Uint8Array, at: number | undefined): number {
  const node = file.node;
  switch (node.kind) {
    case 'host':
      if (node.number === 0) return errno.EBADF;
      k.options.io.write(node.number, bytes);
      return bytes.length;
    case 'file': {
      if ((file.flags & 3) === 0) return errno.EBADF;
      const from = at ?? (file.flags & O_APPEND ? node.size : file.offset);
      writeAt(node, from, bytes);
      if (at === undefined) file.offset = from + bytes.length;
      return bytes.length;
    }
    case 'device':
      if (node.name === 'terminal') k.options.io.write(1, bytes);
      return bytes.length;
    case 'pipe':
      return node.end === 'write' ? put(k, file, node.channel, { bytes, from: undefined }) : errno.EBADF;
    case 'socket':
      return transmit(k, file, node, bytes, {});
    case 'event':
      return writeEvent(k, file, node, bytes);
    case 'timer':
    case 'epoll':
      return errno.EINVAL;
    case 'folder':
    case 'link':
    case 'bound':
    case 'fifo':
      return errno.EBADF;
  }
}

const reading =
  (positioned: boolean): Handler =>
  (k, [fd = -1, address = 0, length = 0, offset = 0]) => {
    const file = k.open.get(fd | 0);
    if (!file) return errno.EBADF;
    const room = k.reachable(address, Math.min(length, mostBytes), true);
    const bytes = readFrom(k, file, room, positioned ? offset : undefined);
    if (typeof bytes === 'number') return bytes;
    k.write(address, bytes);
    return bytes.length;
  };
export const read = reading(false);
export const pread = reading(true);

const writing =
  (positioned: boolean): Handler =>
  (k, [fd = -1, address = 0, length = 0, offset = 0]) => {
    const file = k.open.get(fd | 0);
    if (!file) return errno.EBADF;
    const there = k.reachable(address, Math.min(length, mostBytes), false);
    return writeTo(k, file, k.memory.readBytes(address, there), positioned ? offset : undefined);
  };
export const write = writing(false);
export const pwrite = writing(true);

/** Runs a call on each part of an iovec until one is short; the iovec is read first. */
function vector(
  k: Kernel,
  at: number,
  count: number,
  one: (address: number, length: number) => number,
): number {
  const { word } = k.abi;
  const parts = Array.from(
    { length: count },
    (_, n) => [k.readWord(at + 2 * word * n), k.readWord(at + 2 * word * n + word)] as const,
  );
  let total = 0;
  for (const [address, length] of parts) {
    if (length === 0) continue;
    let done: number;
    try {
      done = one(address, length);
    } catch (fault) {
      if (fault instanceof MemoryFault && total > 0) return total;
      throw fault;
    }
    if (done < 0) return total > 0 ? total : done;
    total += done;
    if (done < length) break;
  }
  return total;
}

export const readv: Handler = (k, [fd = -1, at = 0, count = 0]) =>
  vector(k, at, count, (address, length) => read(k, [fd, address, length]));
export const writev: Handler = (k, [fd = -1, at = 0, count = 0]) =>
  vector(k, at, count, (address, length) => write(k, [fd, address, length]));

export const lseek: Handler = (k, [fd = -1, offset = 0, whence = 0]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  if (!['file', 'folder', 'device'].includes(file.node.kind)) return errno.ESPIPE;
  const size = file.node.kind === 'file' ? file.node.size : 0;
  const base = [0, file.offset, size][whence];
  if (base === undefined || base + offset < 0) return errno.EINVAL;
  file.offset = base + offset;
  if (offset === 0 && whence === 0) delete file.names;
  return file.offset;
};

function status(k: Kernel, node: Open['node'], address: number): number {
  const attributes = attributesOf(node);
  const size = node.kind === 'file' ? node.size : node.kind === 'link' ? node.target.length : 0;
  k.write(
    address,
    structure(k.abi.stat, {
      device: 1,
      inode: attributes.inode,
      links: attributes.links,
      mode: attributes.mode,
      user: 1000,
      group: 1000,
      special: node.kind === 'device' ? 0x103 : 0,
      size,
      block: 4096,
      blocks: node.kind === 'file' ? 8 * Math.ceil(size / 4096) : 0,
      accessed: attributes.times[0][0],
      accessedPart: attributes.times[0][1],
      modified: attributes.times[1][0],
      modifiedPart: attributes.times[1][1],
      changed: firstTime[0],
    }),
  );
  return 0;
}

/** The host's are pipes, too: no file is a terminal. */
export function attributesOf(node: Open['node']): Attributes {
  const made = (mode: number, inode: number): Attributes => ({
    mode,
    inode,
    links: 1,
    times: [firstTime, firstTime],
  });
  switch (node.kind) {
    case 'pipe':
      return made(S_IFIFO | 0o600, 2);
    case 'host':
      return made(S_IFIFO | 0o600, 3);
    case 'socket':
      return made(S_IFSOCK | 0o777, 4);
    case 'timer':
    case 'event':
    case 'epoll':
      return made(0o600, 5);
    default:
      return node.attributes;
  }
}

export const fstat: Handler = (k, [fd = -1, address = 0]) => {
  const file = k.open.get(fd | 0);
  return file ? status(k, file.node, address) : errno.EBADF;
};

export const newfstatat: Handler = (k, [folder = 0, name = 0, address = 0, flags = 0]) => {
  const text = k.string(name);
  if (text === '' && flags & AT_EMPTY_PATH) return fstat(k, [folder, address]);
  const path = pathOf(k, folder, text, !(flags & AT_SYMLINK_NOFOLLOW));
  if (typeof path === 'number') return path;
  const node = k.files.peek(path);
  return node ? status(k, node, address) : errno.ENOENT;
};

export const access: Handler = (k, [folder = 0, name = 0]) => {
  const path = pathOf(k, folder, k.string(name));
  if (typeof path === 'number') return path;
  return k.files.peek(path) ? 0 : errno.ENOENT;
};

/** unlink and rmdir. */
export const unlinkat: Handler = (k, [folder = 0, name = 0, flags = 0]) => {
  const path = pathOf(k, folder, k.string(name), false);
  return typeof path === 'number' ? path : k.files.remove(path, (flags & 0x200) !== 0);
};

export const mkdirat: Handler = (k, [folder = 0, name = 0, mode = 0]) => {
  const path = pathOf(k, folder, k.string(name));
  return typeof path === 'number' ? path : k.files.makeFolder(path, mode & ~k.umask);
};

export const symlinkat: Handler = (k, [target = 0, folder = 0, name = 0]) => {
  const path = pathOf(k, folder, k.string(name), false);
  return typeof path === 'number' ? path : k.files.makeLink(path, k.string(target));
};

export const renameat: Handler = (k, [fromFolder = 0, from = 0, toFolder = 0, to = 0]) => {
  const a = pathOf(k, fromFolder, k.string(from), false);
  if (typeof a === 'number') return a;
  const b = pathOf(k, toFolder, k.string(to), false);
  return typeof b === 'number' ? b : k.files.rename(a, b);
};

export const readlinkat: Handler = (k, [folder = 0, name = 0, address = 0, length = 0]) => {
  const path = pathOf(k, folder, k.string(name), false);
  if (typeof path === 'number') return path;
  const node: Node | undefined = k.files.peek(path);
  if (!node) return errno.ENOENT;
  if (node.kind !== 'link') return errno.EINVAL;
  const bytes = Buffer.from(node.target, 'latin1').subarray(0, length);
  k.write(address, bytes);
  return bytes.length;
};

export const getdents64: Handler = (k, [fd = -1, address = 0, length = 0]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  if (file.node.kind !== 'folder') return errno.ENOTDIR;
  file.names ??= ['.', '..', ...k.files.list(file.path)];
  const out = new DataView(new ArrayBuffer(length));
  let at = 0;
  for (let name = file.names[0]; name !== undefined; name = file.names[0]) {
    const size = Math.ceil((19 + name.length + 1) / 8) * 8;
    if (at + size > length) break;
    const node = k.files.peek(posix.resolve(file.path, name));
    out.setBigInt64(at, BigInt(node?.attributes.inode ?? 1), true);
    out.setBigInt64(at + 8, BigInt(++file.offset), true);
    out.setUint16(at + 16, size, true);
    out.setUint8(at + 18, node ? (node.attributes.mode >> 12) & 15 : 0);
    new Uint8Array(out.buffer).set(Buffer.from(name, 'latin1'), at + 19);
    at += size;
    file.names.shift();
  }
  if (at === 0 && file.names.length > 0) return errno.EINVAL;
  k.write(address, new Uint8Array(out.buffer, 0, at));
  return at;
};

export const getcwd: Handler = (k, [address = 0, length = 0]) => {
  const bytes = Buffer.from(`${k.folder}\0`, 'latin1');
  if (bytes.length > length) return errno.ERANGE;
  k.write(address, bytes);
  return bytes.length;
};

export const chdir: Handler = (k, [name = 0]) => {
  const path = pathOf(k, AT_FDCWD, k.string(name));
  if (typeof path === 'number') return path;
  if (k.files.peek(path)?.kind !== 'folder') return errno.ENOTDIR;
  k.folder = path;
  return 0;
};

export const ftruncate: Handler = (k, [fd = -1, length = 0]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  if (file.node.kind !== 'file' || length < 0) return errno.EINVAL;
  setSize(file.node, length);
  return 0;
};

export const dup: Handler = (k, [fd = -1]) => {
  const file = k.open.get(fd | 0);
  return file ? k.install(file) : errno.EBADF;
};

export const dup3: Handler = (k, [from = -1, to = -1]) => {
  const file = k.open.get(from | 0);
  if (!file) return errno.EBADF;
  if (from !== to) {
    close(k, [to]);
    k.open.set(to | 0, file);
  }
  return to;
};

export const pipe2: Handler = (k, [address = 0, flags = 0]) => {
  const shared = channel(pipeCapacity, (flags & O_DIRECT) !== 0);
  const end = (which: Pipe['end']): number =>
    k.install({
      node: { kind: 'pipe', end: which, channel: shared },
      path: '',
      flags: (flags & O_NONBLOCK) | (which === 'write' ? 1 : 0),
      offset: 0,
    });
  const reader = end('read');
  const writer = end('write');
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setInt32(0, reader, true);
  bytes.setInt32(4, writer, true);
  k.write(address, new Uint8Array(bytes.buffer));
  return 0;
};

/** F_DUPFD 0, F_GETFD 1, F_SETFD 2, F_GETFL 3, F_SETFL 4, F_DUPFD_CLOEXEC 1030; locks always succeed: there is one process. */
export const fcntl: Handler = (k, [fd = -1, command = 0, value = 0]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  switch (command) {
    case 0:
    case 1030:
      return k.install(file, value);
    case 1:
    case 2:
    case 6:
    case 7:
      return 0;
    case 3:
      return file.flags;
    case 4:
      file.flags = (file.flags & 3) | value;
      return 0;
    default:
      return errno.EINVAL;
  }
};

const FIONREAD = 0x541b;
const FIONBIO = 0x5421;

/** No file is a terminal: output does not depend on where it goes. */
export const ioctl: Handler = (k, [fd = -1, request = 0, at = 0]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  const { node } = file;
  if (request === FIONBIO) {
    file.flags = (file.flags & ~O_NONBLOCK) | (k.readInt(at) === 0 ? 0 : O_NONBLOCK);
    return 0;
  }
  if (request !== FIONREAD) return errno.ENOTTY;
  const from = node.kind === 'pipe' ? node.channel : node.kind === 'socket' ? node.incoming : undefined;
  if (node.kind === 'file') k.writeInt(at, node.size - file.offset);
  else if (from) k.writeInt(at, from.messages ? (from.parts[0]?.bytes.length ?? 0) : waiting(from));
  else return errno.ENOTTY;
  return 0;
};
