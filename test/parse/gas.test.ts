// Odd spellings, one case each: `# title`, input, `>>>`, the statements it was taken for and what GNU as says of them; `---` between
// cases. ␍, ␌ and ␋ stand for the control characters, ␄ for the end of a text without a newline there. `npm run bless` rewrites them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '../../src/parse/parse.js';
import { compare, removeScratch } from './gas.js';
import { fromVisible, listing } from './listing.js';

const folder = join(__dirname, 'cases');
const bless = process.env['BLESS'] === '1';

interface Case {
  readonly title: string;
  readonly input: string;
  expected: string;
}

function readCases(text: string): Case[] {
  return text.split(/^---\n/m).map((block) => {
    const [head = '', expected = ''] = block.split(/^>>>\n/m);
    const newline = head.indexOf('\n');
    return { title: head.slice(0, newline), input: head.slice(newline + 1), expected };
  });
}

afterAll(removeScratch);

const files = readdirSync(folder).sort();

test('there are cases', () => expect(files.length).toBeGreaterThan(5));

for (const name of files) {
  const path = join(folder, name);
  const cases = readCases(readFileSync(path, 'utf8'));
  describe(name, () => {
    test.each(cases)('$title', (one) => {
      const text = fromVisible(one.input);
      const verdict = compare(text);
      expect(verdict).not.toBe('DIFFERENT');
      const actual = `${listing(parse('a.s', text))}${verdict}\n`;
      if (bless) one.expected = actual;
      expect(actual).toBe(one.expected);
    });
    test('titles differ', () => expect(new Set(cases.map((c) => c.title)).size).toBe(cases.length));
    if (bless)
      afterAll(() => {
        writeFileSync(path, cases.map((c) => `${c.title}\n${c.input}>>>\n${c.expected}`).join('---\n'));
      });
  });
}
