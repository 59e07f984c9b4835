// The statistics of one file, from what the stages found. Pure.
import type { Code } from '../analyze/code.js';
import { createSectionTracker } from '../analyze/sections.js';
import type { SiteEdit } from '../instrument/instrument.js';
import type { SourceFile } from '../parse/syntax.js';
import type { FileStats, FunctionStats, Share, Stages } from './types.js';
import { statsVersion } from './types.js';

interface Counting {
  readonly name: string;
  readonly section: string;
  native: number;
  inserted: number;
  explicit: number;
  implicit: number;
  readonly classes: Map<string, { -readonly [Key in keyof Share]: Share[Key] }>;
  readonly mnemonics: Map<string, number>;
  windows: number;
  windowInstructions: number;
  keptInVectors: number;
  keptOnStack: number;
  unmirrored: number;
}

const counting = (name: string, section: string): Counting => ({
  name,
  section,
  native: 0,
  inserted: 0,
  explicit: 0,
  implicit: 0,
  classes: new Map(),
  mnemonics: new Map(),
  windows: 0,
  windowInstructions: 0,
  keptInVectors: 0,
  keptOnStack: 0,
  unmirrored: 0,
});

/** Adds one site to its function. An entry that is a write, too, counts as both; what is inserted belongs to the write. */
function add(into: Counting, site: SiteEdit, code: Code): void {
  const effects = code.units[site.unit]?.effects;
  if (!site.mirrored) {
    into.unmirrored++;
    return;
  }
  into.inserted += site.inserted;
  if (site.window > 0) into.windows++;
  into.windowInstructions += site.window;
  if (site.kept === 'vector') into.keptInVectors++;
  if (site.kept === 'stack') into.keptOnStack++;
  site.kinds.forEach((kind, place) => {
    const share = into.classes.get(kind) ?? { sites: 0, inserted: 0, windows: 0, windowInstructions: 0 };
    share.sites++;
    if (place === site.kinds.length - 1) {
      share.inserted += site.inserted;
      if (site.window > 0) share.windows++;
      share.windowInstructions += site.window;
    }
    into.classes.set(kind, share);
    const named = kind !== 'entry' && (effects?.access[effects.memoryOperand] ?? '').includes('w');
    if (named) into.explicit++;
    else into.implicit++;
    const mnemonic = kind === 'entry' ? 'call' : (effects?.base ?? '');
    into.mnemonics.set(mnemonic, (into.mnemonics.get(mnemonic) ?? 0) + 1);
  });
}

const finished = ({ classes, mnemonics, ...rest }: Counting): FunctionStats => ({
  ...rest,
  classes: Object.fromEntries<Share>([...classes].sort(([a], [b]) => (a < b ? -1 : 1))),
  mnemonics: Object.fromEntries([...mnemonics].sort(([a], [b]) => (a < b ? -1 : 1))),
  bytes: null,
});

/** Counts by function and section. `sites` are in the order of the text. */
export function functionsOf(file: SourceFile, code: Code, sites: readonly SiteEdit[]): FunctionStats[] {
  const found = new Map<string, Counting>();
  const sections = createSectionTracker();
  /** The function that is open in each section: code may go back and forth between them. */
  const open = new Map<string, Counting>();
  const enter = (name: string): Counting => {
    const key = `${sections.current}\0${name}`;
    let into = found.get(key);
    if (into === undefined) found.set(key, (into = counting(name, sections.current)));
    open.set(sections.current, into);
    return into;
  };
  let unit = 0;
  let site = 0;
  for (let i = 0; i < file.count; i++) {
    const parsed = file.parsed[i];
    if (parsed === undefined) continue;
    for (const label of parsed.labels) if (code.functions.has(label)) enter(label);
    if (parsed.body.kind === 'directive') sections.apply(parsed.body.name, parsed.body.args);
    if (code.statement[unit] !== i) continue;
    const into = open.get(sections.current) ?? enter('');
    into.native++;
    unit++;
    for (let here = sites[site]; here?.statement === i; here = sites[++site]) add(into, here, code);
  }
  return [...found.values()].filter(({ native }) => native > 0).map(finished);
}

/** The whole of what is written for a file; its code's bytes are known only once it is assembled. */
export function fileStats(
  { file, object }: Pick<FileStats, 'file' | 'object'>,
  profile: string,
  functions: readonly FunctionStats[],
  exemptions: readonly string[],
  stages: Stages,
): FileStats {
  const sum = (of: (one: FunctionStats) => number): number =>
    functions.reduce((all, one) => all + of(one), 0);
  return {
    version: statsVersion,
    file,
    object,
    profile,
    native: sum(({ native }) => native),
    inserted: sum(({ inserted }) => inserted),
    sites: sum(({ explicit, implicit }) => explicit + implicit),
    windows: sum(({ windows }) => windows),
    unmirrored: sum(({ unmirrored }) => unmirrored),
    exemptions,
    bytes: null,
    stages,
    functions,
  };
}
