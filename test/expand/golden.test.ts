// Golden cases (see cases.ts). `BLESS=1 npx jest test/expand/golden` rewrites the expected parts; the diff is reviewed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expand } from '../../src/expand/expand.js';
import { originOf } from '../../src/expand/origins.js';
import type { Use } from '../../src/expand/types.js';
import { folder, readCases } from './cases.js';
import type { Case } from './cases.js';

const bless = process.env['BLESS'] === '1';

const chain = (uses: readonly Use[]): string =>
  uses
    .slice(0, 4)
    .map((use) => `, in ${use.name} used at ${use.file}:${use.line}`)
    .join('') + (uses.length > 4 ? `, and ${uses.length - 4} more` : '');

function show(c: Case): string {
  const expansion = expand('case.s', c.main, {
    readInclude: (path) => {
      const text = c.files.get(path);
      return text === undefined ? undefined : { name: path, text };
    },
    defsym: c.defsymValues,
    limit: 1 << 20,
  });
  if (!expansion.ok)
    return expansion.problems
      .map(
        (p) =>
          `${p.file}:${p.line}:${p.column}${chain(p.uses)}: ${p.message}\n  in '${p.text}'\n  help: ${p.note}\n`,
      )
      .join('');
  if (!c.showOrigins) return expansion.text;
  return expansion.text
    .trimEnd()
    .split('\n')
    .map((line, i) => {
      const origin = originOf(expansion.origins, i + 1);
      return `${line}\n  # ${origin.file}:${origin.line}${chain(origin.uses)}\n`;
    })
    .join('');
}

for (const { file, cases } of readCases())
  describe(file, () => {
    for (const c of cases)
      test(c.title, () => {
        const actual = show(c);
        if (bless) c.expected = actual;
        expect(actual).toBe(c.expected);
      });
    if (bless)
      afterAll(() => {
        const blocks = cases.map((c) => `${c.title}\n${c.input}>>>\n${c.expected}`);
        writeFileSync(join(folder, file), blocks.join('---\n'));
      });
  });
