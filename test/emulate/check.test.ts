// A small fixed part of `npm run emulate:check`, and that it finds what is planted.
import { groups, groups32 } from './cases.js';
import { check } from './check.js';

const seed = 20240607;

test.each(Object.keys(groups))('%s: the interpreter does what the CPU does', (group) => {
  const { cases, differences } = check(group, groups[group]!, seed, 2);
  expect(cases).toBe(2 * groups[group]!.length);
  expect(differences).toEqual([]);
});

test.each(Object.keys(groups32))('%s of 32-bit code: the interpreter does what the CPU does', (group) => {
  const texts = groups32[group]!;
  const { cases, missing, differences } = check(group, texts, seed, 2, { mode: 32 });
  // Writing by way of CS is not told from reading: both are refused.
  expect(missing).toBe(group === 'integers' ? 2 : 0);
  expect(cases).toBe(2 * texts.length - missing);
  expect(differences).toEqual([]);
});

test('32-bit code has the forms that 64-bit code has not', () => {
  const own = groups32.integers!;
  for (const text of [
    'aaa',
    'daa',
    'pushal',
    'popal',
    'into',
    'boundl %eax, (%edi)',
    'incl %ebx',
    'push %gs',
  ])
    expect(own).toContain(text);
  expect(own.length).toBeGreaterThan(850);
});

// What an unmasked over- or underflow says about the inexact flag: few states have one, and with this seed some do.
test.each(['cvtsd2ss (%rdi), %xmm2', 'divsd (%rdi), %xmm2'])('%s in many states', (text) => {
  const texts = Array.from({ length: 400 }, () => text);
  expect(check('floats', texts, 3, 5).differences).toEqual([]);
});

// An exact result that is tiny is an underflow where that is not masked, which the emulator does not have.
test.each(['fisubl (%rdi)', 'fscale'])('%s in many states', (text) => {
  const { missing, differences } = check(
    'x87',
    Array.from({ length: 1000 }, () => text),
    1,
    2,
  );
  expect(differences).toEqual([]);
  expect(missing).toBeGreaterThan(0);
});

test.each([
  ['a register', 16 + 8 * 3],
  ['the carry flag', 16 + 128],
  ['a vector register', 16 + 144 + 160 + 40],
  ['memory', 16 + 144 + 512 + 300],
])('a fault planted in %s is found', (_, at) => {
  const { differences } = check('integers', ['adcq %rax, %rbx'], seed, 1, {
    plant: (output) => {
      output[at]! ^= 1;
    },
  });
  expect(differences).toHaveLength(1);
});

test('so is one in 32-bit code', () => {
  const plant = (output: Uint8Array): void => {
    output[16 + 8 * 7]! ^= 1;
  };
  expect(check('integers', ['aaa', 'pushal'], seed, 1, { mode: 32, plant }).differences).toHaveLength(2);
});
