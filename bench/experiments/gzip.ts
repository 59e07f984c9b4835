// gzip and gunzip on large files.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { textInput } from '../../scripts/text-input.mjs';
import { cache } from '../../scripts/tools.mjs';
import { checked, memoryTable, peaks } from '../checked.js';
import type { Memory } from '../checked.js';
import { compare, sides, valuesOf } from '../comparison.js';
import type { Comparison, Side } from '../comparison.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run } from '../measure.js';
import { built } from '../programs.js';
import { comparisons } from '../table.js';

interface Found {
  readonly cpu: readonly Comparison[];
  readonly wall: readonly Comparison[];
  readonly memory: readonly Memory[];
}

const published = (name: string): string =>
  name.startsWith('gzip ') ? 'about 1.015' : 'at worst under 1.10';

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}

async function measure({ rounds, sizes, work, say }: Options): Promise<Found> {
  const programs = {
    native: join(await built('gzip', 'native'), 'gzip'),
    musl: join(await built('gzip', 'musl'), 'gzip'),
    mirrored: join(await built('gzip', 'mirrored'), 'gzip'),
  };
  const found = { cpu: [] as Comparison[], wall: [] as Comparison[], memory: [] as Memory[] };
  for (const megabytes of sizes) {
    const input = textInput(join(cache, `bench/input-${megabytes}`), megabytes * 1e6);
    const packed = join(work, 'packed');
    await run([programs.native, '-c'], { stdin: input, stdout: packed });
    const jobs = [
      { name: `gzip ${megabytes} MB`, option: '-c', stdin: input, whole: packed },
      { name: `gunzip ${megabytes} MB`, option: '-dc', stdin: packed, whole: input },
    ];
    for (const { name, option, stdin, whole } of jobs) {
      const out = join(work, 'out');
      const check = await checked(work, (env) =>
        run([programs.mirrored, option], { env, stdin, stdout: out }),
      );
      if ((await hashOfFile(out)) !== (await hashOfFile(whole)))
        throw new Error(`${name}: mirrored gives something else`);
      const samples = await interleave(sides, rounds, (side: Side) =>
        run([programs[side], option], { stdin, stdout: '/dev/null' }),
      );
      const cpu = compare(
        name,
        'CPU s',
        valuesOf(samples, (one) => one.cpu),
      );
      found.cpu.push(cpu);
      found.wall.push(
        compare(
          name,
          'wall s',
          valuesOf(samples, (one) => one.wall),
        ),
      );
      found.memory.push({ name, peakKilobytes: peaks(samples), check });
      say(`${name}: CPU to musl ${cpu.toMusl.median.toFixed(3)}`);
    }
  }
  return found;
}

export const gzip = experiment<Found>({
  name: 'gzip',
  about: 'gzip and gunzip, from a file to /dev/null',
  rounds: 5,
  sizes: [100],
  sizesAre: 'megabytes of the file',
  always: true,
  tools: {},
  build: async () => {
    for (const side of sides) await built('gzip', side);
  },
  run: measure,
  tables: ({ cpu, wall, memory }) => [comparisons([...cpu, ...wall], published), memoryTable(memory)],
});
