// The emulator's speed on four small loops, by tier, and on real programs; the CPU itself and qemu-user beside it on the same binary.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { textInput } from '../../scripts/text-input.mjs';
import { cache, debianFiles, npmFiles, quiet, root } from '../../scripts/tools.mjs';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run } from '../measure.js';
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
  { name: 'table CRC', argument: 'crc', fast: [500, 3000], slow: [100, 600] },
  { name: 'byte sieve', argument: 'sieve', fast: [300, 1800], slow: [60, 300] },
  { name: 'fib', argument: 'fib', fast: [32, 36], slow: [28, 33] },
  {
    name: 'xorshift, multiply',
    argument: 'mix',
    fast: [50_000_000, 450_000_000],
    slow: [10_000_000, 70_000_000],
  },
];

type Built = 'native' | 'mirrored' | 'native32' | 'mirrored32' | 'bare32';

interface Way {
  readonly name: string;
  readonly bits: 64 | 32;
  readonly program: Built;
  readonly lengths: 'fast' | 'slow';
  readonly command: readonly string[];
}

interface Program {
  readonly name: string;
  readonly way: string;
  readonly cpu: Spread;
  /** Less: V8 compiles in threads of its own. */
  readonly wall?: Spread;
  readonly peakKilobytes: number;
}

interface Found {
  /** Million instructions a second of CPU time, by kernel and way. */
  readonly speeds: readonly {
    readonly kernel: string;
    readonly way: string;
    readonly speed: Spread;
    /** Left out: 64. */
    readonly bits?: 64 | 32;
  }[];
  /** Results from before they were measured have none. */
  readonly programs?: readonly Program[];
  /** A program that does next to nothing, in tier 1. */
  readonly start?: { readonly wall: Spread; readonly peakKilobytes: number; readonly node?: Spread };
}

/** With certificates of a site's own node reads all that there are, whatever it is to do. */
const plainNode = { NODE_EXTRA_CA_CERTS: '' };

const emulated = (tier: number, ...options: readonly string[]): readonly string[] => [
  process.execPath,
  join(root, 'dist/mirrorasm.js'),
  'run',
  '--time',
  `--tier=${tier}`,
  ...options,
];

/** From Debian's package in the cache: nothing is installed. */
function qemu(processor: 'x86_64' | 'i386'): string | undefined {
  const folder = debianFiles('qemu-user-static');
  const command = folder === undefined ? '' : join(folder, `usr/bin/qemu-${processor}-static`);
  return existsSync(command) ? command : undefined;
}

/** v86 emulates a PC: the loops are a kernel of their own there. */
function v86(): readonly string[] | undefined {
  const folder = npmFiles(
    'v86',
    '0.5.462',
    'sha512-aKPX7DdzqAKFRv2omDkqSju0uEzlOxzo+II82J5UT7+tZNsboA6kyaNq9NKAnxvo9hzpJ8dQj7vcvcz0J7I2QA==',
  );
  return folder === undefined ? undefined : [process.execPath, join(root, 'bench/v86.mjs'), folder];
}

/** Of the count of instructions: the kernel's loops are the program's. */
const countedAs = (program: Built): Exclude<Built, 'bare32'> => (program === 'bare32' ? 'native32' : program);

function instructionsOf({ stderr }: Ran): number {
  const found = /: (\d+) instructions/.exec(stderr);
  if (!found) throw new Error(`no count of instructions: ${stderr}`);
  return Number(found[1]);
}

/** No library, nothing below it, where multiboot kernels lie. */
const bare: readonly string[] = [
  ...['-ffreestanding', '-fno-pic', '-no-pie', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'],
  ...['-nostdlib', '-static', '-Wl,-Ttext=0x100000,--build-id=none,-z,noseparate-code'],
];

async function measure({ rounds, work, say }: Options): Promise<Found> {
  const names: readonly Built[] = ['native', 'mirrored', 'native32', 'mirrored32', 'bare32'];
  const programs = Object.fromEntries(names.map((name) => [name, join(work, `kernels.${name}`)])) as Readonly<
    Record<Built, string>
  >;
  const source = ['-O1', join(root, 'bench/programs/kernels.c'), '-o'];
  quiet('musl-gcc', ['-static', ...source, programs.native]);
  quiet(join(root, 'dist/mirrorcc'), [...source, programs.mirrored]);
  quiet('gcc', ['-m32', '-static', '-fno-pic', ...source, programs.native32]);
  quiet(join(root, 'dist/mirrorcc'), ['-m32', ...source, programs.mirrored32]);
  quiet('gcc', ['-m32', '-O1', ...bare, join(root, 'bench/programs/bare.c'), '-o', programs.bare32]);
  const checked = emulated(1, '--check');
  const ways: Way[] = ([64, 32] as const).flatMap((bits) => {
    const [native, mirrored]: readonly Built[] =
      bits === 64 ? ['native', 'mirrored'] : ['native32', 'mirrored32'];
    const way = (
      name: string,
      program: Built = 'native',
      command: readonly string[] = [],
      slow = false,
    ): Way => ({
      name,
      bits,
      program,
      lengths: slow ? 'slow' : 'fast',
      command,
    });
    const user = qemu(bits === 64 ? 'x86_64' : 'i386');
    const pc = bits === 32 ? v86() : undefined;
    return [
      way('CPU', native),
      way('tier 0', native, emulated(0), true),
      way('tier 1', native, emulated(1)),
      way('tier 1, mirrored', mirrored, emulated(1)),
      way('tier 1, mirrored, --check', mirrored, checked),
      ...(user === undefined ? [] : [way('qemu-user', native, [user])]),
      ...(pc === undefined ? [] : [way('v86', 'bare32', pc)]),
    ];
  });
  const speeds = [];
  const results = new Map<string, string>();
  for (const kernel of kernels) {
    const counts = new Map<string, number>();
    const all = new Map<Way, number[]>();
    for (let round = 0; round < rounds; round++)
      for (const way of ways) {
        const times = [];
        const instructions: number[] = [];
        for (const length of kernel[way.lengths]) {
          const rest = [programs[way.program], kernel.argument, String(length)];
          const counted = [programs[countedAs(way.program)], ...rest.slice(1)];
          const key = counted.join(' ');
          if (!counts.has(key)) counts.set(key, instructionsOf(await run([...emulated(1), ...counted])));
          instructions.push(counts.get(key) ?? NaN);
          const ran = await run([...way.command, ...rest]);
          const same = `${way.bits} bits, ${counted.slice(1).join(' ')}`;
          if (ran.stdout !== (results.get(same) ?? ran.stdout))
            throw new Error(`${way.name}, ${same}: ${ran.stdout}, others ${results.get(same) ?? ''}`);
          results.set(same, ran.stdout);
          times.push(ran.cpu);
        }
        const [short = NaN, long = NaN] = instructions;
        const [from = NaN, to = NaN] = times;
        all.set(way, [...(all.get(way) ?? []), (long - short) / (to - from) / 1e6]);
      }
    for (const way of ways) {
      const { name, bits } = way;
      const speed = spread(all.get(way) ?? []);
      speeds.push({ kernel: kernel.name, way: name, speed, bits });
      say(`${kernel.name}, ${bits} bits, ${name}: ${shownSpread(speed)}`);
    }
  }
  const real = await realPrograms(rounds, qemu('x86_64'), say);
  const starts = { run: [...emulated(1), programs.native, 'fib', '1'], node: [process.execPath, '-e', '0'] };
  const ran = await interleave(['run', 'node'], 4 * rounds, (side) => run(starts[side], { env: plainNode }));
  const start = {
    wall: spread(ran.run.map(({ wall }) => wall)),
    peakKilobytes: Math.max(...ran.run.map((one) => one.peakKilobytes)),
    node: spread(ran.node.map(({ wall }) => wall)),
  };
  say(`start: ${shownSpread(start.wall)} s; node alone: ${shownSpread(start.node)} s`);
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
    // Its own size is 100; in smaller ones more of the time is spent on making code.
    ...['5', '100'].map((size) => ({
      name: `speedtest1 --size ${size}`,
      program: 'sqlite3',
      file: 'speedtest1',
      args: ['--size', size],
      options,
    })),
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
      const [cpu, wall] = [spread(runs.map((one) => one.cpu)), spread(runs.map((one) => one.wall))];
      const peakKilobytes = Math.max(...runs.map((one) => one.peakKilobytes));
      found.push({ name, way, cpu, wall, peakKilobytes });
      say(`${name}, ${way}: ${shownSpread(cpu)} s of CPU time, ${shownSpread(wall)} s`);
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
    heads: ['CPU s, wall s, peak MB', ...ways],
    rows: [...new Set(programs.map(({ name }) => name))].flatMap((name) => [
      [`${name}, CPU`, ...ways.map((way) => cell(name, way, ({ cpu }) => shownSpread(cpu)))],
      [`${name}, wall`, ...ways.map((way) => cell(name, way, ({ wall }) => (wall ? shownSpread(wall) : '')))],
      [`${name}, MB`, ...ways.map((way) => cell(name, way, (one) => (one.peakKilobytes / 1024).toFixed(0)))],
    ]),
  };
}

function speedTable(all: Found['speeds'], wanted: 64 | 32): { heads: string[]; rows: string[][] }[] {
  const speeds = all.filter(({ bits = 64 }) => bits === wanted);
  if (speeds.length === 0) return [];
  const ways = [...new Set(speeds.map(({ way }) => way))];
  const rows = [...new Set(speeds.map(({ kernel }) => kernel))].map((kernel) => [
    kernel,
    ...ways.map((way) => {
      const found = speeds.find((one) => one.kernel === kernel && one.way === way);
      return found ? shownSpread(found.speed) : '';
    }),
  ]);
  return [{ heads: [`${wanted} bits, million instructions a second of CPU time`, ...ways], rows }];
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
    return [
      ...([64, 32] as const).flatMap((bits) => speedTable(speeds, bits)),
      ...(programs.length === 0 ? [] : [programTable(programs)]),
      ...(start
        ? [
            {
              heads: ['start of a program that does nothing, tier 1', ''],
              rows: [
                ['wall s', shownSpread(start.wall)],
                ...(start.node ? [['of that node, wall s', shownSpread(start.node)]] : []),
                ['peak MB', (start.peakKilobytes / 1024).toFixed(0)],
              ],
            },
          ]
        : []),
    ];
  },
});
