// The attribution of a profile to sites: exact, and what cannot be attributed is counted by its reason.
import type { Places } from '../../src/report/places.js';
import { parseProfile } from '../../src/report/profile.js';
import { hottestSites } from '../../src/report/sites.js';
import type { PlacedFile } from '../../src/report/sites.js';

// Rows:             0       1             2      3              4            5                       6            7         8
const listing = `${['@x.c:7', ' f:', '+\tmovl\t$1, %gs:x', ' \tmovl\t$1, x', '+\tmirrored', '-\taddl\t$2, (%rdi)', '+\tmovl\t(%rdi), %eax', '+.Lmirror0:', '@x.c:9', ' \tret'].join('\n')}\n`;

/** f: 2 and 3 bytes of the first site, 4 of no site, 5 of the second and 1 of its own; at 100 of section 1. */
const spans = [
  ...[1, 100, 102, 1, 2],
  ...[1, 102, 105, 2, 2],
  ...[1, 109, 114, 1, 5],
  ...[1, 114, 115, 2, 5],
  ...[2, 100, 101, 1, 5],
];

const file = (name: string, changes: Partial<Places> = {}, text = listing): PlacedFile => ({
  name,
  functions: ['f'],
  places: () => ({ version: 1, functions: [['f', 1, 100, 16]], spans, ...changes }),
  listing: () => text,
});
const untold: PlacedFile = { name: 'u.c', functions: ['u'], places: () => undefined, listing: () => '' };

const nowhere = { site: 0, other: 0, elsewhere: 0, unplaced: 0, untold: 0, ambiguous: 0, strange: 0 };
const found = (profile: string, files: readonly PlacedFile[] = [file('x.c')], most = 100) =>
  hottestSites(parseProfile(profile), files, most);

test('sites by what was executed there, with their texts', () => {
  const { sites, samples, count, total } = found('9 f+0x0\n8 f+0x2\n20 f+0x9\n7 f+0xd\n5 f+0xe\n3 f+0x5\n');
  expect({ samples, count, total }).toEqual({
    samples: { ...nowhere, site: 49, other: 3 },
    count: 2,
    total: 52,
  });
  expect(sites).toEqual([
    {
      ...{ file: 'x.c', others: 0, function: 'f', place: 'x.c:7', row: 5, replaced: true },
      ...{ native: ['addl\t$2, (%rdi)'], inserted: ['movl\t(%rdi), %eax'], own: 5, added: 27 },
    },
    {
      ...{ file: 'x.c', others: 0, function: 'f', place: 'x.c:7', row: 3, replaced: false },
      ...{ native: ['movl\t$1, x'], inserted: ['movl\t$1, %gs:x', 'mirrored'], own: 8, added: 9 },
    },
  ]);
});

test.each([
  ['other', 'between two sites', '4 f+0x8'],
  ['other', 'behind the last', '4 f+0xf'],
  ['strange', 'behind the end of the function', '4 f+0x10'],
  ['elsewhere', 'a function of no file', '4 g+0x2'],
  ['elsewhere', 'no function', '4 [unknown]'],
  ['elsewhere', "another function of the name, as it is the runtime's", '4 f+0x2 runtime'],
  ['elsewhere', 'another function of the name, in a library', '4 f+0x2 unmarked'],
  ['unplaced', 'no place', '4 f'],
  ['untold', 'a file without places', '4 u+0x2'],
  ['strange', 'inserted code where the program has its own', '4 f+0x2 inserted\n0 r+0x0 runtime'],
  ['strange', 'native code where it is inserted', '4 f+0x0 native\n0 r+0x0 runtime'],
  ['strange', 'a program that is not mirrored', '4 f+0x8 native'],
] as const)('%s: %s', (where, _, profile) => {
  const { sites, samples } = found(profile, [file('x.c'), untold]);
  expect({ sites, samples }).toEqual({ sites: [], samples: { ...nowhere, [where]: 4 } });
});

test("whose an instruction is agrees with the emulator's", () => {
  const { sites, samples } = found(
    '4 f+0x0 inserted\n4 f+0x2 native\n3 f+0x8 native\n1 memcpy+0x0 runtime\n',
  );
  expect(samples).toEqual({ ...nowhere, site: 8, other: 3, elsewhere: 1 });
  expect(sites).toMatchObject([{ own: 4, added: 4 }]);
});

describe('a name that two files have', () => {
  const moved = spans.map((word, i) => (i % 5 === 1 || i % 5 === 2 ? word + 32 : word));
  const elsewhere: Partial<Places> = { functions: [['f', 1, 132, 16]], spans: moved };

  test('the same code is one site', () => {
    // Labels are numbered by the file.
    const { sites, samples } = found('4 f+0x2\n', [
      file('x.c', {}, listing.replaceAll('(%rdi)', '.L5')),
      file('y.c', elsewhere, listing.replaceAll('(%rdi)', '.L17')),
    ]);
    expect(sites).toMatchObject([{ file: 'x.c', others: 1, own: 4 }]);
    expect(samples).toEqual({ ...nowhere, site: 4 });
  });

  test.each([
    ['other lengths', { functions: [['f', 1, 132, 17]], spans: moved }, listing],
    ['other places', { functions: [['f', 1, 131, 16]], spans: moved }, listing],
    ['other instructions', elsewhere, listing.replace('$1, x', '$2, x')],
  ] satisfies [string, Partial<Places>, string][])('%s cannot be told apart', (_, changes, text) => {
    const { sites, count, samples } = found('4 f+0x2\n', [file('x.c'), file('y.c', changes, text)]);
    expect({ sites, count, samples }).toEqual({ sites: [], count: 0, samples: { ...nowhere, ambiguous: 4 } });
  });
});

test('an alias names the same site', () => {
  const { sites } = found('4 f+0x2\n4 g+0x2\n', [
    file('x.c', {
      functions: [
        ['f', 1, 100, 16],
        ['g', 1, 100, 16],
      ],
    }),
  ]);
  expect(sites).toMatchObject([{ own: 8 }]);
});

test('what is inserted before the next site is its own', () => {
  const text = ' f:\n+\tA\n \ta\n+\tB\n \tb\n+\tC\n';
  const two = [1, 100, 101, 2, 1, 1, 101, 102, 2, 3];
  const { sites } = found('2 f+0x0\n1 f+0x1\n', [file('x.c', { spans: two }, text)]);
  expect(sites).toMatchObject([
    { native: ['a'], inserted: ['A'], row: 2, place: '' },
    { native: ['b'], inserted: ['B', 'C'], row: 4 },
  ]);
});

test('no more sites than are wanted', () => {
  expect(found('4 f+0x2\n5 f+0xe\n', undefined, 1)).toMatchObject({
    sites: [{ own: 5 }],
    count: 2,
    samples: { site: 9 },
  });
});
