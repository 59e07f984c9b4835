// What mirroring costs when programs are built: whole builds of redis and SQLite and one tiny file, natively and mirrored in turn.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debianSource, root } from '../../scripts/tools.mjs';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run } from '../measure.js';
import type { Usage } from '../measure.js';
import { built } from '../programs.js';
import { ratios, spread } from '../spread.js';
import type { Spread } from '../spread.js';
import { shownRatio, shownSpread } from '../table.js';

type Side = 'native' | 'mirrored';
const sides: readonly Side[] = ['native', 'mirrored'];
const compilers: Readonly<Record<Side, string>> = { native: 'gcc', mirrored: join(root, 'dist/mirrorcc') };

interface Row {
  readonly name: string;
  /** Shell text for an empty folder; `$CC` is the compiler. */
  readonly script: string;
  readonly published: string;
}

const rowsOf = (sqlite: string): readonly Row[] => [
  {
    name: 'redis, make -j2',
    // In src: the makefile above it would start one make for each program, side by side.
    script: `cp -r ${debianSource('redis')}/. . && make -C src -j2 CC="$CC" MALLOC=libc redis-server redis-cli redis-benchmark`,
    published: '1.06 on average',
  },
  {
    name: 'SQLite and speedtest1, make -j2 -O2',
    script: [
      `printf 'speedtest1: sqlite3.o speedtest1.o\\n\\t$(CC) $^ -o $@ -lm\\n%%.o: %%.c\\n\\t$(CC) -O2 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -c $<\\n' > Makefile`,
      `cp ${sqlite}/sqlite3.[ch] ${sqlite}/speedtest1.c . && make -j2 CC="$CC"`,
    ].join('; '),
    published: '1.056',
  },
  {
    name: 'a tiny file, 20 times',
    script: `echo 'int cell; int f(int n) { return cell = n; }' > t.c; for i in $(seq 20); do "$CC" -O2 -c t.c || exit; done`,
    published: '',
  },
];

interface Sample {
  readonly wall: number;
  /** With the helper's, which no parent process counts. */
  readonly cpu: number;
  readonly helper: number;
}

interface Found {
  readonly name: string;
  readonly published: string;
  readonly wall: Readonly<Record<Side, Spread>>;
  readonly cpu: Readonly<Record<Side, Spread>>;
  readonly helper: Spread;
  readonly wallRatio: Spread;
  readonly cpuRatio: Spread;
}

/** CPU seconds of the helpers whose sockets are in `runtime`, by process. */
function helperSeconds(runtime: string, seen: Map<string, number>): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${runtime}/mirrorasm/`)) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // utime and stime are fields 14 and 15, in hundredths of a second (proc(5)).
      seen.set(pid, (Number(fields[11]) + Number(fields[12])) / 100);
    } catch {
      // It has ended; what it used is known from the last look.
    }
}

async function build(script: string, compiler: string, work: string): Promise<Sample> {
  const folder = mkdtempSync(join(work, 'build-'));
  const runtime = mkdtempSync(join(work, 'runtime-'));
  const seen = new Map<string, number>();
  const look = setInterval(() => helperSeconds(runtime, seen), 250);
  let used: Usage;
  try {
    used = await run(['sh', '-c', script], {
      cwd: folder,
      env: { CC: compiler, XDG_RUNTIME_DIR: runtime },
      stdout: '/dev/null',
    });
  } finally {
    clearInterval(look);
  }
  helperSeconds(runtime, seen);
  rmSync(folder, { recursive: true });
  const helper = [...seen.values()].reduce((sum, seconds) => sum + seconds, 0);
  return { wall: used.wall, cpu: used.cpu + helper, helper };
}

async function measure({ rounds, work, say }: Options): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const { name, script, published } of rowsOf(await built('sqlite3', 'musl'))) {
    const folder = join(work, String(found.length));
    mkdirSync(folder);
    const samples = await interleave(sides, rounds, (side: Side) => build(script, compilers[side], folder));
    const values = (side: Side, key: keyof Sample): number[] => samples[side].map((one) => one[key]);
    const spreads = (key: keyof Sample): Record<Side, Spread> => ({
      native: spread(values('native', key)),
      mirrored: spread(values('mirrored', key)),
    });
    const one = {
      name,
      published,
      wall: spreads('wall'),
      cpu: spreads('cpu'),
      helper: spread(values('mirrored', 'helper')),
      wallRatio: spread(ratios(values('mirrored', 'wall'), values('native', 'wall'))),
      cpuRatio: spread(ratios(values('mirrored', 'cpu'), values('native', 'cpu'))),
    };
    found.push(one);
    say(`${name}: wall ${shownRatio(one.wallRatio)}, CPU ${shownRatio(one.cpuRatio)}`);
  }
  return found;
}

export const compile = experiment<readonly Found[]>({
  name: 'compile',
  about: 'whole builds with gcc and with mirrorcc',
  rounds: 3,
  sizes: [],
  sizesAre: '',
  always: true,
  tools: {},
  build: async () => {
    await built('sqlite3', 'musl');
  },
  run: measure,
  tables: (all) => [
    {
      heads: [
        ...['', 'native, wall s', 'mirrored, wall s', 'wall ratio', 'published'],
        ...['native, CPU s', 'mirrored, CPU s', 'of which helper', 'CPU ratio'],
      ],
      rows: all.map((one) => [
        one.name,
        shownSpread(one.wall.native),
        shownSpread(one.wall.mirrored),
        shownRatio(one.wallRatio),
        one.published,
        shownSpread(one.cpu.native),
        shownSpread(one.cpu.mirrored),
        shownSpread(one.helper),
        shownRatio(one.cpuRatio),
      ]),
    },
  ],
});
