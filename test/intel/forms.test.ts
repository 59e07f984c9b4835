// Every form of every instruction, as objdump prints it in Intel syntax: GNU as has to make the same of it and of our AT&T text, with the
// sizes objdump writes, and without any.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../scripts/isa-check/assemble.js';
import { ALL_CODES, casesOf } from '../../scripts/isa-check/forms.js';
import { checkIntel, type Outcome } from '../parse/intel-oracle.js';

const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-intel-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each instruction once; branches go to numbers, which are far away from where the statement will stand. */
function printed(): string[] {
  const texts = [...new Set(ALL_CODES.flatMap((code) => casesOf(code, 64)).map(({ text }) => text))];
  assemble(folder, 64, texts);
  const listing = execFileSync(
    'objdump',
    ['-d', '-w', '-M', 'intel', '--no-show-raw-insn', join(folder, 'a.o')],
    { encoding: 'latin1', maxBuffer: 1 << 28 },
  );
  const statements = [...listing.matchAll(/^ *[0-9a-f]+:\t(.*)$/gm)].map(([, text = '']) =>
    text.replace(/ *#.*| *<.*/, '').trim(),
  );
  return [...new Set(statements)].filter((text) => !/^(int3)?$|\(bad\)|only\)/.test(text));
}

const statements = printed();

/** Why a statement that GNU as takes is refused here: lookup's reasons are its own matter, test/isa has them. */
const meant: readonly RegExp[] = [
  / is refused: /,
  /^prefix '/,
  /^the index [er]iz is no register$/,
  /^unknown instruction '(call|jmp)l'$/, // far, through 32 bits
  /^unknown instruction '\w+[wd]'$/, // fnsavew, sysretd
  /^no form of '(call|jmp)' takes \(r16\)$/,
  /^'movsxd' accesses 2 bytes, the operand says 4$/,
  /^the size of 'mov[sz]xd?' does not follow from its operands$/, // of 16 bits from 16
  / is not a statement$/, // xstore-rng
];

function count(outcomes: readonly Outcome[]): Record<Outcome['kind'], number> {
  const counts = { same: 0, equal: 0, different: 0, refused: 0, rejected: 0 };
  for (const { kind } of outcomes) counts[kind]++;
  return counts;
}

test.each([
  { name: 'as printed', change: (text: string): string => text, least: 80_000 },
  {
    name: 'without sizes',
    change: (text: string): string => text.replace(/\b[A-Z]+ PTR /g, ''),
    least: 75_000,
  },
])('GNU as makes the same: $name', ({ name, change, least }) => {
  const texts = [...new Set(statements.map(change))];
  const outcomes = checkIntel(folder, texts);
  const different = outcomes.flatMap((outcome, i) =>
    outcome.kind === 'different' ? [`${texts[i]}: ${JSON.stringify(outcome)}`] : [],
  );
  expect(different).toEqual([]);
  const strange = outcomes.flatMap((outcome, i) =>
    outcome.kind === 'refused' && !meant.some((reason) => reason.test(outcome.reason))
      ? [`${texts[i]}: ${outcome.reason}`]
      : [],
  );
  expect(strange).toEqual([]);
  const counts = count(outcomes);
  process.stderr.write(`${name}: ${JSON.stringify(counts)}\n`);
  expect(counts.same).toBeGreaterThan(least);
});
