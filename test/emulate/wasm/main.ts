// npm run emulate:tiers [-- --every 7 --first 0 --seed 1 --mode 32 --name vpaddb --stage threaded]: every instruction form among others, interpreted, compiled
// and threaded: what a tier knows of flags and registers behind it is right.
import { parseArgs } from 'node:util';
import { groups, groups32 } from '../cases.js';
import { presentForms } from '../forms.js';
import { compareTiers, stages, surrounded } from './sequences.js';

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Date.now() % 1000000) },
    mode: { type: 'string' },
    /** Of those that are made from the decoder's table. */
    name: { type: 'string' },
    stage: { type: 'string', default: 'compiled' },
  },
});
const seed = Number(values.seed);
const stage = stages[values.stage];
if (!stage) throw new Error(`--stage is one of ${Object.keys(stages).join(', ')}`);
const states = 5;

let failed = 0;
for (const mode of [64, 32] as const) {
  if (values.mode !== undefined && Number(values.mode) !== mode) continue;
  const named = Object.entries(mode === 64 ? groups : groups32).filter(([group]) => group !== 'control');
  const forms = [...named.flatMap(([, texts]) => texts), ...presentForms(mode, seed, values.name).texts];
  let [done, instructions, ahead, differ] = [0, 0, 0, 0];
  for (let n = Number(values.first); n < forms.length; n += Number(values.every)) {
    const form = forms[n] ?? '';
    const result = compareTiers(seed + n, states, mode, stage, (r) => surrounded(r, mode, form));
    done++;
    instructions += result.instructions;
    ahead += result.compiled + result.threaded;
    if (result.difference === undefined) continue;
    differ++;
    console.log(result.difference);
  }
  console.log(
    `${mode} bits, ${values.stage}: ${done} of ${forms.length} forms, ${instructions} instructions (${ahead} of them not by closures), ${differ} differ (seed ${seed})`,
  );
  failed += differ;
}
process.exitCode = failed > 0 ? 1 : 0;
