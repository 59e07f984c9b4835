// What Linux makes of an exception (arch/x86/kernel/traps.c, arch/x86/mm/fault.c): signal, code, and what the frame tells of it.
import type { Stop } from './interpreter.js';
import type { Fault } from './linux/signals.js';
import { addressOf, EXECUTE, WRITE } from './memory.js';
import type { MemoryFault } from './memory.js';
import { MXCSR, RIP } from './state.js';
import type { Cpu, Trap } from './state.js';

const SIGILL = 4;
const SIGTRAP = 5;
const SIGBUS = 7;
const SIGFPE = 8;
const SIGSEGV = 11;
const SI_KERNEL = 0x80;
const pageFault = 14;
const pageBits = 12;
// Page-fault error code (SDM vol. 3, 4.7).
const present = 1;
const writes = 2;
const user = 4;
const fetches = 16;

/** Undefined: not the program's to handle, the emulator lacks something. */
export function faultOf(stop: Extract<Stop, { kind: 'fault' | 'trap' }>, cpu: Cpu): Fault | undefined {
  return stop.kind === 'fault' ? memoryFault(stop.fault) : trap(stop.trap, cpu);
}

function memoryFault(fault: MemoryFault): Fault {
  const { address, access, why } = fault;
  if (why === 'noncanonical')
    return { number: SIGSEGV, code: SI_KERNEL, address: 0, trap: { number: 13, error: 0, address: 0 } };
  const how = user | (access === WRITE ? writes : 0) | (access === EXECUTE ? fetches : 0);
  const at = (error: number): Fault['trap'] => ({ number: pageFault, error, address });
  switch (why) {
    case 'unmapped': // SEGV_MAPERR
      return { number: SIGSEGV, code: 1, address, trap: at(how) };
    case 'denied': // SEGV_ACCERR
      return { number: SIGSEGV, code: 2, address, trap: at(how | present) };
    case 'beyond': // BUS_ADRERR
      return { number: SIGBUS, code: 2, address, trap: at(how) };
    case 'lost': // BUS_MCEERR_AR
      return { number: SIGBUS, code: 4, address, lsb: pageBits, trap: at(how) };
  }
}

function trap({ kind, error, length }: Trap, cpu: Cpu): Fault | undefined {
  const { s, fpu } = cpu;
  const rip = addressOf(s[RIP] ?? 0, s[RIP + 1] ?? 0);
  const by = (number: number, code: number, vector: number, address = rip): Fault => ({
    number,
    code,
    address,
    trap: { number: vector, error, address: 0 },
  });
  switch (kind) {
    case 'divide': // FPE_INTDIV
      return by(SIGFPE, 1, 0);
    case 'step': // TRAP_TRACE
      return by(SIGTRAP, 2, 1);
    case 'float': {
      const x87 = fpu.status & ~fpu.control & 63;
      const mxcsr = s[MXCSR] ?? 0;
      return by(SIGFPE, floatCode(x87 || mxcsr & ~(mxcsr >> 7) & 63), x87 ? 16 : 19);
    }
    case 'illegal': // ILL_ILLOPN
      return by(SIGILL, 2, 6);
    case 'breakpoint': // a trap: the frame has what follows
      return { ...by(SIGTRAP, SI_KERNEL, 3, 0), resumeAt: rip + length };
    case 'overflow': // a trap: the frame has what follows
      return { ...by(SIGSEGV, SI_KERNEL, 4, 0), resumeAt: rip + length };
    case 'bound':
      return by(SIGSEGV, SI_KERNEL, 5, 0);
    case 'protection':
      return by(SIGSEGV, SI_KERNEL, 13, 0);
    case 'missing':
      return undefined;
  }
}

/** fpu__exception_code: FLTINV, FLTDIV, FLTOVF, FLTUND, FLTRES, in this order. */
function floatCode(exceptions: number): number {
  if (exceptions & 1) return 7;
  if (exceptions & 4) return 3;
  if (exceptions & 8) return 4;
  if (exceptions & 0x12) return 5;
  return 6;
}
