// Calls that wait with a mask of their own, or for signals (man 2 sigsuspend, sigtimedwait, ppoll).
import * as errno from './errno.js';
import type { Handler, Kernel } from './kernel.js';
import { isInterrupted, restoreMask, setMask, takeSignal } from './signals.js';
import { Blocked, takeOver } from './threads.js';

/** Where there is a set at all, it is the mask while the call waits; a signal that ends it finds it, and sigreturn the one before. */
export function underMask(k: Kernel, at: number, size: number, run: () => number): number {
  if (at === 0) return run();
  if (size !== 8) return errno.EINVAL;
  const set = k.memory.readBytes(at, 8);
  k.savedMask ??= k.signalMask;
  setMask(k, set);
  let result: number;
  try {
    result = run();
  } catch (thrown) {
    if (!(thrown instanceof Blocked)) restoreMask(k);
    else if (isInterrupted(k)) return errno.EINTR;
    throw thrown;
  }
  if (result !== errno.EINTR) restoreMask(k);
  return result;
}

export const sigsuspend: Handler = (k, [set = 0, size = 0]) =>
  underMask(k, set, size, () => {
    throw new Blocked({ since: ++k.waits, deadline: Infinity, late: 0 });
  });

/** `size`: of the words of the time. */
export const sigtimedwait =
  (size?: 8): Handler =>
  (k, [at = 0, info = 0, limit = 0, bytes = 0]) => {
    if (bytes !== 8) return errno.EINVAL;
    takeOver(k);
    const set = k.memory.readBytes(at, 8);
    const time = limit === 0 ? Infinity : k.readTime(limit, size);
    const taken = takeSignal(k, set);
    if (taken) {
      if (info !== 0) k.write(info, taken.info);
      return taken.number;
    }
    if (time <= 0) return errno.EAGAIN;
    throw new Blocked({
      since: ++k.waits,
      deadline: k.elapsed() + time,
      late: errno.EAGAIN,
      signals: { set, call: k.number },
    });
  };
