// The data flow in one direction (docs/architecture.md): each folder of src may import only from those that stand before it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const src = join(__dirname, '../src');

/** What each folder of src may import from, beside itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  analyze: ['parse', 'isa'],
  cli: [
    'analyze',
    'doctor',
    'emit',
    'emulate',
    'expand',
    'inject',
    'instrument',
    'isa',
    'parse',
    'profile',
    'report',
    'bisect.ts',
    'explain.ts',
    'rewrite.ts',
    'sites.ts',
  ],
  doctor: [],
  emit: ['parse'],
  emulate: [],
  expand: ['parse'],
  inject: [],
  instrument: ['analyze', 'emit', 'isa', 'parse', 'profile'],
  isa: ['parse'],
  parse: [],
  profile: [],
  report: ['analyze', 'emit', 'instrument', 'parse'],
  'explain.ts': ['analyze', 'emit', 'expand', 'instrument', 'isa', 'parse', 'profile', 'rewrite.ts'],
  'rewrite.ts': ['analyze', 'emit', 'expand', 'instrument', 'isa', 'parse', 'profile', 'report', 'sites.ts'],
  'bisect.ts': [],
  'sites.ts': ['analyze', 'instrument', 'parse'],
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.includes('generated'))
  .sort();

const imports = new Map(
  files.map((path) => [
    path,
    [...readFileSync(join(src, path), 'utf8').matchAll(/(?:from |import\()'(\.[^']*)\.js'/g)].map((found) =>
      relative(src, join(src, dirname(path), `${found[1]}.ts`)),
    ),
  ]),
);
const roomOf = (path: string): string => path.split('/')[0]!;

test.each(files)('%s imports from the rooms before its own', (path) => {
  const room = roomOf(path);
  expect(Object.keys(allowed)).toContain(room);
  const strange = imports
    .get(path)!
    .filter((from) => roomOf(from) !== room && !allowed[room]!.includes(roomOf(from)));
  expect(strange).toEqual([]);
});

test('every file is reached from a command', () => {
  const entries = files.filter((path) =>
    /^(cli\/(as|campaign-thread|compiled|helper\/(helper|worker)|ld|mirrorasm|mirrorcc|mirrorcxx|pass)|emulate\/index|report\/(client\/main|html\/page))\.ts$/.test(
      path,
    ),
  );
  expect(entries).toHaveLength(13);
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const next of imports.get(path) ?? []) visit(next);
  };
  entries.forEach(visit);
  expect(files.filter((path) => !reached.has(path))).toEqual([]);
});

test('no file is longer than about 500 lines', () => {
  const long = files.filter((path) => readFileSync(join(src, path), 'utf8').split('\n').length > 520);
  expect(long).toEqual([]);
});
