// The emulator's speed on four small loops, by tier; the CPU itself, and qemu-user where it is installed, beside it on the same binary.
import { join } from 'node:path';
import { quiet, root } from '../../scripts/tools.mjs';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { run } from '../measure.js';
import type { Ran } from '../measure.js';
import { spread } from '../spread.js';
import type { Spread } from '../spread.js';
import { shownSpread } from '../table.js';

interface Kernel {
  readonly name: string;
  readonly argument: string;
  /** Two lengths of a run, for the fast and for the slow: start and compilation are in both, so that their difference is the loop. */
  readonly fast: readonly [number, number];
  readonly slow: readonly [number, number];
}

const kernels: readonly Kernel[] = [
  { name: 'table CRC', argument: 'crc', fast: [500, 3000], slow: [5, 20] },
  { name: 'byte sieve', argument: 'sieve', fast: [300, 1800], slow: [5, 20] },
  { name: 'fib', argument: 'fib', fast: [32, 36], slow: [20, 24] },
  {
    name: 'xorshift, multiply',
    argument: 'mix',
    fast: [50_000_000, 450_000_000],
    slow: [500_000, 2_500_000],
  },
];

interface Way {
  readonly name: string;
  readonly lengths: 'fast' | 'slow';
  readonly command: readonly string[];
}

interface Found {
  /** Million instructions a second of CPU time, by kernel and way. */
  readonly speeds: readonly { readonly kernel: string; readonly way: string; readonly speed: Spread }[];
}

const emulated = (tier: number): readonly string[] => [
  process.execPath,
  join(root, 'dist/mirrorasm.js'),
  'run',
  '--stats',
  `--tier=${tier}`,
];

async function installed(command: string): Promise<boolean> {
  try {
    await run([command, '--version']);
    return true;
  } catch {
    return false;
  }
}

function instructionsOf({ stderr }: Ran): number {
  const found = /: (\d+) instructions/.exec(stderr);
  if (!found) throw new Error(`no count of instructions: ${stderr}`);
  return Number(found[1]);
}

async function measure({ rounds, work, say }: Options): Promise<Found> {
  const program = join(work, 'kernels');
  quiet('musl-gcc', ['-static', '-O1', join(root, 'bench/programs/kernels.c'), '-o', program]);
  const ways: Way[] = [
    { name: 'CPU', lengths: 'fast', command: [] },
    { name: 'tier 0', lengths: 'slow', command: emulated(0) },
    { name: 'tier 1', lengths: 'fast', command: emulated(1) },
  ];
  if (await installed('qemu-x86_64'))
    ways.push({ name: 'qemu-user', lengths: 'fast', command: ['qemu-x86_64'] });
  const speeds = [];
  for (const kernel of kernels) {
    const counts = new Map<number, number>();
    const all = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++)
      for (const way of ways) {
        const times = [];
        for (const length of kernel[way.lengths]) {
          const rest = [program, kernel.argument, String(length)];
          if (!counts.has(length)) counts.set(length, instructionsOf(await run([...emulated(1), ...rest])));
          times.push((await run([...way.command, ...rest])).cpu);
        }
        const [short = NaN, long = NaN] = kernel[way.lengths].map((length) => counts.get(length) ?? NaN);
        const [from = NaN, to = NaN] = times;
        all.set(way.name, [...(all.get(way.name) ?? []), (long - short) / (to - from) / 1e6]);
      }
    for (const { name } of ways) {
      const speed = spread(all.get(name) ?? []);
      speeds.push({ kernel: kernel.name, way: name, speed });
      say(`${kernel.name}, ${name}: ${shownSpread(speed)}`);
    }
  }
  return { speeds };
}

export const emulator = experiment<Found>({
  name: 'emulator',
  about: "the emulator's speed on four small loops, by tier",
  rounds: 3,
  sizes: [],
  sizesAre: '',
  always: false,
  tools: {},
  build: async () => undefined,
  run: measure,
  tables: ({ speeds }) => {
    const ways = [...new Set(speeds.map(({ way }) => way))];
    return [
      {
        heads: ['million instructions a second of CPU time', ...ways],
        rows: [...new Set(speeds.map(({ kernel }) => kernel))].map((kernel) => [
          kernel,
          ...ways.map((way) => {
            const found = speeds.find((one) => one.kernel === kernel && one.way === way);
            return found ? shownSpread(found.speed) : '';
          }),
        ]),
      },
    ];
  },
});
