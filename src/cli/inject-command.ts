// `mirrorasm inject`: loses pages of a running program on purpose.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from './command.js';
import { positive, whole } from './numbers.js';
import type { Target } from '../inject/choose.js';
import { copies, kinds } from '../inject/layout.js';
import type { Copy, Kind } from '../inject/layout.js';
import { randomOf } from '../inject/random.js';
import type { Random } from '../inject/random.js';
import { hasEnded, NotProtected, ProtectedProcess } from './protected-process.js';

interface Arguments {
  pid: number | undefined;
  address: string | undefined;
  kind: Kind[];
  copy: Copy[];
  count: number;
  rate: number;
  seed: number;
}

const exitRefused = 2;
const signalExit = 128;

const say = (text: string): void => {
  process.stderr.write(`mirrorasm: ${text}\n`);
};
const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @param program what stands behind `--`: the program to launch, and its arguments */
export const injectCommand = (program: readonly string[]): Command<Arguments> => ({
  builder: (y) =>
    y
      .positional('pid', { type: 'number', coerce: whole('the process', 1), describe: 'the process' })
      .option('address', { type: 'string', describe: 'of the page to lose, in hexadecimal (default: any)' })
      .option('kind', { choices: kinds, array: true, default: [...kinds], describe: 'of memory' })
      .option('copy', { choices: copies, array: true, default: [...copies], describe: 'which copy to lose' })
      .option('count', {
        type: 'number',
        default: program.length > 0 ? Number.MAX_SAFE_INTEGER : 1,
        coerce: whole('--count', 1),
        defaultDescription: '1; until it ends, of a program that is launched',
        describe: 'errors',
      })
      .option('rate', {
        type: 'number',
        default: 10,
        coerce: positive('--rate'),
        describe: 'errors a second',
      })
      .option('seed', {
        type: 'number',
        default: 1,
        coerce: whole('--seed', 0),
        describe: 'of places and times',
      })
      .check(({ pid, address }) => {
        if ((pid === undefined) === (program.length === 0))
          throw new Error('inject needs a process, or a program behind --');
        if (address !== undefined && !/^(0x)?[0-9a-f]+$/i.test(address))
          throw new Error('--address is a number in hexadecimal');
        return true;
      }),
  handler: async (args) => {
    try {
      process.exitCode = await (args.pid === undefined ? launched(program, args) : running(args.pid, args));
    } catch (error) {
      if (!(error instanceof NotProtected)) throw error;
      process.stderr.write(`mirrorasm: error: ${error.message}\n`);
      process.exitCode = exitRefused;
    }
  },
});

/** Loses pages until `count` are lost or the process ends; the number lost. */
async function losePages(target: ProtectedProcess, args: Arguments, random: Random): Promise<number> {
  let lost = 0;
  try {
    while (lost < args.count) {
      await sleep((1000 / args.rate) * (0.5 + random()));
      const page = pageToLose(target, args, random);
      if (page === undefined && args.pid !== undefined)
        throw new NotProtected(`process ${args.pid} has no such page in memory`);
      if (page === undefined) continue;
      const outcome = await target.lose(page);
      if (outcome === 'gone') break;
      const name = `0x${page.address.toString(16)}`;
      if (outcome === 'lost') {
        lost++;
        say(`lost ${page.copy === 'mirror' ? 'the mirror of ' : ''}${name}`);
      } else if (outcome === 'refused' && args.address !== undefined)
        throw new NotProtected(`${name} is not protected, or cannot be lost (errno ${target.refusal()})`);
    }
  } catch (error) {
    if (!hasEnded(error)) throw error;
  }
  return lost;
}

function pageToLose(
  target: ProtectedProcess,
  { address, copy, kind }: Arguments,
  random: Random,
): Pick<Target, 'address' | 'copy'> | undefined {
  if (address !== undefined) return { address: parseInt(address, 16), copy: copy[0] ?? 'native' };
  return target.choose({ kinds: kind, copies: copy }, random);
}

async function running(pid: number, args: Arguments): Promise<number> {
  const target = ProtectedProcess.open(pid);
  try {
    const lost = await losePages(target, args, randomOf(args.seed));
    if (lost === 0) throw new NotProtected(`process ${pid} ended before an error`);
    return 0;
  } finally {
    target.close();
  }
}

async function launched([command = '', ...rest]: readonly string[], args: Arguments): Promise<number> {
  const child = spawn(command, rest, { stdio: 'inherit' });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>(
    (resolve) => {
      child.on('error', (error) => resolve({ code: null, signal: null, error }));
      child.on('close', (code, signal) => resolve({ code, signal }));
    },
  );
  const errors = errorsUntilEnd(child.pid, args);
  const { code, signal, error } = await ended;
  if (error) throw new NotProtected(`${command}: ${error.message}`);
  say(`${await errors} pages were lost`);
  return signal === null ? (code ?? 1) : signalExit + constants.signals[signal];
}

async function errorsUntilEnd(pid: number | undefined, args: Arguments): Promise<number> {
  if (pid === undefined) return 0;
  const target = await openWhenBegun(pid);
  if (target === undefined) return 0;
  try {
    return await losePages(target, args, randomOf(args.seed));
  } finally {
    target.close();
  }
}

/** A child is our own program until it has begun the other. Undefined where it ended before. */
export async function openWhenBegun(pid: number): Promise<ProtectedProcess | undefined> {
  let last: unknown;
  for (let tries = 0; tries < 500; tries++) {
    try {
      const target = ProtectedProcess.open(pid);
      if (target.ranges().length > 0) return target;
      target.close();
    } catch (error) {
      last = error;
      try {
        process.kill(pid, 0);
      } catch {
        return undefined;
      }
    }
    await sleep(1);
  }
  throw last;
}
