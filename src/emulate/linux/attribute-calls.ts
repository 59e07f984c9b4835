// What files are beside their contents: modes, times, names, sizes; and copies from file to file (man 2 of each).
import { posix } from 'node:path';
import * as errno from './errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  attributesOf,
  pathOf,
  readFrom,
  writeTo,
} from './file-calls.js';
import { setSize } from './contents.js';
import { readHost } from './files.js';
import type { Attributes, Time } from './files.js';
import type { Handler, Kernel } from './kernel.js';

const AT_SYMLINK_FOLLOW = 0x400;
const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
const ownUser = 1000;
const permissions = 0o7777;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o10;

/** Of a file by its name, or by its number where the name is left out; a number is an error. */
function attributes(k: Kernel, folder: number, name: number, flags: number): Attributes | number {
  const text = name === 0 ? '' : k.string(name);
  if (text === '' && (name === 0 || flags & AT_EMPTY_PATH)) {
    const file = k.open.get(folder | 0);
    return file ? attributesOf(file.node) : errno.EBADF;
  }
  const path = pathOf(k, folder, text, !(flags & AT_SYMLINK_NOFOLLOW));
  if (typeof path === 'number') return path;
  return k.files.peek(path)?.attributes ?? errno.ENOENT;
}

export const fchmodat: Handler = (k, [folder = 0, name = 0, mode = 0]) => {
  const found = attributes(k, folder, name, 0);
  if (typeof found === 'number') return found;
  found.mode = (found.mode & ~permissions) | (mode & permissions);
  return 0;
};

/** To its owner, or -1, which leaves it. */
export const fchownat: Handler = (k, [folder = 0, name = 0, user = 0, group = 0, flags = 0]) => {
  const found = attributes(k, folder, name, flags);
  if (typeof found === 'number') return found;
  if (![user, group].every((id) => (id | 0) === -1 || id === ownUser)) return errno.EPERM;
  // Nobody may become somebody by a file that has changed hands.
  const byGroup = found.mode & S_IXGRP ? S_ISGID : 0;
  if ((found.mode & S_IFMT) === S_IFREG) found.mode &= ~(S_ISUID | byGroup);
  return 0;
};

function setTimes(k: Kernel, found: Attributes | number, times: readonly (Time | undefined)[]): number {
  if (typeof found === 'number') return found;
  const { seconds, nanoseconds } = k.now();
  const [accessed, modified] = found.times;
  const next = (n: number, was: Time): Time => {
    const time = times[n];
    if (time === undefined || time[1] === UTIME_NOW) return [seconds, nanoseconds];
    return time[1] === UTIME_OMIT ? was : time;
  };
  found.times = [next(0, accessed), next(1, modified)];
  return 0;
}

/** Two structures, of the program's words or of 8 bytes each; none: now. `unit`: nanoseconds of the second word. */
function readTimes(k: Kernel, at: number, size: 4 | 8, unit: number): (Time | undefined)[] {
  if (at === 0) return [undefined, undefined];
  const read = (from: number): number => (size === 8 ? k.readLong(from) : k.readInt(from));
  return [0, 1].map((n) => [read(at + 2 * n * size), read(at + (2 * n + 1) * size) * unit]);
}

export const utimensat =
  (size?: 8): Handler =>
  (k, [folder = 0, name = 0, at = 0, flags = 0]) =>
    setTimes(k, attributes(k, folder, name, flags), readTimes(k, at, size ?? k.abi.word, 1));
export const futimesat: Handler = (k, [folder = 0, name = 0, at = 0]) =>
  setTimes(k, attributes(k, folder, name, 0), readTimes(k, at, k.abi.word, 1000));
/** struct utimbuf: two times in seconds. */
export const utime: Handler = (k, [name = 0, at = 0]) => {
  const times: (Time | undefined)[] =
    at === 0 ? [undefined, undefined] : [0, 1].map((n) => [k.readWord(at + n * k.abi.word), 0]);
  return setTimes(k, attributes(k, AT_FDCWD, name, 0), times);
};

export const linkat: Handler = (k, [fromFolder = 0, from = 0, toFolder = 0, to = 0, flags = 0]) => {
  const a = pathOf(k, fromFolder, k.string(from), (flags & AT_SYMLINK_FOLLOW) !== 0);
  if (typeof a === 'number') return a;
  const b = pathOf(k, toFolder, k.string(to), false);
  return typeof b === 'number' ? b : k.files.link(a, b);
};

export const truncate: Handler = (k, [name = 0, length = 0]) => {
  const path = pathOf(k, AT_FDCWD, k.string(name));
  if (typeof path === 'number') return path;
  const node = k.files.peek(path);
  if (!node) return errno.ENOENT;
  if (node.kind !== 'file') return node.kind === 'folder' ? errno.EISDIR : errno.EINVAL;
  const failed = readHost(node);
  if (failed === 0) setSize(node, length);
  return failed;
};

/** Only what makes a file longer. */
export const fallocate: Handler = (k, [fd = -1, mode = 0, offset = 0, length = 0]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  if (mode !== 0) return errno.ENOTSUP;
  if (file.node.kind !== 'file') return errno.ESPIPE;
  if (offset + length > file.node.size) setSize(file.node, offset + length);
  return 0;
};

export const fchdir: Handler = (k, [fd = -1]) => {
  const file = k.open.get(fd | 0);
  if (!file) return errno.EBADF;
  if (file.node.kind !== 'folder') return errno.ENOTDIR;
  k.folder = file.path;
  return 0;
};

/** fsync and its like: nothing is written anywhere. */
export const ofFile: Handler = (k, [fd = -1]) => (k.open.has(fd | 0) ? 0 : errno.EBADF);

const temporary = 0x01021994;
/** struct statfs: words; of 32-bit programs, struct statfs64, whose counts have 8 bytes. There is no end to the room. */
function tellSystem(k: Kernel, at: number): number {
  if (k.abi.word === 8) {
    k.writeWords(at, temporary, 4096, 0, 0, 0, 0, 0, 0, 255, 4096, 0, 0, 0, 0, 0);
    return 0;
  }
  k.writeNumbers(at, 4, [temporary, 4096]);
  k.writeNumbers(at + 8, 8, [0, 0, 0, 0, 0, 0]);
  k.writeNumbers(at + 56, 4, [255, 4096, 0, 0, 0, 0, 0]);
  return 0;
}
/** `to`: which argument says where it goes. */
export const statfs =
  (to: number): Handler =>
  (k, a) => {
    const found = attributes(k, AT_FDCWD, a[0] ?? 0, 0);
    return typeof found === 'number' ? found : tellSystem(k, a[to] ?? 0);
  };
export const fstatfs =
  (to: number): Handler =>
  (k, a) =>
    k.open.has((a[0] ?? 0) | 0) ? tellSystem(k, a[to] ?? 0) : errno.EBADF;

/** From one file to another, at its own offset or at one that lies in memory. */
export const sendfile =
  (size?: 8): Handler =>
  (k, [out = -1, from = -1, at = 0, count = 0]) => {
    const source = k.open.get(from | 0);
    const target = k.open.get(out | 0);
    if (!source || !target) return errno.EBADF;
    if (source.node.kind !== 'file') return errno.EINVAL;
    const words = size ?? k.abi.word;
    const place = at === 0 ? undefined : words === 8 ? k.readLong(at) : k.readInt(at);
    const offset = place ?? source.offset;
    const bytes = readFrom(k, source, Math.min(count, 0x7ffff000), offset);
    if (typeof bytes === 'number') return bytes;
    const done = writeTo(k, target, bytes.slice(), undefined);
    if (done < 0) return done;
    if (place === undefined) source.offset = offset + done;
    else k.writeNumbers(at, words, [offset + done]);
    return done;
  };

/** A file without a name. */
export const memfdCreate: Handler = (k, [name = 0, flags = 0]) => {
  if (flags & ~7) return errno.EINVAL;
  return k.install({
    node: k.files.newFile(0o777),
    path: posix.join('/memfd:', k.string(name)),
    flags: 2,
    offset: 0,
  });
};
