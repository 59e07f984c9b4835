// A web server under load on loopback: lighttpd, asked by wrk.
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../test/programs/port.js';
import { checked, memoryTable, peaks } from '../checked.js';
import type { Memory } from '../checked.js';
import { compare, sides, valuesOf } from '../comparison.js';
import type { Comparison, Side } from '../comparison.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { interleave, run, start } from '../measure.js';
import { built } from '../programs.js';
import { comparisons } from '../table.js';

const seconds = 3;
const connections = 16;

interface Found {
  readonly costs: readonly Comparison[];
  readonly memory: readonly Memory[];
}

/** What one run under load cost. */
interface Sample {
  readonly cpuMicroseconds: number;
  readonly wallMicroseconds: number;
  readonly medianMilliseconds: number;
  readonly tailMilliseconds: number;
  readonly peakKilobytes: number;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
        .on('connect', () => resolve(true))
        .on('error', () => resolve(false));
      socket.on('close', () => socket.destroy());
      socket.end();
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on port ${port}`);
}

const units: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000 };

/** Milliseconds below which that percentage of the answers came, as wrk prints it. */
function latency(text: string, percent: number): number {
  const found = new RegExp(`^ *${percent}% +([0-9.]+)(us|ms|s)$`, 'm').exec(text);
  return Number(found?.[1]) * (units[found?.[2] ?? ''] ?? NaN);
}

async function underLoad(
  program: string,
  folder: string,
  page: string,
  env: Readonly<Record<string, string>>,
): Promise<Sample> {
  const port = await freePort();
  const settings = join(folder, `lighttpd-${port}.conf`);
  writeFileSync(
    settings,
    `server.document-root = "${folder}/www"\nserver.port = ${port}\nserver.bind = "127.0.0.1"\n`,
  );
  const server = start([program, '-D', '-f', settings], { env });
  try {
    await listening(port);
    const load = ['wrk', '--latency', '-t1', `-c${connections}`, `-d${seconds}s`];
    const { stdout } = await run([...load, `http://127.0.0.1:${port}/${page}`]);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`the server fails under load:\n${stdout}`);
    server.stop();
    const used = await server.ended;
    const [, requests, duration] = /(\d+) requests in ([0-9.]+)s/.exec(stdout) ?? [];
    return {
      cpuMicroseconds: (used.cpu * 1e6) / Number(requests),
      wallMicroseconds: (Number(duration) * 1e6) / Number(requests),
      medianMilliseconds: latency(stdout, 50),
      tailMilliseconds: latency(stdout, 99),
      peakKilobytes: used.peakKilobytes,
    };
  } finally {
    server.stop();
    await server.ended.catch(() => undefined);
  }
}

async function measure({ rounds, sizes, work, say }: Options): Promise<Found> {
  const program = async (side: Side): Promise<string> =>
    join(await built('lighttpd', side), 'build/lighttpd');
  const programs = {
    native: await program('native'),
    musl: await program('musl'),
    mirrored: await program('mirrored'),
  };
  mkdirSync(join(work, 'www'));
  const costs: Comparison[] = [];
  const memory: Memory[] = [];
  for (const bytes of sizes) {
    const page = `page-${bytes}.txt`;
    const name = `page of ${bytes / 1024} KiB`;
    writeFileSync(join(work, 'www', page), 'a line of text\n'.repeat(bytes).slice(0, bytes));
    const check = await checked(work, (env) => underLoad(programs.mirrored, work, page, env));
    const samples = await interleave(sides, rounds, (side: Side) =>
      underLoad(programs[side], work, page, {}),
    );
    const add = (unit: string, value: (one: Sample) => number): void => {
      const one = compare(name, unit, valuesOf(samples, value));
      costs.push(one);
      say(`${name}, ${unit}: to musl ${one.toMusl.median.toFixed(3)}`);
    };
    add('CPU µs of the server a request', (one) => one.cpuMicroseconds);
    add('wall µs a request', (one) => one.wallMicroseconds);
    add('median ms until the answer', (one) => one.medianMilliseconds);
    add('99th percentile of it', (one) => one.tailMilliseconds);
    memory.push({ name, peakKilobytes: peaks(samples), check });
  }
  return { costs, memory };
}

export const web = experiment<Found>({
  name: 'web',
  about: `lighttpd asked by wrk for ${seconds} seconds over ${connections} connections`,
  rounds: 5,
  sizes: [4096, 65536],
  sizesAre: 'bytes of the page',
  always: true,
  tools: { cmake: 'cmake', wrk: 'wrk' },
  build: async () => {
    for (const side of sides) await built('lighttpd', side);
  },
  run: measure,
  tables: ({ costs, memory }) => [comparisons(costs, () => 'at most 1.10'), memoryTable(memory)],
});
