// Instructions whose writes are not told by their operands and registers: lookup refuses them with these reasons.

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
  ['enclv', ENCLAVE],
  ['encls', ENCLAVE],
  ['enclu', ENCLAVE],
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

/** Why an instruction is refused by name, or undefined. */
export function refusedReason(name: string): string | undefined {
  return REFUSED.get(name);
}

/** All names refused on purpose, with their reasons: for the check and its tests. */
export function refusedNames(): ReadonlyMap<string, string> {
  return REFUSED;
}
