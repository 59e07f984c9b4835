// A fault campaign: a page of native memory or of the mirror is lost before an instruction, and rebuilt from the other copy before it is touched.
import { pageSize } from '../memory.js';
import type { Machine } from '../machine.js';
import { runtimeMap } from '../check/runtime-map.js';
import { Runner } from './runner.js';
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
  readonly recovery: Recovery;
}

/** A row of the result: cases of one kind. A case is a page and a boundary between two instructions. */
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

export interface FailedCase extends FaultCase, Executed {
  /** For --case. */
  readonly id: string;
}

export interface CampaignResult {
  readonly instructions: number;
  readonly start: number;
  readonly end: number;
  readonly pages: number;
  readonly seed: number;
  readonly recovery: Recovery;
  /** Classes that had to be executed, and how many of them were. */
  readonly candidates: number;
  readonly executed: number;
  readonly rows: readonly CampaignRow[];
  readonly classes: readonly ClassRow[];
  readonly failed: readonly FailedCase[];
}

export function caseId(fault: Pick<FaultCase, 'at' | 'lost' | 'page'>): string {
  return `${fault.lost}:${(fault.page * pageSize).toString(16)}@${fault.at}`;
}

export function parseCase(id: string): Pick<FaultCase, 'at' | 'lost' | 'page'> {
  const found = /^(native|mirror):([0-9a-f]+)@([0-9]+)$/.exec(id);
  const address = parseInt(found?.[2] ?? '', 16);
  if (!found || address % pageSize !== 0)
    throw new RangeError(`--case takes native:ADDRESS@INSTRUCTION or mirror:..., not '${id}'`);
  return {
    lost: found[1] === 'native' ? 'native' : 'mirror',
    page: address / pageSize,
    at: Number(found[3]),
  };
}

/** For both runs of a campaign. */
function terminals({ input }: CampaignOptions): () => Terminal {
  let bytes: Uint8Array | undefined;
  return () => new Terminal(() => (bytes ??= input()));
}

const none = (): Record<Outcome, number> => ({ same: 0, crash: 0, hang: 0, exit: 0, output: 0, memory: 0 });

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
  const note = (fault: FaultCase, done: Executed): void => {
    rowOf(fault).outcomes[done.outcome]++;
    const known = classes.get(fault.class) ?? { class: fault.class, classes: 0, outcomes: none() };
    classes.set(fault.class, known);
    known.classes++;
    known.outcomes[done.outcome]++;
    if (done.outcome !== 'same') failed.push({ ...fault, ...done, id: caseId(fault) });
  };

  const terminalFor = terminals(options);
  const traced = options.load(terminalFor());
  const map = runtimeMap(traced.elf, traced.start.bias);
  const clean = traceRun(traced, map, (fault, same) => {
    const row = rowOf(fault);
    row.cases += fault.boundaries;
    row.classes++;
    pages.add(`${fault.lost} ${fault.page}`);
    if (fault.class === 'nothing') row.untouched++;
    if (same) row.equal++;
    if (fault.class !== 'nothing') {
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
  const runner = new Runner(options.load(terminal), terminal, map, clean, options.recovery);
  const chosen = [...sample.kept].sort((a, b) => a.at - b.at);
  for (const fault of chosen) {
    rowOf(fault).executed++;
    note(fault, runner.execute(fault));
  }
  return {
    instructions: clean.end - clean.start,
    start: clean.start,
    end: clean.end,
    pages: pages.size,
    seed: options.seed,
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
  const fault = parseCase(id);
  const terminalFor = terminals(options);
  const traced = options.load(terminalFor());
  const map = runtimeMap(traced.elf, traced.start.bias);
  const clean = traceRun(traced, map, () => undefined);
  const terminal = terminalFor();
  return new Runner(options.load(terminal), terminal, map, clean, options.recovery).execute(fault, true);
}
