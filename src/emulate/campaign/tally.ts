// What the cases of a campaign came to, by memory and by what touches it.
import { caseId, unitOf } from './fault.js';
import type { Fault, Lose } from './fault.js';
import { isBad, none } from './runner.js';
import type { Executed, Manner, Outcome } from './runner.js';
import type { FaultCase } from './trace.js';

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

/** Flipped bits of native memory may be used before anybody looks for them; of the mirror nobody else makes use. */
function isFailure(lose: Lose, { lost }: FaultCase, { outcome }: Executed): boolean {
  if (!isBad(outcome)) return false;
  return lose !== 'bit' || lost === 'mirror';
}

export class Tally {
  readonly pages = new Set<string>();
  private readonly rows = new Map<string, CampaignRow>();
  private readonly classes = new Map<string, ClassRow>();
  private readonly failed: FailedCase[] = [];

  constructor(private readonly how: Pick<Manner, 'lose' | 'notice'>) {}

  private rowOf({ lost, memory }: FaultCase): CampaignRow {
    const key = `${lost} ${memory}`;
    const known = this.rows.get(key) ?? {
      lost,
      memory,
      cases: 0,
      classes: 0,
      untouched: 0,
      equal: 0,
      executed: 0,
      outcomes: none(),
    };
    this.rows.set(key, known);
    return known;
  }

  /** A class of the clean run; `same`: both copies agree in it. */
  count(fault: FaultCase, same: boolean): void {
    const row = this.rowOf(fault);
    row.cases += fault.boundaries * (this.how.lose === 'bit' ? 8 * unitOf('bit') : 1);
    row.classes++;
    this.pages.add(`${fault.lost} ${fault.page}`);
    if (fault.class === 'nothing') row.untouched++;
    if (same) row.equal++;
  }

  executed(fault: FaultCase & Fault, done: Executed): void {
    this.rowOf(fault).executed++;
    this.note(fault, done);
  }

  /** An outcome, whether it had to be executed or not. */
  note(fault: FaultCase & Fault, done: Executed): void {
    this.rowOf(fault).outcomes[done.outcome]++;
    // What the loss is noticed in.
    const name = this.how.notice === 'told' ? done.interrupted : fault.class;
    const known = this.classes.get(name) ?? { class: name, classes: 0, outcomes: none() };
    this.classes.set(name, known);
    known.classes++;
    known.outcomes[done.outcome]++;
    if (isFailure(this.how.lose, fault, done))
      this.failed.push({ ...fault, ...done, class: name, id: caseId(this.how.lose, fault) });
  }

  result(): {
    readonly rows: readonly CampaignRow[];
    readonly classes: readonly ClassRow[];
    readonly failed: readonly FailedCase[];
  } {
    return {
      rows: [...this.rows.values()].sort((a, b) =>
        `${a.lost} ${a.memory}`.localeCompare(`${b.lost} ${b.memory}`),
      ),
      classes: [...this.classes.values()].sort((a, b) => b.classes - a.classes),
      failed: this.failed,
    };
  }
}
