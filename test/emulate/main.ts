// npm run emulate:check [-- --rounds 40 --seed 1 --group integers]: the interpreter against the real CPU.
import { parseArgs } from 'node:util';
import { groups } from './cases.js';
import { check } from './check.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1000000) },
    group: { type: 'string' },
    show: { type: 'string', default: '40' },
  },
});
let failed = 0;
for (const [group, texts] of Object.entries(groups)) {
  if (values.group !== undefined && values.group !== group) continue;
  const { cases, faults, missing, differences } = check(
    group,
    texts,
    Number(values.seed),
    Number(values.rounds),
  );
  console.log(
    `${group}: ${texts.length} forms, ${cases} cases, ${faults} faults, ${missing} missing, ${differences.length} differ (seed ${values.seed})`,
  );
  for (const line of differences.slice(0, Number(values.show))) console.log(`  ${line}`);
  failed += differences.length;
}
process.exitCode = failed > 0 ? 1 : 0;
