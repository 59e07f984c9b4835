// The options of `mirrorasm run`, which of them belong together, and what of them the emulated machine is made of.
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
  jobs: number | undefined;
  limit: number | undefined;
  check: boolean;
  report: string | undefined;
  campaign: boolean;
  cases: number | undefined;
  recovery: Emulate.Recovery | undefined;
  lose: Emulate.Lose | undefined;
  notice: Emulate.Notice | undefined;
  case: string | undefined;
}

/** Not yargs' defaults: who names one of these without --campaign is told. */
export const campaignDefaults = {
  cases: 10000,
  lose: 'page',
  notice: 'touched',
  recovery: 'program',
} as const;

/** Options that do nothing without another one. */
const needs: readonly (readonly [option: keyof RunArguments, one: readonly (keyof RunArguments)[]])[] = [
  ['case', ['campaign']],
  ['cases', ['campaign']],
  ['jobs', ['campaign']],
  ['lose', ['campaign']],
  ['notice', ['campaign']],
  ['recovery', ['campaign']],
  ['report', ['check', 'campaign']],
];

/** What a campaign, which runs the program many times, has no use for. */
const singleRun: readonly (keyof RunArguments)[] = ['check', 'limit', 'profile', 'stats', 'time'];

/** Throws an Error where an option would be without effect. */
export function checkTogether(args: RunArguments): void {
  const given = (option: keyof RunArguments): boolean => args[option] !== undefined && args[option] !== false;
  for (const [option, one] of needs)
    if (given(option) && !one.some(given))
      throw new Error(`--${option} needs ${one.map((name) => `--${name}`).join(' or ')}`);
  if (!args.campaign) return;
  const useless = singleRun.find(given);
  if (useless !== undefined) throw new Error(`--${useless} is not for --campaign`);
  if (given('trace') && !given('case')) throw new Error('--trace needs --case in a campaign');
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
