// Instructions that people write as bytes, because assemblers of the time did not know them. Only whole statements count, so that nothing
// of an instruction is left to what stands beside it.
import type { Instruction } from '../parse/syntax.js';

const plain = (mnemonic: string): Instruction => ({
  kind: 'instruction',
  prefixes: [],
  mnemonic,
  operands: [],
});

/** Encodings are the same in both word sizes (AMD64 APM volume 3). Sorted by mnemonic. */
const rows: ReadonlyMap<string, Instruction> = new Map([
  ['243,15,30,251', plain('endbr32')],
  ['243,15,30,250', plain('endbr64')],
  ['243,144', plain('pause')],
  ['243,195', plain('ret')],
  ['15,1,208', plain('xgetbv')],
]);

/** The instruction that a `.byte` directive spells; undefined where its bytes are not one of those known. */
export function spelledInstruction(directive: string, args: string): Instruction | undefined {
  if (directive !== '.byte') return undefined;
  const bytes = args.split(',').map((value) => value.trim());
  if (!bytes.every((value) => /^(0x[0-9a-f]+|0|[1-9]\d*)$/i.test(value))) return undefined;
  return rows.get(bytes.map(Number).join());
}
