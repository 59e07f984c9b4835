// The emulator's speed on four small loops, by tier, and on real programs; the CPU itself and qemu-user beside it on the same binary.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { textInput } from '../../scripts/text-input.mjs';
import { cache, debianFiles, quiet, root } from '../../scripts/tools.mjs';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { run } from '../measure.js';
import type { Ran, RunOptions } from '../measure.js';
import { built } from '../programs.js';
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
  { name: 'table CRC', argument: 'crc', fast: [500, 3000], slow: [50, 200] },
  { name: 'byte sieve', argument: 'sieve', fast: [300, 1800], slow: [50, 200] },
  { name: 'fib', argument: 'fib', fast: [32, 36], slow: [26, 31] },
  {
    name: 'xorshift, multiply',
    argument: 'mix',
    fast: [50_000_000, 450_000_000],
    slow: [5_000_000, 25_000_000],
  },
];

interface Way {
  readonly name: string;
  readonly program: 'native' | 'mirrored';
  readonly lengths: 'fast' | 'slow';
  readonly command: readonly string[];
}

interface Program {
  readonly name: string;
  readonly way: string;
  readonly cpu: Spread;
  readonly peakKilobytes: number;
}

interface Found {
  /** Million instructions a second of CPU time, by kernel and way. */
  readonly speeds: readonly { readonly kernel: string; readonly way: string; readonly speed: Spread }[];
  /** Results from before they were measured have none. */
  readonly programs?: readonly Program[];
  /** A program that does next to nothing, in tier 1. */
  readonly start?: { readonly wall: Spread; readonly peakKilobytes: number };
}

const emulated = (tier: number, ...options: readonly string[]): readonly string[] => [
  process.execPath,
  join(root, 'dist/mirrorasm.js'),
  'run',
  '--time',
  `--tier=${tier}`,
  ...options,
];

/** From Debian's package in the cache: nothing is installed. */
function qemu(): string | undefined {
  const folder = debianFiles('qemu-user-static');
  const command = folder === undefined ? '' : join(folder, 'usr/bin/qemu-x86_64-static');
  return existsSync(command) ? command : undefined;
}

function instructionsOf({ stderr }: Ran): number {
  const found = /: (\d+) instructions/.exec(stderr);
  if (!found) throw new Error(`no count of instructions: ${stderr}`);
  return Number(found[1]);
}

async function measure({ rounds, work, say }: Options): Promise<Found> {
  const programs = { native: join(work, 'kernels'), mirrored: join(work, 'kernels.mirrored') };
  const source = ['-O1', join(root, 'bench/programs/kernels.c'), '-o'];
  quiet('musl-gcc', ['-static', ...source, programs.native]);
  quiet(join(root, 'dist/mirrorcc'), [...source, programs.mirrored]);
  const checked = emulated(1, '--check');
  const ways: Way[] = [
    { name: 'CPU', program: 'native', lengths: 'fast', command: [] },
    { name: 'tier 0', program: 'native', lengths: 'slow', command: emulated(0) },
    { name: 'tier 1', program: 'native', lengths: 'fast', command: emulated(1) },
    { name: 'tier 1, mirrored', program: 'mirrored', lengths: 'fast', command: emulated(1) },
    { name: 'tier 1, mirrored, --check', program: 'mirrored', lengths: 'fast', command: checked },
  ];
  const other = qemu();
  if (other !== undefined)
    ways.push({ name: 'qemu-user', program: 'native', lengths: 'fast', command: [other] });
  const speeds = [];
  for (const kernel of kernels) {
    const counts = new Map<string, number>();
    const all = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++)
      for (const way of ways) {
        const times = [];
        const instructions: number[] = [];
        for (const length of kernel[way.lengths]) {
          const rest = [programs[way.program], kernel.argument, String(length)];
          const key = rest.join(' ');
          if (!counts.has(key)) counts.set(key, instructionsOf(await run([...emulated(1), ...rest])));
          instructions.push(counts.get(key) ?? NaN);
          times.push((await run([...way.command, ...rest])).cpu);
        }
        const [short = NaN, long = NaN] = instructions;
        const [from = NaN, to = NaN] = times;
        all.set(way.name, [...(all.get(way.name) ?? []), (long - short) / (to - from) / 1e6]);
      }
    for (const { name } of ways) {
      const speed = spread(all.get(name) ?? []);
      speeds.push({ kernel: kernel.name, way: name, speed });
      say(`${kernel.name}, ${name}: ${shownSpread(speed)}`);
    }
  }
  const real = await realPrograms(rounds, other, say);
  const starts = [];
  for (let round = 0; round < 2 * rounds; round++)
    starts.push(await run([...emulated(1), programs.native, 'fib', '1']));
  const start = {
    wall: spread(starts.map(({ wall }) => wall)),
    peakKilobytes: Math.max(...starts.map((one) => one.peakKilobytes)),
  };
  say(`start: ${shownSpread(start.wall)} s`);
  return { speeds, programs: real, start };
}

interface Job {
  readonly name: string;
  readonly program: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly options: RunOptions;
}

/** Native on the CPU, under qemu-user and in tier 1; and what is mirrored, which qemu-user has no %gs base for, in tier 1. */
async function realPrograms(
  rounds: number,
  other: string | undefined,
  say: Options['say'],
): Promise<Program[]> {
  const input = textInput(join(cache, 'bench/input-20'), 20e6);
  const options: RunOptions = { stdout: '/dev/null' };
  const jobs: readonly Job[] = [
    {
      name: 'gzip 20 MB',
      program: 'gzip',
      file: 'gzip',
      args: ['-c'],
      options: { ...options, stdin: input },
    },
    { name: 'speedtest1 --size 5', program: 'sqlite3', file: 'speedtest1', args: ['--size', '5'], options },
    {
      name: 'lua fib 30',
      program: 'lua',
      file: 'lua',
      args: [join(root, 'bench/programs/fib.lua'), '30'],
      options,
    },
  ];
  const found: Program[] = [];
  for (const { name, program, file, args, options } of jobs) {
    const native = join(await built(program, 'musl'), file);
    const mirrored = join(await built(program, 'mirrored'), file);
    const ways: readonly (readonly [string, readonly string[]])[] = [
      ['CPU', [native]],
      ...(other === undefined ? [] : [['qemu-user', [other, native]] as const]),
      ['tier 1', [...emulated(1), native]],
      ['tier 1, mirrored', [...emulated(1), mirrored]],
      ['tier 1, mirrored, --check', [...emulated(1, '--check'), mirrored]],
    ];
    const all = new Map<string, Ran[]>();
    for (let round = 0; round < rounds; round++)
      for (const [way, command] of ways)
        all.set(way, [...(all.get(way) ?? []), await run([...command, ...args], options)]);
    for (const [way, runs] of all) {
      const cpu = spread(runs.map((one) => one.cpu));
      found.push({ name, way, cpu, peakKilobytes: Math.max(...runs.map((one) => one.peakKilobytes)) });
      say(`${name}, ${way}: ${shownSpread(cpu)} s`);
    }
  }
  return found;
}

function programTable(programs: readonly Program[]): { heads: string[]; rows: string[][] } {
  const ways = [...new Set(programs.map(({ way }) => way))];
  const cell = (name: string, way: string, show: (one: Program) => string): string => {
    const found = programs.find((one) => one.name === name && one.way === way);
    return found ? show(found) : '';
  };
  return {
    heads: ['CPU s, and peak MB', ...ways],
    rows: [...new Set(programs.map(({ name }) => name))].flatMap((name) => [
      [name, ...ways.map((way) => cell(name, way, ({ cpu }) => shownSpread(cpu)))],
      [`${name}, MB`, ...ways.map((way) => cell(name, way, (one) => (one.peakKilobytes / 1024).toFixed(0)))],
    ]),
  };
}

export const emulator = experiment<Found>({
  name: 'emulator',
  about: "the emulator's speed on four small loops, by tier, and on real programs",
  rounds: 3,
  sizes: [],
  sizesAre: '',
  always: false,
  tools: {},
  build: async () => undefined,
  run: measure,
  tables: ({ speeds, programs = [], start }) => {
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
      ...(programs.length === 0 ? [] : [programTable(programs)]),
      ...(start
        ? [
            {
              heads: ['start of a program that does nothing, tier 1', ''],
              rows: [
                ['wall s', shownSpread(start.wall)],
                ['peak MB', (start.peakKilobytes / 1024).toFixed(0)],
              ],
            },
          ]
        : []),
    ];
  },
});
