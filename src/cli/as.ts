// The `as` that a compiler finds through -B: rewrites its input, then runs the real assembler on the result.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { rewrite } from '../rewrite.js';
import type { Message } from '../rewrite.js';
import { marker } from './driver/linkmap.js';
import { choiceFor, keyOf } from './driver/site-selection.js';
import type { ProfileName } from '../profile/profile.js';
import { readSettings } from './driver/settings.js';
import type { Settings } from './driver/settings.js';
import { expandOptions, formatMessages, readText, writeText } from './files.js';

const exitRefused = 2;
const exitInternal = 1;

/** Options of GNU as whose value is the next argument (GNU as manual, 1 Overview). */
const takesValue: ReadonlySet<string> = new Set(['--MD', '--debug-prefix-map', '--defsym', '-I', '-o']);

/** Options that make another language of the input; the directives for it are understood, these are not. */
const refusedOptions = /^(-m(syntax|mnemonic)=intel|-mnaked-reg|--x32|--divide)$/;

interface Command {
  readonly inputs: readonly string[];
  readonly output: string;
  /** `-I` folders and `--defsym` arguments; they are in `rest`, too. */
  readonly folders: readonly string[];
  readonly symbols: readonly string[];
  readonly rest: readonly string[];
}

function readCommand(argv: readonly string[]): Command {
  const inputs: string[] = [];
  const folders: string[] = [];
  const symbols: string[] = [];
  const rest: string[] = [];
  let output = 'a.out';
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    if (takesValue.has(arg)) {
      const value = argv[++i] ?? '';
      if (arg === '-o') output = value;
      else if (arg === '-I') folders.push(value);
      else if (arg === '--defsym') symbols.push(value);
      rest.push(arg, value);
    } else if (arg.startsWith('-') && arg !== '-' && arg !== '--') {
      if (arg.startsWith('-I')) folders.push(arg.slice(2));
      rest.push(arg);
    } else inputs.push(arg === '--' ? '-' : arg);
  }
  return { inputs: inputs.length === 0 ? ['-'] : inputs, output, folders, symbols, rest };
}

/** The last word size wins, as with GNU as. */
function profileOf(options: readonly string[]): ProfileName {
  return options.lastIndexOf('--32') > options.lastIndexOf('--64') ? 'linux-i386' : 'linux-x86_64';
}

/** The name a compiler wrote into its output, for messages: `.file "x.c"`. */
function sourceName(text: string, input: string): string {
  const found = /^\s*\.file\s+"([^"]+)"/m.exec(text.slice(0, 4096));
  return found?.[1] === undefined ? (input === '-' ? '<stdin>' : input) : `${found[1]} (assembly)`;
}

function refuse(messages: readonly Message[], output: string, settings: Settings): number {
  process.stderr.write(formatMessages(messages));
  rmSync(output, { force: true });
  if (settings.refusedFile !== undefined) writeFileSync(settings.refusedFile, '');
  return exitRefused;
}

function main(argv: readonly string[]): number {
  const settings = readSettings(process.env);
  if (argv.includes('--version') || argv.includes('--help'))
    return spawnSync(settings.assembler, argv, { stdio: 'inherit' }).status ?? exitInternal;
  const command = readCommand(argv);
  const refusedOption = command.rest.find((option) => refusedOptions.test(option));
  if (refusedOption !== undefined) {
    process.stderr.write(
      `as: error[M027]: the assembler option ${refusedOption} is not supported\nas: note: programs of 32 and 64 bits are mirrored, x32 is not; for Intel syntax write .intel_syntax\n`,
    );
    if (settings.refusedFile !== undefined) writeFileSync(settings.refusedFile, '');
    return exitRefused;
  }
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
  const name = sourceName(text, command.inputs[0] ?? '-');
  const plainName = name.replace(/ \(assembly\)$/, '');
  const key = keyOf(plainName, text);
  const result = rewrite(name, text, {
    ...settings.options,
    sites: choiceFor(settings.sites, plainName, key),
    listSites: settings.siteList !== undefined,
    profile: profileOf(command.rest),
    expand: expandOptions(command.folders, command.symbols),
  });
  if (!result.ok) return refuse(result.diagnostics, command.output, settings);
  // A file with some of its writes left out must not pass for a mirrored one at the link.
  const output = (settings.sites === undefined ? marker : '') + result.text;
  if (settings.siteList !== undefined)
    writeText(
      join(settings.siteList, `${basename(command.output)}.${process.pid}.json`),
      JSON.stringify({ version: 1, file: plainName, key, sites: result.sites }) + '\n',
    );
  if (settings.emitText) {
    writeText(command.output, output);
    return 0;
  }

  const folder = mkdtempSync(join(tmpdir(), 'mirroras-'));
  try {
    const mirrored = join(folder, 'mirrored.s');
    writeFileSync(mirrored, output, 'latin1');
    const { status, error } = spawnSync(settings.assembler, [...command.rest, mirrored], {
      stdio: 'inherit',
    });
    if (error) throw error;
    if (settings.keep) {
      copyFileSync(mirrored, `${command.output}.mirrored.s`);
      writeText(`${command.output}.native.s`, text);
    }
    if (status === 0 && settings.stats !== undefined) {
      const file = isFolder(settings.stats)
        ? join(settings.stats, `${basename(command.output)}.${process.pid}.json`)
        : settings.stats;
      writeText(file, JSON.stringify({ version: 1, file: name, ...result.stats }) + '\n', 'utf8');
    }
    return status ?? exitInternal;
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
