// The quick way for plain operands gives what the grammar gives.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
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
