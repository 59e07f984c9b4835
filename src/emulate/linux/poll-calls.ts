// Waiting for files: poll, select and their like (man 2 of each).
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, ready, waitFor } from './channels.js';
import type { Polled } from './channels.js';
import { EBADF, EINVAL } from './errno.js';
import type { Handler, Kernel } from './kernel.js';
import { runningThread } from './threads.js';

const pollfdBytes = 8;
const mostFiles = 1024;

/** Milliseconds, or a structure; below 0, or no structure, is for ever. Nanoseconds. */
type Limit = (k: Kernel, a: number) => number;
const milliseconds: Limit = (_, a) => ((a | 0) < 0 ? Infinity : (a | 0) * 1e6);
const timespec =
  (size?: 8): Limit =>
  (k, a) =>
    a === 0 ? Infinity : k.readTime(a, size);
const timeval: Limit = (k, a) =>
  a === 0 ? Infinity : k.readWord(a) * 1e9 + k.readWord(a + k.abi.word) * 1000;

/** The call is made again when the time is over: then nothing is there. */
function wait(k: Kernel, files: readonly Polled[], limit: number, over: boolean): void {
  if (limit > 0 && !over) waitFor(k, files, { deadline: k.elapsed() + limit, restarts: false });
}

function takeOver(k: Kernel): boolean {
  const thread = runningThread(k);
  const { over } = thread;
  thread.over = false;
  return over;
}

/** struct pollfd: the file, two bytes of what is waited for, two of what is there. */
const polling =
  (limitOf: Limit, mask: number | undefined): Handler =>
  (k, a) => {
    const [at = 0, count = 0, limit = 0] = a;
    const over = takeOver(k);
    if (count > mostFiles) return EINVAL;
    if (mask !== undefined && a[mask]) k.missing('ppoll with a set of signals');
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
  (limitOf: Limit, mask: number | undefined): Handler =>
  (k, a) => {
    const count = Math.min((a[0] ?? 0) | 0, mostFiles);
    const over = takeOver(k);
    if (count < 0) return EINVAL;
    if (mask !== undefined && a[mask] && k.readWord(a[mask]) !== 0)
      k.missing('pselect6 with a set of signals');
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

export const poll = polling(milliseconds, undefined);
export const ppoll = (size?: 8): Handler => polling(timespec(size), 3);
export const select = selecting(timeval, undefined);
export const pselect6 = (size?: 8): Handler => selecting(timespec(size), 5);
