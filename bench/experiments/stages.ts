// Time of each stage on SQLite's assembly, first call and warm, in one process; llvm-mc and GNU as on the same file beside it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { collectCode } from '../../src/analyze/code.js';
import { computeLiveness } from '../../src/analyze/liveness.js';
import { linuxX8664 } from '../../src/profile/linux-x86_64.js';
import { emit } from '../../src/emit/emit.js';
import { expand } from '../../src/expand/expand.js';
import { instrument } from '../../src/instrument/instrument.js';
import { parse } from '../../src/parse/parse.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { sqliteAssembly } from '../programs.js';
import { spread } from '../spread.js';
import type { Spread } from '../spread.js';
import { shown, shownSpread } from '../table.js';

interface Found {
  readonly megabytes: number;
  readonly peakMegabytes: number;
  /** Milliseconds. */
  readonly stages: readonly { readonly name: string; readonly first: number; readonly warm: Spread }[];
  /** Other programs that read the whole file; llvm-mc where it is installed. */
  readonly others: readonly { readonly name: string; readonly milliseconds: Spread }[];
}

/** Wall milliseconds of each round; undefined where the program is not there. */
function other(
  rounds: number,
  [command = '', ...args]: readonly string[],
): { readonly name: string; readonly milliseconds: Spread } | undefined {
  const all: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    const { status, error } = spawnSync(command, [...args], { stdio: 'ignore' });
    if (error || status !== 0) return undefined;
    all.push(performance.now() - from);
  }
  return { name: [command, ...args.slice(0, -1)].join(' '), milliseconds: spread(all) };
}

async function measure({ rounds, say }: Options): Promise<Found> {
  const path = await sqliteAssembly();
  const text = readFileSync(path, 'latin1');
  const times = new Map<string, number[]>();
  const timed = <T>(stage: string, work: () => T): T => {
    const from = performance.now();
    const result = work();
    times.set(stage, [...(times.get(stage) ?? []), performance.now() - from]);
    return result;
  };
  // The first call is that of a cold process.
  for (let round = 0; round <= rounds; round++) {
    timed('expand', () => expand(path, text, { readInclude: () => undefined }));
    const file = timed('parse', () => parse(path, text));
    const code = timed('collectCode', () => collectCode(file, new Set()));
    const live = timed('computeLiveness', () => computeLiveness(code, 'sysv'));
    const options = {
      abi: 'sysv',
      callMirror: 'site',
      profile: linuxX8664,
      breakAt: 0,
      labelPrefix: '.Lmirror',
    } as const;
    const { edits } = timed('instrument', () => instrument(code, live, options));
    timed('emit', () => emit(file, edits));
  }
  const peakMegabytes = process.resourceUsage().maxRSS / 1e3;
  const stages = [...times].map(([name, [first = NaN, ...warm]]) => ({ name, first, warm: spread(warm) }));
  const sums = [...Array(rounds + 1).keys()].map((round) =>
    [...times.values()].reduce((sum, all) => sum + (all[round] ?? NaN), 0),
  );
  const [first = NaN, ...warm] = sums;
  const all = { name: 'all', first, warm: spread(warm) };
  say(`stages: ${shownSpread(all.warm)} ms warm`);
  return {
    megabytes: text.length / 1e6,
    peakMegabytes,
    stages: [...stages, all],
    others: [
      other(rounds, ['llvm-mc-14', '-triple=x86_64', '-filetype=null', path]) ??
        other(rounds, ['llvm-mc', '-triple=x86_64', '-filetype=null', path]),
      other(rounds, ['as', '-o', '/dev/null', path]),
    ].filter((found) => found !== undefined),
  };
}

export const stages = experiment<Found>({
  name: 'stages',
  about: "the time of each stage on SQLite's assembly, in one process",
  rounds: 9,
  sizes: [],
  sizesAre: '',
  always: true,
  tools: {},
  build: async () => {
    await sqliteAssembly();
  },
  run: measure,
  tables: ({ megabytes, peakMegabytes, stages: all, others }) => {
    const rate = (milliseconds: number): string => shown(megabytes / (milliseconds / 1000));
    return [
      {
        heads: [`${megabytes.toFixed(1)} MB`, 'first call, ms', 'MB/s', 'warm, ms', 'MB/s'],
        rows: [
          ...all.map(({ name, first, warm }) => [
            name,
            shown(first),
            rate(first),
            shownSpread(warm),
            rate(warm.median),
          ]),
          ...others.map(({ name, milliseconds }) => [
            name,
            shownSpread(milliseconds),
            rate(milliseconds.median),
            '',
            '',
          ]),
          ['peak memory of the process, MB', shown(peakMegabytes), '', '', ''],
        ],
      },
    ];
  },
});
