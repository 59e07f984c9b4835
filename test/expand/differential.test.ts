// Differential against GNU as: the expanded text gives the same object as the original, or both are rejected. Inputs: every golden case
// and test/expand/inputs; `# refused:` in a title means that we may refuse what the assembler takes.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compare, removeScratch } from './gas.js';
import { readCases, withFiles } from './cases.js';

afterAll(removeScratch);

const inputs = join(__dirname, 'inputs');
for (const name of readdirSync(inputs).sort())
  describe(name, () => {
    for (const block of readFileSync(join(inputs, name), 'latin1').split(/^---\n/m)) {
      const [title = '', ...lines] = block.split('\n');
      test(title, () => {
        const { verdict, detail } = compare(lines.join('\n'));
        const wanted = title.startsWith('# refused:') ? ['refused'] : ['same', 'both rejected'];
        expect(wanted.includes(verdict) ? '' : `${verdict}: ${detail}`).toBe('');
      });
    }
  });

for (const { file, cases } of readCases())
  describe(`cases/${file}`, () => {
    for (const c of cases)
      test(c.title, () => {
        const options = c.defsym.flatMap((pair) => ['--defsym', pair]);
        const { verdict, detail } = withFiles(c, (cwd) => compare(c.main, cwd, options, c.defsymValues));
        const wanted = c.mayRefuse ? ['refused', 'both rejected'] : ['same', 'both rejected'];
        expect(wanted.includes(verdict) ? '' : `${verdict}: ${detail}`).toBe('');
      });
  });
