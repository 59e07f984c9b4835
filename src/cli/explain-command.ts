// `mirrorasm explain`: what a statement does and what becomes of it.
import { existsSync } from 'node:fs';
import type { Command } from './command.js';
import type { CallMirror, ProfileName } from '../profile/profile.js';
import { explain } from '../explain.js';
import type { Explanation } from '../explain.js';
import type { RewriteOptions } from '../rewrite.js';
import { expandOptions, pathArgument, readText } from './files.js';
import { abiOption, checkCallMirror, passOptions } from './pass-options.js';

interface Arguments {
  statement: string;
  profile: ProfileName;
  'call-mirror': CallMirror | undefined;
  abi: 'sysv' | 'none';
  json: boolean;
}

const exitRefused = 2;

export const explainCommand: Command<Arguments> = {
  builder: (y) =>
    y
      .positional('statement', {
        type: 'string',
        demandOption: true,
        coerce: pathArgument,
        describe: 'a statement, file.s:line, or - for standard input, one statement a line',
      })
      .options(passOptions)
      .check(checkCallMirror)
      .option('abi', abiOption('sysv'))
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'one JSON object a statement, one a line',
      }),
  handler: (args) => {
    const options: RewriteOptions = {
      profile: args.profile,
      callMirror: args['call-mirror'],
      abi: args.abi,
      breakAt: 0,
      allow: [],
      expand: expandOptions([], []),
    };
    const place = /^(.+):(\d+)$/.exec(args.statement);
    const show = (explanation: Explanation): void => {
      process.stdout.write(args.json ? `${JSON.stringify(explanation)}\n` : forPeople(explanation));
    };
    try {
      if (args.statement === '-') {
        for (const line of readText('-').split('\n'))
          if (line.trim() !== '') explainAlone(line, options).forEach(show);
      } else if (place && (existsSync(place[1] ?? '') || /\.[sS]$/.test(place[1] ?? ''))) {
        const [, name = '', line = '0'] = place;
        const found = explain(name, readText(name), Number(line), options);
        if (found.length === 0) throw new Error(`no statement comes from line ${line} of ${name}`);
        found.forEach(show);
      } else explainAlone(args.statement, options).forEach(show);
    } catch (error) {
      process.stderr.write(`mirrorasm: error: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = exitRefused;
    }
  },
};

/** A statement without its function: as if a return followed, so that scratch registers are chosen as in compiled code. */
function explainAlone(statement: string, options: RewriteOptions): readonly Explanation[] {
  const all = explain('<statement>', `${statement}\n\tret\n`, undefined, options);
  return all.at(-1)?.text === 'ret' ? all.slice(0, -1) : all;
}

function forPeople(e: Explanation): string {
  const list = (items: readonly string[]): string => (items.length === 0 ? '-' : items.join(' '));
  const lines = [e.text.replace(/\s+/g, ' ')];
  const row = (title: string, value: string): void => {
    lines.push(`  ${title.padEnd(10)}${value}`);
  };
  for (const w of e.writes) {
    const size =
      w.bytes === null ? 'size decided when it runs' : `${w.bytes} byte${w.bytes === 1 ? '' : 's'}`;
    row('writes', `${w.location}, ${size}${w.conditional ? ', conditionally' : ''} (${w.kind})`);
  }
  if (e.writes.length === 0) row('writes', 'no memory');
  row('reads', list(e.reads));
  row('clobbers', list(e.clobbers));
  row('flags', `in ${list(e.flagsIn)}, out ${list(e.flagsOut)}`);
  row('kind', `${e.kind}: ${e.why}`);
  if (e.refused !== null) row('refused', e.refused);
  else {
    row('mirrored', `(${e.profile})`);
    for (const line of e.mirrored) lines.push(`    ${line}`);
  }
  return `${lines.join('\n')}\n`;
}
