// The command `mirrorasm`.
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { bisectCommand } from './bisect-command.js';
import { campaignCommand } from './campaign-command.js';
import { doctorCommand } from './doctor-command.js';
import { explainCommand } from './explain-command.js';
import { injectCommand } from './inject-command.js';
import { rewriteCommand } from './rewrite-command.js';
import { runCommand, separateProgram } from './run-command.js';
import { statsCommand } from './stats-command.js';
import { topCommand } from './top-command.js';

const exitUsage = 3;

const { own, program } = separateProgram(hideBin(process.argv));

await yargs(own)
  .scriptName('mirrorasm')
  .usage("$0 <command>\n\nKeeps a second copy of a program's writable memory by rewriting its assembly.")
  .command(bisectCommand)
  .command(campaignCommand(program))
  .command(doctorCommand)
  .command(explainCommand)
  .command(injectCommand(program))
  .command(rewriteCommand)
  .command(runCommand(program))
  .command(statsCommand)
  .command(topCommand)
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
