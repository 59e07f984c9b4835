// The frame that Linux puts on the stack for a handler, and rt_sigreturn takes away (arch/x86/kernel/signal_64.c, asm/sigcontext.h): from its
// lowest address return address 8, ucontext 304, siginfo 128; the extended state lies above it, aligned to 64 bytes.
import { fxsaveBytes, mxcsrBits, resetSse, resetX87 } from '../fxsave.js';
import { addressOf } from '../memory.js';
import { RAX, RDI, RDX, RIP, RSI, RSP } from '../state.js';
import type { Cpu } from '../state.js';
import {
  extendedControl,
  headerAt,
  inUse,
  resetUppers,
  restoreExtended,
  saveExtended,
  SSE,
  X87,
  xsaveBytes,
} from '../xsave.js';

const redZone = 128;
const contextAt = 8;
const registersAt = contextAt + 40;
const maskAt = contextAt + 296;
const infoAt = 312;
const frameBytes = 440;
/** What sigcontext has from word 0 on, as places in Cpu.s: r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip. */
const order = [16, 18, 20, 22, 24, 26, 28, 30, 14, 12, 10, 6, 4, 0, 2, 8, 32] as const;
const flagsAt = registersAt + 8 * 17;
const selectorsAt = registersAt + 8 * 18;
const errorAt = registersAt + 8 * 19;
const stateAt = registersAt + 8 * 23;
// UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS
const contextFlags = 7;
/** What xsave writes and a magic word behind it; struct _fpx_sw_bytes within the image of fxsave. */
export const extendedBytes = xsaveBytes + 4;
const softwareAt = 464;
const magic1 = 0x46505853;
const magic2 = 0x46505845;

export interface AlternateStack {
  readonly base: number;
  readonly flags: number;
  readonly size: number;
}

export interface Delivery {
  readonly handler: number;
  /** Of the action. */
  readonly flags: number;
  readonly restorer: number;
  readonly number: number;
  readonly info: Uint8Array;
  /** To be restored behind the handler. */
  readonly mask: Uint8Array;
  readonly trap: Trapped;
  readonly alternate: AlternateStack;
  /** The handler asked for the alternate stack. */
  readonly onAlternate: boolean;
}

/** What the kernel remembers of a thread's last exception. */
export interface Trapped {
  readonly number: number;
  readonly error: number;
  readonly address: number;
}

export function onStack({ base, size }: AlternateStack, sp: number): boolean {
  return size > 0 && sp > base && sp - base <= size;
}

const down = (n: number, to: number): number => n - (n % to);
const stackPointer = (cpu: Cpu): number => addressOf(cpu.s[RSP] ?? 0, cpu.s[RSP + 1] ?? 0);

function setPair(s: Int32Array, at: number, value: number): void {
  s[at] = value | 0;
  s[at + 1] = Math.floor(value / 0x100000000);
}

/** Writes the frame and goes to the handler. False: the alternate stack is too small. `write` may throw a MemoryFault; nothing has changed then. */
export function enterHandler(
  cpu: Cpu,
  d: Delivery,
  write: (address: number, bytes: Uint8Array) => void,
): boolean {
  let sp = stackPointer(cpu) - redZone;
  const nested = onStack(d.alternate, sp);
  const entering = d.onAlternate && d.alternate.size > 0 && !nested;
  if (entering) sp = d.alternate.base + d.alternate.size;
  const state = down(sp - extendedBytes, 64);
  const frame = down(state - frameBytes, 16) - 8;
  if ((nested || entering) && !onStack(d.alternate, frame)) return false;
  const bytes = new Uint8Array(state + extendedBytes - frame);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number): void => {
    view.setBigInt64(at, BigInt(value), true);
  };
  put(0, d.restorer);
  put(contextAt, contextFlags);
  put(contextAt + 16, d.alternate.base);
  view.setInt32(contextAt + 24, d.alternate.flags, true);
  put(contextAt + 32, d.alternate.size);
  order.forEach((register, n) => {
    view.setInt32(registersAt + 8 * n, cpu.s[register] ?? 0, true);
    view.setInt32(registersAt + 8 * n + 4, cpu.s[register + 1] ?? 0, true);
  });
  put(flagsAt, cpu.flags());
  [0x33, 0, 0, 0x2b].forEach((selector, n) => {
    view.setUint16(selectorsAt + 2 * n, selector, true);
  });
  put(errorAt, d.trap.error);
  put(errorAt + 8, d.trap.number);
  bytes.set(d.mask, errorAt + 16);
  put(errorAt + 24, d.trap.address);
  put(stateAt, state);
  bytes.set(d.mask, maskAt);
  bytes.set(d.info, infoAt);
  bytes.set(extendedState(cpu, extendedBytes), state - frame);
  write(frame, bytes);
  const { s } = cpu;
  setPair(s, RSP, frame);
  setPair(s, RIP, d.handler);
  setPair(s, RDI, d.number);
  setPair(s, RSI, frame + infoAt);
  setPair(s, RDX, frame + contextAt);
  setPair(s, RAX, 0);
  cpu.clearHandlerFlags();
  resetExtended(cpu);
  return true;
}

/** The extended state as a frame has it; `whole`: bytes of all that is saved. Linux calls x87 and SSE always used (fpu/signal.c, save_xstate_epilog). */
export function extendedState(cpu: Cpu, whole: number): Uint8Array {
  const bytes = new Uint8Array(extendedBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(saveExtended(cpu, inUse(cpu) | X87 | SSE));
  view.setUint32(softwareAt, magic1, true);
  view.setUint32(softwareAt + 4, whole, true);
  view.setBigUint64(softwareAt + 8, BigInt(extendedControl), true);
  view.setUint32(softwareAt + 16, xsaveBytes, true);
  view.setUint32(xsaveBytes, magic2, true);
  return bytes;
}

/** As a handler finds it. */
export function resetExtended(cpu: Cpu): void {
  resetX87(cpu);
  resetSse(cpu);
  resetUppers(cpu);
}

/** The state in a frame: without both magic words only what fxsave writes (fpu/signal.c, check_xstate_in_sigframe). */
export function readExtended(read: (address: number, length: number) => Uint8Array, at: number): Uint8Array {
  const image = read(at, fxsaveBytes);
  const view = new DataView(image.buffer, image.byteOffset);
  const size = view.getUint32(softwareAt + 16, true);
  if (view.getUint32(softwareAt, true) !== magic1 || size < xsaveBytes) return image;
  const second = read(at + size, 4);
  if (new DataView(second.buffer, second.byteOffset).getUint32(0, true) !== magic2) return image;
  return read(at, xsaveBytes);
}

export function loadExtended(cpu: Cpu, bytes: Uint8Array): void {
  const present = bytes.length === xsaveBytes ? (bytes[headerAt] ?? 0) : X87 | SSE;
  const own = bytes.slice();
  const view = new DataView(own.buffer);
  view.setUint32(24, view.getUint32(24, true) & mxcsrBits, true);
  restoreExtended(cpu, own, extendedControl, present);
}

/** What of a frame is not the CPU's. */
export interface Returned {
  readonly mask: Uint8Array;
  /** Undefined: the frame has none. */
  readonly alternate: AlternateStack | undefined;
}

/** rt_sigreturn: the frame is where its return address was taken from. `read` may throw a MemoryFault; nothing has changed then. */
export function leaveHandler(cpu: Cpu, read: (address: number, length: number) => Uint8Array): Returned {
  const frame = read(stackPointer(cpu) - 8, frameBytes);
  const view = new DataView(frame.buffer, frame.byteOffset);
  const word = (at: number): number => Number(view.getBigInt64(at, true));
  const state = word(stateAt);
  const extended = state === 0 ? undefined : readExtended(read, state);
  order.forEach((register, n) => {
    cpu.s[register] = view.getInt32(registersAt + 8 * n, true);
    cpu.s[register + 1] = view.getInt32(registersAt + 8 * n + 4, true);
  });
  cpu.setFlags(word(flagsAt));
  if (extended) loadExtended(cpu, extended);
  else resetExtended(cpu);
  return {
    mask: frame.slice(maskAt, maskAt + 8),
    alternate: {
      base: word(contextAt + 16),
      flags: view.getInt32(contextAt + 24, true),
      size: word(contextAt + 32),
    },
  };
}
