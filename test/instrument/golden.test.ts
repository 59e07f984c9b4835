// Golden cases: `# options`, input, `>>>`, expected text or diagnostic codes; `---` between cases. `npm run bless` rewrites them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rewrite } from '../../src/rewrite.js';
import type { RewriteOptions } from '../../src/rewrite.js';

const folder = join(__dirname, 'cases');
const bless = process.env['BLESS'] === '1';

interface Case {
  title: string;
  options: RewriteOptions;
  input: string;
  expected: string;
}

function readCases(text: string): Case[] {
  return text.split(/^---\n/m).map((block) => {
    const [head = '', expected = ''] = block.split(/^>>>\n/m);
    const [first = '', ...rest] = head.split('\n');
    const flag = (name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`).exec(first)?.[1];
    return {
      title: first,
      options: {
        profile: flag('profile') === 'linux-i386' ? 'linux-i386' : 'linux-x86_64',
        abi: flag('abi') === 'none' ? 'none' : 'sysv',
        callMirror: flag('call') === 'callee' ? 'callee' : undefined,
        breakAt: Number(flag('break') ?? 0),
        allow: flag('allow')?.split(',') ?? [],
        expand: { readInclude: () => undefined },
      },
      input: rest.join('\n'),
      expected,
    };
  });
}

function show(c: Case): string {
  const result = rewrite('case.s', c.input, c.options);
  if (result.ok) return result.text;
  return result.diagnostics
    .map(
      (d) =>
        `${d.line}:${d.column} ${d.code} ${d.message}\n${d.uses.map((u) => `  ${u.line} in ${u.name}\n`).join('')}`,
    )
    .join('');
}

for (const name of readdirSync(folder)
  .filter((n) => n.endsWith('.txt'))
  .sort()) {
  const path = join(folder, name);
  const cases = readCases(readFileSync(path, 'utf8'));
  describe(name, () => {
    for (const c of cases) {
      test(c.title, () => {
        const actual = show(c);
        if (bless) c.expected = actual;
        expect(actual).toBe(c.expected);
      });
    }
    if (bless) {
      afterAll(() => {
        writeFileSync(path, cases.map((c) => `${c.title}\n${c.input}>>>\n${c.expected}`).join('---\n'));
      });
    }
  });
}
