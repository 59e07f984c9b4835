// Properties: nothing throws or hangs, plain text comes back as it is, and random programs of the macro language assemble to the same
// bytes before and after. A failure prints its seed; MIRRORASM_SEED=N repeats it.
import fc from 'fast-check';
import { evaluate } from '../../src/expand/expression.js';
import { expand } from '../../src/expand/expand.js';
import { originOf } from '../../src/expand/origins.js';
import { scrub } from '../../src/expand/scrub.js';
import { Symbols } from '../../src/expand/symbols.js';
import { compare, quadsOf, removeScratch } from './gas.js';

const seed = Number(process.env['MIRRORASM_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['MIRRORASM_RUNS'] ?? 150);
const options = { readInclude: () => undefined, limit: 1 << 16 };

afterAll(removeScratch);

/** Must end soon, and name every line's place. */
function survives(text: string): void {
  const from = performance.now();
  const expansion = expand('random.s', text, options);
  expect(performance.now() - from).toBeLessThan(5000);
  if (!expansion.ok) {
    const [problem] = expansion.problems;
    expect(problem?.message).toBeTruthy();
    expect(problem?.line).toBeGreaterThan(0);
    expect(problem?.column).toBeGreaterThan(0);
    return;
  }
  const lines = expansion.text.split('\n').length;
  for (let line = 1; line <= lines; line += 1 + Math.floor(lines / 20))
    expect(originOf(expansion.origins, line).line).toBeGreaterThan(0);
}

const pieces = (
  '.macro m a b|.macro \\x y:req|.macro v r:vararg|.endm|.rept 3|.rept \\a|.irp x,1,2|.irpc c,ab|.endr|.if 1|.if 0|.if \\a|.ifb \\a|' +
  '.ifdef s|.ifc a,b|.else|.elseif 1|.endif|.exitm|.altmacro|.noaltmacro|LOCAL l|.purgem m|.set s, 1|s = s + 1|.eqv t, s|' +
  'm 1 2|m b=1|m|v 1, 2|m "x y"|m <x>|m %1+1|x:|1:|nop|.byte \\a|.ascii "\\a"|.byte \\@|\\()|\\a|&a|"|\'|/*|*/|#|;|\\|,|(|)|\t| |!|<|>|=|%|' +
  '.include "x"|.end|.error "e"|.mri 0|.intel_syntax noprefix|.linefile 1 "x"|.if s == 1|.if (|.if 1/0|.if -s > 0x10|.byte \'a\''
).split('|');

const fragment = fc
  .array(fc.tuple(fc.constantFrom(...pieces), fc.constantFrom('\n', '\n', '\n', ' ', '; ', '')), {
    maxLength: 40,
  })
  .map((parts) => parts.map(([piece, end]) => piece + end).join(''));

test('random bytes and fragments end well', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.integer({ min: 0, max: 255 }), { maxLength: 400 })
        .map((codes) => String.fromCharCode(...codes)),
      fragment,
      (bytes, text) => {
        survives(bytes);
        survives(`.if 1\n${bytes}`);
        survives(text);
        survives(`.macro m a b=2\n${text}\n.endm\nm 1 2\nm\n`);
      },
    ),
    { seed, numRuns: 2000 },
  );
});

test('text without these directives comes back as the same string', () => {
  const text =
    '\t.text\nmain:\n\t.cfi_startproc\n\tret # .x\n\t.ident "gcc"\n\t.file 1 "a.c"\n\t.loc 1 2 3 is_stmt 0\n';
  const expansion = expand('a.s', text, options);
  expect(expansion.ok && expansion.text).toBe(text);
  expect(expansion.ok && originOf(expansion.origins, 3)).toEqual({ file: 'a.s', line: 3, uses: [] });
});

// Programs that mostly assemble: nested blocks, uses with arguments that fit.
const { block } = fc.letrec<{ block: string }>((tie) => ({
  block: fc
    .array(
      fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constantFrom(
          'nop',
          '.byte 1, 2',
          '.ascii "a;b # c"',
          'n = n + 1',
          '.long n',
          'mov 8( %rax ) , %rcx # x',
          '1: jmp 1b',
          "/* c */ .byte 'x', ';'",
          'two n, 3',
          'two 1 2',
          'two b=5, a = 4',
          'two (1 + 2), "4"',
          'rest 1, 2, "x"',
          'rest',
          'down 3',
        ),
        fc
          .tuple(
            fc.constantFrom('.rept 2', '.irp p, 1, 2', '.irpc p,12', '.rept 0', '.rept n & 3'),
            tie('block'),
          )
          .map(([head, body]) => `${head}\n${body}\n.endr`),
        fc
          .tuple(
            fc.constantFrom(
              '.if n > 2',
              '.if n % 2',
              '.ifdef q',
              '.ifb',
              '.ifc a,a',
              '.ifeq n',
              '.if 0',
              '.ifnes "a","b"',
            ),
            tie('block'),
            tie('block'),
          )
          .map(([head, yes, no]) => `${head}\n${yes}\n.else\n${no}\n.endif`),
        fc
          .tuple(tie('block'), fc.nat(1000000))
          .map(
            ([body, n]) =>
              `.ifndef d${n}\nd${n} = 1\n.macro k${n} a=7, b:vararg\n${body}\n.byte \\a\n.endm\n.endif\nk${n}\nk${n} 1, 2 ,3`,
          ),
      ),
      { maxLength: 6 },
    )
    .map((lines) => lines.join('\n')),
}));

const prologue = [
  'n = 0',
  '.macro two a, b',
  '.byte \\a, \\b',
  '.endm',
  '.macro rest v:vararg',
  '.ascii "\\@"',
  '.lab\\@_: .byte \\@',
  '.ifnb \\v',
  '.ifc "x",\\v',
  '.byte 3',
  '.endif',
  '.endif',
  '.endm',
  '.macro down i',
  '.byte \\i',
  '.if \\i',
  'down "(\\i-1)"',
  '.endif',
  '.endm',
  '',
].join('\n');

test('random programs give the same bytes', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(block, (body) => {
      const { verdict, detail } = compare(`${prologue}${body}\n`);
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
      if (verdict !== 'same' && verdict !== 'both rejected') throw new Error(`${verdict}: ${detail}`);
    }),
    { seed, numRuns: runs },
  );
  expect(seen.get('same') ?? 0).toBeGreaterThan(runs / 4);
});

// Expressions: small and extreme numbers, all operators, parentheses, unary signs.
const number = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map(String),
  fc.constantFrom(
    '0x7fffffffffffffff',
    '0x8000000000000000',
    '0xffffffffffffffff',
    '0b101',
    '017',
    '63',
    '64U',
    '1L',
    "'a'",
    'five',
    'big',
  ),
);
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    number,
    fc
      .tuple(fc.constantFrom('-', '~', '!', '+', '- ', '(', '( '), tie('expression'))
      .map(([sign, e]) => (sign.startsWith('(') ? `${sign}${e})` : sign + e)),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom(...'+ - * / % << >> & | ^ ! !! && || == != <> < > <= >='.split(' ')),
        fc.constantFrom('', ' '),
        tie('expression'),
      )
      .map(([a, sign, blank, b]) => a + blank + sign + blank + b),
  ),
}));

test('values of expressions are those of GNU as', () => {
  const symbols = new Symbols(
    new Map([
      ['five', 5n],
      ['big', -(1n << 62n)],
    ]),
  );
  let known = 0;
  fc.assert(
    fc.property(fc.array(expression, { minLength: 50, maxLength: 50 }), (expressions) => {
      const wanted: [string, bigint][] = [];
      for (const e of expressions) {
        const text = scrub(`\t.quad ${e}\n`).text.slice(' .quad '.length);
        const { value, end } = evaluate(text, 0, symbols);
        if (value.kind === 'constant' && text.slice(end) === '\n') wanted.push([e, value.value]);
      }
      known += wanted.length;
      const lines = wanted.map(([e]) => `.quad ${e}\n`).join('');
      const values = quadsOf(`.set five, 5\n.set big, -(1 << 62)\n.data\n${lines}`);
      wanted.forEach(([e, value], i) => {
        if (values[i] !== BigInt.asUintN(64, value))
          throw new Error(`${e}: ${value}, GNU as gives ${values[i]}`);
      });
    }),
    { seed, numRuns: Math.ceil(runs / 5) },
  );
  expect(known).toBeGreaterThan(runs * 4);
});

test('random fragments are never accepted with other bytes', () => {
  fc.assert(
    fc.property(fragment, (text) => {
      const { verdict, detail } = compare(`.macro m a b\n.byte 0\\a\n.endm\n${text}\n`);
      if (verdict === 'wrong' || verdict === 'only rejected when expanded')
        throw new Error(`${verdict}: ${detail}`);
    }),
    { seed, numRuns: runs },
  );
});
