// What machine a result is from.
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { quiet } from '../scripts/tools.mjs';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly linux: string;
  readonly gcc: string;
  readonly node: string;
  /** Programs that wanted to run, over the minute before. */
  readonly load: number;
}

export function machine(): Machine {
  const about = readFileSync('/proc/cpuinfo', 'utf8');
  const number = (key: string): string => new RegExp(`^${key}\\s*: (.*)$`, 'm').exec(about)?.[1] ?? '?';
  return {
    processor: `${cpus()[0]?.model ?? 'unknown'}, family ${number('cpu family')} model ${number('model')}`,
    cores: cpus().length,
    linux: release(),
    gcc: quiet('gcc', ['-dumpfullversion'], {}).trim(),
    node: process.versions.node,
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  };
}
