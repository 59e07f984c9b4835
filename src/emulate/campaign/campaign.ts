// A fault campaign: some of native memory or of the mirror is lost before an instruction, and the run compared with the one without.
import type { Machine } from '../machine.js';
import { runtimeMap } from '../check/runtime-map.js';
import { RandomBytes } from '../linux/random.js';
import { caseId, chooseBit, parseCase, unitOf } from './fault.js';
import type { Fault, Lose } from './fault.js';
import { none, Runner } from './runner.js';
import type { Executed, Outcome, Recovery } from './runner.js';
import { Sample } from './sample.js';
import { Terminal } from './terminal.js';
import { traceRun } from './trace.js';
import type { FaultCase } from './trace.js';

export interface CampaignOptions {
  readonly load: (terminal: Terminal) => Machine;
  /** All of standard input; called once at most. */
  readonly input: () => Uint8Array;
  /** Cases to execute at most; of more a sample is taken. */
  readonly cases: number;
  readonly seed: number;
  readonly lose: Lose;
  readonly recovery: Recovery;
}

/** A row of the result: cases of one kind. A case is a page, line or bit and a boundary between two instructions. */
export interface CampaignRow {
  readonly lost: 'native' | 'mirror';
  readonly memory: string;
  cases: number;
  /** Cases between the same two touches of the page are one class. */
  classes: number;
  /** Classes of pages that nobody touches again. */
  untouched: number;
  /** Classes in which both copies agree where the page is touched: with ideal recovery the run is the clean one. */
  equal: number;
  executed: number;
  readonly outcomes: Record<Outcome, number>;
}

export interface ClassRow {
  readonly class: string;
  /** Executed ones. */
  classes: number;
  readonly outcomes: Record<Outcome, number>;
}

export interface FailedCase extends FaultCase, Fault, Executed {
  /** For --case. */
  readonly id: string;
}

export interface CampaignResult {
  readonly instructions: number;
  readonly start: number;
  readonly end: number;
  readonly pages: number;
  readonly seed: number;
  readonly lose: Lose;
  readonly recovery: Recovery;
  /** Classes that had to be executed, and how many of them were. */
  readonly candidates: number;
  readonly executed: number;
  readonly rows: readonly CampaignRow[];
  readonly classes: readonly ClassRow[];
  readonly failed: readonly FailedCase[];
}

/** For both runs of a campaign. */
function terminals({ input }: CampaignOptions): () => Terminal {
  let bytes: Uint8Array | undefined;
  return () => new Terminal(() => (bytes ??= input()));
}

/** Flipped bits of native memory may be used before anybody looks for them; of the mirror nobody else makes use. */
function isFailure(lose: Lose, { lost }: FaultCase, { outcome }: Executed): boolean {
  if (outcome === 'same' || outcome === 'found') return false;
  return lose !== 'bit' || lost === 'mirror';
}

export function runCampaign(options: CampaignOptions): CampaignResult {
  const rows = new Map<string, CampaignRow>();
  const classes = new Map<string, ClassRow>();
  const pages = new Set<string>();
  const failed: FailedCase[] = [];
  const sample = new Sample<FaultCase>(options.cases, options.seed);
  const rowOf = ({ lost, memory }: FaultCase): CampaignRow => {
    const key = `${lost} ${memory}`;
    const known = rows.get(key) ?? {
      lost,
      memory,
      cases: 0,
      classes: 0,
      untouched: 0,
      equal: 0,
      executed: 0,
      outcomes: none(),
    };
    rows.set(key, known);
    return known;
  };
  const note = (fault: FaultCase & Fault, done: Executed): void => {
    rowOf(fault).outcomes[done.outcome]++;
    const known = classes.get(fault.class) ?? { class: fault.class, classes: 0, outcomes: none() };
    classes.set(fault.class, known);
    known.classes++;
    known.outcomes[done.outcome]++;
    if (isFailure(options.lose, fault, done))
      failed.push({ ...fault, ...done, id: caseId(options.lose, fault) });
  };

  const terminalFor = terminals(options);
  const traced = options.load(terminalFor());
  const map = runtimeMap(traced.elf, traced.start.bias);
  const clean = traceRun(traced, map, options.lose, (fault, same) => {
    const row = rowOf(fault);
    row.cases += fault.boundaries * (options.lose === 'bit' ? 8 * unitOf('bit') : 1);
    row.classes++;
    pages.add(`${fault.lost} ${fault.page}`);
    if (fault.class === 'nothing') row.untouched++;
    if (same) row.equal++;
    if (options.lose === 'bit') sample.add(fault);
    else if (fault.class !== 'nothing') {
      if (!same || options.recovery === 'program') sample.add(fault);
    } else if (!same && options.recovery === 'ideal')
      // What is lost after the last touch is rebuilt behind the end.
      note(fault, {
        outcome: 'memory',
        text: 'the copies differ at the end',
        recovered: 0,
        place: 'the end',
      });
  });
  const terminal = terminalFor();
  const runner = new Runner(options.load(terminal), terminal, map, clean, options);
  const random = RandomBytes.seeded(options.seed + 2);
  const kept: readonly (FaultCase & Fault)[] =
    options.lose === 'bit' ? sample.kept.map((fault) => chooseBit(fault, random)) : sample.kept;
  const chosen = [...kept].sort((a, b) => a.at - b.at);
  for (const fault of chosen) {
    rowOf(fault).executed++;
    note(fault, runner.execute(fault));
  }
  return {
    instructions: clean.last + 1 - clean.start,
    start: clean.start,
    end: clean.end,
    pages: pages.size,
    seed: options.seed,
    lose: options.lose,
    recovery: options.recovery,
    candidates: sample.seen,
    executed: chosen.length,
    rows: [...rows.values()].sort((a, b) => `${a.lost} ${a.memory}`.localeCompare(`${b.lost} ${b.memory}`)),
    classes: [...classes.values()].sort((a, b) => b.classes - a.classes),
    failed,
  };
}

/** One case again. */
export function runCase(options: CampaignOptions, id: string): Executed {
  const fault = parseCase(options.lose, id);
  const terminalFor = terminals(options);
  const traced = options.load(terminalFor());
  const map = runtimeMap(traced.elf, traced.start.bias);
  const clean = traceRun(traced, map, options.lose, () => undefined);
  const terminal = terminalFor();
  return new Runner(options.load(terminal), terminal, map, clean, options).execute(fault, true);
}
