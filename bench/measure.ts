// Runs programs and says what they used.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { cache, hashOf, putStamp, quiet, root, stamped } from '../scripts/tools.mjs';

export interface Usage {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of user and system time, of the process and of those that it has waited for. */
  readonly cpu: number;
  readonly peakKilobytes: number;
}

export interface Ran extends Usage {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files for standard input and output; otherwise nothing is read, and the output is kept. */
  readonly stdin?: string;
  readonly stdout?: string;
}

export interface Started {
  readonly pid: Promise<number>;
  /** Rejected where it does not end with 0; after stop() with an exit code, or by SIGTERM: servers have their own idea of success. */
  readonly ended: Promise<Ran>;
  /** Asks it to end. */
  stop(): void;
  /** What it has said on stderr so far. */
  stderr(): string;
}

/** The program that asks the kernel what a command used. */
function usageTool(): string {
  const source = join(root, 'bench/programs/usage.c');
  const tool = join(cache, 'bench/tools/usage');
  const hash = hashOf([source]);
  if (stamped(`${tool}.stamp`, hash) && existsSync(tool)) return tool;
  mkdirSync(dirname(tool), { recursive: true });
  quiet('musl-gcc', ['-static', '-O2', source, '-o', tool]);
  putStamp(`${tool}.stamp`, hash);
  return tool;
}

/** Starts a program. */
export function start(command: readonly string[], options: RunOptions = {}): Started {
  const stdin = openSync(options.stdin ?? '/dev/null', 'r');
  const stdout = options.stdout === undefined ? undefined : openSync(options.stdout, 'w');
  const child = spawn(usageTool(), [...command], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [stdin, stdout ?? 'pipe', 'pipe', 'pipe'],
  });
  closeSync(stdin);
  if (stdout !== undefined) closeSync(stdout);
  const text = { stdout: '', stderr: '', usage: '' };
  let stopped = false;
  const collect = (stream: Readable | null, into: keyof typeof text): void => {
    stream?.setEncoding('utf8').on('data', (data: string) => (text[into] += data));
  };
  const usage = child.stdio[3] as Readable;
  collect(child.stdout, 'stdout');
  collect(child.stderr, 'stderr');
  collect(usage, 'usage');
  const pid = new Promise<number>((resolve, reject) => {
    usage.on('data', () => {
      const found = /^process (\d+)$/m.exec(text.usage);
      if (found) resolve(Number(found[1]));
    });
    usage.on('close', () => reject(new Error(`${command.join(' ')} was not started: ${text.stderr}`)));
  });
  // Who does not ask for it does not hear that there is none.
  pid.catch(() => undefined);
  return {
    pid,
    ended: endOf(child, command, text, () => stopped),
    stop: () => {
      stopped = true;
      child.kill('SIGTERM');
    },
    stderr: () => text.stderr,
  };
}

/** Exit codes from here on stand for signals, as in a shell. */
const signals = 128;
const terminated = signals + 15;

function endOf(
  child: ChildProcess,
  command: readonly string[],
  text: Readonly<Record<'stdout' | 'stderr' | 'usage', string>>,
  stopped: () => boolean,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const used = /^used (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(text.usage);
      const [wall = NaN, user = NaN, system = NaN, peakKilobytes = NaN, code = NaN] = (used ?? [])
        .slice(1)
        .map(Number);
      if (code === 0 || (stopped() && (code < signals || code === terminated)))
        resolve({
          wall: wall / 1e9,
          cpu: (user + system) / 1e6,
          peakKilobytes,
          stdout: text.stdout,
          stderr: text.stderr,
        });
      else reject(new Error(`${command.join(' ')} ended with ${code}: ${text.stderr.slice(-2000)}`));
    });
  });
}

/** Runs a program to its end. */
export const run = (command: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  start(command, options).ended;

/** All by turns, each first as often as the others: a machine that changes its speed changes it for all. */
export async function interleave<S extends string, T>(
  sides: readonly S[],
  rounds: number,
  work: (side: S, round: number) => Promise<T>,
): Promise<Record<S, T[]>> {
  const all = Object.fromEntries(sides.map((side) => [side, [] as T[]])) as Record<S, T[]>;
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(round + turn) % sides.length];
      if (side !== undefined) all[side].push(await work(side, round));
    }
  return all;
}
