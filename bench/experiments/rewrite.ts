// Wall time, CPU time, peak memory and speed of `mirrorasm rewrite` on SQLite's assembly, as a whole process; GNU as beside it.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/tools.mjs';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run } from '../measure.js';
import type { Usage } from '../measure.js';
import { sqliteAssembly } from '../programs.js';
import { ratios, spread } from '../spread.js';
import type { Spread } from '../spread.js';
import { shown, shownRatio, shownSpread } from '../table.js';

type Command = 'mirrorasm rewrite' | 'GNU as';
const names: readonly Command[] = ['mirrorasm rewrite', 'GNU as'];

interface Found {
  readonly megabytes: number;
  readonly commands: readonly {
    readonly name: Command;
    readonly wall: Spread;
    readonly cpu: Spread;
    readonly peakMegabytes: number;
  }[];
  readonly toAs: Spread;
}

async function measure({ rounds, work, say }: Options): Promise<Found> {
  const file = await sqliteAssembly();
  const mirrorasm = join(root, 'dist/mirrorasm.js');
  const commands: Readonly<Record<Command, readonly string[]>> = {
    'mirrorasm rewrite': [
      ...[process.execPath, mirrorasm, 'rewrite', file, '-o', join(work, 'out.s')],
      '--abi=sysv',
    ],
    'GNU as': ['as', file, '-o', join(work, 'out.o')],
  };
  const samples = await interleave(names, rounds, (name: Command) => run(commands[name]));
  const values = (name: Command, value: (one: Usage) => number): number[] => samples[name].map(value);
  const toAs = spread(
    ratios(
      values('mirrorasm rewrite', (one) => one.wall),
      values('GNU as', (one) => one.wall),
    ),
  );
  say(`rewrite: ${shownRatio(toAs)} times GNU as`);
  return {
    megabytes: statSync(file).size / 1e6,
    commands: names.map((name) => ({
      name,
      wall: spread(values(name, (one) => one.wall)),
      cpu: spread(values(name, (one) => one.cpu)),
      peakMegabytes: Math.max(...values(name, (one) => one.peakKilobytes)) / 1e3,
    })),
    toAs,
  };
}

export const rewrite = experiment<Found>({
  name: 'rewrite',
  about: "`mirrorasm rewrite` on SQLite's assembly, beside GNU as",
  rounds: 9,
  sizes: [],
  sizesAre: '',
  always: true,
  tools: {},
  build: async () => {
    await sqliteAssembly();
  },
  run: measure,
  tables: ({ megabytes, commands, toAs }) => [
    {
      heads: [`${megabytes.toFixed(1)} MB`, 'wall s', 'CPU s', 'peak MB', 'MB/s', 'wall, times GNU as'],
      rows: commands.map(({ name, wall, cpu, peakMegabytes }) => [
        name,
        shownSpread(wall),
        shownSpread(cpu),
        shown(peakMegabytes),
        shown(megabytes / wall.median),
        name === 'GNU as' ? 1 : shownRatio(toAs),
      ]),
    },
  ],
});
