// Instructions whose writes are not told by their operands and registers: lookup refuses them with these reasons.
import type { Instruction } from '../parse/syntax.js';
import type { Mode } from './rows.js';

const ENCLAVE = 'what it writes depends on a leaf number and on enclave structures';
const MACHINE = 'it loads or stores the state of a virtual machine or a trust domain';
const PROFILING = 'the processor writes a ring buffer at a time of its own';
const BOUNDS = 'it accesses a bound table, whose place is not in its operand';
const PAGES = 'it changes the page ownership table of the hypervisor';
const CLEAR = 'another spelling of xor; write xor with the register twice';
const PADLOCK = 'it writes through pointers that stand in memory';

/** Base name or mnemonic to reason. Sorted. Source of each: the manual of its vendor, under the name. */
const REFUSED: ReadonlyMap<string, string> = new Map<string, string>([
  ['bndldx', BOUNDS],
  ['bndstx', BOUNDS],
  ['ccs_encrypt', PADLOCK],
  ['ccs_hash', PADLOCK],
  ...['clr', 'clrb', 'clrl', 'clrq', 'clrw'].map((name) => [name, CLEAR] as const),
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

const TEST_REGISTERS = 'only the 80386 and the 80486 have test registers';
const FAR = /^l?(call|jmp)[wlq]?$/;
const FAR_BRANCH = 'a far branch to an address whose segment is not a number';
const WIDE_MOVSXD = 'with a 16-bit destination one vendor reads 2 bytes and the other 4';
/** String instructions, whose address registers are implicit. */
const STRINGS = /^(cmps|ins|lods|movs|outs|scas|stos|smov|scmp|ssto|slod|ssca)[bdwlq]?$/;

/** Why an instruction is refused because of its operands, where no form takes them; undefined: they are just wrong. */
export function refusedOperands({ mnemonic, operands }: Instruction, mode: Mode): string | undefined {
  const inner = operands.map((operand) => (operand.kind === 'indirect' ? operand.inner : operand));
  const isRegister = (pattern: RegExp): boolean =>
    inner.some((operand) => operand.kind === 'register' && pattern.test(operand.name));
  if (isRegister(/^tr[0-7]$/)) return `'${mnemonic}' is refused: ${TEST_REGISTERS}`;
  if (mode === 64 && /^(call|jmp)$/.test(mnemonic) && isRegister(/^([a-d]x|[sd]i|[sb]p|r\d+w)$/))
    return `'${mnemonic}' is refused: ${NARROW}`;
  if (operands.length === 2 && FAR.test(mnemonic)) return `'${mnemonic}' is refused: ${FAR_BRANCH}`;
  if (mnemonic === 'clzero')
    return `prefix 'addr${mode === 64 ? 32 : 16}' before 'clzero': changes an implicit address`;
  if (mnemonic === 'movsxd') return `'${mnemonic}' is refused: ${WIDE_MOVSXD}`;
  const narrow = mode === 64 ? /^e[sdb][ix]$/ : /^([sd]i|bx)$/;
  if (
    STRINGS.test(mnemonic) &&
    inner.some((operand) => operand.kind === 'memory' && narrow.test(operand.base))
  )
    return `prefix 'addr${mode === 64 ? 32 : 16}' before '${mnemonic}': changes an implicit address`;
  return undefined;
}

/** Why an instruction is refused by name, or undefined. */
export function refusedReason(name: string, mode: Mode): string | undefined {
  return REFUSED.get(name) ?? REFUSED_IN[mode].get(name);
}

/** All names refused on purpose in a mode, with their reasons: for the check and its tests. */
export function refusedNames(mode: Mode): ReadonlyMap<string, string> {
  return new Map([...REFUSED, ...REFUSED_IN[mode]]);
}
