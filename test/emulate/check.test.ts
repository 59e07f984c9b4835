// A small fixed part of `npm run emulate:check`, and that it finds what is planted.
import { groups } from './cases.js';
import { check } from './check.js';

const seed = 20240607;

test.each(Object.keys(groups))('%s: the interpreter does what the CPU does', (group) => {
  const { cases, differences } = check(group, groups[group]!, seed, 2);
  expect(cases).toBe(2 * groups[group]!.length);
  expect(differences).toEqual([]);
});

// What an unmasked over- or underflow says about the inexact flag: few states have one, and with this seed some do.
test.each(['cvtsd2ss (%rdi), %xmm2', 'divsd (%rdi), %xmm2'])('%s in many states', (text) => {
  const texts = Array.from({ length: 400 }, () => text);
  expect(check('floats', texts, 3, 5).differences).toEqual([]);
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
