// Blocks of memory got, written in their first word and given back, by size.
import { checked } from '../checked.js';
import type { Checked } from '../checked.js';
import { clockOf } from '../clock.js';
import { compare, sides } from '../comparison.js';
import type { Comparison, Side } from '../comparison.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run } from '../measure.js';
import { compiled } from '../programs.js';
import { comparisons } from '../table.js';

interface Found {
  readonly blocks: readonly Comparison[];
  readonly check: Checked;
}

/** Small blocks cost nanoseconds; those that are mappings of their own cost microseconds. */
const timesOf = (bytes: number): number => (bytes <= 4096 ? 1_000_000 : 20_000);

const sizeName = (bytes: number): string => (bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} bytes`);

async function measure({ rounds, sizes, work, say }: Options): Promise<Found> {
  const programs = {
    native: compiled('malloc', 'native', work),
    musl: compiled('malloc', 'musl', work),
    mirrored: compiled('malloc', 'mirrored', work),
  };
  const blocks: Comparison[] = [];
  for (const bytes of sizes) {
    const times = timesOf(bytes);
    const samples = await interleave(sides, rounds, async (side: Side) => {
      const { stdout } = await run([programs[side], String(bytes), String(times)]);
      return (clockOf(stdout)('block').cpu * 1e9) / times;
    });
    const one = compare(sizeName(bytes), 'CPU ns', samples);
    blocks.push(one);
    say(`malloc of ${one.name}: to musl ${one.toMusl.median.toFixed(3)}`);
  }
  const [first = 16] = sizes;
  return {
    blocks,
    check: await checked(work, (env) => run([programs.mirrored, String(first), '10000'], { env })),
  };
}

export const malloc = experiment<Found>({
  name: 'malloc',
  about: 'malloc and free, by size of the block',
  rounds: 5,
  sizes: [16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576],
  sizesAre: 'bytes of a block',
  always: true,
  tools: {},
  build: async () => undefined,
  run: measure,
  tables: ({ blocks, check }) => [
    comparisons(blocks),
    {
      heads: ['bytes compared at the end', 'that differ'],
      rows: [[check.bytesChecked.toLocaleString('en'), check.bytesDiffering]],
    },
  ],
});
