// SQLite: tables created, rows inserted, selected, updated and deleted, in memory and in a file.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { checked, memoryTable, peaks } from '../checked.js';
import type { Memory } from '../checked.js';
import { clockOf } from '../clock.js';
import { compare, sides, valuesOf } from '../comparison.js';
import type { Comparison, Side } from '../comparison.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run } from '../measure.js';
import { built, compiled } from '../programs.js';
import { comparisons } from '../table.js';

interface Found {
  readonly cpu: readonly Comparison[];
  readonly wall: readonly Comparison[];
  readonly memory: readonly Memory[];
}

const phases = ['create', 'insert', 'select', 'update', 'delete'];

async function measure({ rounds, sizes, work, say }: Options): Promise<Found> {
  const program = async (side: Side): Promise<string> => {
    const folder = await built('sqlite3', side);
    return compiled('sql', side, work, [`-I${folder}`, join(folder, 'sqlite3.o'), '-lm']);
  };
  const programs = {
    native: await program('native'),
    musl: await program('musl'),
    mirrored: await program('mirrored'),
  };
  const file = join(work, 'database');
  const found = { cpu: [] as Comparison[], wall: [] as Comparison[], memory: [] as Memory[] };
  for (const thousands of sizes)
    for (const [place, database] of [
      ['in memory', ':memory:'],
      ['in a file', file],
    ] as const) {
      const once = async (side: Side, env: Readonly<Record<string, string>> = {}) => {
        rmSync(file, { force: true });
        return run([programs[side], database, String(thousands * 1000)], { env });
      };
      const check = await checked(work, (env) => once('mirrored', env));
      const samples = await interleave(sides, rounds, (side: Side) => once(side));
      const answers = new Set(
        sides.flatMap((side) => samples[side].map(({ stdout }) => /^sum .*$/m.exec(stdout)?.[0])),
      );
      if (answers.size !== 1) throw new Error(`sqlite: answers differ: ${[...answers].join('; ')}`);
      const clocks = {
        native: samples.native.map(({ stdout }) => clockOf(stdout)),
        musl: samples.musl.map(({ stdout }) => clockOf(stdout)),
        mirrored: samples.mirrored.map(({ stdout }) => clockOf(stdout)),
      };
      for (const phase of phases)
        for (const which of ['cpu', 'wall'] as const) {
          const one = compare(
            `${phase} ${place}`,
            which === 'cpu' ? 'CPU s' : 'wall s',
            valuesOf(clocks, (clock) => clock(phase)[which]),
          );
          found[which].push(one);
          if (which === 'cpu') say(`${one.name}: CPU to musl ${one.toMusl.median.toFixed(3)}`);
        }
      found.memory.push({
        name: `${thousands},000 rows ${place}`,
        peakKilobytes: peaks(samples),
        check,
      });
    }
  return found;
}

export const sqlite = experiment<Found>({
  name: 'sqlite',
  about: 'SQLite: create, insert, select, update, delete, in memory and in a file',
  rounds: 5,
  sizes: [100],
  sizesAre: 'thousands of rows',
  always: true,
  tools: {},
  build: async () => {
    for (const side of sides) await built('sqlite3', side);
  },
  run: measure,
  tables: ({ cpu, wall, memory }) => [
    comparisons(cpu, () => 'at most 1.10'),
    comparisons(wall, () => 'at most 1.10'),
    memoryTable(memory),
  ],
});
