// The frames that Linux puts on the stack of a 32-bit program, and their ends (arch/x86/kernel/signal_32.c, asm/sigframe.h, asm/sigcontext.h). From the
// lowest address, without siginfo: return address, signal, sigcontext 88, unused 624, upper half of the mask, code 8. With it: return address, signal, two
// pointers, siginfo 128, ucontext 116, code 8. The extended state lies above, its second part aligned to 64 bytes.
import { MemoryFault } from '../memory.js';
import { restoreX87, saveX87, x87Bytes } from '../fxsave.js';
import { codeSelector, dataSelector, reloadSegments } from '../segments.js';
import { FS_SELECTOR, GS_SELECTOR, RAX, RCX, RDX, RIP, RSP } from '../state.js';
import type { Cpu } from '../state.js';
import { Ended } from './kernel.js';
import {
  extendedBytes,
  extendedState,
  loadExtended,
  onStack,
  readExtended,
  resetExtended,
} from './signal-frame.js';
import type { Delivery, Returned } from './signal-frame.js';

const SA_SIGINFO = 4;
const SA_RESTORER = 0x04000000;

interface Shape {
  readonly bytes: number;
  readonly context: number;
  /** Of the signal mask: one part of eight bytes, or two of four. */
  readonly mask: readonly [number, number];
  readonly code: number;
  /** pop %eax; mov $119, %eax; int $0x80, or without the pop and with 173. */
  readonly text: readonly number[];
  /** What stands above the stack pointer at sigreturn. */
  readonly popped: number;
}

const registersAt = 8;
const maskInContext = 80;
const plain: Shape = {
  bytes: 732,
  context: registersAt,
  mask: [registersAt + maskInContext, 720],
  code: 724,
  text: [0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80],
  popped: 8,
};
const infoAt = 16;
const userContextAt = infoAt + 128;
const withInfo: Shape = {
  bytes: 268,
  context: userContextAt + 20,
  mask: [userContextAt + 108, userContextAt + 112],
  code: 260,
  text: [0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0],
  popped: 4,
};
const stackAt = userContextAt + 8;
// UC_FP_XSTATE
const contextFlags = 1;

/** In sigcontext: edi, esi, ebp, esp, ebx, edx, ecx, eax as places in Cpu.s, from 16 on. */
const order = [14, 12, 10, 8, 6, 4, 2, 0] as const;
const context = {
  gs: 0,
  fs: 4,
  es: 8,
  ds: 12,
  registers: 16,
  trap: 48,
  error: 52,
  ip: 56,
  cs: 60,
  flags: 64,
  sp: 68,
  ss: 72,
  state: 76,
  cr2: 84,
} as const;

const down = (n: number, to: number): number => n - (n % to);

/** Writes the frame and goes to the handler. False: the alternate stack is too small. `write` may throw a MemoryFault; nothing has changed then. */
export function enterHandler(
  cpu: Cpu,
  d: Delivery,
  write: (address: number, bytes: Uint8Array) => void,
): boolean {
  const { s } = cpu;
  const shape = d.flags & SA_SIGINFO ? withInfo : plain;
  let sp = (s[RSP] ?? 0) >>> 0;
  const nested = onStack(d.alternate, sp);
  const entering = d.onAlternate && d.alternate.size > 0 && !nested;
  if (entering) sp = d.alternate.base + d.alternate.size;
  const extended = down(sp - extendedBytes, 64);
  const state = extended - x87Bytes;
  // Behind the return address the stack is aligned as at a function's entry.
  const frame = down(state - shape.bytes + 4, 16) - 4;
  if ((nested || entering) && !onStack(d.alternate, frame)) return false;
  if (frame < 0) throw new MemoryFault(frame | 0, 0, 2, 'unmapped');
  const bytes = new Uint8Array(extended + extendedBytes - frame);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number): void => {
    view.setUint32(at, value, true);
  };
  put(0, d.flags & SA_RESTORER ? d.restorer : frame + shape.code);
  put(4, d.number);
  bytes.set(shape.text, shape.code);
  const at = shape.context;
  put(at + context.gs, s[GS_SELECTOR] ?? 0);
  put(at + context.fs, s[FS_SELECTOR] ?? 0);
  put(at + context.es, dataSelector);
  put(at + context.ds, dataSelector);
  order.forEach((register, n) => {
    put(at + context.registers + 4 * n, s[register] ?? 0);
  });
  put(at + context.trap, d.trap.number);
  put(at + context.error, d.trap.error);
  put(at + context.ip, s[RIP] ?? 0);
  put(at + context.cs, codeSelector);
  put(at + context.flags, cpu.flags());
  put(at + context.sp, s[RSP] ?? 0);
  put(at + context.ss, dataSelector);
  put(at + context.state, state);
  put(at + context.cr2, d.trap.address);
  bytes.set(d.mask.subarray(0, 4), at + maskInContext);
  shape.mask.forEach((to, half) => {
    bytes.set(d.mask.subarray(4 * half, 4 * half + 4), to);
  });
  if (shape === withInfo) {
    put(8, frame + infoAt);
    put(12, frame + userContextAt);
    bytes.set(d.info, infoAt);
    put(userContextAt, contextFlags);
    put(stackAt, d.alternate.base);
    put(stackAt + 4, d.alternate.flags);
    put(stackAt + 8, d.alternate.size);
  }
  bytes.set(saveX87(cpu), state - frame);
  bytes.set(extendedState(cpu, extendedBytes + x87Bytes), extended - frame);
  write(frame, bytes);
  s[RSP] = frame;
  s[RIP] = d.handler;
  s[RAX] = d.number;
  s[RDX] = shape === withInfo ? frame + infoAt : 0;
  s[RCX] = shape === withInfo ? frame + userContextAt : 0;
  cpu.clearHandlerFlags();
  resetExtended(cpu);
  return true;
}

/** sigreturn and rt_sigreturn. `read` may throw a MemoryFault; nothing has changed then. */
export function leaveHandler(
  cpu: Cpu,
  read: (address: number, length: number) => Uint8Array,
  info: boolean,
): Returned {
  const { s } = cpu;
  const shape = info ? withInfo : plain;
  const frame = read(((s[RSP] ?? 0) >>> 0) - shape.popped, shape.bytes);
  const view = new DataView(frame.buffer, frame.byteOffset);
  const at = shape.context;
  const field = (name: keyof typeof context): number => view.getUint32(at + context[name], true);
  const selectors = (['cs', 'ss', 'ds', 'es'] as const).map((name) => (field(name) & 0xffff) | 3);
  if (selectors.some((selector, n) => selector !== (n === 0 ? codeSelector : dataSelector)))
    throw new Ended({ kind: 'missing', text: 'a signal frame with changed segments' });
  const state = field('state');
  const x87 = state === 0 ? undefined : read(state, x87Bytes);
  const extended = state === 0 ? undefined : readExtended(read, state + x87Bytes);
  order.forEach((register, n) => {
    s[register] = view.getInt32(at + context.registers + 4 * n, true);
  });
  s[RIP] = field('ip');
  cpu.setFlags(field('flags'));
  reloadSegments(s, withRing(field('fs')), withRing(field('gs')));
  if (extended && x87) {
    loadExtended(cpu, extended);
    restoreX87(cpu, x87);
  } else resetExtended(cpu);
  const mask = new Uint8Array(8);
  shape.mask.forEach((from, half) => {
    mask.set(frame.subarray(from, from + 4), 4 * half);
  });
  const word = (from: number): number => view.getUint32(from, true);
  return {
    mask,
    alternate: info
      ? { base: word(stackAt), flags: word(stackAt + 4) | 0, size: word(stackAt + 8) }
      : undefined,
  };
}

/** Of a selector that is not null, the program's ring. */
const withRing = (selector: number): number => ((selector & 0xfffc) === 0 ? 0 : (selector & 0xffff) | 3);
