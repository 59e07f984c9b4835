// `mirrorasm rewrite in.s -o out.s`: the pass on its own.
import type { Command } from './command.js';
import { whole } from './numbers.js';
import type { CallMirror, ProfileName } from '../profile/profile.js';
import { fileStats } from '../report/collect.js';
import { statsText } from '../report/format.js';
import { rewrite } from '../rewrite.js';
import { markerOf } from './driver/linkmap.js';
import { expandOptions, formatMessages, pathArgument, readText, writeListing, writeText } from './files.js';
import { abiOption, checkCallMirror, passOptions } from './pass-options.js';

interface Arguments {
  input: string;
  output: string;
  profile: ProfileName;
  'call-mirror': CallMirror | undefined;
  abi: 'sysv' | 'none';
  stats: string | undefined;
  'stats-text': boolean;
  break: number;
  marks: boolean;
  allow: string[];
  include: string[];
  defsym: string[];
}

const exitRefused = 2;

export const rewriteCommand: Command<Arguments> = {
  builder: (y) =>
    y
      .positional('input', {
        type: 'string',
        demandOption: true,
        coerce: pathArgument,
        describe: 'assembly text; - is standard input',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        default: '-',
        describe: 'where the result goes; - is standard output',
      })
      .options(passOptions)
      .check(checkCallMirror)
      .option('abi', abiOption('none'))
      .option('stats', { type: 'string', describe: 'JSON file for the counts' })
      .option('stats-text', {
        type: 'boolean',
        default: false,
        describe: 'beside the counts, both texts for the source view of a report',
      })
      .option('marks', {
        type: 'boolean',
        default: false,
        describe: 'list in the object which instructions are inserted, for `mirrorasm run --stats`',
      })
      .option('break', {
        type: 'number',
        default: 0,
        coerce: whole('--break', 0),
        describe: 'leave out the N-th mirror store, to test that checks find it',
      })
      .option('allow', {
        type: 'string',
        array: true,
        default: [],
        describe: 'opt out by name: data-in-code',
      })
      .option('include', {
        alias: 'I',
        type: 'string',
        array: true,
        default: [],
        describe: 'folder for .include, as of GNU as',
      })
      .option('defsym', {
        type: 'string',
        array: true,
        default: [],
        describe: 'name=number, as of GNU as',
      }),
  handler: (args) => {
    let text: string;
    try {
      text = readText(args.input);
    } catch (error) {
      process.stderr.write(
        `mirrorasm: error: cannot read ${args.input}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
      process.exitCode = exitRefused;
      return;
    }
    const name = args.input === '-' ? '<stdin>' : args.input;
    const result = rewrite(name, text, {
      profile: args.profile,
      callMirror: args['call-mirror'],
      abi: args.abi,
      breakAt: args.break,
      allow: args.allow,
      clock: args.stats === undefined ? undefined : () => performance.now(),
      listing: args['stats-text'],
      marks: args.marks,
      expand: expandOptions(args.include, args.defsym),
    });
    if (!result.ok) {
      process.stderr.write(formatMessages(result.diagnostics));
      process.exitCode = exitRefused;
      return;
    }
    writeText(args.output, markerOf(args.profile, args['call-mirror']) + result.text);
    if (args.stats !== undefined) {
      writeText(
        args.stats,
        statsText(
          fileStats({ file: name, object: '' }, args.profile, result.functions, args.allow, result.stages),
        ),
        'utf8',
      );
      if (args.stats !== '-') writeListing(args.stats, result.listing, new Uint8Array(0));
    }
  },
};
