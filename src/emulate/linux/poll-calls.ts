// Waiting for files: poll, select and their like (man 2 of each).
import { ready, waitFor } from './channels.js';
import type { Polled } from './channels.js';
import { EBADF, EINVAL } from './errno.js';
import type { Handler, Kernel } from './kernel.js';
import { underMask } from './mask-calls.js';
import { takeOver } from './threads.js';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT } from './poll-bits.js';

const pollfdBytes = 8;
const mostFiles = 1024;

/** Milliseconds, or a structure; below 0, or no structure, is for ever. Nanoseconds. */
export type Limit = (k: Kernel, a: number) => number;
export const milliseconds: Limit = (_, a) => ((a | 0) < 0 ? Infinity : (a | 0) * 1e6);
export const timespec =
  (size?: 8): Limit =>
  (k, a) =>
    a === 0 ? Infinity : k.readTime(a, size);
const timeval: Limit = (k, a) =>
  a === 0 ? Infinity : k.readWord(a) * 1e9 + k.readWord(a + k.abi.word) * 1000;

/** The call is made again when the time is over: then nothing is there. */
export function wait(k: Kernel, files: readonly Polled[], limit: number, over: boolean): void {
  if (limit > 0 && !over) waitFor(k, files, { deadline: k.elapsed() + limit, restarts: false });
}

/** struct pollfd: the file, two bytes of what is waited for, two of what is there. */
const polling =
  (limitOf: Limit): Handler =>
  (k, a) => {
    const [at = 0, count = 0, limit = 0] = a;
    const over = takeOver(k);
    if (count > mostFiles) return EINVAL;
    const view = new DataView(k.memory.readBytes(at, count * pollfdBytes).buffer);
    const files: Polled[] = [];
    let found = 0;
    for (let n = 0; n < count; n++) {
      const fd = view.getInt32(n * pollfdBytes, true);
      const events = view.getUint16(n * pollfdBytes + 4, true);
      const file = k.open.get(fd);
      const there = fd < 0 ? 0 : file ? ready({ file, events }) : POLLNVAL;
      if (file) files.push({ file, events });
      view.setUint16(n * pollfdBytes + 6, there, true);
      if (there !== 0) found++;
    }
    if (found === 0) wait(k, files, limitOf(k, limit), over);
    for (let n = 0; n < count; n++)
      k.write(at + n * pollfdBytes + 6, new Uint8Array(view.buffer, n * pollfdBytes + 6, 2));
    return found;
  };

const sets = [POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, 0] as const;

/** Three sets of bits: to read, to write, and of exceptions, which no file here has. */
const selecting =
  (limitOf: Limit): Handler =>
  (k, a) => {
    const count = Math.min((a[0] ?? 0) | 0, mostFiles);
    const over = takeOver(k);
    if (count < 0) return EINVAL;
    const { word } = k.abi;
    const length = Math.ceil(count / (8 * word)) * word;
    const files: Polled[] = [];
    let found = 0;
    const results: (() => void)[] = [];
    for (const [n, events] of sets.entries()) {
      const at = a[n + 1] ?? 0;
      if (at === 0) continue;
      const wanted = k.memory.readBytes(at, length);
      const there = new Uint8Array(length);
      for (let fd = 0; fd < count; fd++) {
        const bit = 1 << (fd & 7);
        if (((wanted[fd >> 3] ?? 0) & bit) === 0) continue;
        const file = k.open.get(fd);
        if (!file) return EBADF;
        if (events === 0) continue;
        files.push({ file, events });
        if ((ready({ file, events }) & events) === 0) continue;
        there[fd >> 3] = (there[fd >> 3] ?? 0) | bit;
        found++;
      }
      results.push(() => {
        k.write(at, there);
      });
    }
    if (found === 0) wait(k, files, limitOf(k, a[4] ?? 0), over);
    for (const one of results) one();
    return found;
  };

export const poll = polling(milliseconds);
export const ppoll =
  (size?: 8): Handler =>
  (k, a) =>
    underMask(k, a[3] ?? 0, a[4] ?? 0, () => polling(timespec(size))(k, a));
export const select = selecting(timeval);
/** The last argument points to the set and its size. */
export const pselect6 =
  (size?: 8): Handler =>
  (k, a) => {
    const at = a[5] ?? 0;
    const [set, bytes] = at === 0 ? [0, 0] : [k.readWord(at), k.readWord(at + k.abi.word)];
    return underMask(k, set, bytes, () => selecting(timespec(size))(k, a));
  };
