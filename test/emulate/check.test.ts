// A small fixed part of `npm run emulate:check`, and that it finds what is planted.
import { groups, groups32 } from './cases.js';
import { check } from './check.js';
import { presentForms } from './forms.js';
import { isWide } from './input.js';
import { extendedAt, halvesAt, highAt, masksAt, memoryAt } from './record.js';
import { unexecuted, unreachable } from './rows.js';

const seed = 20240607;

test.each([64, 32] as const)(
  '%i bits: all forms on vector and MMX registers do what the CPU does, and no row is left out',
  (mode) => {
    const { texts: present, absent } = presentForms(mode, seed);
    const executed = new Set(absent);
    for (const [group, texts] of Object.entries({
      ...(mode === 64 ? groups : groups32),
      forms: present,
    })) {
      const { names, differences } = check(group, texts, seed, 1, { mode });
      for (const name of names) executed.add(name);
      expect(differences).toEqual([]);
    }
    expect(unexecuted(mode, executed)).toEqual([]);
    executed.delete('vpaddb');
    expect(unexecuted(mode, executed)).toEqual(['vpaddb']);
    expect(unreachable()).toEqual([]);
  },
  300_000,
);

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

// An over- or underflow that is not masked: a wrapped exponent in a register, no store. An exact result that is tiny is an underflow, too.
test.each(['fisubl (%rdi)', 'fprem', 'fprem1', 'fscale', 'fstps (%rdi)', 'fstl (%rdi)'])(
  '%s in many states',
  (text) => {
    const texts = Array.from({ length: 1000 }, () => text);
    const { missing, differences } = check('x87', texts, 8, 4);
    expect(differences).toEqual([]);
    expect(missing).toBe(0);
  },
);

// A denormal that is not masked.
test.each(['flds (%rdi)', 'fldl (%rdi)'])('%s in many states', (text) => {
  const texts = Array.from({ length: 1000 }, () => text);
  expect(check('x87', texts, 5, 2).differences).toEqual([]);
});

const wide: readonly (readonly [what: string, at: number])[] = [
  ['a mask register', masksAt + 17],
  ["a zmm register's upper half", halvesAt + 70],
  ['a register from zmm16 on', highAt + 700],
];
const plants: readonly (readonly [what: string, at: number])[] = [
  ['a register', 64 + 8 * 3],
  ['the carry flag', 64 + 128],
  ['a vector register', extendedAt + 160 + 40],
  ["a vector register's upper half", extendedAt + 576 + 40],
  ...(isWide ? wide : []),
  ['memory', memoryAt + 300],
];
test.each(plants)('a fault planted in %s is found', (_, at) => {
  const { differences } = check('integers', ['adcq %rax, %rbx'], seed, 1, {
    plant: (output) => {
      output[at]! ^= 1;
    },
  });
  expect(differences).toHaveLength(1);
});

test('so is one in 32-bit code', () => {
  const plant = (output: Uint8Array): void => {
    output[64 + 8 * 7]! ^= 1;
  };
  expect(check('integers', ['aaa', 'pushal'], seed, 1, { mode: 32, plant }).differences).toHaveLength(2);
});
