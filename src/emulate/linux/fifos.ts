// Pipes that have a name, and other files that are made empty (fifo(7), mknod(2)).
import { posix } from 'node:path';
import { changed, channel, pipeCapacity, waitFor } from './channels.js';
import type { Channel } from './channels.js';
import * as errno from './errno.js';
import { pathOf } from './file-calls.js';
import type { Attributes } from './files.js';
import type { Handler, Kernel, Pipe } from './kernel.js';
import { O_NONBLOCK, POLLIN, POLLOUT } from './poll-bits.js';

export interface FifoNode {
  readonly kind: 'fifo';
  readonly attributes: Attributes;
  readonly channel: Channel;
  /** How many have each end open. */
  readonly open: Record<Pipe['end'], number>;
  /** Threads that wait in `open` for somebody at the other one. */
  readonly waits: Record<Pipe['end'], number[]>;
}

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFSOCK = 0o140000;
const S_IFIFO = 0o010000;
/** Devices: block and character. */
const privileged = [0o060000, 0o020000];

export const mknodat: Handler = (k, [folder = 0, name = 0, mode = 0]) => {
  const path = pathOf(k, folder, k.string(name), false);
  if (typeof path === 'number') return path;
  if (k.files.peek(path)) return errno.EEXIST;
  if (k.files.peek(posix.dirname(path))?.kind !== 'folder') return errno.ENOENT;
  const type = mode & S_IFMT;
  const permissions = mode & 0o7777 & ~k.umask;
  if (privileged.includes(type)) return errno.EPERM;
  if (type === 0 || type === S_IFREG) k.files.add(path, k.files.newFile(permissions));
  else if (type === S_IFSOCK)
    k.files.add(path, { kind: 'bound', attributes: k.files.attributes(S_IFSOCK | permissions) });
  else if (type === S_IFIFO)
    k.files.add(path, {
      kind: 'fifo',
      attributes: k.files.attributes(S_IFIFO | permissions),
      channel: channel(pipeCapacity),
      open: { read: 0, write: 0 },
      waits: { read: [], write: [] },
    });
  else return errno.EINVAL;
  return 0;
};

export const eventsOfFifo = (node: FifoNode): number =>
  (isThere(node, 'write') ? POLLIN : 0) | (isThere(node, 'read') ? POLLOUT : 0);

const isThere = ({ open, waits }: FifoNode, end: Pipe['end']): boolean =>
  open[end] > 0 || waits[end].length > 0;

/** Waits for the other end, unless it need not. */
export function openFifo(k: Kernel, node: FifoNode, path: string, flags: number): number {
  if ((flags & 3) > 1) k.missing('open of a FIFO to read and to write');
  const end = flags & 1 ? 'write' : 'read';
  const other = flags & 1 ? 'read' : 'write';
  const waits = node.waits[end];
  if (flags & O_NONBLOCK) {
    if (end === 'write' && node.open.read === 0) return errno.ENXIO;
  } else if (!isThere(node, other)) {
    if (!waits.includes(k.current)) waits.push(k.current);
    changed(k);
    waitFor(k, [{ file: { node, path, flags, offset: 0 }, events: end === 'read' ? POLLIN : POLLOUT }]);
  }
  if (waits.includes(k.current)) waits.splice(waits.indexOf(k.current), 1);
  node.open[end]++;
  // Who reads what nobody has opened to write is at the end.
  node.channel[end === 'read' ? 'deaf' : 'ended'] = false;
  if (end === 'read' && !isThere(node, 'write')) node.channel.ended = true;
  changed(k);
  return k.install({
    node: { kind: 'pipe', end, channel: node.channel, fifo: node },
    path,
    flags,
    offset: 0,
  });
}
