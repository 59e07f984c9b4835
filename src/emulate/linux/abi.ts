// What differs between 64-bit and 32-bit programs in what Linux does for them.
import type { Cpu } from '../state.js';
import { FS, RBP, RBX, RCX, RDI, RDX, RSI } from '../state.js';
import { setThreadArea } from './i386-calls.js';
import type { Kernel, Rows } from './kernel.js';
import { stat, stat64 } from './layouts.js';
import type { ActionLayout, Layout, StatField } from './layouts.js';
import * as frames64 from './signal-frame.js';
import * as frames32 from './signal-frame-i386.js';
import type { Delivery, Returned } from './signal-frame.js';
import { calls32 } from './table-i386.js';
import { calls64 } from './table-x86_64.js';

export interface Abi {
  /** Bytes of a long and of an address. */
  readonly word: 4 | 8;
  /** Places in Cpu.s of a call's arguments. */
  readonly arguments: readonly number[];
  readonly calls: Rows;
  readonly stat: Layout<StatField>;
  readonly action: ActionLayout;
  /** Where siginfo goes on behind number, errno and code. */
  readonly infoAt: number;
  /** Where a recovery's mappings lie in a fault campaign: those of the program stay where they are without it. */
  readonly apart: { readonly start: number; readonly end: number };
  /** Writes the frame and goes to the handler. False: the alternate stack is too small. `write` may throw a MemoryFault; nothing has changed then. */
  readonly enterHandler: (
    cpu: Cpu,
    delivery: Delivery,
    write: (address: number, bytes: Uint8Array) => void,
  ) => boolean;
  /** sigreturn; `info`: the frame has siginfo. `read` may throw a MemoryFault; nothing has changed then. */
  readonly leaveHandler: (
    cpu: Cpu,
    read: (address: number, length: number) => Uint8Array,
    info: boolean,
  ) => Returned;
  /** CLONE_SETTLS, in the registers of a thread that does not run. False: the argument is wrong. */
  readonly setThreadPointer: (kernel: Kernel, registers: Int32Array, tls: number) => boolean;
}

export const abis: Readonly<Record<32 | 64, Abi>> = {
  32: {
    word: 4,
    arguments: [RBX, RCX, RDX, RSI, RDI, RBP],
    calls: calls32,
    stat: stat64,
    action: { bytes: 20, flags: 4, restorer: 8, mask: 12 },
    infoAt: 12,
    apart: { start: 0x40000000, end: 0x48000000 },
    enterHandler: frames32.enterHandler,
    leaveHandler: frames32.leaveHandler,
    setThreadPointer: (k, registers, tls) => setThreadArea(k, registers, tls, false) === 0,
  },
  64: {
    word: 8,
    arguments: [RDI, RSI, RDX, 20, 16, 18], // and r10, r8, r9
    calls: calls64,
    stat,
    action: { bytes: 32, flags: 8, restorer: 16, mask: 24 },
    infoAt: 16,
    apart: { start: 0x7e0000000000, end: 0x7f0000000000 },
    enterHandler: frames64.enterHandler,
    leaveHandler: frames64.leaveHandler,
    setThreadPointer: (_, registers, tls) => {
      registers[FS] = tls | 0;
      registers[FS + 1] = Math.floor(tls / 0x100000000);
      return true;
    },
  },
};
