// `mirrorasm run`: a program in the emulator. Its output and exit code are the command's.
import { readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Command } from './command.js';
import { whole } from './numbers.js';
import { campaignDefaults, checkTogether, machineOptions } from './run-arguments.js';
import type { RunArguments } from './run-arguments.js';
import { profileOfRun, statsOfRun } from './run-stats.js';
import { inSmallHeap } from '../emulate/v8.js';
import type * as Emulate from '../emulate/index.js';

const exitRefused = 2;
const signalExit = 128;
/** As the runtime's own check has it. */
const exitDiffers = 121;

/** The emulator is a bundle of its own: no other command waits for it to load. */
const loadEmulator = (): Promise<typeof Emulate> => import('mirrorasm/emulate');

export const runCommand = (program: readonly string[]): Command<RunArguments> => ({
  builder: (y) =>
    y
      .check(() => {
        if (program.length === 0) throw new Error('run needs a program');
        return true;
      })
      .option('root', {
        type: 'string',
        default: '/',
        describe: "the folder that is the program's /, read only",
      })
      .option('env', { type: 'string', array: true, nargs: 1, describe: 'NAME=value for the program' })
      .option('seed', {
        type: 'number',
        default: 1,
        coerce: whole('--seed', 0),
        describe: 'of random numbers and the order of threads',
      })
      .option('slice', {
        type: 'number',
        default: 1000,
        coerce: whole('--slice', 1, 0x1000000),
        describe: "instructions in a thread's turn, at most",
      })
      .option('memory', {
        type: 'number',
        default: 1024,
        coerce: whole('--memory', 1),
        describe: 'MiB that the program may touch',
      })
      .option('tier', {
        choices: [0, 1] as const,
        default: 1,
        describe: '1: compile what is executed often to WebAssembly; 0: interpret everything',
      })
      .option('limit', {
        type: 'number',
        coerce: whole('--limit', 0),
        describe: 'instructions to execute at most',
      })
      .option('stats', {
        type: 'boolean',
        default: false,
        describe: 'print what was executed, by class, mnemonic and function (interpreted)',
      })
      .option('profile', {
        type: 'string',
        describe:
          'write how often each instruction was executed, for mirrorasm stats --profile (interpreted)',
      })
      .option('time', {
        type: 'boolean',
        default: false,
        describe: 'print the number of instructions executed, and the time',
      })
      .option('check', {
        type: 'boolean',
        default: false,
        describe: 'compare native memory and mirror at every store',
      })
      .option('campaign', {
        type: 'boolean',
        default: false,
        describe: 'lose pages before instructions, and compare with the run without',
      })
      .option('cases', {
        type: 'number',
        defaultDescription: `${campaignDefaults.cases}`,
        coerce: whole('--cases', 1),
        describe: 'cases of a campaign to execute at most',
      })
      .option('lose', {
        choices: ['page', 'line', 'bit'] as const,
        defaultDescription: campaignDefaults.lose,
        describe: 'what a campaign loses: a page, a 64-byte line, or a bit that flips',
      })
      .option('recovery', {
        choices: ['program', 'ideal'] as const,
        defaultDescription: campaignDefaults.recovery,
        describe: "who rebuilds a campaign's lost pages: the program's runtime, or the emulator",
      })
      .option('notice', {
        choices: ['touched', 'told'] as const,
        defaultDescription: campaignDefaults.notice,
        describe: 'when a lost page is noticed: when it is touched, or at once, as the kernel tells of it',
      })
      .option('case', { type: 'string', describe: 'one case of a campaign again' })
      .option('jobs', {
        type: 'number',
        defaultDescription: 'one a processor',
        coerce: whole('--jobs', 1),
        describe: "threads for a campaign's cases; the result does not depend on it",
      })
      .option('report', { type: 'string', describe: 'write what --check or --campaign found as JSON' })
      .option('trace', {
        type: 'string',
        describe: 'print system calls; =N: the last N instructions before the end',
      })
      .check((args) => {
        const { trace = '', env = [], root, report, profile } = args;
        if (!/^\d*$/.test(trace)) throw new Error(`--trace is a number of instructions, not '${trace}'`);
        const nameless = env.find((one) => !/^[^=]+=/.test(one));
        if (nameless !== undefined) throw new Error(`--env is NAME=value, not '${nameless}'`);
        // Those of the results now, not behind hours of a campaign.
        const folders = { root, report: dirname(report ?? '.'), profile: dirname(profile ?? '.') };
        for (const [option, folder] of Object.entries(folders))
          if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
            throw new Error(`--${option}: '${folder}' is not a folder`);
        checkTogether(args);
        return true;
      }),
  handler: async (args) => {
    const emulate = await loadEmulator();
    if (args.campaign) {
      const { runEmulatedCampaign } = await import('./run-campaign.js');
      await runEmulatedCampaign(emulate, program, args);
      return;
    }
    const { Machine, Lockstep, describeLockstep, holds } = emulate;
    let machine: Emulate.Machine;
    let lockstep: Emulate.Lockstep | undefined;
    let recorder: Emulate.Recorder | undefined;
    let counter: Emulate.Counter | undefined;
    const [name = ''] = program;
    const path = resolve(name);
    try {
      machine = new Machine(readFileSync(path), {
        ...machineOptions(program, args),
        io: { read: readInput, write: writeAll },
      });
      if (args.trace) recorder = new emulate.Recorder(machine, Number(args.trace));
      if (args.check) lockstep = new Lockstep(machine);
      if (args.stats || args.profile !== undefined) counter = new emulate.Counter(machine);
    } catch (error) {
      process.stderr.write(`${name}: error: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = exitRefused;
      return;
    }
    if (args.trace === '')
      machine.kernel.onTrace = (name, a, result) => {
        process.stderr.write(`${name}(${a.map((n) => n.toString(16)).join(', ')}) = ${result}\n`);
      };
    const started = process.hrtime.bigint();
    const result = inSmallHeap(() => machine.run(args.limit));
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    if (args.stats || args.time) {
      const mips = machine.executed / seconds / 1e6;
      process.stderr.write(
        `${basename(path)}: ${machine.executed} instructions, ${seconds.toFixed(2)} s, ${mips.toFixed(1)} million a second\n`,
      );
    }
    const counted = counter?.result();
    const placeOf = (address: number): string => machine.symbolize(address);
    if (counted !== undefined && args.stats)
      process.stderr.write(statsOfRun(counted, (address) => placeOf(address).replace(/\+0x[0-9a-f]+$/, '')));
    if (counted !== undefined && args.profile !== undefined)
      writeFileSync(args.profile, profileOfRun(counted, placeOf));
    if (recorder) process.stderr.write(recorder.describe());
    const say = (text: string): void => {
      process.stderr.write(`mirrorasm: ${text}\n`);
    };
    switch (result.kind) {
      case 'exit':
        process.exitCode = result.code;
        break;
      case 'signal':
        process.exitCode = signalExit + result.number;
        break;
      case 'fault':
        say(`signal ${result.signal}: ${result.text}`);
        process.exitCode = signalExit + result.signal;
        break;
      case 'missing':
        say(`error: the emulator does not have ${result.text}`);
        process.exitCode = exitRefused;
        break;
      case 'limit':
        say(`stopped after ${machine.executed} instructions`);
        process.exitCode = exitRefused;
        break;
    }
    if (!lockstep) return;
    const found = lockstep.finish(result.kind === 'exit');
    process.stderr.write(describeLockstep(found));
    if (args.report !== undefined) writeFileSync(args.report, `${JSON.stringify(found, undefined, 2)}\n`);
    if (!holds(found)) process.exitCode = exitDiffers;
  },
});

function readInput(length: number): Uint8Array {
  const buffer = Buffer.alloc(Math.min(length, 1 << 20));
  try {
    return buffer.subarray(0, readSync(0, buffer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EOF') return buffer.subarray(0, 0);
    throw error;
  }
}

function writeAll(number: 1 | 2, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(number, bytes, done);
    } catch (error) {
      // A pipe that is full at the moment.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
