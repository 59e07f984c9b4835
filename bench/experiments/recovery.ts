// What one lost page costs a running redis, beside a restart of it that reads the same data set from disk.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ProtectedProcess } from '../../src/cli/protected-process.js';
import { randomOf } from '../../src/inject/random.js';
import { checked } from '../checked.js';
import type { Checked } from '../checked.js';
import { sides } from '../comparison.js';
import type { Side } from '../comparison.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave } from '../measure.js';
import { built } from '../programs.js';
import { forKeys, keyOf, startRedis, stopRedis, valueBytes, valueOf } from '../redis.js';
import type { Redis } from '../redis.js';
import { quantile, spread } from '../spread.js';
import type { Spread } from '../spread.js';
import { shown, shownSpread } from '../table.js';

/** Pages lost in each data set. */
const pages = 1000;

interface Row {
  readonly megabytes: number;
  readonly lost: number;
  /** What the runtime says, in microseconds: from its handler's begin to its end. */
  readonly recoveries: number;
  readonly microseconds: Spread;
  readonly tail: number;
  readonly dumpMegabytes: number;
  /** Seconds from the start of the server to its first answer. */
  readonly restart: Readonly<Record<Side, Spread>>;
  readonly wrongValues: number;
  readonly check: Checked;
}

async function fill(redis: Redis, keys: number): Promise<void> {
  await forKeys(
    redis,
    keys,
    (key) => ['SET', keyOf(key), valueOf(key)],
    () => undefined,
  );
}

/** All keys read; how many of them are not what they were. */
async function wrongValues(redis: Redis, keys: number): Promise<number> {
  let wrong = 0;
  await forKeys(
    redis,
    keys,
    (key) => ['GET', keyOf(key)],
    (key, answer) => (wrong += answer === valueOf(key) ? 0 : 1),
  );
  return wrong;
}

/** Loses pages that hold data while nobody asks for it; the next that reads them meets them. */
async function losePages(redis: Redis): Promise<number> {
  const target = ProtectedProcess.open(await redis.process.pid);
  const random = randomOf(1);
  let lost = 0;
  try {
    for (let tries = 0; lost < pages && tries < 20 * pages; tries++) {
      const page = target.choose({ kinds: ['heap', 'anonymous'], copies: ['native'] }, random);
      if (page !== undefined && (await target.lose(page)) === 'lost') lost++;
    }
  } finally {
    target.close();
  }
  return lost;
}

const recoveredIn = (stderr: string): number[] =>
  [...stderr.matchAll(/ is recovered from its mirror in (\d+) us$/gm)].map(([, us]) => Number(us));

async function measureOne(
  programs: Readonly<Record<Side, string>>,
  megabytes: number,
  { rounds, work, say }: Options,
): Promise<Row> {
  const folder = join(work, String(megabytes));
  mkdirSync(folder);
  const keys = Math.round((megabytes * 1e6) / valueBytes);
  let lost = 0;
  let wrong = 0;
  let said = '';
  const check = await checked(folder, async (env) => {
    const redis = await startRedis(programs.mirrored, folder, env);
    try {
      await fill(redis, keys);
      await redis.connection.ask('SAVE');
      lost = await losePages(redis);
      wrong = await wrongValues(redis, keys);
      said = redis.process.stderr();
    } finally {
      await stopRedis(redis);
    }
  });
  const microseconds = recoveredIn(said);
  if (microseconds.length === 0) throw new Error(`nothing was recovered: ${said.slice(0, 500)}`);
  const restarts = await interleave(sides, rounds, async (side: Side) => {
    const redis = await startRedis(programs[side], folder);
    const size = await redis.connection.ask('DBSIZE');
    await stopRedis(redis);
    if (size !== keys) throw new Error(`redis has loaded ${String(size)} of ${keys} keys`);
    return redis.started;
  });
  const row = {
    megabytes,
    lost,
    recoveries: microseconds.length,
    microseconds: spread(microseconds),
    tail: quantile(microseconds, 0.99),
    dumpMegabytes: statSync(join(folder, 'dump.rdb')).size / 1e6,
    restart: {
      native: spread(restarts.native),
      musl: spread(restarts.musl),
      mirrored: spread(restarts.mirrored),
    },
    wrongValues: wrong,
    check,
  };
  say(
    `${megabytes} MB: ${shown(row.microseconds.median)} us; restart ${shownSpread(row.restart.mirrored)} s`,
  );
  return row;
}

async function measure(options: Options): Promise<readonly Row[]> {
  const program = async (side: Side): Promise<string> => join(await built('redis', side), 'src/redis-server');
  const programs = {
    native: await program('native'),
    musl: await program('musl'),
    mirrored: await program('mirrored'),
  };
  const rows: Row[] = [];
  for (const megabytes of options.sizes) rows.push(await measureOne(programs, megabytes, options));
  return rows;
}

export const recovery = experiment<readonly Row[]>({
  name: 'recovery',
  about: 'the time to recover a lost page of redis, beside a restart with reload from disk',
  rounds: 5,
  sizes: [10, 100],
  sizesAre: 'megabytes of values',
  always: true,
  tools: {},
  build: async () => {
    for (const side of sides) await built('redis', side);
  },
  run: measure,
  tables: (rows) => [
    {
      heads: [
        ...['values, MB', 'pages lost', 'recovered', 'µs a page', '99th percentile'],
        ...['wrong values', 'bytes compared at the end', 'that differ'],
      ],
      rows: rows.map((row) => [
        row.megabytes,
        row.lost,
        row.recoveries,
        shownSpread(row.microseconds),
        shown(row.tail),
        row.wrongValues,
        row.check.bytesChecked.toLocaleString('en'),
        row.check.bytesDiffering,
      ]),
    },
    {
      heads: [
        ...['restart with reload, s', 'dump, MB', 'native (glibc)', 'native (musl)', 'mirrored'],
        'mirrored restart, times one recovery',
      ],
      rows: rows.map(({ megabytes, dumpMegabytes, restart, microseconds }) => [
        `${megabytes} MB`,
        shown(dumpMegabytes),
        ...sides.map((side) => shownSpread(restart[side])),
        Math.round((restart.mirrored.median * 1e6) / microseconds.median).toLocaleString('en'),
      ]),
    },
  ],
});
