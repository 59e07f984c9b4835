// Writes and liveness in, edits out: picks each site's pattern.
import type { WriteKind } from '../analyze/classify.js';
import { addressedUnits } from '../analyze/code.js';
import type { Code, Unit } from '../analyze/code.js';
import type { Diagnostic } from '../analyze/diagnostic.js';
import type { Abi, Liveness } from '../analyze/liveness.js';
import { ALL_FLAGS, ALL_INTEGER, RSP, STATUS_FLAGS } from '../analyze/sets.js';
import type { Edit } from '../emit/edit.js';
import { formatInstruction } from './format.js';
import { spell, suffix } from './registers.js';
import { NoPattern } from './site.js';
import type { Expansion, Kept, Site } from './site.js';
import { patternsOf, REPORT, unchanged } from './patterns.js';
import { mirrorEntry } from './stack.js';
import { isMirrorStore, namesMirror, writesInRuntime } from './target.js';
import type { CallMirror, Profile } from '../profile/profile.js';

export interface InstrumentOptions {
  readonly profile: Profile;
  readonly abi: Abi;
  readonly callMirror: CallMirror;
  /** Leaves out the mirror store of the N-th site (1-based); 0 none. Exists to show that checks find a lost store. */
  readonly breakAt: number;
  /** Prefix of the labels made here; must not occur in the input. */
  readonly labelPrefix: string;
  /** Undefined: every site is mirrored. */
  readonly sites?: SiteChoice | undefined;
}

/** For bisecting: a site that is not chosen stays as the program has it. */
export interface SiteChoice {
  /** First and last number, both included. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /**
   * At this site a live register is destroyed, as a pattern would that takes it for dead; 0: none. Exists to show that bisect finds a wrong
   * pattern; no option of users sets it.
   */
  readonly clobberAt: number;
}

export interface Counts {
  native: number;
  inserted: number;
  sites: number;
  windows: number;
  readonly bySource: Record<string, number>;
}

/** A place where the program writes memory. Sites are numbered from 1 in the order of the text. */
export interface SiteEdit {
  readonly statement: number;
  /** What becomes of it when it is chosen; null keeps the instruction. */
  readonly before: readonly string[];
  readonly replace: readonly string[] | null;
  readonly after: readonly string[];
  /** Index into the code's units. */
  readonly unit: number;
  /** What is mirrored here: the kind of the write, and `entry` where a return address is copied. */
  readonly kinds: readonly (WriteKind | 'entry')[];
  /** Instructions beyond the native one. */
  readonly inserted: number;
  /** Instructions during which an error loses data. */
  readonly window: number;
  /** Where registers are kept meanwhile of which none was dead. */
  readonly kept: Kept;
  /** Whether it was chosen; otherwise the write stays native. */
  readonly mirrored: boolean;
}

export interface Instrumented {
  readonly edits: readonly Edit[];
  readonly sites: readonly SiteEdit[];
  readonly counts: Counts;
  readonly diagnostics: readonly Diagnostic[];
}

/** Kinds that write no protected memory by themselves: not counted as sites. */
const notASite: ReadonlySet<WriteKind> = new Set(['none', 'locked-nothing', 'short-branch']);

/** Lines made here are directives (`\t.cfi_...`), labels (`name:`) or instructions. */
const isInstruction = (line: string): boolean => !line.startsWith('\t.') && !line.endsWith(':');

/** Mirrors every write of `code`. Pure. */
export function instrument(code: Code, live: Liveness, options: InstrumentOptions): Instrumented {
  const edits: Edit[] = [];
  const sites: SiteEdit[] = [];
  const diagnostics: Diagnostic[] = [];
  const counts: Counts = { native: code.units.length, inserted: 0, sites: 0, windows: 0, bySource: {} };
  let labels = 0;
  const stores = (line: string): boolean => isMirrorStore(options.profile, line);
  const mirrors = (line: string): boolean => namesMirror(options.profile, line);
  const label = (): string => `${options.labelPrefix}${labels++}`;
  let kept: Kept = 'nothing';
  const keeps = (where: Kept): void => {
    kept = where;
  };
  const patterns = patternsOf[options.profile.name];
  const callee = options.callMirror === 'callee';
  // Compilers take the address of a local label to jump there only.
  const addressed = callee && options.abi === 'none' ? addressedUnits(code) : new Set<number>();

  for (let i = 0; i < code.units.length; i++) {
    const unit = code.units[i];
    if (!unit) continue;
    const { kind } = unit;
    const entry = callee && isEntry(code, addressed, i);
    if (kind === 'none' && !entry) continue;
    const statement = code.statement[i] ?? 0;
    const row = patterns[kind];
    if (typeof row !== 'function') {
      diagnostics.push({ statement, code: row.code, message: row.message, note: row.note });
      continue;
    }
    kept = 'nothing';
    const site = siteOf(unit, i, code.target[i] ?? -1, live, options, label, keeps);
    const left = kind === 'call' && callee && calleeCopies(code, unit);
    let expansion: Expansion;
    try {
      expansion = left ? unchanged : row(site);
      if (entry) expansion = { ...expansion, before: [...mirrorEntry(site), ...expansion.before] };
    } catch (error) {
      if (!(error instanceof NoPattern)) throw error;
      diagnostics.push({
        statement,
        code: error.code,
        message: error.message,
        note: error.note === '' ? REPORT : error.note,
      });
      continue;
    }
    let { before, replace, after } = expansion;
    const lines = [...before, ...(replace ?? []), ...after];
    // Fail closed: whatever a pattern does, a write that nothing mirrors does not go out.
    if (!left && !notASite.has(kind) && kind !== 'syscall' && !lines.some(mirrors))
      diagnostics.push({
        statement,
        code: 'M010',
        message: `this write (${kind}) got no mirror store`,
        note: REPORT,
      });
    let inserted = replace === null ? 0 : -1;
    for (const line of lines) if (isInstruction(line)) inserted++;
    const written = !notASite.has(kind);
    if (entry || (!left && written)) {
      const mirrored = isChosen(options.sites, sites.length + 1);
      const kinds = [...(entry ? (['entry'] as const) : []), ...(written ? [kind] : [])];
      const { window } = expansion;
      sites.push({ statement, before, replace, after, unit: i, kinds, inserted, window, kept, mirrored });
      if (!mirrored) continue;
      if (sites.length === options.sites?.clobberAt) before = [clobber(site), ...before];
    }
    if (entry) count('entry');
    if (written) count(kind);
    if (expansion.window > 0) counts.windows++;
    if (sites.length === options.breakAt && lines.some(stores)) {
      const rest = (from: readonly string[]): readonly string[] => from.filter((line) => !stores(line));
      replace = replace === null || writesInRuntime(lines) ? null : rest(replace);
      before = rest(before);
      after = rest(after);
    }
    counts.inserted += inserted;
    if (before.length === 0 && replace === null && after.length === 0) continue;
    push(edits, unit, code.first[i] ?? 0, statement, before, replace, after);
  }

  function count(source: string): void {
    counts.sites++;
    counts.bySource[source] = (counts.bySource[source] ?? 0) + 1;
  }
  return { edits, sites, counts, diagnostics };
}

const isChosen = (choice: SiteChoice | undefined, number: number): boolean =>
  choice === undefined || choice.ranges.some(([from, to]) => from <= number && number <= to);

/** Destroys the first register that is live here. */
function clobber(site: Site): string {
  const { wordBytes } = site.profile;
  const registers = (1 << (2 * wordBytes)) - 1;
  const live = ~site.freeBefore & registers & ~(1 << RSP);
  if (live === 0) throw new RangeError('no register is live at the site to be made wrong');
  const first = 31 - Math.clz32(live & -live);
  return `\tnot${suffix(wordBytes)}\t${spell(first, wordBytes)}`;
}

function siteOf(
  unit: Unit,
  i: number,
  target: number,
  live: Liveness,
  options: InstrumentOptions,
  label: () => string,
  keeps: (where: Kept) => void,
): Site {
  const mask = ALL_INTEGER & ~ALL_FLAGS;
  const { integerRead, integerKilled } = unit.effects;
  return {
    profile: options.profile,
    unit,
    abi: options.abi,
    freeBefore: ~(live.integerIn[i] ?? -1) & mask,
    freeAfter: ~(live.integerOut[i] ?? -1) & mask,
    freeAtTarget: target < 0 ? 0 : ~(live.integerIn[target] ?? -1) & mask,
    freeVector: ~((live.vectorIn[i] ?? -1) | (live.vectorOut[i] ?? -1)),
    flagsThrough: ((integerRead | ((live.integerOut[i] ?? -1) & ~integerKilled)) & STATUS_FLAGS) !== 0,
    label,
    keeps,
  };
}

/** The unit at which copy-on-call belongs: a function's first instruction, or the one behind its endbr (which stays first). */
function isEntry(code: Code, addressed: ReadonlySet<number>, i: number): boolean {
  const isEndbr = (at: number): boolean => /^endbr(64|32)$/.test(code.units[at]?.effects.base ?? '');
  const isCallable = (at: number): boolean => code.callable.has(at) || addressed.has(at);
  if (isCallable(i)) return !isEndbr(i);
  return i > 0 && isCallable(i - 1) && isEndbr(i - 1) && code.next[i - 1] === i;
}

/** In callee mode a call of a local label, or of a place that no label marks, still has to be mirrored where it stands. */
function calleeCopies(code: Code, unit: Unit): boolean {
  const operand = unit.instruction.operands[0];
  if (unit.effects.implicitMemory.some(({ bytes }) => bytes !== code.mode / 8)) return false; // a far call
  if (operand?.kind === 'indirect') return true;
  if (operand?.kind !== 'target') return false;
  const name = operand.expression.replace(/@PLT$/i, '');
  return code.functions.has(name) || (/^("[^"]+"|[A-Za-z_.$][\w.$]*)$/.test(name) && !name.startsWith('.L'));
}

/** Turns lines into the edit of the unit's statement; prefixes on statements of their own are moved into it. */
function push(
  edits: Edit[],
  unit: Unit,
  first: number,
  statement: number,
  before: readonly string[],
  replace: readonly string[] | null,
  after: readonly string[],
): void {
  let body = replace;
  for (let s = first; s < statement; s++) edits.push({ statement: s, before: '', replace: '', after: '' });
  if (first !== statement || unit.respelled)
    body ??= [formatInstruction(unit.instruction, unit.instruction.mnemonic, -1, '')];
  edits.push({
    statement,
    before: before.join('\n'),
    replace: body === null ? null : body.join('\n'),
    after: after.join('\n'),
  });
}
