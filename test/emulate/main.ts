// npm run emulate:check [-- --rounds 40 --seed 1 --group integers --mode 32 --tier 1]: the emulator against the real CPU.
import { parseArgs } from 'node:util';
import { groups, groups32 } from './cases.js';
import { check } from './check.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1000000) },
    group: { type: 'string' },
    mode: { type: 'string' },
    tier: { type: 'string', default: '0' },
    show: { type: 'string', default: '40' },
  },
});
let failed = 0;
const all = [
  ...Object.entries(groups).map(([group, texts]) => [64, group, texts] as const),
  ...Object.entries(groups32).map(([group, texts]) => [32, group, texts] as const),
];
for (const [mode, group, texts] of all) {
  if (values.group !== undefined && values.group !== group) continue;
  if (values.mode !== undefined && Number(values.mode) !== mode) continue;
  const { cases, compiled, faults, missing, differences } = check(
    group,
    texts,
    Number(values.seed),
    Number(values.rounds),
    { mode, tier: values.tier === '1' ? 1 : 0 },
  );
  console.log(
    `${group}, ${mode} bits: ${texts.length} forms, ${cases} cases (${compiled} of them compiled), ${faults} faults, ${missing} missing, ${differences.length} differ (seed ${values.seed})`,
  );
  for (const line of differences.slice(0, Number(values.show))) console.log(`  ${line}`);
  failed += differences.length;
}
process.exitCode = failed > 0 ? 1 : 0;
