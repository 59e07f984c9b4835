// Rows of the emulator's tables that the comparison with the CPU cannot execute, each with its reason, and those that it has forgotten.
import { Code, CodeExt, EncodingKind, Mnemonic } from 'iced-x86';
import type { Decoded } from '../../src/emulate/instruction.js';
import { evexNames, rowNames } from '../../src/emulate/ops/table.js';

const elsewhere: readonly (readonly [reason: string, names: string])[] = [
  ["the answer is the emulator's own", 'cpuid rdtsc rdtscp xgetbv'],
  ['the kernel would do something', 'syscall'],
  ["the native helper's thread is found by it", 'rdfsbase rdgsbase wrfsbase wrgsbase'],
  ["the native helper's own segments", 'lds les lgs lss'],
];
const known = new Set(elsewhere.flatMap(([, names]) => names.split(' ')));

/** EVEX has rows of its own. */
export const evexRow = (name: string): string => `${name} of EVEX`;
export const rowOf = (i: Decoded): string => (i.evex ? evexRow(i.name) : i.name);

/** Names that code of so many bits can have. */
function possible(mode: 32 | 64): ReadonlySet<string> {
  const names = new Set<string>();
  for (const code of Object.values(Code)) {
    if (typeof code !== 'number') continue;
    const info = CodeExt.opCode(code);
    const name = Mnemonic[info.mnemonic]!.toLowerCase();
    if (mode === 64 ? info.mode64 : info.mode32)
      names.add(info.encoding === EncodingKind.EVEX ? evexRow(name) : name);
    info.free();
  }
  return names;
}

/** Names that have a row, no case, and no reason. */
export function unexecuted(mode: 32 | 64, executed: ReadonlySet<string>): string[] {
  const names = possible(mode);
  return [...rowNames(mode), ...evexNames.map(evexRow)].filter(
    (name) => !executed.has(name) && !known.has(name) && names.has(name),
  );
}

/** Rows that no instruction can reach. */
export function unreachable(): string[] {
  const all = new Set([...possible(32), ...possible(64)]);
  return [...new Set([...rowNames(32), ...rowNames(64), ...evexNames.map(evexRow)])].filter(
    (name) => !all.has(name),
  );
}
