// A small fixed part of `npm run emulate:check`, and that it finds what is planted.
import { groups } from './cases.js';
import { check } from './check.js';

const seed = 20240607;

test.each(Object.keys(groups))('%s: the interpreter does what the CPU does', (group) => {
  const { cases, differences } = check(group, groups[group]!, seed, 2);
  expect(cases).toBe(2 * groups[group]!.length);
  expect(differences).toEqual([]);
});

// What an unmasked over- or underflow says about the inexact flag.
test.each([
  ['cvtsd2ss (%rdi), %xmm2', 200],
  ['divsd (%rdi), %xmm2', 120],
])('%s in many states', (text, rounds) => {
  expect(
    check(
      'floats',
      Array.from({ length: 40 }, () => text),
      78,
      rounds / 10,
    ).differences,
  ).toEqual([]);
});

test.each([
  ['a register', 16 + 8 * 3],
  ['the carry flag', 16 + 128],
  ['a vector register', 16 + 144 + 160 + 40],
  ['memory', 16 + 144 + 512 + 300],
])('a fault planted in %s is found', (_, at) => {
  const { differences } = check('integers', ['adcq %rax, %rbx'], seed, 1, (output) => {
    output[at]! ^= 1;
  });
  expect(differences).toHaveLength(1);
});
