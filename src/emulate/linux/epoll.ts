// Sets of files that are waited for (epoll(7), fs/eventpoll.c).
import { changed, edges, events } from './channels.js';
import { EBADF, EEXIST, EINVAL, ELOOP, ENOENT, EPERM } from './errno.js';
import type { Handler, Kernel, Open } from './kernel.js';
import { underMask } from './mask-calls.js';
import { milliseconds, timespec, wait } from './poll-calls.js';
import type { Limit } from './poll-calls.js';
import { takeOver } from './threads.js';
import { POLLERR, POLLHUP, POLLIN } from './poll-bits.js';

export interface Watched {
  readonly number: number;
  readonly file: Open;
  wanted: number;
  data: Uint8Array;
  /** What had happened to the file when it was told of last. */
  seen: number | undefined;
  /** EPOLLONESHOT: told of once. */
  off: boolean;
}

export interface EpollNode {
  readonly kind: 'epoll';
  watched: Watched[];
}

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLONESHOT = 1 << 30;
const EPOLLET = 1 << 31;
const always = POLLERR | POLLHUP;
/** struct epoll_event is packed: the events, then 8 bytes of the program's. */
const eventBytes = 12;
const mostEvents = Math.floor(0x7fffffff / eventBytes);

/** What there is to tell; edge-triggered: if anything has happened since. */
function ready({ file, wanted, seen, off }: Watched): number {
  if (off || (wanted & EPOLLET && seen === edges(file, wanted))) return 0;
  return events(file) & (wanted | always) & 0xffff;
}

export const eventsOfSet = ({ watched }: EpollNode): number =>
  watched.some((one) => ready(one) !== 0) ? POLLIN : 0;
export const edgesOfSet = ({ watched }: EpollNode): number =>
  watched.reduce((sum, { file, wanted }) => sum + edges(file, wanted), 0);

export const epollCreate: Handler = (k, [flags = 0]) => {
  if (flags & ~EPOLL_CLOEXEC) return EINVAL;
  return k.install({
    node: { kind: 'epoll', watched: [] },
    path: 'anon_inode:[eventpoll]',
    flags: 2,
    offset: 0,
  });
};

/** The old form says how many files there may be, which nobody minds. */
export const epollCreateSized: Handler = (k, [size = 0]) => ((size | 0) <= 0 ? EINVAL : epollCreate(k, [0]));

const reaches = ({ node }: Open, target: EpollNode): boolean =>
  node.kind === 'epoll' && (node === target || node.watched.some(({ file }) => reaches(file, target)));

export const epollCtl: Handler = (k, [fd = -1, what = 0, number = -1, at = 0]) => {
  const set = k.open.get(fd | 0);
  const file = k.open.get(number | 0);
  const event = what === EPOLL_CTL_DEL ? new Uint8Array(eventBytes) : k.memory.readBytes(at, eventBytes);
  if (!set || !file) return EBADF;
  if (['file', 'folder'].includes(file.node.kind)) return EPERM;
  if (set.node.kind !== 'epoll' || set === file) return EINVAL;
  const { node } = set;
  const known = node.watched.find((one) => one.file === file && one.number === (number | 0));
  const wanted = new DataView(event.buffer, event.byteOffset).getInt32(0, true);
  const data = event.slice(4);
  if (what === EPOLL_CTL_ADD) {
    if (known) return EEXIST;
    if (reaches(file, node)) return ELOOP;
    node.watched.push({ number: number | 0, file, wanted, data, seen: undefined, off: false });
  } else if (what !== EPOLL_CTL_DEL && what !== EPOLL_CTL_MOD) return EINVAL;
  else if (!known) return ENOENT;
  else if (what === EPOLL_CTL_DEL) node.watched = node.watched.filter((one) => one !== known);
  else Object.assign(known, { wanted, data, seen: undefined, off: false });
  changed(k);
  return 0;
};

/** Nobody has the file open any more. */
export function forget(k: Kernel, file: Open): void {
  for (const { node } of k.open.values())
    if (node.kind === 'epoll') node.watched = node.watched.filter((one) => one.file !== file);
}

const waiting =
  (limitOf: Limit): Handler =>
  (k, [fd = -1, to = 0, most = 0, limit = 0]) => {
    const over = takeOver(k);
    const set = k.open.get(fd | 0);
    if ((most | 0) <= 0 || most > mostEvents) return EINVAL;
    if (!set) return EBADF;
    if (set.node.kind !== 'epoll') return EINVAL;
    const { node } = set;
    const there = node.watched.filter((one) => ready(one) !== 0).slice(0, most);
    if (there.length === 0) wait(k, [{ file: set, events: POLLIN }], limitOf(k, limit), over);
    const bytes = new Uint8Array(there.length * eventBytes);
    there.forEach((one, n) => {
      new DataView(bytes.buffer).setInt32(n * eventBytes, ready(one), true);
      bytes.set(one.data, n * eventBytes + 4);
    });
    k.write(to, bytes);
    for (const one of there) {
      one.seen = edges(one.file, one.wanted);
      one.off = (one.wanted & EPOLLONESHOT) !== 0;
    }
    // Others have their turn where there is no room for all.
    node.watched = [...node.watched.filter((one) => !there.includes(one)), ...there];
    return there.length;
  };

export const epollWait = waiting(milliseconds);
const masked =
  (run: Handler): Handler =>
  (k, a) =>
    underMask(k, a[4] ?? 0, a[5] ?? 0, () => run(k, a));
export const epollPwait = masked(epollWait);
export const epollPwait2 = masked(waiting(timespec(8)));
