// The text of a command of `as`, rewritten.
import { markerOf } from './driver/linkmap.js';
import type { Settings } from './driver/settings.js';
import { choiceFor, keyOf } from './driver/site-selection.js';
import type { ExpandOptions } from '../expand/types.js';
import type { ProfileName } from '../profile/profile.js';
import { rewrite } from '../rewrite.js';
import type { RewriteResult } from '../rewrite.js';
import { fileStats } from '../report/collect.js';
import type { FileStats } from '../report/types.js';
import type { AsCommand } from './as-command.js';

/** The last word size wins, as with GNU as. */
function profileOf(options: readonly string[]): ProfileName {
  return options.lastIndexOf('--32') > options.lastIndexOf('--64') ? 'linux-i386' : 'linux-x86_64';
}

/** The name a compiler wrote into its output: `.file "x.c"`. */
function sourceName(text: string): string | undefined {
  return /^\s*\.file\s+"([^"]+)"/m.exec(text.slice(0, 4096))?.[1];
}

export interface Rewritten {
  /** For messages. */
  readonly name: string;
  /** What site lists name the file by. */
  readonly source: string;
  readonly key: string;
  readonly profile: ProfileName;
  readonly result: RewriteResult;
  /** What the real assembler gets, where the result is good. */
  readonly output: string;
}

/** What is known of a rewritten file before it is assembled. */
export function statsOf(
  { source, profile, result }: Rewritten,
  { output }: AsCommand,
  settings: Settings,
): FileStats | undefined {
  if (!result.ok) return undefined;
  const { allow } = settings.options;
  return fileStats({ file: source, object: output }, profile, result.functions, allow, result.stages);
}

/** Rewrites the text of a command's inputs, one after the other, as GNU as takes them. */
export function rewriteFor(
  { inputs, rest }: AsCommand,
  text: string,
  settings: Settings,
  expand: ExpandOptions,
): Rewritten {
  const found = sourceName(text);
  const [input = '-'] = inputs;
  const source = found ?? (input === '-' ? '<stdin>' : input);
  const name = found === undefined ? source : `${found} (assembly)`;
  const wanted = settings.sites !== undefined || settings.siteList !== undefined;
  const key = wanted ? keyOf(source, text) : '';
  const profile = profileOf(rest);
  const result = rewrite(name, text, {
    ...settings.options,
    sites: choiceFor(settings.sites, source, key),
    listSites: settings.siteList !== undefined,
    listing: settings.listing,
    profile,
    clock: settings.stats === undefined ? undefined : () => performance.now(),
    expand,
  });
  // A file with some of its writes left out must not pass for a mirrored one at the link.
  const output = result.ok
    ? (settings.sites === undefined ? markerOf(profile, settings.options.callMirror) : '') + result.text
    : '';
  return { name, source, key, profile, result, output };
}
