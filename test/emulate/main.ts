// npm run emulate:check [-- --rounds 40 --seed 1 --group integers --mode 32 --tier 1 --warm 1 --name vpaddb]: the emulator against the real CPU.
import { parseArgs } from 'node:util';
import { groups, groups32 } from './cases.js';
import { check } from './check.js';
import { presentForms } from './forms.js';
import { unexecuted, unreachable } from './rows.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1000000) },
    group: { type: 'string' },
    mode: { type: 'string' },
    /** Of those that are made from the decoder's table. */
    name: { type: 'string' },
    tier: { type: 'string', default: '0' },
    /** 1: threaded code. */
    warm: { type: 'string', default: '0' },
    show: { type: 'string', default: '40' },
  },
});
const seed = Number(values.seed);

let failed = 0;
const dead = unreachable();
if (dead.length > 0) console.log(`rows that no instruction has: ${dead.join(' ')}`);
failed += dead.length;
for (const mode of [64, 32] as const) {
  if (values.mode !== undefined && Number(values.mode) !== mode) continue;
  const made = presentForms(mode, seed, values.name);
  for (const [feature, count] of made.lacking)
    console.log(`forms, ${mode} bits: ${count} left out, as this CPU has no ${feature}`);
  const all = { ...(mode === 64 ? groups : groups32), forms: made.texts };
  const names = new Set(made.absent);
  for (const [group, texts] of Object.entries(all)) {
    if (values.group !== undefined && values.group !== group) continue;
    const result = check(group, texts, seed, Number(values.rounds), {
      mode,
      tier: values.tier === '1' ? 1 : 0,
      warm: Number(values.warm),
    });
    const { cases, compiled, threaded, faults, missing, differences } = result;
    for (const name of result.names) names.add(name);
    console.log(
      `${group}, ${mode} bits: ${texts.length} forms, ${cases} cases (${compiled} of them compiled, ${threaded} threaded), ${faults} faults, ${missing} missing, ${differences.length} differ (seed ${seed})`,
    );
    for (const text of result.lacking) console.log(`  missing in some states: ${text}`);
    for (const line of differences.slice(0, Number(values.show))) console.log(`  ${line}`);
    failed += differences.length;
  }
  if (values.group !== undefined || values.name !== undefined) continue;
  const rest = unexecuted(mode, names);
  console.log(`rows, ${mode} bits: ${names.size} executed, ${rest.length} without a case: ${rest.join(' ')}`);
  failed += rest.length;
}
process.exitCode = failed > 0 ? 1 : 0;
