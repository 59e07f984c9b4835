// Counters that are files (eventfd(2)).
import { changed, waitFor } from './channels.js';
import { EAGAIN, EINVAL } from './errno.js';
import type { Handler, Kernel, Open } from './kernel.js';
import { O_NONBLOCK, POLLIN, POLLOUT } from './poll-bits.js';

export interface EventNode {
  readonly kind: 'event';
  readonly semaphore: boolean;
  count: bigint;
  /** How often it was written, and read. */
  puts: number;
  takes: number;
}

const EFD_SEMAPHORE = 1;
const EFD_CLOEXEC = 0o2000000;
const most = 0xfffffffffffffffen;

export const eventfd: Handler = (k, [initial = 0, flags = 0]) => {
  if (flags & ~(EFD_SEMAPHORE | O_NONBLOCK | EFD_CLOEXEC)) return EINVAL;
  return k.install({
    node: {
      kind: 'event',
      semaphore: (flags & EFD_SEMAPHORE) !== 0,
      count: BigInt(initial >>> 0),
      puts: 0,
      takes: 0,
    },
    path: 'anon_inode:[eventfd]',
    flags: 2 | (flags & O_NONBLOCK),
    offset: 0,
  });
};

export const eventsOf = ({ count }: EventNode): number =>
  (count > 0n ? POLLIN : 0) | (count < most ? POLLOUT : 0);

export function readEvent(k: Kernel, file: Open, node: EventNode, room: number): Uint8Array | number {
  if (room < 8) return EINVAL;
  if (node.count === 0n) return file.flags & O_NONBLOCK ? EAGAIN : waitFor(k, [{ file, events: POLLIN }]);
  const bytes = new Uint8Array(8);
  const value = node.semaphore ? 1n : node.count;
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  node.count -= value;
  node.takes++;
  changed(k);
  return bytes;
}

export function writeEvent(k: Kernel, file: Open, node: EventNode, bytes: Uint8Array): number {
  if (bytes.length < 8) return EINVAL;
  const value = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (value > most) return EINVAL;
  if (node.count + value > most) {
    if (file.flags & O_NONBLOCK) return EAGAIN;
    waitFor(k, [{ file, events: POLLOUT }]);
  }
  node.count += value;
  node.puts++;
  changed(k);
  return 8;
}
