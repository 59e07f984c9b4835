// Compiled code against the interpreter, and against the real CPU.
import { groups, groups32 } from '../cases.js';
import { check } from '../check.js';
import { compareTiers } from './sequences.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

test.each(Object.keys(groups))('%s: compiled instructions do what the CPU does', (group) => {
  const texts = groups[group]!;
  const { cases, compiled, differences } = check(group, texts, 20240607, 1, { tier: 1 });
  expect(cases).toBe(texts.length);
  expect(compiled).toBeGreaterThan(cases / 2);
  expect(differences).toEqual([]);
});

test.each(Object.keys(groups32))('%s of 32-bit code: compiled instructions do what the CPU does', (group) => {
  const texts = groups32[group]!;
  const { cases, compiled, missing, differences } = check(group, texts, 20240607, 1, { tier: 1, mode: 32 });
  expect(cases + missing).toBe(texts.length);
  expect(compiled).toBeGreaterThan(cases / 2);
  expect(differences).toEqual([]);
});

test.each([64, 32] as const)(
  '%i bits: both tiers agree after any number of instructions of random code',
  (mode) => {
    let compiled = 0;
    for (let n = 0; n < 40; n++) {
      const result = compareTiers(seed + n, 12, mode);
      compiled += result.compiled;
      expect(result.difference).toBeUndefined();
    }
    expect(compiled).toBeGreaterThan(1000);
  },
  120_000,
);
