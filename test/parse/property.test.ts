// What holds of every text: nothing is thrown, nothing is lost, GNU as reads the statements as it reads the text.
import fc from 'fast-check';
import { emit } from '../../src/emit/emit.js';
import { splitOperands } from '../../src/parse/operand.js';
import { parse } from '../../src/parse/parse.js';
import { positionOf } from '../../src/parse/position.js';
import { announce, anyText, plausible, seed } from './fragments.js';
import { strangeInGaps } from './gaps.js';
import { compare, removeScratch } from './gas.js';

afterAll(removeScratch);

const runs = 20_000;

test('any text: no exception, spans and gaps are the text, no edits mean no change', () => {
  announce(runs);
  fc.assert(
    fc.property(anyText, (text) => {
      const file = parse('a.s', text);
      expect(emit(file, [])).toBe(text);
      expect(strangeInGaps(file)).toEqual([]);
      expect(file.parsed).toHaveLength(file.count);
    }),
    { seed, numRuns: runs },
  );
});

test('any text: labels and body lie in their statement', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const file = parse('a.s', text);
      file.parsed.forEach((parsed, i) => {
        const length = file.ends[i]! - file.starts[i]!;
        expect(parsed.bodyOffset + parsed.bodyLength).toBe(length);
        expect(parsed.bodyOffset > 0).toBe(parsed.labels.length > 0);
        expect(parsed.bodyLength > 0).toBe(parsed.body.kind !== 'empty');
      });
    }),
    { seed, numRuns: runs },
  );
});

test('any text: a statement that is parsed on its own is the same statement', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const file = parse('a.s', text);
      file.parsed.forEach((parsed, i) => {
        const alone = parse('b.s', text.slice(file.starts[i], file.ends[i]));
        if (parsed.body.kind === 'malformed') return; // what follows an open string is part of it
        expect(alone.parsed).toEqual([parsed]);
      });
    }),
    { seed, numRuns: runs },
  );
});

test('any text: operands without their blanks are those of the list', () => {
  const bare = (text: string): string => text.replace(/[ \t\r\n\v\f]/g, '');
  fc.assert(
    fc.property(anyText, (text) => expect(bare(splitOperands(text).join(','))).toBe(bare(text))),
    { seed, numRuns: runs },
  );
});

test('positions are those of counting', () => {
  fc.assert(
    fc.property(anyText, fc.nat(), (text, number) => {
      const offset = text.length === 0 ? 0 : number % (text.length + 1);
      const lines = text.slice(0, offset).split('\n');
      expect(positionOf(parse('a.s', text), offset)).toEqual({
        line: lines.length,
        column: (lines.at(-1) ?? '').length + 1,
      });
    }),
    { seed, numRuns: runs },
  );
});

test.each([
  ['whole statements', plausible, 250, 60],
  ['pieces of statements', anyText, 250, 10],
] as const)('GNU as reads the same: %s', (_, texts, count, least) => {
  let same = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const verdict = compare(text);
      if (verdict === 'same bytes') same++;
      expect(verdict).not.toBe('DIFFERENT');
    }),
    { seed, numRuns: count },
  );
  process.stderr.write(`seed ${seed}: ${same} of ${count} texts accepted by both, with the same bytes\n`);
  expect(same).toBeGreaterThanOrEqual(least);
});

test.each([
  ['lines', (n: number) => '\tmovl $5, 8(%rsp)\n'.repeat(n)],
  [
    'different lines',
    (n: number) => Array.from({ length: n }, (_, i) => `f${i}: movl $${i}, x${i}\n`).join(''),
  ],
  ['comments', (n: number) => '/* a */ nop /* b */ # c\n'.repeat(n)],
  ['open comments', (n: number) => '/* a nop\n'.repeat(n)],
  ['comments on one line', (n: number) => `mov %eax, ${'/* a */ '.repeat(n)}%ebx\n`],
  ['labels on one line', (n: number) => `${'f: '.repeat(n)}nop\n`],
  ['operands on one line', (n: number) => `.long ${'1, '.repeat(n)}1\n`],
  ['quotes', (n: number) => '"'.repeat(n)],
  ['apostrophes', (n: number) => "'".repeat(n)],
  ['slashes', (n: number) => 'a /'.repeat(n)],
  ['blanks', (n: number) => `nop${' '.repeat(n)}ret`],
  ['stars', (n: number) => `/*${'*'.repeat(n)}`],
  ['parentheses', (n: number) => `mov ${'('.repeat(n)}`],
  ['prefixes', (n: number) => `${'rep '.repeat(n)}stosb`],
  ['equals signs', (n: number) => 'a ='.repeat(n)],
  ['words', (n: number) => `${'a'.repeat(n)} b`],
])('time doubles with the input: %s', (name, make) => {
  const times: string[] = [];
  for (const size of [4_000, 8_000, 16_000, 32_000]) {
    const text = make(size);
    const from = performance.now();
    const file = parse('a.s', text);
    times.push(`${(performance.now() - from).toFixed(1)} ms`);
    expect(emit(file, [])).toBe(text);
  }
  // Times are for the reader: a machine under load must not fail the test. Quadratic work would show as minutes.
  process.stderr.write(`${name}, 4000 to 32000 times: ${times.join(', ')}\n`);
});
