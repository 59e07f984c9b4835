// Statements in Intel syntax and what becomes of them: `statement => AT&T text` where GNU as makes the same bytes of both, `~>` where
// it picks another encoding of the same instruction, `refused:` where it is not taken here, `rejected:` where GNU as does not take it.
// `npm run bless` rewrites the right sides.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkIntel, type Outcome } from './intel-oracle.js';

const path = join(__dirname, 'intel.txt');
const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-intel-'));
afterAll(() => rmSync(folder, { recursive: true }));

const lines = readFileSync(path, 'latin1').split('\n').slice(0, -1);
const statementOf = (line: string): string => line.replace(/ +(=>|~>|refused:|rejected:|DIFFERENT).*/, '');
const statements = lines.filter((line) => !line.startsWith('# ')).map(statementOf);

function show(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'same':
      return `=> ${outcome.att}`;
    case 'equal':
      return `~> ${outcome.att}`;
    case 'different':
      return `DIFFERENT ${outcome.att}: ${outcome.native} is not ${outcome.ours}`;
    case 'refused':
      return `refused: ${outcome.reason}`;
    case 'rejected':
      return `rejected: ${outcome.message}${outcome.att === '' ? '' : ` (not here: ${outcome.att})`}`;
  }
}

const outcomes = checkIntel(folder, statements);

test('GNU as makes the same of the Intel text and of the AT&T text', () => {
  expect(outcomes.map(show).filter((text) => text.startsWith('DIFFERENT'))).toEqual([]);
  expect(outcomes.filter(({ kind }) => kind === 'same').length).toBeGreaterThan(900);
});

test('each statement becomes what is written behind it', () => {
  let next = 0;
  const actual = lines.map((line) => {
    if (line.startsWith('# ')) return line;
    const i = next++;
    return `${statements[i]!.padEnd(44)} ${show(outcomes[i]!)}`;
  });
  if (process.env['BLESS'] === '1') writeFileSync(path, `${actual.join('\n')}\n`, 'latin1');
  else expect(actual).toEqual(lines);
});

test('registers with %: the same statements', () => {
  const taken = statements.filter((_, i) => outcomes[i]!.kind === 'same');
  const registers =
    /(?<![\w.%$"@])(?:[re]?(?:[abcd]x|[sd]i|[sb]p|ip)|[abcd][hl]|(?:si|di|bp|sp)l|r(?:8|9|1[0-5])[bwd]?|[xyz]?mm\d+|[c-gs]s|st|k[0-7]|[cd]r\d+|tmm\d|bnd\d|flat)(?![\w@])/gi;
  const prefixed = taken.map((text) => text.replace(/^(\S+:\s*)?(\S+)/, '$&\0').split('\0'));
  const texts = prefixed.map(([head = '', rest = '']) => head + rest.replace(registers, '%$&'));
  const different = checkIntel(folder, texts, 'intel_syntax prefix').flatMap((outcome, i) => {
    const before = outcomes[statements.indexOf(taken[i]!)]!;
    return outcome.kind === 'same' && outcome.att === (before.kind === 'same' ? before.att : '')
      ? []
      : [`${texts[i]}: ${show(outcome)}`];
  });
  expect(different).toEqual([]);
});
