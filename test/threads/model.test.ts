// The text that the pass makes of atomic operations and plain stores, on every interleaving of threads of the x86-TSO memory model.
import { rewrite } from '../../src/rewrite.js';
import { load } from './program.js';
import type { Program, Target } from './program.js';
import { explore, freedCell } from './tso.js';
import type { Memory } from './tso.js';

/** A function's body, mirrored; %rdi points to the word that the threads share, %rsi to data beside it. */
function mirroredFor(target: Target, ...body: string[]): Program {
  const wide = target === 'linux-x86_64';
  const free = wide ? ['eax', 'ecx', 'edx', 'r8d', 'r9d', 'r10d', 'r11d'] : ['eax', 'ecx', 'edx'];
  const dead = free.map((name) => `\tmovl\t$0, %${name}`);
  const lines = [...body.map((line) => `\t${line}`), '\ttestl\t%esp, %esp'];
  const text = ['\t.text', '\t.type f,@function', 'f:', ...lines, ...dead, '\tret', ''].join('\n');
  const result = rewrite('model.s', wide ? text : text.replace(/%r([ds]i)/g, '%e$1'), {
    profile: target,
    callMirror: undefined,
    abi: 'sysv',
    breakAt: 0,
    allow: [],
    expand: { readInclude: () => undefined },
  });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return load(result.text, target);
}

const word = '1000';
const data = '2000';
const registers = { 7: 0x1000n, 6: 0x2000n };
const mirror = (cell: string): string => `%gs:${cell}`;
const differing = (finals: readonly Memory[]): readonly Memory[] =>
  finals.filter((memory) => [word, data].some((c) => memory[c] !== memory[mirror(c)]));
const start = (value: bigint): Record<string, bigint> => ({
  [word]: value,
  [mirror(word)]: value,
  [data]: 0n,
  [mirror(data)]: 0n,
});

/** The upper word of a pair. */
const high = (name: string): string => (BigInt(`0x${word}`) + (name === 'cmpxchg8b' ? 4n : 8n)).toString(16);

describe.each<Target>(['linux-x86_64', 'linux-i386'])('%s', (target) => {
  const mirrored = (...lines: string[]): Program => mirroredFor(target, ...lines);
  const add = mirrored('lock addl $5, (%rdi)');
  const fetchAdd = mirrored('movl $3, %eax', 'lock xaddl %eax, (%rdi)');
  const swap = mirrored('movl $7, %eax', 'xchgl %eax, (%rdi)');
  const set = mirrored('lock btsl $0, (%rdi)');
  const take = mirrored('movl $1, %edx', 'movl $0, %eax', 'lock cmpxchgl %edx, (%rdi)');
  const tryTake = mirrored('movl $1, %eax', 'xchgl %eax, (%rdi)');
  const release = mirrored('movl $0, (%rdi)');
  const store = (value: number): Program => mirrored(`movl $${value}, (%rdi)`);

  test.each<[string, readonly Program[], bigint]>([
    ['two additions', [add, add], 0n],
    ['an addition, a fetch-and-add, a swap', [add, fetchAdd, swap], 1n],
    ['a swap and a compare-and-swap', [swap, take], 0n],
    ['two compare-and-swaps', [take, take], 0n],
    ['three ways to take a free lock', [take, tryTake, set], 0n],
    ['a lock released while a compare-and-swap tries to take it', [release, take], 1n],
    ['a lock released while a swap tries to take it', [release, tryTake], 1n],
    ['a lock released while a bit test tries to take it', [release, set], 1n],
  ])('both copies agree after %s', (_, programs, value) => {
    const { finals, states } = explore(programs, registers, start(value));
    expect(states).toBeGreaterThan(10);
    expect(finals.length).toBeGreaterThan(0);
    expect(differing(finals)).toEqual([]);
  });

  test('the mirror of an atomic operation is written before memory', () => {
    const values = new Set(['0,0']);
    explore([add], registers, start(0n), (memory) => values.add(`${memory[mirror(word)]},${memory[word]}`));
    expect([...values]).toEqual(['0,0', '5,0', '5,5']);
  });

  test('what a spin lock guards is mirrored before the lock is seen free', () => {
    const critical = mirrored(
      'again: movl $1, %eax',
      'xchgl %eax, (%rdi)',
      'testl %eax, %eax',
      'jne again',
      'movl (%rsi), %edx',
      'movl $9, (%rsi)',
      'movl $0, (%rdi)',
    );
    const { finals } = explore([critical, critical], registers, start(0n), (memory) => {
      if (memory[word] === 0n && memory[mirror(data)] !== memory[data])
        throw new Error('the lock is free too early');
    });
    expect(differing(finals)).toEqual([]);
  });

  // The last user of an object gives its memory back: what the others did to drop their references must be over.
  const drop = (...operation: string[]): Program => {
    const freed = String(BigInt(`0x${freedCell(word)}`) - 0x1000n);
    return mirrored(...operation, 'jne done', `movl $1, ${freed}(%rdi)`, 'done:');
  };
  test.each<[string, readonly string[]]>([
    ['a subtraction', ['lock subl $1, (%rdi)']],
    ['a fetch-and-add', ['movl $-1, %eax', 'lock xaddl %eax, (%rdi)', 'cmpl $1, %eax']],
  ])('a reference dropped by %s is not touched once it can be gone', (_, operation) => {
    const dropped = drop(...operation);
    const { finals } = explore([dropped, dropped, dropped], registers, start(3n));
    expect(finals.every((memory) => memory[freedCell(word)] === 1n)).toBe(true);
    expect(differing(finals)).toEqual([]);
  });

  // Plain stores that race with a write of another value: nothing that the other thread can see tells it of a store that is still to come.
  // docs/architecture.md names these two; a test that they exist keeps that text true.
  test.each<[string, readonly Program[]]>([
    ['two plain stores of different values', [store(1), store(2)]],
    ['a plain store and an addition', [store(1), add]],
  ])('the copies can differ after %s that race', (_, programs) => {
    const { finals } = explore(programs, registers, start(0n));
    expect(differing(finals).length).toBeGreaterThan(0);
  });

  // Pairs of words, which no other store takes in two.
  const pairs: readonly string[] = target === 'linux-i386' ? ['cmpxchg8b'] : ['cmpxchg8b', 'cmpxchg16b'];
  describe.each(pairs)('%s', (name) => {
    const upper = high(name);
    const half = name === 'cmpxchg8b' ? '4' : '8';
    const pair = (low: bigint, top: bigint): Memory => ({
      ...start(low),
      [upper]: top,
      [mirror(upper)]: top,
    });
    const exchange = (from: number, to: number, ...then: string[]): Program =>
      mirrored(
        `movl $${from}, %eax`,
        `movl $${from + 1}, %edx`,
        `movl $${to}, %ebx`,
        `movl $${to + 1}, %ecx`,
        `lock ${name} (%rdi)`,
        ...then,
      );
    const unequal = (finals: readonly Memory[]): readonly Memory[] =>
      finals.filter((memory) => [word, upper, data].some((c) => memory[c] !== memory[mirror(c)]));
    test.each<[string, readonly Program[]]>([
      ['two from the same values', [exchange(1, 5), exchange(1, 7)]],
      ['one after the other, and one that fails', [exchange(1, 5), exchange(5, 1), exchange(3, 9)]],
      ['one that reads and one that writes', [exchange(1, 1), exchange(1, 5)]],
      ['one, and an addition to its lower word', [exchange(1, 5), add]],
    ])('both copies agree after %s', (_, programs) => {
      const { finals } = explore(programs, registers, pair(1n, 2n));
      expect(finals.length).toBeGreaterThan(0);
      expect(unequal(finals)).toEqual([]);
    });
    test('both copies agree where one reads while a plain store is under way', () => {
      const upperStore = mirrored(`movl $9, ${half}(%rdi)`);
      const { finals } = explore([exchange(1, 1), upperStore], registers, pair(1n, 2n));
      expect(unequal(finals)).toEqual([]);
    });
    test('what was found elsewhere comes from one time', () => {
      const copied = exchange(3, 9, 'movl %eax, (%rsi)', `movl %edx, ${half}(%rsi)`);
      const other = (BigInt(`0x${data}`) + BigInt(half)).toString(16);
      const { finals } = explore([copied, exchange(1, 5), exchange(5, 7)], registers, pair(1n, 2n));
      const found = new Set(finals.map((memory) => `${memory[data]},${memory[other]}`));
      expect([...found].sort()).toEqual(['1,2', '5,6', '7,8']);
    });
    test('the words are not touched once they can be gone', () => {
      const freed = String(BigInt(`0x${freedCell(word)}`) - 0x1000n);
      const last = exchange(5, 7, 'jne done', `movl $1, ${freed}(%rdi)`, 'done:');
      const { finals } = explore([exchange(1, 5), last], registers, pair(1n, 2n));
      expect(finals.some((memory) => memory[freedCell(word)] === 1n)).toBe(true);
      expect(unequal(finals)).toEqual([]);
    });
  });

  // Each thread sets its word and looks at the other's: not both may find nothing, whatever is locked in between.
  test.each([
    ['an addition of 0', ['lock addl $0, (%rdi)']],
    ['a swap of equal values', ['movl $0, %eax', 'xchgl %eax, (%rdi)']],
    ['an and of all bits', ['lock andl $-1, (%rdi)']],
    ['a compare-and-swap that fails', ['movl $5, %eax', 'movl $6, %edx', 'lock cmpxchgl %edx, (%rdi)']],
    ['a compare-and-swap of equal values', ['movl $0, %eax', 'movl $0, %edx', 'lock cmpxchgl %edx, (%rdi)']],
  ])('%s is a fence', (_, locked) => {
    const see = (own: number, other: number, result: number): Program =>
      mirrored(`movl $1, ${own}(%rsi)`, ...locked, `movl ${other}(%rsi), %eax`, `movl %eax, ${result}(%rsi)`);
    const { finals } = explore([see(0, 16, 32), see(16, 0, 48)], registers, start(0n));
    const cell = (at: number): string => (BigInt(`0x${data}`) + BigInt(at)).toString(16);
    expect(finals.length).toBeGreaterThan(0);
    expect(finals.filter((memory) => memory[cell(32)] === 0n && memory[cell(48)] === 0n)).toEqual([]);
  });

  test('both copies agree where a compare-and-swap reads while a plain store is under way', () => {
    const look = mirrored('movl $0, %eax', 'movl $0, %edx', 'lock cmpxchgl %edx, (%rdi)');
    const { finals } = explore([look, store(1)], registers, start(0n));
    expect(differing(finals)).toEqual([]);
  });
});

// 64 bits stored at once by x87, as compilers do for _Atomic long long: the word hands over what was written before it.
test('a 64-bit store of i386 is mirrored first, and its word is not touched afterwards', () => {
  const freed = String(BigInt(`0x${freedCell(word)}`) - 0x1000n);
  const upper = high('cmpxchg8b');
  const release = mirroredFor(
    'linux-i386',
    'subl $8, %esp',
    'movl $3, (%esp)',
    'movl $4, 4(%esp)',
    'movl $9, (%rsi)',
    'fildll (%esp)',
    'fistpll (%rdi)',
    'addl $8, %esp',
  );
  const take = mirroredFor('linux-i386', 'cmpl $4, 4(%rdi)', 'jne done', `movl $1, ${freed}(%rdi)`, 'done:');
  const memory = { ...start(0n), [upper]: 0n, [mirror(upper)]: 0n };
  const { finals } = explore([release, take], registers, memory, (now) => {
    if (now[upper] === 4n && (now[word] !== 3n || now[mirror(data)] !== 9n))
      throw new Error('the word is seen too early');
  });
  expect(finals.some((now) => now[freedCell(word)] === 1n)).toBe(true);
  expect(finals.filter((now) => [word, upper, data].some((c) => now[c] !== now[mirror(c)]))).toEqual([]);
});

describe('the machine finds', () => {
  test('what a mirror store after the native one loses', () => {
    const late = (value: number): Program =>
      load(`movl $${value}, (%rdi)\nmovl $${value}, %gs:(%rdi)\nret\n`);
    const { finals } = explore([late(1), late(2)], registers, start(0n));
    expect(differing(finals).length).toBeGreaterThan(0);
  });
  test('what a copy after an atomic operation loses', () => {
    const copied = load('lock addl $5, (%rdi)\nmovl (%rdi), %eax\nmovl %eax, %gs:(%rdi)\nret\n');
    expect(differing(explore([copied, copied], registers, start(0n)).finals).length).toBeGreaterThan(0);
  });
  test('a fence that is missing', () => {
    const see = (own: string, other: string): Program =>
      load(`movl $1, ${own}(%rsi)\nmovl ${other}(%rsi), %eax\nmovl %eax, 8${own}(%rsi)\nret\n`);
    const { finals } = explore([see('0', '16'), see('16', '0')], registers, start(0n));
    expect(finals.some((memory) => memory['2050'] === 0n && memory['2330'] === 0n)).toBe(true);
  });
  test('a touch of what is gone', () => {
    const freed = String(BigInt(`0x${freedCell(word)}`) - 0x1000n);
    const copied = load(
      `lock subl $1, (%rdi)\nmovl (%rdi), %eax\njne done\nmovl $1, ${freed}(%rdi)\ndone: ret\n`,
    );
    expect(() => explore([copied, copied], registers, start(2n))).toThrow('touched after it was given back');
  });
});
