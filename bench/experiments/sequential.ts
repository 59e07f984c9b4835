// Memory written and read from beginning to end, beside what stores cost that are made safe by writing a file.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { checked } from '../checked.js';
import type { Checked } from '../checked.js';
import { compare, sides } from '../comparison.js';
import type { Comparison, Side } from '../comparison.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run } from '../measure.js';
import { clockOf } from '../clock.js';
import { compiled } from '../programs.js';
import { spread } from '../spread.js';
import type { Spread } from '../spread.js';
import { comparisons, shown, shownSpread } from '../table.js';

/** As published: bytes between two calls of msync. */
const steps = [2048, 4096, 8192];
/** A mapped file is written so far; more would take minutes where the disk is slow. */
const syncedBytes = 1 << 20;
/** Bytes that each size is written and read in all, so that a small one is measured as well as a large one. */
const totalBytes = 1 << 31;
const mebibyte = 1 << 20;

interface Found {
  readonly memory: readonly Comparison[];
  /** Wall microseconds a MiB. */
  readonly synced: readonly { readonly step: number; readonly wall: Spread }[];
  readonly fileSystem: string;
  readonly check: Checked;
}

const sizeName = (kilobytes: number): string =>
  kilobytes >= 1024 ? `${kilobytes / 1024} MiB` : `${kilobytes} KiB`;

async function measure({ rounds, sizes, work, say }: Options): Promise<Found> {
  const programs = {
    native: compiled('sequential', 'native', work),
    musl: compiled('sequential', 'musl', work),
    mirrored: compiled('sequential', 'mirrored', work),
  };
  const command = (side: Side, kilobytes: number, passes: number): string[] => [
    programs[side],
    'memory',
    String(kilobytes * 1024),
    String(passes),
  ];
  const memory: Comparison[] = [];
  for (const kilobytes of sizes) {
    const passes = Math.max(1, Math.round(totalBytes / (kilobytes * 1024)));
    const samples = await interleave(sides, rounds, async (side: Side) =>
      clockOf((await run(command(side, kilobytes, passes))).stdout),
    );
    for (const way of ['write', 'read']) {
      const perMebibyte = (side: Side): number[] =>
        samples[side].map((clock) => (clock(way).cpu * 1e6 * mebibyte) / (passes * kilobytes * 1024));
      const one = compare(`${way} ${sizeName(kilobytes)}`, 'CPU µs a MiB', {
        native: perMebibyte('native'),
        musl: perMebibyte('musl'),
        mirrored: perMebibyte('mirrored'),
      });
      memory.push(one);
      say(`${one.name}: to musl ${one.toMusl.median.toFixed(3)}`);
    }
  }
  const synced = [];
  for (const step of steps) {
    const all = [];
    for (let round = 0; round < rounds; round++) {
      const { stdout } = await run([
        programs.musl,
        'msync',
        join(work, 'mapped'),
        String(syncedBytes),
        String(step),
      ]);
      all.push((clockOf(stdout)('write').wall * 1e6 * mebibyte) / syncedBytes);
    }
    synced.push({ step, wall: spread(all) });
    say(`msync every ${step} bytes: ${shown(spread(all).median)} µs a MiB`);
  }
  const [largest = 0] = [...sizes].sort((a, b) => b - a);
  return {
    memory,
    synced,
    fileSystem: execFileSync('stat', ['-f', '-c', '%T', work], { encoding: 'utf8' }).trim(),
    check: await checked(work, (env) => run(command('mirrored', largest, 1), { env })),
  };
}

/** What is published is that mirroring stays far ahead of msync; the factors are those of the largest size. */
export const sequential = experiment<Found>({
  name: 'sequential',
  about: 'memory written and read in order, against a mapped file with msync',
  rounds: 5,
  sizes: [16, 64 * 1024],
  sizesAre: 'KiB of memory',
  always: true,
  tools: {},
  build: async () => undefined,
  run: measure,
  tables: ({ memory, synced, fileSystem, check }) => {
    const mirrored = [...memory].reverse().find(({ name }) => name.startsWith('write'))?.values.mirrored;
    return [
      comparisons(memory),
      {
        heads: ['native writes made safe by', 'wall µs a MiB', 'times the mirrored writes'],
        rows: synced.map(({ step, wall }) => [
          `msync of a file (${fileSystem}) every ${step} bytes`,
          shownSpread(wall),
          mirrored === undefined ? '' : shown(wall.median / mirrored.median),
        ]),
      },
      {
        heads: ['bytes compared at the end', 'that differ'],
        rows: [[check.bytesChecked.toLocaleString('en'), check.bytesDiffering]],
      },
    ];
  },
});
