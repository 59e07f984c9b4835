// The statistics of many files as one report. Pure.
import type { CodeBytes, FileStats, FunctionStats, Share, Stage } from './types.js';
import { statsVersion } from './types.js';

/** What is known of a file, a function, a section, or of all together. */
export interface Sum {
  readonly name: string;
  readonly native: number;
  readonly inserted: number;
  readonly sites: number;
  readonly explicit: number;
  readonly implicit: number;
  readonly windows: number;
  readonly windowInstructions: number;
  readonly keptInVectors: number;
  readonly keptOnStack: number;
  readonly unmirrored: number;
  /** null: not measured for all of it. */
  readonly bytes: CodeBytes | null;
}

/** A function; its name says the file, too. */
export interface FunctionSum extends Sum {
  readonly function: string;
  /** As among the files. */
  readonly file: string;
}

/** Sites of one kind or one mnemonic; null: not known by itself. */
export interface SiteSum {
  readonly name: string;
  readonly sites: number;
  readonly inserted: number | null;
  readonly windows: number | null;
  readonly windowInstructions: number | null;
}

export interface Report {
  readonly version: typeof statsVersion;
  readonly report: true;
  readonly totals: Sum;
  /** Opt-outs by name, and in how many files. */
  readonly exemptions: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
  /** Most inserted instructions first. */
  readonly files: readonly Sum[];
  readonly functions: readonly FunctionSum[];
  readonly sections: readonly Sum[];
  /** Most sites first. */
  readonly classes: readonly SiteSum[];
  readonly mnemonics: readonly SiteSum[];
}

const addBytes = (a: CodeBytes | null, b: CodeBytes | null): CodeBytes | null =>
  a === null || b === null ? null : { native: a.native + b.native, mirrored: a.mirrored + b.mirrored };

const nothing = (name: string): Sum => ({
  name,
  native: 0,
  inserted: 0,
  sites: 0,
  explicit: 0,
  implicit: 0,
  windows: 0,
  windowInstructions: 0,
  keptInVectors: 0,
  keptOnStack: 0,
  unmirrored: 0,
  bytes: { native: 0, mirrored: 0 },
});

const plus = (to: Sum, one: FunctionStats, bytes: CodeBytes | null): Sum => ({
  name: to.name,
  native: to.native + one.native,
  inserted: to.inserted + one.inserted,
  sites: to.sites + one.explicit + one.implicit,
  explicit: to.explicit + one.explicit,
  implicit: to.implicit + one.implicit,
  windows: to.windows + one.windows,
  windowInstructions: to.windowInstructions + one.windowInstructions,
  keptInVectors: to.keptInVectors + one.keptInVectors,
  keptOnStack: to.keptOnStack + one.keptOnStack,
  unmirrored: to.unmirrored + one.unmirrored,
  bytes,
});

const mostInserted = <T extends Sum>(sums: Iterable<T>): T[] =>
  [...sums].sort((a, b) => b.inserted - a.inserted || (a.name < b.name ? -1 : 1));
const mostSites = (sums: Iterable<SiteSum>): SiteSum[] =>
  [...sums].sort((a, b) => b.sites - a.sites || (a.name < b.name ? -1 : 1));

/** Names for people: objects of sources with one name are told apart. */
export function namesOf(files: readonly Pick<FileStats, 'file' | 'object'>[]): string[] {
  const objects = new Map<string, Set<string>>();
  for (const { file, object } of files) objects.set(file, (objects.get(file) ?? new Set()).add(object));
  return files.map(({ file, object }) =>
    (objects.get(file)?.size ?? 0) > 1 && object !== '' ? `${file} (${object})` : file,
  );
}

/** Sums up. A function that several files have (COMDAT, static) counts in each, under its name and the file's. */
export function merge(files: readonly FileStats[]): Report {
  const names = namesOf(files);
  const byFile = new Map<string, Sum>();
  const functions: FunctionSum[] = [];
  const sections = new Map<string, Sum>();
  const classes = new Map<string, Share>();
  const mnemonics = new Map<string, number>();
  const exemptions = new Map<string, number>();
  const stages: Partial<Record<Stage, number>> = {};
  let totals = nothing('all');
  for (const [i, file] of files.entries()) {
    const name = names[i] ?? file.file;
    let own = byFile.get(name) ?? nothing(name);
    const before = own.bytes;
    for (const one of file.functions) {
      own = plus(own, one, before);
      totals = plus(totals, one, totals.bytes);
      const sum = plus(nothing(`${one.name || '(no function)'} in ${name}`), one, one.bytes);
      functions.push({ ...sum, function: one.name, file: name });
      const section = sections.get(one.section) ?? nothing(one.section);
      sections.set(one.section, plus(section, one, addBytes(section.bytes, one.bytes)));
      for (const [kind, share] of Object.entries(one.classes)) {
        const sum = classes.get(kind) ?? { sites: 0, inserted: 0, windows: 0, windowInstructions: 0 };
        classes.set(kind, {
          sites: sum.sites + share.sites,
          inserted: sum.inserted + share.inserted,
          windows: sum.windows + share.windows,
          windowInstructions: sum.windowInstructions + share.windowInstructions,
        });
      }
      for (const [mnemonic, sites] of Object.entries(one.mnemonics))
        mnemonics.set(mnemonic, (mnemonics.get(mnemonic) ?? 0) + sites);
    }
    byFile.set(name, { ...own, bytes: addBytes(before, file.bytes) });
    totals = { ...totals, bytes: addBytes(totals.bytes, file.bytes) };
    for (const exemption of file.exemptions) exemptions.set(exemption, (exemptions.get(exemption) ?? 0) + 1);
    for (const [stage, time] of Object.entries(file.stages) as [Stage, number][])
      stages[stage] = (stages[stage] ?? 0) + time;
  }
  return {
    version: statsVersion,
    report: true,
    totals,
    exemptions: Object.fromEntries(exemptions),
    stages,
    files: mostInserted(byFile.values()),
    functions: mostInserted(functions),
    sections: mostInserted(sections.values()),
    classes: mostSites([...classes].map(([name, sum]) => ({ name, ...sum }))),
    mnemonics: mostSites(
      [...mnemonics].map(([name, sites]) => ({
        name,
        sites,
        inserted: null,
        windows: null,
        windowInstructions: null,
      })),
    ),
  };
}
