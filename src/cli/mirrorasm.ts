// The command `mirrorasm`.
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { bisectCommand } from './bisect-command.js';
import { doctorCommand } from './doctor-command.js';
import { explainCommand } from './explain-command.js';
import { rewriteCommand } from './rewrite-command.js';
import { runCommand, separateProgram } from './run-command.js';
import { statsCommand } from './stats-command.js';

const exitUsage = 3;

const { own, program } = separateProgram(hideBin(process.argv));

await yargs(own)
  .scriptName('mirrorasm')
  .usage("$0 <command>\n\nKeeps a second copy of a program's writable memory by rewriting its assembly.")
  .command(bisectCommand)
  .command(doctorCommand)
  .command(explainCommand)
  .command(rewriteCommand)
  .command(runCommand(program))
  .command(statsCommand)
  .demandCommand(1, 'a command is needed')
  .strict()
  .fail((message, error) => {
    process.stderr.write(
      `mirrorasm: error: ${message || String(error)}\nnote: mirrorasm --help lists commands and options\n`,
    );
    process.exit(message ? exitUsage : 1);
  })
  .help()
  .parseAsync();
