// The `as` that a compiler finds through -B, in one process: rewrites its input, then runs the real assembler on the result.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readObject, withBytes } from '../report/elf.js';
import { statsText } from '../report/format.js';
import type { FileStats } from '../report/types.js';
import { measuringOptions, readCommand } from './as-command.js';
import type { AsCommand } from './as-command.js';
import { rewriteFor, statsOf } from './as-rewrite.js';
import { readSettings } from './driver/settings.js';
import type { Settings } from './driver/settings.js';
import {
  expandOptions,
  formatMessages,
  placesBytes,
  readText,
  statsFile,
  writeListing,
  writeText,
} from './files.js';

const exitRefused = 2;
const exitInternal = 1;

function refuse(text: string, output: string, settings: Settings): number {
  process.stderr.write(text);
  rmSync(output, { force: true });
  if (settings.refusedFile !== undefined) writeFileSync(settings.refusedFile, '');
  return exitRefused;
}

const optionRefused = (option: string): string =>
  `as: error[M027]: the assembler option ${option} is not supported\nas: note: programs of 32 and 64 bits are mirrored, x32 is not; for Intel syntax write .intel_syntax\n`;

function main(argv: readonly string[]): number {
  const settings = readSettings(process.env);
  if (argv.includes('--version') || argv.includes('--help'))
    return spawnSync(settings.assembler, argv, { stdio: 'inherit' }).status ?? exitInternal;
  const command = readCommand(argv);
  if (command.refused !== undefined) return refuse(optionRefused(command.refused), command.output, settings);
  let text = '';
  for (const input of command.inputs) {
    try {
      text += readText(input);
    } catch (error) {
      process.stderr.write(
        `as: error: cannot read ${input}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
      return exitRefused;
    }
  }
  const expand = expandOptions(command.folders, command.symbols);
  const rewritten = rewriteFor(command, text, settings, expand);
  const { source, key, result, output } = rewritten;
  if (!result.ok) return refuse(formatMessages(result.diagnostics), command.output, settings);
  if (settings.siteList !== undefined)
    writeText(
      join(settings.siteList, `${basename(command.output)}.${process.pid}.json`),
      JSON.stringify({ version: 1, file: source, key, sites: result.sites }) + '\n',
    );
  if (settings.emitText) {
    writeText(command.output, output);
    return 0;
  }
  const { status, error } = spawnSync(settings.assembler, command.rest, {
    stdio: ['pipe', 'inherit', 'inherit'],
    input: Buffer.from(output, 'latin1'),
  });
  // An assembler that does not read its input to the end has ended, and said why.
  if (error && status === null) throw error;
  if (settings.keep) {
    writeText(`${command.output}.mirrored.s`, output);
    writeText(`${command.output}.native.s`, text);
  }
  const stats = statsOf(rewritten, command, settings);
  if (status === 0 && settings.stats !== undefined && stats !== undefined) {
    const file = isFolder(settings.stats)
      ? statsFile(settings.stats, command.output, process.cwd())
      : settings.stats;
    writeText(file, statsText(measured(stats, command, text, settings)), 'utf8');
    const places = settings.listing ? placesBytes(readFileSync(command.output)) : new Uint8Array(0);
    writeListing(file, result.listing, places);
  }
  return status ?? exitInternal;
}

/** With the bytes of code: the text is assembled once more as it was. Where that cannot be, they are left out. */
function measured(stats: FileStats, command: AsCommand, text: string, settings: Settings): FileStats {
  const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-native-'));
  try {
    const native = join(folder, 'native.o');
    const { status } = spawnSync(settings.assembler, [...measuringOptions(command), '-o', native], {
      stdio: ['pipe', 'ignore', 'ignore'],
      input: Buffer.from(text, 'latin1'),
    });
    if (status !== 0) return stats;
    return withBytes(stats, readObject(readFileSync(native)), readObject(readFileSync(command.output)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`as: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof RangeError ? 3 : exitInternal;
}
