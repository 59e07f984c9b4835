// Edits change what they say and nothing else.
import fc from 'fast-check';
import type { Edit } from '../../src/emit/edit.js';
import { emit } from '../../src/emit/emit.js';
import { parse } from '../../src/parse/parse.js';
import { announce, anyText, plausible, seed } from '../parse/fragments.js';

const edit = (statement: number, before: string, replace: string | null, after: string): Edit => ({
  statement,
  before,
  replace,
  after,
});
const emitted = (text: string, ...edits: Edit[]): string => emit(parse('a.s', text), edits);

describe('where the lines go', () => {
  test.each([
    ['before', 'f:\n\tnop\n', edit(1, '\tB', null, ''), 'f:\n\tB\n\tnop\n'],
    ['before, without a newline in front', '\tnop\n', edit(0, '\tB', null, ''), '\tB\n\tnop\n'],
    ['before, behind a label', 'f: nop\n', edit(0, '\tB', null, ''), 'f: \n\tB\nnop\n'],
    ['before, behind a statement', 'ret; nop\n', edit(1, '\tB', null, ''), 'ret; \n\tB\nnop\n'],
    ['before, behind a comment', '/* c */ nop\n', edit(0, '\tB', null, ''), '/* c */ \n\tB\nnop\n'],
    ['in place', '\tnop\n', edit(0, '', '\tR', ''), '\tR\n'],
    ['in place, behind a label', 'f: nop\n', edit(0, '', '\tR', ''), 'f: \n\tR\n'],
    ['in place, with a comment', '\tnop # c\n', edit(0, '', '\tR', ''), '\tR # c\n'],
    ['after', '\tnop\n\tret\n', edit(0, '', null, '\tA'), '\tnop\n\tA\n\tret\n'],
    ['after, with a comment', '\tnop # c\n', edit(0, '', null, '\tA'), '\tnop\n\tA\n # c\n'],
    ['after, with a statement', '\tnop; ret\n', edit(0, '', null, '\tA'), '\tnop\n\tA\n; ret\n'],
    ['after, without a newline', '\tnop', edit(0, '', null, '\tA'), '\tnop\n\tA\n'],
    ['after, with CRLF', '\tnop\r\n', edit(0, '', null, '\tA'), '\tnop\n\tA\n\r\n'],
    ['all three', 'f: nop; ret', edit(0, '\tB', '\tR', '\tA'), 'f: \n\tB\n\tR\n\tA\n; ret'],
    ['nothing', 'f: nop', edit(0, '', null, ''), 'f: nop'],
    ['in place of nothing, with a slash', 'f: / c\n', edit(0, '', '\tR', ''), 'f:\n\tR\n / c\n'],
    ['a label alone', 'f:\n\tnop\n', edit(0, '\tB', null, ''), 'f:\n\tB\n\n\tnop\n'],
  ])('%s', (_, text, one, expected) => {
    expect(emitted(text, one)).toBe(expected);
  });

  test('several lines', () => {
    expect(emitted('\tnop\n', edit(0, '\tA\n\tB', '\tC\n\tD', '\tE\n\tF'))).toBe(
      '\tA\n\tB\n\tC\n\tD\n\tE\n\tF\n',
    );
  });

  test('several edits on one line', () => {
    expect(
      emitted('a; b; c\n', edit(0, '\t1', null, ''), edit(1, '\t2', '\t3', '\t4'), edit(2, '', null, '\t5')),
    ).toBe('\t1\na; \n\t2\n\t3\n\t4\n; c\n\t5\n');
  });
});

test('no edits: the very same string', () => {
  const text = '\tnop\n';
  expect(emitted(text)).toBe(text);
});

test('edits that cannot be done are no silent loss', () => {
  expect(() => emitted('nop\n', edit(1, '\tB', null, ''))).toThrow(RangeError);
  expect(() => emitted('nop\nret\n', edit(1, '\tB', null, ''), edit(0, '\tB', null, ''))).toThrow(RangeError);
});

/** A text and an edit, or none, of each statement. */
const edited = fc.oneof(anyText, plausible).chain((text) => {
  const count = parse('a.s', text).count;
  const line = (name: string): fc.Arbitrary<string> =>
    fc.constantFrom('', `\t«${name}»`, `\t«${name}»\n\t«${name}»`);
  const one = fc.option(fc.tuple(line('before'), fc.option(fc.constantFrom('\t«replace»')), line('after')), {
    freq: 2,
  });
  return fc.tuple(fc.constant(text), fc.array(one, { minLength: count, maxLength: count }));
});

const runs = 20_000;

test('any edits: what is not edited stays, and the edits stand where their statements stood', () => {
  announce(runs);
  fc.assert(
    fc.property(edited, ([text, choices]) => {
      const file = parse('a.s', text);
      const edits: Edit[] = [];
      // The expected text, blanks and newlines aside: gaps and bodies as they were, edits in between.
      let expected = '';
      let at = 0;
      choices.forEach((choice, i) => {
        const bodyStart = file.starts[i]! + file.parsed[i]!.bodyOffset;
        const bodyEnd = file.ends[i]!;
        const [before, replace, after] = choice ?? ['', null, ''];
        if (choice) edits.push(edit(i, before, replace, after));
        expected += text.slice(at, bodyStart) + before + (replace ?? text.slice(bodyStart, bodyEnd)) + after;
        at = bodyEnd;
      });
      expected += text.slice(at);
      const bare = (s: string): string => s.replace(/[ \t\n]/g, '');
      expect(bare(emit(file, edits))).toBe(bare(expected));
    }),
    { seed, numRuns: runs },
  );
});

test('any edits of plain texts: every inserted line is a statement of its own, the others are as they were', () => {
  fc.assert(
    fc.property(
      plausible,
      fc.array(fc.option(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean())), {
        minLength: 60,
        maxLength: 60,
      }),
      (text, choices) => {
        const file = parse('a.s', text);
        const edits: Edit[] = [];
        const expected: string[] = [];
        for (let i = 0; i < file.count; i++) {
          const { labels, bodyOffset, body } = file.parsed[i]!;
          const choice = choices[i % choices.length];
          const [before, replace, after] = choice ?? [false, false, false];
          if (choice) edits.push(edit(i, before ? '\tb' : '', replace ? '\tr' : null, after ? '\ta' : ''));
          expected.push(...labels.map((label) => `${label}:`));
          if (before) expected.push('b');
          if (replace) expected.push('r');
          else if (body.kind !== 'empty')
            expected.push(text.slice(file.starts[i]! + bodyOffset, file.ends[i]));
          if (after) expected.push('a');
        }
        const again = parse('a.s', emit(file, edits));
        const found: string[] = [];
        again.parsed.forEach(({ labels, bodyOffset, body }, i) => {
          found.push(...labels.map((label) => `${label}:`));
          if (body.kind !== 'empty')
            found.push(again.text.slice(again.starts[i]! + bodyOffset, again.ends[i]));
        });
        expect(found).toEqual(expected);
      },
    ),
    { seed, numRuns: runs },
  );
});

test('time doubles with the edits', () => {
  const times: string[] = [];
  for (const count of [10_000, 20_000, 40_000, 80_000]) {
    const file = parse('a.s', '\tpush %rax\n'.repeat(count));
    const edits = Array.from({ length: count }, (_, i) => edit(i, '\tnop', null, ''));
    const from = performance.now();
    const result = emit(file, edits);
    times.push(`${(performance.now() - from).toFixed(1)} ms`);
    expect(result).toBe('\tnop\n\tpush %rax\n'.repeat(count));
  }
  process.stderr.write(`10000 to 80000 edits: ${times.join(', ')}\n`);
});
