// A fixed sample of `npm run corpora`: compiler output in both syntaxes, and assembly written by hand in both word sizes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianSource } from '../debian-source.js';
import { check } from './check.js';
import { meant } from './refusals.js';
import { corpora, filesOf } from './sources.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-corpora-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test.each([
  { name: 'sample of zlib', files: 40, instructions: 40_000 },
  { name: 'musl (by hand)', files: 100, instructions: 1_500 },
])('$name', ({ name, files, instructions }) => {
  const corpus = corpora.find((one) => one.name === name)!;
  const results = filesOf(corpus, debianSource(corpus.source)).map((file) => ({
    file,
    result: check(file, work),
  }));
  expect(results.length).toBeGreaterThanOrEqual(files);
  expect(results.filter(({ result }) => result.wrong.length > 0 || result.foreign)).toEqual([]);
  const gaps = results.flatMap(({ result }) =>
    [...result.refused].filter(([reason]) => meant(reason) === undefined),
  );
  expect(gaps).toEqual([]);
  const sum = results.reduce((all, { result }) => all + result.instructions, 0);
  console.log(`${name}: ${results.length} files, ${sum} instructions`);
  expect(sum).toBeGreaterThanOrEqual(instructions);
});
