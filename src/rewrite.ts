// The whole pass: text in, mirrored text or diagnostics out. Pure.
import { collectCode } from './analyze/code.js';
import type { Diagnostic, DiagnosticCode } from './analyze/diagnostic.js';
import { computeLiveness } from './analyze/liveness.js';
import type { Abi } from './analyze/liveness.js';
import { emit } from './emit/emit.js';
import { expand } from './expand/expand.js';
import { originOf } from './expand/origins.js';
import type { Origins } from './expand/origins.js';
import type { ExpandOptions, Problem } from './expand/types.js';
import { instrument } from './instrument/instrument.js';
import type { Counts, SiteChoice } from './instrument/instrument.js';
import { withMarks } from './instrument/marks.js';
import { parse } from './parse/parse.js';
import { positionOf } from './parse/position.js';
import type { SourceFile } from './parse/syntax.js';
import type { CallMirror, ProfileName } from './profile/profile.js';
import { callMirrorOf, profiles } from './profile/profiles.js';
import { functionsOf } from './report/collect.js';
import { listingOf } from './report/listing.js';
import type { Listing } from './report/listing.js';
import type { FunctionStats, Stage, Stages } from './report/types.js';
import { describeSites } from './sites.js';
import type { SiteInfo } from './sites.js';

export interface RewriteOptions {
  readonly profile: ProfileName;
  /** Undefined: the profile's own choice. */
  readonly callMirror: CallMirror | undefined;
  readonly abi: Abi;
  /** Leaves out the mirror store of the N-th site; 0: none. */
  readonly breakAt: number;
  /** Opt-outs by name: `data-in-code`. */
  readonly allow: readonly string[];
  /** Undefined: every site is mirrored. */
  readonly sites?: SiteChoice | undefined;
  /** Describe every site in the result, chosen or not. */
  readonly listSites?: boolean;
  /** Milliseconds of a clock; given: the result has counts by function, and the time of each stage. */
  readonly clock?: (() => number) | undefined;
  /** Show both texts line by line in the result (report/listing.ts). */
  readonly listing?: boolean;
  /** List in the object which instructions are inserted (instrument/marks.ts). */
  readonly marks?: boolean;
  /** What `.include` reads, and `--defsym` values. */
  readonly expand: ExpandOptions;
}

export interface Message extends Problem {
  readonly code: DiagnosticCode;
}

export type RewriteResult =
  | {
      readonly ok: true;
      readonly text: string;
      readonly stats: Counts;
      readonly sites: readonly SiteInfo[];
      /** Empty without a clock. */
      readonly functions: readonly FunctionStats[];
      readonly stages: Stages;
      /** Empty unless asked for. */
      readonly listing: string;
    }
  | { readonly ok: false; readonly diagnostics: readonly Message[] };

/** A label prefix that the text does not use. */
function freshPrefix(text: string): string {
  let prefix = '.Lmirror';
  while (text.includes(prefix)) prefix += '_';
  return prefix;
}

/** Characters of a statement that a message shows. */
const longestText = 200;

function located(file: SourceFile, origins: Origins, diagnostic: Diagnostic): Message {
  const start = file.starts[diagnostic.statement] ?? 0;
  const parsed = file.parsed[diagnostic.statement];
  const at = start + (parsed?.bodyOffset ?? 0);
  const { line, column } = positionOf(file, at);
  return {
    ...originOf(origins, line),
    column,
    code: diagnostic.code,
    message: diagnostic.message,
    note: diagnostic.note,
    text: file.text.slice(at, Math.min(file.ends[diagnostic.statement] ?? at, at + longestText)),
  };
}

/** Refused before there are statements: binary data. */
function unreadable(name: string, text: string, nul: number): Message {
  return {
    file: name,
    line: text.slice(0, nul).split('\n').length,
    column: 1,
    uses: [],
    code: 'M011',
    message: 'binary data where assembly text is expected',
    note: 'give the text that the compiler writes with -S',
    text: '',
  };
}

const withList = (text: string, list: string): string =>
  list === '' || text.endsWith('\n') ? text + list : `${text}\n${list}`;

/**
 * Rewrites one assembly file so that each memory write is mirrored.
 *
 * @param name file name for messages
 * @param text GNU as input, AT&T syntax
 * @returns the mirrored text with its counts, or every reason why the input is refused
 */
export function rewrite(name: string, text: string, options: RewriteOptions): RewriteResult {
  const stages: Partial<Record<Stage, number>> = {};
  const timed = <T>(stage: Stage, work: () => T): T => {
    if (options.clock === undefined) return work();
    const start = options.clock();
    const result = work();
    stages[stage] = options.clock() - start;
    return result;
  };
  const nul = text.indexOf('\0');
  if (nul >= 0) return { ok: false, diagnostics: [unreadable(name, text, nul)] };
  const expansion = timed('expand', () => expand(name, text, options.expand));
  if (!expansion.ok)
    return { ok: false, diagnostics: expansion.problems.map((problem) => ({ ...problem, code: 'M012' })) };
  const { origins } = expansion;
  const file = timed('parse', () => parse(name, expansion.text, profiles[options.profile].mode));
  const refuse = (diagnostics: readonly Diagnostic[]): RewriteResult => ({
    ok: false,
    diagnostics: diagnostics.map((d) => located(file, origins, d)),
  });
  const profile = profiles[options.profile];
  const code = timed('analyze', () => collectCode(file, new Set(options.allow), profile.mode));
  if (code.diagnostics.length > 0) return refuse(code.diagnostics);
  const labelPrefix = freshPrefix(expansion.text);
  const { edits, sites, counts, diagnostics } = timed('instrument', () =>
    instrument(code, computeLiveness(code, options.abi), {
      profile,
      abi: options.abi,
      callMirror: callMirrorOf(profile, options.callMirror),
      breakAt: options.breakAt,
      labelPrefix,
      sites: options.sites,
    }),
  );
  if (diagnostics.length > 0) return refuse(diagnostics);
  const listing: Listing = options.listing === true ? listingOf(file, edits) : { text: '', rowOf: new Map() };
  const marked =
    options.marks === true ? withMarks(file, code, edits, labelPrefix, listing.rowOf) : { edits, list: '' };
  return {
    ok: true,
    text: timed('emit', () => withList(emit(file, marked.edits), marked.list)),
    stats: counts,
    sites: options.listSites === true ? describeSites(file, code, sites) : [],
    functions: options.clock === undefined ? [] : functionsOf(file, code, sites),
    stages,
    listing: listing.text,
  };
}
