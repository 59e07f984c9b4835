// A fault campaign: some of native memory or of the mirror is lost before an instruction, and the run compared with the one without.
//
// In three steps, so that the second can be done anywhere: the clean run gives the cases in parts (planCampaign), a CaseRunner executes parts, in any
// order, any number of them in any process, and the plan makes the result of what they came to.
import type { Machine } from '../machine.js';
import { runtimeMap } from '../check/runtime-map.js';
import { RandomBytes } from '../linux/random.js';
import { chooseBit, parseCase } from './fault.js';
import type { Fault } from './fault.js';
import { Runner } from './runner.js';
import type { Executed, Manner } from './runner.js';
import { Sample } from './sample.js';
import { Tally } from './tally.js';
import type { CampaignRow, ClassRow, FailedCase } from './tally.js';
import { Terminal } from './terminal.js';
import { traceRun } from './trace.js';
import type { Clean, FaultCase } from './trace.js';

export interface CampaignOptions extends Manner {
  readonly load: (terminal: Terminal) => Machine;
  /** All of standard input; called once at most. */
  readonly input: () => Uint8Array;
  /** Cases to execute at most; of more a sample is taken. */
  readonly cases: number;
  readonly seed: number;
}

export interface CampaignResult extends Manner {
  readonly instructions: number;
  readonly start: number;
  readonly end: number;
  readonly pages: number;
  readonly seed: number;
  /** Classes that had to be executed, and how many of them were. */
  readonly candidates: number;
  readonly executed: number;
  readonly rows: readonly CampaignRow[];
  readonly classes: readonly ClassRow[];
  readonly failed: readonly FailedCase[];
}

/** A case to execute. */
export type Chosen = FaultCase & Fault;

/** Plain data, for wherever parts are executed. */
export interface Basis {
  readonly clean: Clean;
  /** Standard input, as far as the clean run read it. */
  readonly input: Uint8Array;
}

export interface CampaignPlan extends Basis {
  /** In the order of their moments. */
  readonly parts: readonly (readonly Chosen[])[];
  /** Of what each case of each part came to. */
  readonly finish: (executed: readonly (readonly Executed[])[]) => CampaignResult;
}

/** Cases whose runs learn from each other. Not a number of the machine's: the result is to be the same on any. */
const partSize = 64;

export function planCampaign(options: CampaignOptions): CampaignPlan {
  const { lose, notice, recovery, seed } = options;
  if (notice === 'told' && (lose !== 'page' || recovery !== 'program'))
    throw new Error(
      "Linux tells a program's own recovery of lost pages: --notice told is for --lose page and --recovery program",
    );
  const tally = new Tally(options);
  const sample = new Sample<FaultCase>(options.cases, seed);
  let input: Uint8Array | undefined;
  const traced = options.load(new Terminal(() => (input ??= options.input())));
  const clean = traceRun(traced, runtimeMap(traced.elf, traced.start.bias), lose, (fault, same) => {
    tally.count(fault, same);
    // A handler that is entered anywhere may do anything there: every boundary is a case of its own.
    if (notice === 'told') sample.addRun(fault.boundaries, (n) => ({ ...fault, at: fault.at - n }));
    else if (lose === 'bit') sample.add(fault);
    else if (fault.class !== 'nothing') {
      if (!same || recovery === 'program') sample.add(fault);
    } else if (!same && recovery === 'ideal')
      // What is lost after the last touch is rebuilt behind the end.
      tally.note(fault, {
        outcome: 'memory',
        text: 'the copies differ at the end',
        recovered: 0,
        place: 'the end',
        interrupted: '',
      });
  });
  const random = RandomBytes.seeded(seed + 2);
  const kept: readonly Chosen[] =
    lose === 'bit' ? sample.kept.map((fault) => chooseBit(fault, random)) : sample.kept;
  const chosen = [...kept].sort((a, b) => a.at - b.at);
  const parts = Array.from({ length: Math.ceil(chosen.length / partSize) }, (_, n) =>
    chosen.slice(n * partSize, (n + 1) * partSize),
  );
  return {
    clean,
    input: input ?? new Uint8Array(0),
    parts,
    finish: (executed) => {
      const done = executed.flat();
      chosen.forEach((fault, n) => {
        const one = done[n];
        if (!one) throw new RangeError(`case ${n} was not executed`);
        tally.executed(fault, one);
      });
      return {
        instructions: clean.last + 1 - clean.start,
        start: clean.start,
        end: clean.end,
        pages: tally.pages.size,
        seed,
        lose,
        notice,
        recovery,
        candidates: sample.seen,
        executed: chosen.length,
        ...tally.result(),
      };
    },
  };
}

/** Executes cases of a campaign. What it finds of one part does not depend on the parts before. */
export class CaseRunner {
  private readonly runner: Runner;

  constructor(
    options: Pick<CampaignOptions, 'load' | keyof Manner>,
    { clean, input }: Basis,
    onLoad?: (machine: Machine) => void,
  ) {
    const terminal = new Terminal(() => input);
    const machine = options.load(terminal);
    onLoad?.(machine);
    this.runner = new Runner(machine, terminal, runtimeMap(machine.elf, machine.start.bias), clean, options);
  }

  execute(part: readonly Fault[], done: (executed: Executed) => void = () => undefined): Executed[] {
    this.runner.forget();
    return part.map((fault) => {
      const executed = this.runner.execute(fault);
      done(executed);
      return executed;
    });
  }

  /** To the end of the program, even where the rest is known to be the clean run's. */
  executeWhole(fault: Fault, begun: () => void): Executed {
    return this.runner.execute(fault, begun);
  }
}

export function runCampaign(options: CampaignOptions): CampaignResult {
  const plan = planCampaign(options);
  const runner = new CaseRunner(options, plan);
  return plan.finish(plan.parts.map((part) => runner.execute(part)));
}

export interface CaseHooks {
  /** Before its first instruction. */
  readonly onLoad?: (machine: Machine) => void;
  /** What is executed from here on is the case's. */
  readonly onBegin?: () => void;
}

/** One case again. */
export function runCase(options: CampaignOptions, id: string, hooks: CaseHooks = {}): Executed {
  const fault = parseCase(options.lose, id);
  const plan = planCampaign({ ...options, cases: 0 });
  const runner = new CaseRunner(options, plan, hooks.onLoad);
  return runner.executeWhole(fault, hooks.onBegin ?? (() => undefined));
}
