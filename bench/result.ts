// What bench/results holds of an experiment, and its text. Pure.
import type { Experiment } from './experiment.js';
import type { Machine } from './machine.js';
import { markdown } from './table.js';

export interface Result {
  readonly version: 1;
  readonly machine: Machine;
  readonly date: string;
  readonly rounds: number;
  readonly sizes: readonly number[];
  /** That it took. */
  readonly seconds: number;
  readonly found: unknown;
}

/** The tables of an experiment as Markdown, with the machine behind them. */
export function textOf({ tables }: Experiment, { machine, date, rounds, found }: Result): string {
  const { processor, cores, linux, gcc, node, load } = machine;
  const about =
    `${processor}, ${cores} cores, Linux ${linux}, gcc ${gcc}, node ${node}; ${date}; ` +
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'}; load average before: ${load}.`;
  return `${tables(found).map(markdown).join('\n')}\n${about}\n`;
}
