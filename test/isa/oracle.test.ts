// The table against iced-x86, on every form GNU as takes, and on the statements of statements.txt. The same against the CPU
// is in `npm run isa:check`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../scripts/isa-check/assemble.js';
import { checkTable, explain } from '../../scripts/isa-check/check.js';
import { compare, readInstruction } from '../../scripts/isa-check/compare.js';
import { lookup } from '../../src/isa/lookup.js';

const folder = mkdtempSync(join(tmpdir(), 'isa-oracle-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([64, 32] as const)('%d-bit mode: table and iced-x86 agree on everything GNU as takes', (mode) => {
  const check = checkTable(folder, mode);
  expect(check.disagreements).toEqual([]);
  expect(check.unexplained).toEqual([]);
  expect([...check.unreached].filter(([, reason]) => reason === '')).toEqual([]);
  expect(check.unknown).toEqual([]);
  expect(check.assembled.accepted.length).toBeGreaterThan(mode === 64 ? 110_000 : 70_000);
  expect(check.mnemonics).toBeGreaterThan(2000);
  check.compared.decoded.forEach((instruction) => instruction.free());
});

const statements = readFileSync(join(__dirname, 'statements.txt'), 'utf8').split('\n').filter(Boolean);

test('spellings compilers write', () => {
  const assembled = assemble(folder, 64, statements);
  expect([...assembled.rejected]).toEqual([]);
  const compared = compare(64, statements, assembled);
  expect([...compared.refused]).toEqual([]);
  expect(explain(compared.differences).disagreements).toEqual([]);
  expect(statements.length).toBeGreaterThan(1500);
  compared.decoded.forEach((instruction) => instruction.free());
});

test('sixty thousand look-ups take a fraction of a second', () => {
  const read = statements.map(readInstruction);
  for (const instruction of read) lookup(instruction);
  const rounds = Math.ceil(60000 / read.length);
  const start = performance.now();
  for (let i = 0; i < rounds; i++) for (const instruction of read) lookup(instruction);
  // About 100 ms on the machine it was written on; the bound only catches a change of order.
  expect(performance.now() - start).toBeLessThan(1500);
});
