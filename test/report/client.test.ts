// What the page's script does with a listing, without a browser.
import { gzipSync } from 'node:zlib';
import {
  offsetOfFunction,
  patternOf,
  rowAt,
  rowOf,
  rowsOf,
  search,
  unpack,
} from '../../src/report/client/listing.js';
import { parseProfile } from '../../src/report/profile.js';

const text = ` \t.type f, @function
 f:
 .LFB0:
 \t.cfi_startproc
@x.c:3
+\tmovl\t$1, %gs:(%rdi)
 \tmovl\t$1, (%rdi)
 .LVL1:
@x.c:4
 .L2:
-\tpopq\t(%rdi)
+\tpopq\t%rax
 \tret
 \t.data
~2 .data
`;
const shown = (all: boolean) => {
  const rows = rowsOf(text, all);
  return [...rows.starts.keys()].map((row) => rowAt(rows, row));
};

test('it is unpacked as it was', async () => {
  const words = 'naïve \u{1f600}\n'.repeat(999);
  expect(await unpack(gzipSync(words).toString('base64'))).toBe(words);
});

test('rows, with and without directives', () => {
  expect(shown(false).map(({ mark, text: line, place }) => `${mark}${line.trim()}|${place}`)).toEqual([
    ' f:|',
    '+movl\t$1, %gs:(%rdi)|x.c:3',
    ' movl\t$1, (%rdi)|',
    ' .L2:|x.c:4',
    '-popq\t(%rdi)|',
    '+popq\t%rax|',
    ' ret|',
    '~2 .data|',
  ]);
  // All but the two rows that say a source line.
  expect(shown(true)).toHaveLength(13);
});

test('what matches', () => {
  const rows = rowsOf(text, false);
  const found = (query: string, most = 99) => search(rows, patternOf(query), most);
  expect(found('MOVL')).toEqual([1, 2]);
  expect(found('MOVL', 1)).toEqual([1]);
  expect(found('/p.pq\\t%/')).toEqual([5]);
  expect(found('$1, (')).toEqual([2]);
  expect(found('x.c:4')).toEqual([3]);
  // Hidden rows have no row of their own to go to.
  expect(found('cfi_startproc')).toEqual([]);
  expect(search(rowsOf(text, true), patternOf('cfi_startproc'), 9)).toHaveLength(1);
  expect(() => patternOf('/(/')).toThrow(SyntaxError);
});

test('functions', () => {
  const rows = rowsOf(text, false);
  expect(rowOf(rows, offsetOfFunction(text, 'f'))).toBe(0);
  expect(offsetOfFunction(text, 'g')).toBe(-1);
  expect(offsetOfFunction(' "a b":\n', 'a b')).toBe(0);
  expect(offsetOfFunction('+x\n-g: nop\n', 'g')).toBe(3);
});

test('profiles', () => {
  const { executed, functions, places } = parseProfile('f\n# no\n  f+0x1c\n 12 g\n[unknown]\n2 f+0x1c\n');
  expect(executed).toBe(false);
  expect([...functions]).toEqual([
    ['f', 4],
    ['g', 12],
    ['[unknown]', 1],
  ]);
  expect(places.get('f')).toEqual([
    { offset: undefined, origin: undefined, samples: 1 },
    { offset: 28, origin: undefined, samples: 3 },
  ]);
  const perf = [
    ' ffffffff815d7ad1 [unknown]',
    '     7fabfb07f4a6 work+0x36',
    '           401136 f+0x0',
    '     12            401136 f+0x0',
    ...['', '\t          401137 f+0x1', '\t          401500 main+0x5', '\t    ffff81500000 [unknown]', ''],
    '\t          401137 f+0x1',
  ];
  expect([...parseProfile(perf.join('\n')).functions]).toEqual([
    ['[unknown]', 1],
    ['work', 1],
    ['f', 15],
  ]);
  const counted = parseProfile('# instructions executed, by place\n7 f+0x0 native\n');
  expect(counted.executed).toBe(true);
  expect(counted.places.get('f')).toEqual([{ offset: 0, origin: 'native', samples: 7 }]);
  expect(() => parseProfile('f\n1 2 3\n')).toThrow(
    "line 2 of the profile is no function and no number with a function: '1 2 3'",
  );
});
