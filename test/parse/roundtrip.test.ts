// A compiler's whole output: no byte is lost, every byte belongs to a statement or to a gap, every statement is understood.
import { readFileSync } from 'node:fs';
import { emit } from '../../src/emit/emit.js';
import { parse } from '../../src/parse/parse.js';
import { positionOf } from '../../src/parse/position.js';
import type { SourceFile } from '../../src/parse/syntax.js';
import { assemblyOf, debugging, levels } from './assembly.js';
import type { Package } from './assembly.js';
import { strangeInGaps } from './gaps.js';

/** Least files a set, and least statements of its smallest option set: an empty corpus must not pass. */
const sets: readonly { readonly name: Package; readonly files: number; readonly statements: number }[] = [
  { name: 'zlib', files: 15, statements: 20_000 },
  { name: 'musl', files: 1300, statements: 200_000 },
  { name: 'sqlite3', files: 1, statements: 190_000 },
];
const variants = levels.flatMap((level) => debugging.map((debug) => ({ level, debug })));

function malformedIn(file: SourceFile): string[] {
  const found: string[] = [];
  file.parsed.forEach(({ body }, i) => {
    if (body.kind !== 'malformed') return;
    const { line, column } = positionOf(file, file.starts[i]!);
    found.push(`${file.name}:${line}:${column}: ${body.reason}`);
  });
  return found;
}

describe.each(sets)('$name', ({ name, files, statements }) => {
  const counted: string[] = [];

  beforeAll(async () => {
    // SQLite is a single file: with and without -g side by side keep two processors busy.
    for (const level of levels) await Promise.all(debugging.map((debug) => assemblyOf(name, level, debug)));
  }, 1_800_000);

  afterAll(() => {
    process.stderr.write(`${counted.join('\n')}\n`);
  });

  test.each(variants)('$level $debug', async ({ level, debug }) => {
    const paths = await assemblyOf(name, level, debug);
    let bytes = 0;
    let count = 0;
    const malformed: string[] = [];
    for (const path of paths) {
      const text = readFileSync(path, 'latin1');
      const file = parse(path, text);
      // toBe would print megabytes on failure.
      expect({ path, same: emit(file, []) === text }).toEqual({ path, same: true });
      expect({ path, strange: strangeInGaps(file) }).toEqual({ path, strange: [] });
      malformed.push(...malformedIn(file));
      bytes += text.length;
      count += file.count;
    }
    counted.push(
      `${name} ${level} ${debug}: ${paths.length} files, ${bytes} bytes, ${count} statements, ${malformed.length} malformed`,
    );
    expect(malformed).toEqual([]);
    expect(paths.length).toBeGreaterThanOrEqual(files);
    expect(count).toBeGreaterThanOrEqual(statements);
  });
});
