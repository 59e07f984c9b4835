// Calls that only 32-bit programs have: descriptors of segments, old forms of others.
import { firstThreadArea, reloadSegments, threadAreas } from '../segments.js';
import { FS_SELECTOR, GS_SELECTOR, TLS_BASE, TLS_THERE } from '../state.js';
import * as errno from './errno.js';
import { lseek } from './file-calls.js';
import type { Handler, Kernel } from './kernel.js';
import { mmap } from './memory-calls.js';
import * as messages from './message-calls.js';
import * as sockets from './socket-calls.js';

const descriptorBytes = 16;
/** Of struct user_desc's bits (<asm/ldt.h>): 32 bits, not read only, limit in pages, there, usable or not. */
const usable = 0x40;
const flat = 0x11;
/** What Linux takes for no descriptor (LDT_empty, LDT_zero). */
const empties: readonly number[] = [0x28, 0];
const bitsThatCount = 0x3f;

/** set_thread_area, and CLONE_SETTLS for other registers than those of the CPU: a number of its own is not given there. */
export function setThreadArea(k: Kernel, s: Int32Array, at: number, chooses: boolean): number {
  const view = new DataView(k.memory.readBytes(at, descriptorBytes).buffer);
  const [wanted, base, limit] = [0, 4, 8].map((n) => view.getInt32(n, true));
  const bits = view.getInt32(12, true) & bitsThatCount;
  const there = s[TLS_THERE] ?? 0;
  let n = (wanted ?? 0) - firstThreadArea;
  const empty = base === 0 && limit === 0 && empties.includes(bits);
  if (wanted === -1 && chooses) {
    n = 0;
    while (n < threadAreas && (there >> n) & 1) n++;
    if (n === threadAreas) return errno.ESRCH;
    k.writeInt(at, firstThreadArea + n);
  }
  if (n < 0 || n >= threadAreas) return errno.EINVAL;
  if (!empty && (bits !== flat || limit !== 0xfffff))
    k.missing(`a segment with limit 0x${(limit ?? 0).toString(16)} and bits 0x${bits.toString(16)}`);
  s[TLS_THERE] = empty ? there & ~(1 << n) : there | (1 << n);
  s[TLS_BASE + n] = empty ? 0 : (base ?? 0);
  // What selects it already sees the change.
  reloadSegments(s, s[FS_SELECTOR] ?? 0, s[GS_SELECTOR] ?? 0);
  return 0;
}

export const setThreadAreaCall: Handler = (k, [at = 0]) => setThreadArea(k, k.cpu.s, at, true);

export const getThreadArea: Handler = (k, [at = 0]) => {
  const n = k.readInt(at) - firstThreadArea;
  if (n < 0 || n >= threadAreas) return errno.EINVAL;
  const { s } = k.cpu;
  const there = ((s[TLS_THERE] ?? 0) >> n) & 1;
  const base = there ? (s[TLS_BASE + n] ?? 0) : 0;
  k.writeNumbers(at, 4, [firstThreadArea + n, base, there ? 0xfffff : 0, there ? flat | usable : 0x28]);
  return 0;
};

/** struct mmap_arg_struct: six words; the offset counts bytes. */
export const oldMmap: Handler = (k, [at = 0]) =>
  mmap(
    k,
    [0, 1, 2, 3, 4, 5].map((n) => k.readWord(at + 4 * n)),
  );

/** The offset counts pages. */
export const mmap2: Handler = (k, [hint = 0, length = 0, protection = 0, flags = 0, fd = -1, pages = 0]) =>
  mmap(k, [hint, length, protection, flags, fd, pages * 4096]);

/** The offset in two words, the upper one first; the new one is written. */
export const llseek: Handler = (k, [fd = -1, high = 0, low = 0, to = 0, whence = 0]) => {
  const result = lseek(k, [fd, (high | 0) * 0x100000000 + low, whence]);
  if (result < 0) return result;
  k.writeNumbers(to, 8, [result]);
  return 0;
};

/** A number of 64 bits in two words, the lower one first. */
export const joined = (low = 0, high = 0): number => (high | 0) * 0x100000000 + low;

/** Calls that say what they are where the number says nothing. */
export const refused =
  (name: string): Handler =>
  (k) =>
    k.missing(`system call ${name}`);

/** By the number that `socketcall` has, and how many arguments each takes (net/socket.c). */
const calls: readonly (readonly [Handler, number] | undefined)[] = [
  undefined,
  [sockets.socket, 3],
  [sockets.bind, 3],
  [sockets.connect, 3],
  [sockets.listen, 2],
  [(k, [fd = -1, at = 0, lengthAt = 0]) => sockets.accept4(k, [fd, at, lengthAt, 0]), 3],
  [sockets.getsockname, 3],
  [sockets.getpeername, 3],
  [sockets.socketpair, 4],
  [sockets.sendto, 4],
  [sockets.recvfrom, 4],
  [sockets.sendto, 6],
  [sockets.recvfrom, 6],
  [sockets.shutdown, 2],
  [sockets.setsockopt, 5],
  [sockets.getsockopt, 5],
  [messages.sendmsg, 3],
  [messages.recvmsg, 3],
  [sockets.accept4, 4],
];

/** i386: the arguments lie in memory. */
export const socketcall: Handler = (k, [number = 0, at = 0]) => {
  const call = calls[number];
  if (!call) return number === 19 || number === 20 ? k.missing('recvmmsg or sendmmsg') : errno.EINVAL;
  const [run, count] = call;
  return run(
    k,
    Array.from({ length: count }, (_, n) => k.readWord(at + 4 * n)),
  );
};
