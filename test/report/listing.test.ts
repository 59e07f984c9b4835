// The listing has every line of both texts, in order.
import fc from 'fast-check';
import type { Edit } from '../../src/emit/edit.js';
import { emit } from '../../src/emit/emit.js';
import { parse } from '../../src/parse/parse.js';
import { listingOf } from '../../src/report/listing.js';
import { announce, anyText, plausible, seed } from '../parse/fragments.js';

const edit = (statement: number, before: string, replace: string | null, after: string): Edit => ({
  statement,
  before,
  replace,
  after,
});
const listed = (text: string, ...edits: Edit[]): string => listingOf(parse('a.s', text), edits).text;

test.each([
  ['before', 'f:\n\tnop\n', edit(1, '\tB', null, ''), ' f:\n+\tB\n \tnop\n'],
  ['in place', '\tnop\n', edit(0, '', '\tR\n\tS', ''), '-\tnop\n+\tR\n+\tS\n'],
  ['after', '\tnop\n', edit(0, '', null, '\tA'), ' \tnop\n+\tA\n'],
  ['around, behind a label', 'f: nop\n', edit(0, '\tB', null, '\tA'), '-f: nop\n+f: \n+\tB\n+nop\n+\tA\n'],
  ['in front of the line', '\tnop\n', edit(0, '\tB', null, '\tA'), '+\tB\n \tnop\n+\tA\n'],
])('%s', (_, text, one, expected) => {
  expect(listed(text, one)).toBe(expected);
});

test('source lines stand in place of their directives', () => {
  expect(listed('\t.file 1 "d" "x.c"\n\t.loc 1 7 3\n\tnop\n\t.loc 1 7 9\n\tnop\n\t.loc 1 8\n\tret\n')).toBe(
    ' \t.file 1 "d" "x.c"\n@x.c:7\n \tnop\n \tnop\n@x.c:8\n \tret\n',
  );
});

test('what is not code is left out and counted', () => {
  expect(listed('\tnop\n\t.data\nx:\t.long 1\n\t.long 2\n\t.text\n\tret\n\t.bss\n\t.skip 4\n')).toBe(
    ' \tnop\n \t.data\n~2 .data\n \t.text\n \tret\n \t.bss\n~1 .bss\n',
  );
});

test('any text, any edits: the rows are the lines of both', () => {
  announce(2000);
  const anyEdits = fc.array(
    fc.record({
      statement: fc.nat(30),
      parts: fc.array(fc.constantFrom('', '\tX', '\tY\n\tZ'), { minLength: 3, maxLength: 3 }),
      replaced: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(fc.oneof(anyText, plausible), anyEdits, (input, wanted) => {
      // Other sections and source lines are not shown as they are.
      const text = input.replace(/\.(?=section|data|bss|pushsection|popsection|previous|text|loc)/g, '.x');
      const file = parse('a.s', text);
      const edits = wanted
        .filter(
          ({ statement }, i) =>
            statement < file.count && wanted.findIndex((one) => one.statement === statement) === i,
        )
        .sort((a, b) => a.statement - b.statement)
        .map(({ statement, parts: [before = '', replace = '', after = ''], replaced }) =>
          edit(statement, before, replaced ? replace : null, after),
        );
      const rows = listingOf(file, edits).text.split('\n').slice(0, -1);
      const side = (mark: string): string =>
        rows
          .filter((row) => row.startsWith(' ') || row.startsWith(mark))
          .map((row) => row.slice(1))
          .join('\n')
          .trimEnd();
      expect(side('-')).toBe(text.trimEnd());
      expect(side('+')).toBe(emit(file, edits).trimEnd());
    }),
    { seed, numRuns: 2000 },
  );
});
