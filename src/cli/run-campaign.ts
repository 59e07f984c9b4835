// `mirrorasm run --campaign`: every case on all processors, or one again with the instructions before its end.
import { availableParallelism } from 'node:os';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type * as Emulate from '../emulate/index.js';
import { executeParts } from './campaign-threads.js';
import { Progress } from './progress.js';
import { campaignDefaults, machineOptions } from './run-arguments.js';
import type { RunArguments } from './run-arguments.js';

const exitRefused = 2;
/** As the runtime's own check has it. */
const exitDiffers = 121;
/** Instructions that --trace shows of a case. */
const shown = 40;

/** The program's own output is compared, not shown. */
export async function runEmulatedCampaign(
  emulate: typeof Emulate,
  program: readonly string[],
  args: RunArguments,
): Promise<void> {
  const [name = ''] = program;
  try {
    const file = readFileSync(resolve(name));
    // Flipped bits are found by the program's own check.
    const lose = args.lose ?? campaignDefaults.lose;
    const env = lose === 'bit' ? ['MIRROR_CHECK=exit', ...(args.env ?? [])] : args.env;
    const machine = machineOptions(program, { ...args, env });
    const options: Emulate.CampaignOptions = {
      load: (io) => new emulate.Machine(file, { ...machine, io }),
      input: () => readFileSync(0),
      cases: args.cases ?? campaignDefaults.cases,
      seed: args.seed,
      recovery: args.recovery ?? campaignDefaults.recovery,
      lose,
      notice: args.notice ?? campaignDefaults.notice,
    };
    const failed =
      args.case === undefined
        ? await allCases(emulate, options, { file, machine }, program, args)
        : oneCase(emulate, options, args.case, args.trace);
    if (failed) process.exitCode = exitDiffers;
  } catch (error) {
    process.stderr.write(`${name}: error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitRefused;
  }
}

async function allCases(
  emulate: typeof Emulate,
  options: Emulate.CampaignOptions,
  { file, machine }: { readonly file: Uint8Array; readonly machine: Emulate.MachineOptions },
  program: readonly string[],
  args: RunArguments,
): Promise<boolean> {
  let progress = new Progress();
  progress.say('the run without errors ...');
  let executed: Emulate.Executed[][];
  let plan: Emulate.CampaignPlan;
  try {
    plan = emulate.planCampaign(options);
    const { parts, clean, input } = plan;
    const all = parts.reduce((sum, part) => sum + part.length, 0);
    progress.say(`${all} cases ...`);
    progress = new Progress();
    const { recovery, lose, notice } = options;
    let done = 0;
    let bad = 0;
    executed = await executeParts(
      parts,
      args.jobs ?? availableParallelism(),
      { file, machine, recovery, lose, notice, basis: { clean, input } },
      ({ outcome }) => {
        done++;
        if (emulate.isBad(outcome)) bad++;
        progress.count(done, all, bad > 0 ? `, ${bad} not as without errors` : '');
      },
    );
  } finally {
    progress.end();
  }
  const result = plan.finish(executed);
  const own = process.argv.slice(2, process.argv.length - program.length).filter((word) => word !== '--');
  process.stderr.write(
    emulate.describeCampaign(result, (id) =>
      ['mirrorasm', ...own, '--case', id, '--trace', ...program].map(quoted).join(' '),
    ),
  );
  if (args.report !== undefined) writeFileSync(args.report, `${JSON.stringify(result, undefined, 2)}\n`);
  return result.failed.length > 0;
}

function oneCase(
  emulate: typeof Emulate,
  options: Emulate.CampaignOptions,
  id: string,
  trace: string | undefined,
): boolean {
  let recorder: Emulate.Recorder | undefined;
  const hooks: Emulate.CaseHooks =
    trace === undefined
      ? {}
      : {
          onLoad: (machine) => (recorder = new emulate.Recorder(machine, Number(trace) || shown)),
          onBegin: () => recorder?.forget(),
        };
  const { outcome, text, recovered, place } = emulate.runCase(options, id, hooks);
  if (recorder) process.stderr.write(recorder.describe());
  process.stderr.write(`${id} in ${place}: ${outcome}: ${text}; ${recovered} recovered\n`);
  return emulate.isBad(outcome);
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
