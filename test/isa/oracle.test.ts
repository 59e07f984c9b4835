// The table against iced-x86, on every form GNU as takes, and on the statements of statements.txt. The same against the CPU
// is in `npm run isa:check`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../scripts/isa-check/assemble.js';
import { checkTable, explain, leftOut, stale } from '../../scripts/isa-check/check.js';
import { checkCpu, cpuFlags } from '../../scripts/isa-check/cpu.js';
import { compare, readInstruction } from '../../scripts/isa-check/compare.js';
import type { Effects } from '../../src/isa/effects.js';
import { lookup } from '../../src/isa/lookup.js';

const folder = mkdtempSync(join(tmpdir(), 'isa-oracle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sources = join(__dirname, '../../scripts/isa-check');
const checks = ([64, 32] as const).map((mode) => checkTable(folder, mode));

test('table and iced-x86 agree on everything GNU as takes, in both modes', () => {
  for (const check of checks) {
    expect(check.disagreements).toEqual([]);
    expect(check.unexplained).toEqual([]);
    expect(check.unknown).toEqual([]);
    expect(check.assembled.accepted.length).toBeGreaterThan(check.mode === 64 ? 110_000 : 70_000);
    expect(check.mnemonics).toBeGreaterThan(2000);
  }
  expect(stale(checks)).toEqual([]);
});

test('what is left out is listed by name, with a reason', () => {
  const listed = readFileSync(join(sources, 'left-out.txt'), 'utf8');
  // npm run isa:check -- --write
  expect(leftOut(checks)).toBe(listed);
  const lines = listed.split('\n').filter(Boolean);
  expect(lines.filter((line) => line.startsWith('code ')).length).toBe(424);
  expect(lines.filter((line) => line.startsWith('refused ')).length).toBe(51);
  expect(lines.filter((line) => !/: \S/.test(line))).toEqual([]);
});

const statements = readFileSync(join(__dirname, 'statements.txt'), 'utf8').split('\n').filter(Boolean);

test('spellings compilers write: table, iced-x86 and this CPU agree', () => {
  const assembled = assemble(folder, 64, statements);
  expect([...assembled.rejected]).toEqual([]);
  const compared = compare(64, statements, assembled);
  expect([...compared.refused]).toEqual([]);
  expect(explain(compared.differences).disagreements).toEqual([]);
  expect(statements.length).toBeGreaterThan(1500);
  const cases = statements.map((text) => ({ text, code: 0 }));
  const cpu = checkCpu(folder, [{ mode: 64, cases, assembled, compared }], sources);
  expect(cpu.disagreements).toEqual([]);
  expect(cpu.executed).toBeGreaterThan(1000);
});

const has = ['avx512f', 'avx512bw', 'avx512vl'].every((flag) => cpuFlags().has(flag));
const lowest = (set: number): number => set & -set;

(has ? test : test.skip).each<[string, (effects: Effects) => Partial<Effects>, number]>([
  ['read', ({ otherRead }) => ({ otherRead: otherRead & ~lowest(otherRead & 0xff) }), 0.9],
  ['written', ({ otherWritten }) => ({ otherWritten: otherWritten & ~lowest(otherWritten & 0xff) }), 0.98],
])('a mask register left out of those %s is found (needs a CPU with AVX-512)', (_, change, part) => {
  const [check] = checks;
  if (!check) throw new Error('no 64-bit mode');
  let planted = 0;
  const effects = check.compared.effects.map((found, i) => {
    // Where all operands are one register, its own value may not matter.
    const text = check.cases[check.assembled.accepted[i] ?? 0]?.text ?? '';
    if (!found || i % 7 > 0 || /%([xyz]mm|k)3\b.*%([xyz]mm|k)3\b/.test(text)) return undefined;
    const changed = { ...found, ...change(found) };
    if (changed.otherRead === found.otherRead && changed.otherWritten === found.otherWritten)
      return undefined;
    planted++;
    return changed;
  });
  const cpu = checkCpu(folder, [{ ...check, compared: { ...check.compared, effects } }], sources);
  expect(planted).toBeGreaterThan(2000);
  expect(cpu.executed).toBeGreaterThan(1500);
  const found = new Set(cpu.disagreements.map(({ text }) => text));
  expect(found.size).toBeGreaterThan(part * cpu.executed);
});

test('sixty thousand look-ups take a fraction of a second', () => {
  const read = statements.map(readInstruction);
  for (const instruction of read) lookup(instruction);
  const rounds = Math.ceil(60000 / read.length);
  const start = process.cpuUsage();
  for (let i = 0; i < rounds; i++) for (const instruction of read) lookup(instruction);
  // About 100 ms on the machine it was written on; the bound only catches a change of order. Others may have the CPU meanwhile.
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(1500);
});
