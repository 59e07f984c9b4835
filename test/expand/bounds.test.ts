// Bombs stop at the stated limits with a message (bench:hostile has their times); text without directives comes back as it is.
import { expand } from '../../src/expand/expand.js';

const repeat = (line: string, times: number): string => line.repeat(times);

const bombs: readonly (readonly [string, string, RegExp])[] = [
  ['two calls each', '.macro a\na\na\n.endm\na\n', /nested more than 100/],
  [
    'two calls each, with a depth',
    '.macro a n\n.if \\n\na "(\\n-1)"\na "(\\n-1)"\n.endif\n.endm\na 90\n',
    /too long|add up/,
  ],
  ['an argument that doubles', '.macro a x:vararg\na \\x \\x\n.endm\na foo\n', /too long|add up/],
  ['a large count', '.rept 1 << 62\nnop\n.endr\n', /add up/],
  ['loops in loops', `${repeat('.rept 1000\n', 9)}nop\n${repeat('.endr\n', 9)}`, /add up/],
  [
    'a list that grows',
    '.macro a x:vararg\n.irp y,\\x\na \\x,\\y\n.endr\n.endm\na 1,2\n',
    /nested more than 100/,
  ],
  ['a file that includes itself', '.include "x"\n', /include each other/],
  [
    'a file that includes itself twice in a macro',
    '.macro i\n.include "x"\n.endm\n.ifndef d\nd = 1\n.endif\n.rept 2\n.include "x"\n.endr\n',
    /nested more than|include each other|defined already/,
  ],
  ['parentheses', `.if ${repeat('(', 100000)}\n.endif\n`, /nested too deep/],
  ['signs', `.if ${repeat('-', 100000)}1\n.endif\n`, /nested too deep/],
  [
    'loops nested by hand',
    `${repeat('.rept 1\n', 300)}nop\n${repeat('.endr\n', 300)}`,
    /nested more than 100/,
  ],
  [
    'values of values',
    `${Array.from({ length: 60 }, (_, i) => `.eqv x${i},x${i + 1}+x${i + 1}\n`).join('')}.if x0\n.endif\n`,
    /nested too deep/,
  ],
  ['open .ifs', repeat('.if 1\n', 100000), /no \.endif/],
  ['open .macros', repeat('.macro a\n', 20000), /without \.endm/],
];

test.each(bombs)('%s', (_, text, message) => {
  const expansion = expand('bomb.s', text, { readInclude: () => ({ name: 'x', text }), limit: 16 << 20 });
  expect(expansion.ok ? 'expanded' : expansion.problems[0]?.message).toMatch(message);
});

test('the limit is about all text together, and can be set', () => {
  const text = '.rept 1000\nnop\n.endr\n';
  const readInclude = (): undefined => undefined;
  expect(expand('a.s', text, { readInclude }).ok).toBe(true);
  expect(expand('a.s', text, { readInclude, limit: 1000 }).ok).toBe(false);
});

test('5 MB of plain compiler output', () => {
  const text = repeat('\tmovq\t%rax, -8(%rbp)\n.L12:\n\t.loc 1 2 3\n\tcall\tprintf@PLT\n', 80000);
  const expansion = expand('a.s', text, { readInclude: () => undefined });
  // The very string: nothing was copied. bench:stages has the time.
  expect(expansion.ok && Object.is(expansion.text, text)).toBe(true);
});
