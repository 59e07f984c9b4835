// The quick ways for plain operands and statements give what the grammar and the patterns give.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { convert, convertAny } from '../../src/parse/convert.js';
import { parseByGrammar, splitOperands } from '../../src/parse/operand.js';
import { parse } from '../../src/parse/parse.js';
import { plainOperand } from '../../src/parse/plain.js';
import { assemblyOf } from './assembly.js';
import { announce, seed } from './fragments.js';

test.each(['-O0', '-O2', '-Os'])("every operand of zlib's assembly at %s", async (level) => {
  const operands = new Set<string>();
  for (const path of await assemblyOf('zlib', level, '')) {
    const file = parse(path, readFileSync(path, 'latin1'));
    file.parsed.forEach(({ body, bodyOffset }, i) => {
      if (body.kind !== 'instruction') return;
      const text = file.text.slice(file.starts[i]! + bodyOffset, file.ends[i]);
      for (const operand of splitOperands(text.replace(/^\S+\s*/, '')))
        if (operand !== '') operands.add(operand);
    });
  }
  const plain = [...operands].filter((operand) => plainOperand(operand));
  for (const operand of plain)
    expect({ operand, is: plainOperand(operand) }).toEqual({ operand, is: parseByGrammar(operand) });
  console.log(`zlib ${level}: ${operands.size} distinct operands, ${plain.length} plain`);
  expect(plain.length).toBeGreaterThan(operands.size * 0.9);
});

test('random operands of nearly plain form', () => {
  announce(20_000);
  const part = fc.constantFrom(
    '%',
    'rax',
    'r8',
    'st',
    '(',
    ')',
    ',',
    '1',
    '8',
    '3',
    '-',
    '+',
    '$',
    '.L5',
    'x@PLT',
    'f',
    '0x1f',
    '1b',
    ' ',
    '*',
    ':',
    'fs',
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
      const text = parts.join('').trim();
      const plain = plainOperand(text);
      if (plain) expect(plain).toEqual(parseByGrammar(text));
    }),
    { seed, numRuns: 20_000 },
  );
});

test.each(['-O0', '-O2 -g'])("every statement of zlib's assembly at %s", async (options) => {
  const [level = '', more = ''] = options.split(' ');
  const all = new Set<string>();
  for (const path of await assemblyOf('zlib', level, more)) {
    const { text, count, starts, ends } = parse(path, readFileSync(path, 'latin1'));
    for (let i = 0; i < count; i++) all.add(text.slice(starts[i], ends[i]));
  }
  for (const statement of all)
    expect({ statement, is: convert(statement) }).toEqual({ statement, is: convertAny(statement) });
  expect(all.size).toBeGreaterThan(5_000);
});

test('random statements of nearly plain form', () => {
  announce(20_000);
  const words = 'mov movl rep lock rexw in shld aad jmp call je,pt .loc .L3 .set .type . f: .f : 1: 01: x 9';
  const parts =
    '%rax $8 .L5 8(%rbx,%rcx,2) *%rax *8(%rdi) %fs:40 %st(1) , ( ) : = " \' / { } \\ # ; \r \f \u00a0 é \0';
  const part = fc.constantFrom(...words.split(' '), ...parts.split(' '), ' ', '\t', ', ', ',');
  fc.assert(
    fc.property(fc.constantFrom(...words.split(' ')), fc.array(part, { maxLength: 7 }), (first, rest) => {
      const statement = [first, ...rest].join('').trim();
      if (statement !== '') expect(convert(statement)).toEqual(convertAny(statement));
    }),
    { seed, numRuns: 20_000 },
  );
});
