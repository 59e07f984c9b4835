// The command `mirrorasm`.
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { loaded } from './command.js';
import { separateProgram } from './separate-program.js';

const exitUsage = 3;

/** @param message what is wrong with the command line; otherwise a command's handler threw */
function fail(message: string | null, error: Error): never {
  process.stderr.write(
    `mirrorasm: error: ${message ?? String(error)}\nnote: mirrorasm --help lists commands and options\n`,
  );
  process.exit(message === null ? 1 : exitUsage);
}

const { own, program } = separateProgram(hideBin(process.argv));

void yargs(own)
  .scriptName('mirrorasm')
  .usage("$0 <command>\n\nKeeps a second copy of a program's writable memory by rewriting its assembly.")
  .command(
    loaded(
      'bisect',
      'find the first function and site whose mirroring makes a program behave differently',
      async () => (await import('./bisect-command.js')).bisectCommand,
    ),
  )
  .command(
    loaded(
      'campaign',
      'run a program with errors, again and again: campaign [options] -- program arguments',
      async () => (await import('./campaign-command.js')).campaignCommand(program),
    ),
  )
  .command(
    loaded(
      'doctor',
      'check whether this machine can build and run mirrored programs',
      async () => (await import('./doctor-command.js')).doctorCommand,
    ),
  )
  .command(
    loaded(
      'explain <statement>',
      'show what a statement reads, writes and clobbers, and its mirrored form',
      async () => (await import('./explain-command.js')).explainCommand,
    ),
  )
  .command(
    loaded(
      'inject [pid]',
      'lose pages of a running program: inject PID, or inject [options] -- program arguments',
      async () => (await import('./inject-command.js')).injectCommand(program),
    ),
  )
  .command(
    loaded(
      'rewrite <input>',
      'mirror every memory write of one assembly file',
      async () => (await import('./rewrite-command.js')).rewriteCommand,
    ),
  )
  .command(
    loaded('run', 'run a static program in the emulator: run [options] program arguments', async () =>
      (await import('./run-command.js')).runCommand(program),
    ),
  )
  .command(
    loaded(
      'stats <paths..>',
      'show what was mirrored and what it costs, over the files that MIRROR_STATS and --stats leave',
      async () => (await import('./stats-command.js')).statsCommand,
    ),
  )
  .command(
    loaded(
      'top <pid>',
      'what a running program has protected and recovered',
      async () => (await import('./top-command.js')).topCommand,
    ),
  )
  .demandCommand(1, 'a command is needed')
  // yargs takes any value of a switch but true for false.
  .check((args) => {
    for (const word of own) {
      const [, option = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
      if (typeof args[option] === 'boolean' && value !== 'true' && value !== 'false')
        throw new Error(`--${option} takes no value: ${word}`);
    }
    return true;
  })
  .strict()
  .fail(fail)
  .help()
  .parseAsync()
  // What an option's coerce() throws does not reach fail() where builders are asynchronous.
  .catch((error: Error) => fail(error.message, error));
