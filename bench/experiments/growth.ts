// How many instructions mirroring adds, and which instructions are mirrored: counted by the pass, exactly (MIRROR_STATS).
import { merge } from '../../src/report/merge.js';
import type { FileStats } from '../../src/report/types.js';
import { experiment } from '../experiment.js';
import { countsOf, statisticsIn } from '../programs.js';
import type { Compiler } from '../programs.js';
import { percent } from '../table.js';

interface Row {
  readonly program: string;
  readonly about: string;
  /** Objects that belong to it: what configure tries out, and other programs of the same build, do not. */
  readonly objects: RegExp;
}

const rows: readonly Row[] = [
  { program: 'jsoncpp', about: 'C++: library, test runner, unit tests', objects: /./ },
  { program: 'memcached', about: 'the server', objects: /^memcached-/ },
  {
    program: 'redis',
    about: 'server, tools, Lua and other libraries',
    objects: /^(?!conftest).*\.o$/,
  },
  { program: 'sqlite3', about: 'the library', objects: /^sqlite3\.o$/ },
];

/** As published, for Memcached; the share of mov and push for Memcached, Ferret and SPECjbb. */
const publishedGrowth = 'about 20 %';
const publishedShare = 'about 80 %';
const mostMnemonics = 5;

interface Growth {
  readonly program: string;
  readonly about: string;
  readonly native: number;
  /** Inserted where the caller mirrors return addresses, and where the called function copies them, as was published. */
  readonly inserted: number;
  readonly insertedCallee: number;
  readonly sites: number;
  readonly windows: number;
  readonly bytes: { readonly native: number; readonly mirrored: number } | null;
  /** Writes by mnemonic, most first. */
  readonly mnemonics: readonly { readonly name: string; readonly sites: number }[];
}

async function report({ program, objects }: Row, compiler: Compiler) {
  const all = statisticsIn(await countsOf(program, compiler)).map((text) => JSON.parse(text) as FileStats);
  const found = all.filter(({ object }) => objects.test(object));
  if (found.length === 0) throw new Error(`no statistics of ${program}`);
  return merge(found);
}

async function measure(): Promise<readonly Growth[]> {
  const all: Growth[] = [];
  for (const row of rows) {
    const { totals, mnemonics } = await report(row, 'mirrored');
    const callee = await report(row, 'callee');
    all.push({
      program: row.program,
      about: row.about,
      native: totals.native,
      inserted: totals.inserted,
      insertedCallee: callee.totals.inserted,
      sites: totals.sites,
      windows: totals.windows,
      bytes: totals.bytes,
      mnemonics: mnemonics.map(({ name, sites }) => ({ name, sites })),
    });
  }
  return all;
}

export const growth = experiment<readonly Growth[]>({
  name: 'growth',
  about: 'instructions added, and writes by mnemonic',
  rounds: 1,
  sizes: [],
  sizesAre: '',
  always: true,
  tools: {},
  build: async () => {
    for (const { program } of rows)
      for (const compiler of ['mirrored', 'callee'] as const) await countsOf(program, compiler);
  },
  run: measure,
  tables: (all) => {
    const names = [
      ...new Set(all.flatMap(({ mnemonics }) => mnemonics.slice(0, mostMnemonics).map(({ name }) => name))),
    ];
    const countOf = ({ mnemonics }: Growth, wanted: readonly string[]): number =>
      mnemonics.filter(({ name }) => wanted.includes(name)).reduce((sum, { sites }) => sum + sites, 0);
    const movAndPush = ['mov', 'push'];
    return [
      {
        heads: [
          ...['', 'instructions', 'inserted', 'growth', 'growth, --mirror-call=callee', 'published'],
          ...['bytes of code', 'windows'],
        ],
        rows: all.map((one) => [
          `${one.program} (${one.about})`,
          one.native.toLocaleString('en'),
          one.inserted.toLocaleString('en'),
          percent(one.inserted, one.native),
          percent(one.insertedCallee, one.native),
          publishedGrowth,
          one.bytes === null ? '' : `+${percent(one.bytes.mirrored - one.bytes.native, one.bytes.native)}`,
          one.windows.toLocaleString('en'),
        ]),
      },
      {
        heads: [
          ...['share of the mirrored writes', 'writes', 'mov and push', 'of all but calls', 'published'],
          ...names,
        ],
        rows: all.map((one) => [
          one.program,
          one.sites.toLocaleString('en'),
          percent(countOf(one, movAndPush), one.sites),
          percent(countOf(one, movAndPush), one.sites - countOf(one, ['call'])),
          publishedShare,
          ...names.map((name) => percent(countOf(one, [name]), one.sites)),
        ]),
      },
    ];
  },
});
