// Instructions whose writes are not told by their operands and registers: lookup refuses them with these reasons.
import type { Mode } from './rows.js';

const ENCLAVE = 'what it writes depends on a leaf number and on enclave structures';
const MACHINE = 'it loads or stores the state of a virtual machine or a trust domain';
const PROFILING = 'the processor writes a ring buffer at a time of its own';
const BOUNDS = 'it accesses a bound table, whose place is not in its operand';
const PAGES = 'it changes the page ownership table of the hypervisor';
const PADLOCK = 'it writes through pointers that stand in memory';

/** Base name or mnemonic to reason. Sorted. Source of each: the manual of its vendor, under the name. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['bndldx', BOUNDS],
  ['bndstx', BOUNDS],
  ['ccs_encrypt', PADLOCK],
  ['ccs_hash', PADLOCK],
  ['clr', 'another spelling of xor; write xor with the register twice'],
  ['enclv', ENCLAVE],
  ['encls', ENCLAVE],
  ['enclu', ENCLAVE],
  ['frstpm', 'only the 80287 has it'],
  ['getsec', ENCLAVE],
  ['getsecq', ENCLAVE],
  ['llwpcb', PROFILING],
  ['lwpins', PROFILING],
  ['lwpval', PROFILING],
  ['montmul', PADLOCK],
  ['pbndkb', MACHINE],
  ['pconfig', MACHINE],
  ['psmash', PAGES],
  ['pvalidate', PAGES],
  ['rmpadjust', PAGES],
  ['rmpquery', PAGES],
  ['rmpupdate', PAGES],
  ['rsm', MACHINE],
  ['seamcall', MACHINE],
  ['seamops', MACHINE],
  ['seamret', MACHINE],
  ['skinit', MACHINE],
  ['slwpcb', PROFILING],
  ['tdcall', MACHINE],
  ['vmfunc', MACHINE],
  ['vmgexit', MACHINE],
  ['vmload', MACHINE],
  ['vmrun', MACHINE],
  ['vmsave', MACHINE],
]);

const NARROW = 'the operand size prefix is ignored by one vendor and obeyed by the other in 64-bit mode';
const REFUSED_64: ReadonlyMap<string, string> = new Map([
  ['callw', NARROW],
  ['jmpw', NARROW],
  ['retw', NARROW],
]);

const LONG_ONLY = 'GNU as takes it, but it is an invalid instruction outside 64-bit mode';
const REFUSED_32: ReadonlyMap<string, string> = new Map([
  ['rdfsbase', LONG_ONLY],
  ['rdgsbase', LONG_ONLY],
  ['wrfsbase', LONG_ONLY],
  ['wrgsbase', LONG_ONLY],
]);
const REFUSED_IN: Readonly<Record<Mode, ReadonlyMap<string, string>>> = { 64: REFUSED_64, 32: REFUSED_32 };

/** Why an instruction is refused by name, or undefined. */
export function refusedReason(name: string, mode: Mode): string | undefined {
  return REFUSED.get(name) ?? REFUSED_IN[mode].get(name);
}

/** All names refused on purpose in a mode, with their reasons: for the check and its tests. */
export function refusedNames(mode: Mode): ReadonlyMap<string, string> {
  return new Map([...REFUSED, ...REFUSED_IN[mode]]);
}
