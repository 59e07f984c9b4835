// The options of `mirrorasm run`, and what of them the emulated machine is made of.
import type * as Emulate from '../emulate/index.js';

export interface RunArguments {
  root: string;
  env: string[] | undefined;
  seed: number;
  slice: number;
  memory: number;
  tier: number;
  stats: boolean;
  time: boolean;
  profile: string | undefined;
  trace: string | undefined;
  jobs: number;
  limit: number;
  check: boolean;
  report: string | undefined;
  campaign: boolean;
  cases: number;
  recovery: Emulate.Recovery;
  lose: Emulate.Lose;
  notice: Emulate.Notice;
  case: string | undefined;
}

export function machineOptions(program: readonly string[], args: RunArguments): Emulate.MachineOptions {
  return {
    args: program,
    environment: args.env ?? [],
    root: args.root,
    folder: process.cwd(),
    seed: args.seed,
    slice: args.slice,
    memory: args.memory * 0x100000,
    tiers: { tier: args.tier === 1 ? 1 : 0 },
  };
}
