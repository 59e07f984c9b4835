// The hottest sites of a profile. Pure.
//
// A site is a line of the program's assembly at which instructions are inserted, or which is replaced, with these. Nothing is guessed: a profile names functions and places in them, the places of
// each object say what stands there, and what they do not say, or say in several ways, is counted by reason.
import { INSERTED, OWN, spanWords } from './places.js';
import type { Places } from './places.js';
import type { PlaceSamples, Profile } from './profile.js';

/** A file of the report, with what its build left. Both are read when they are needed. */
export interface PlacedFile {
  readonly name: string;
  /** Names of its functions. */
  readonly functions: readonly string[];
  readonly places: () => Places | undefined;
  readonly listing: () => string;
}

export interface HotSite {
  readonly file: string;
  /** Other files whose function of this name is the same code, so that it is one function in the program or cannot be told apart. */
  readonly others: number;
  readonly function: string;
  /** `file.c:12`, or empty. */
  readonly place: string;
  readonly native: readonly string[];
  /** Instructions that are inserted, or stand in place of the native one. */
  readonly inserted: readonly string[];
  readonly replaced: boolean;
  /** Row of the listing that has the native instruction. */
  readonly row: number;
  /** Samples at its own instruction, and at those inserted. */
  readonly own: number;
  readonly added: number;
}

/** Where samples are, in the order in which the page tells it. */
export const wheres = {
  site: 'at sites',
  other: 'at other instructions of these files',
  elsewhere: 'in code of none of these files: libraries, the runtime, the kernel',
  unplaced: 'in functions of which the profile does not tell the place',
  untold: 'in files built without MIRROR_STATS_TEXT=1, or not by mirrorcc',
  ambiguous: 'in functions of whose name these files have several, with different code',
  strange:
    'at places that the code of these files does not have: the profile is of another build, or not of a mirrored program',
} as const;
export type Where = keyof typeof wheres;

export interface HotSites {
  /** Hottest first, `most` at most. */
  readonly sites: readonly HotSite[];
  /** How many sites have samples. */
  readonly count: number;
  readonly samples: Readonly<Record<Where, number>>;
  readonly total: number;
}

/** A function with its spans, from its own beginning. */
interface Code {
  readonly file: number;
  readonly size: number;
  readonly spans: readonly number[];
}

/** Finds the functions of a name in the places of a file. */
function codesOf(file: number, { functions, spans }: Places, wanted: ReadonlySet<string>): [string, Code][] {
  return functions.flatMap(([name, section, offset, size]): [string, Code][] => {
    if (!wanted.has(name)) return [];
    const own: number[] = [];
    for (let at = firstAt(spans, section, offset); at < spans.length; at += spanWords) {
      const [of, lo = 0, hi = 0, kind = 0, row = 0] = spans.slice(at, at + spanWords);
      if (of !== section || lo >= offset + size) break;
      own.push(lo - offset, hi - offset, kind, row);
    }
    return [[name, { file, size: Math.max(size, 1), spans: own }]];
  });
}

const codeWords = 4;

/** The first span of a section at or behind a place. */
function firstAt(spans: readonly number[], section: number, offset: number): number {
  let low = 0;
  let high = spans.length / spanWords;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = middle * spanWords;
    const before = (spans[at] ?? 0) - section || (spans[at + 1] ?? 0) - offset;
    if (before < 0) low = middle + 1;
    else high = middle;
  }
  return low * spanWords;
}

/** Whether two functions have the same spans; their rows may be others. */
const alike = (a: Code, b: Code): boolean =>
  a.size === b.size &&
  a.spans.length === b.spans.length &&
  a.spans.every((word, i) => i % codeWords === 3 || word === b.spans[i]);

/** The span that a place is in, as the number of its first word; -1: it is in none. */
function spanAt({ spans }: Code, offset: number): number {
  let low = 0;
  let high = spans.length / codeWords;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle * codeWords + 1] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const at = low * codeWords;
  return (spans[at] ?? Infinity) <= offset ? at : -1;
}

/** Whose instruction the emulator found at a place does not fit what stands there. */
const contradicts = (origin: PlaceSamples['origin'], kind: number | undefined): boolean =>
  origin !== undefined && origin !== (kind === INSERTED ? 'inserted' : 'native');

interface Tally {
  readonly function: string;
  readonly codes: readonly Code[];
  /** Number of the row among the words of the function's spans. */
  readonly word: number;
  own: number;
  added: number;
}

/**
 * @param files of the report
 * @param most sites that are told of
 */
export function hottestSites(profile: Profile, files: readonly PlacedFile[], most: number): HotSites {
  const wanted = new Set(profile.places.keys());
  const codes = new Map<string, Code[]>();
  const untold = new Set<string>();
  for (const [i, file] of files.entries()) {
    const places = file.places();
    if (places === undefined) for (const name of file.functions) untold.add(name);
    else
      for (const [name, code] of codesOf(i, places, wanted)) {
        const all = codes.get(name);
        if (all === undefined) codes.set(name, [code]);
        else all.push(code);
      }
  }
  const samples: Record<Where, number> = {
    ...{ site: 0, other: 0, elsewhere: 0, unplaced: 0, untold: 0, ambiguous: 0, strange: 0 },
  };
  const places = [...profile.places];
  // A mirrored program has a runtime; another one's places are those of other code, whatever their numbers.
  const origins = places.flatMap(([, all]) => all.map(({ origin }) => origin));
  const unmirrored =
    origins.some((origin) => origin !== undefined) && !origins.some((origin) => origin === 'runtime');
  const tallies = new Map<string, Tally>();
  const ambiguous = new Set(
    [...codes].flatMap(([name, [first, ...rest]]) =>
      first !== undefined && rest.every((one) => alike(one, first)) ? [] : [name],
    ),
  );

  const whereIs = (name: string, { offset, origin, samples }: PlaceSamples): Where => {
    const known = codes.get(name) ?? [];
    const [code] = known;
    if (origin === 'runtime' || origin === 'unmarked') return 'elsewhere';
    if (code === undefined || untold.has(name)) return untold.has(name) ? 'untold' : 'elsewhere';
    if (offset === undefined) return 'unplaced';
    if (unmirrored) return 'strange';
    if (ambiguous.has(name)) return 'ambiguous';
    if (offset >= code.size) return 'strange';
    const at = spanAt(code, offset);
    const kind = code.spans[at + 2];
    if (contradicts(origin, at < 0 ? undefined : kind)) return 'strange';
    if (at < 0) return 'other';
    const key = `${code.file} ${code.spans[at + 3] ?? 0}`;
    let tally = tallies.get(key);
    if (tally === undefined)
      tallies.set(key, (tally = { function: name, codes: known, word: at + 3, own: 0, added: 0 }));
    if (kind === OWN) tally.own += samples;
    else tally.added += samples;
    return 'site';
  };
  for (const [name, all] of places) for (const one of all) samples[whereIs(name, one)] += one.samples;

  const ranked = [...tallies.values()].sort((a, b) => b.own + b.added - (a.own + a.added));
  const sites: HotSite[] = [];
  let differing = 0;
  for (let from = 0; sites.length < most && from < ranked.length;) {
    const next = ranked.slice(from, from + most - sites.length);
    from += next.length;
    const textsOf = textsAt(next, files);
    for (const tally of next) {
      const { function: name, codes, own, added } = tally;
      const texts = textsOf.get(tally) ?? [];
      const [first] = texts;
      if (first === undefined) continue;
      // Code of the same lengths that says something else.
      if (texts.some((text) => instructionsIn(text) !== instructionsIn(first))) {
        samples.ambiguous += own + added;
        samples.site -= own + added;
        differing++;
        continue;
      }
      const file = files[codes[0]?.file ?? -1]?.name ?? '';
      const others = new Set(codes.map((code) => code.file)).size - 1;
      sites.push({ file, others, function: name, ...first, own, added });
    }
  }
  const total = [...profile.functions.values()].reduce((sum, number) => sum + number, 0);
  return { sites, count: ranked.length - differing, samples, total };
}

/** Local labels are numbered by the file, so those of one function differ. */
const instructionsIn = ({ native, inserted }: SiteText): string =>
  [...native, '', ...inserted].join('\n').replace(/\.L[\w.$]+/g, '.L');

/** What stands at sites, in each of their files. A listing is large: each is read once, and only one at a time is kept. */
function textsAt(tallies: readonly Tally[], files: readonly PlacedFile[]): Map<Tally, SiteText[]> {
  const wanted = new Map<number, (readonly [Tally, Code])[]>();
  for (const tally of tallies)
    for (const code of tally.codes) {
      const here = wanted.get(code.file);
      if (here === undefined) wanted.set(code.file, [[tally, code]]);
      else here.push([tally, code]);
    }
  const found = new Map<Tally, SiteText[]>(tallies.map((tally) => [tally, []]));
  for (const [file, here] of [...wanted].sort(([a], [b]) => a - b)) {
    const rows = (files[file]?.listing() ?? '').split('\n');
    for (const [tally, { spans }] of here) found.get(tally)?.push(siteText(rows, spans, tally.word));
  }
  return found;
}

type SiteText = Pick<HotSite, 'place' | 'native' | 'inserted' | 'replaced' | 'row'>;

const isInstruction = (line: string): boolean => line !== '' && !line.startsWith('.') && !line.endsWith(':');

/** What the listing has at a site. The rows of the next one end those of this one. */
function siteText(rows: readonly string[], spans: readonly number[], word: number): SiteText {
  const begin = spans[word] ?? 0;
  const others = new Set(spans.filter((_, i) => i % codeWords === 3));
  const inserted: string[] = [];
  const native: string[] = [];
  let at = begin;
  for (; rows[at]?.startsWith('+'); at++) inserted.push(rows[at] ?? '');
  const row = at;
  const replaced = rows[at]?.startsWith('-') === true;
  if (replaced) for (; rows[at]?.startsWith('-'); at++) native.push(rows[at] ?? '');
  else native.push(rows[at++] ?? '');
  for (; rows[at]?.startsWith('+') && !others.has(at); at++) inserted.push(rows[at] ?? '');
  let from = begin;
  while (from >= 0 && !rows[from]?.startsWith('@')) from--;
  const instructions = (lines: readonly string[]): string[] =>
    lines.map((line) => line.slice(1).trim()).filter(isInstruction);
  return {
    place: rows[from]?.slice(1) ?? '',
    native: instructions(native),
    inserted: instructions(inserted),
    replaced,
    row,
  };
}
