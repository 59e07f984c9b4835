// Bytes in which the two copies differ because one write of a pair has been seen and the other has not: address ranges, each of the window it belongs to.

import type { Turns } from './turns.js';

export interface Writer {
  /** program: rewritten code; runtime: mirrorasm's own; kernel: a system call. */
  readonly kind: 'program' | 'runtime' | 'kernel';
  /** The mnemonic with its prefix, or the call's name. */
  readonly name: string;
  /** Of the instruction. */
  readonly address: number;
}

/** From the first write of one instruction until the last byte of it stands in both copies. */
export interface Window {
  /** ahead: the mirror has been written; behind: native memory has. */
  readonly kind: 'ahead' | 'behind';
  readonly writer: Writer;
  /** Instructions executed before the one that opened it: all, and its thread's in the program's code. */
  readonly opened: number;
  readonly openedInProgram: number;
  /** Of the thread alone: how long a window is does not depend on whose turn it was meanwhile. */
  readonly openedInThread: number;
  readonly thread: Turns;
  /** The first address, native. */
  readonly address: number;
  bytes: number;
  /** Already reported: its bytes were overwritten, or stand too long. */
  missed: boolean;
  /** Ranges of it that still differ. */
  parts: number;
}

export interface Part {
  lo: number;
  hi: number;
  readonly window: Window;
}

export class Pending {
  private parts: Part[] = [];

  constructor(private readonly onClose: (window: Window) => void) {}

  get oldest(): Part | undefined {
    return this.parts[0];
  }

  all(): readonly Part[] {
    return this.parts;
  }

  /** Adds a range to the window of the same instruction if there is one, else to a new one. */
  add(lo: number, hi: number, fresh: Window): void {
    const last = this.parts.at(-1);
    const window =
      last?.window.opened === fresh.opened && last.window.kind === fresh.kind ? last.window : fresh;
    window.bytes += hi - lo;
    if (last?.window === window && last.hi === lo) last.hi = hi;
    else if (last?.window === window && last.lo === hi) last.lo = lo;
    else {
      window.parts++;
      this.parts.push({ lo, hi, window });
    }
  }

  /** Whether any byte of a range is pending. */
  touches(lo: number, hi: number): boolean {
    for (const part of this.parts) if (part.lo < hi && part.hi > lo) return true;
    return false;
  }

  /** Takes a range out. `visit` sees each window with what of the range belonged to it; windows with nothing left are closed afterwards. */
  take(lo: number, hi: number, visit: (window: Window, lo: number, hi: number) => void): void {
    const kept: Part[] = [];
    const closed: Window[] = [];
    for (const part of this.parts) {
      if (part.lo >= hi || part.hi <= lo) {
        kept.push(part);
        continue;
      }
      const { window } = part;
      visit(window, Math.max(lo, part.lo), Math.min(hi, part.hi));
      const rest = [
        { lo: part.lo, hi: Math.min(lo, part.hi), window },
        { lo: Math.max(hi, part.lo), hi: part.hi, window },
      ].filter((piece) => piece.lo < piece.hi);
      window.parts += rest.length - 1;
      kept.push(...rest);
      if (window.parts === 0) closed.push(window);
    }
    this.parts = kept;
    closed.forEach(this.onClose);
  }
}
