// The text that the pass makes of atomic operations and plain stores, on every interleaving of threads of the x86-TSO memory model.
import { rewrite } from '../../src/rewrite';
import { explore, load } from './tso';
import type { Final, Program } from './tso';

/** A function's body, mirrored; %rdi points to the word that the threads share, %rsi to data beside it. */
function mirrored(...body: string[]): Program {
  const text = ['\t.text', '\t.type f,@function', 'f:', ...body.map((line) => `\t${line}`), '\tret', ''].join(
    '\n',
  );
  const result = rewrite('model.s', text, {
    profile: 'linux-x86_64',
    callMirror: 'site',
    abi: 'sysv',
    breakAt: 0,
    allow: [],
    expand: { readInclude: () => undefined },
  });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return load(result.text);
}

const word = '(%rdi)';
const data = '(%rsi)';
const mirror = (cell: string): string => `%gs:${cell}`;
const differing = (finals: readonly Final[]): readonly Final['memory'][] =>
  finals
    .map((final) => final.memory)
    .filter((memory) => [word, data].some((c) => memory[c] !== memory[mirror(c)]));
const start = (value: bigint): Record<string, bigint> => ({
  [word]: value,
  [mirror(word)]: value,
  [data]: 0n,
  [mirror(data)]: 0n,
});

const add = mirrored('lock addl $5, (%rdi)');
const fetchAdd = mirrored('movl $3, %eax', 'lock xaddl %eax, (%rdi)');
const swap = mirrored('movl $7, %eax', 'xchgl %eax, (%rdi)');
const set = mirrored('lock btsl $0, (%rdi)');
const take = mirrored(
  'movl $1, %edx',
  'xorl %eax, %eax'.replace('xorl %eax, %eax', 'movl $0, %eax'),
  'lock cmpxchgl %edx, (%rdi)',
);
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
  const { finals, states } = explore(programs, start(value));
  expect(states).toBeGreaterThan(20);
  expect(finals.length).toBeGreaterThan(0);
  expect(differing(finals)).toEqual([]);
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
  const { finals } = explore([critical, critical], start(0n), (memory) => {
    if (memory[word] === 0n && memory[mirror(data)] !== memory[data])
      throw new Error('the lock is free too early');
  });
  expect(differing(finals)).toEqual([]);
});

// Plain stores that race with a write of another value: nothing that the other thread can see tells it of a store that is still to come.
// docs/architecture.md names these two; a test that they exist keeps that text true.
test.each<[string, readonly Program[]]>([
  ['two plain stores of different values', [store(1), store(2)]],
  ['a plain store and an addition', [store(1), add]],
])('the copies can differ after %s that race', (_, programs) => {
  const { finals } = explore(programs, start(0n));
  expect(differing(finals).length).toBeGreaterThan(0);
});

test('the machine finds what a mirror store after the native one loses', () => {
  const late = (value: number): Program => load(`movl $${value}, (%rdi)\nmovl $${value}, %gs:(%rdi)\nret\n`);
  const blind = load('lock addl $5, (%rdi)\nmovl (%rdi), %eax\nmovl %eax, %gs:(%rdi)\nret\n');
  expect(differing(explore([late(1), late(2)], start(0n)).finals).length).toBeGreaterThan(0);
  expect(differing(explore([blind, blind], start(0n)).finals).length).toBeGreaterThan(0);
});
