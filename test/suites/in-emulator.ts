// npm run suites:emulated: programs of suites natively and in both tiers of the emulator: the same exit code or signal, and output.
import { availableParallelism } from 'node:os';
import { chosenGroups, progress } from './chosen.js';
import { csmith } from './csmith.js';
import { Emulated } from './emulated.js';
import { pool } from './pool.js';
import { qemu } from './qemu.js';
import { table } from './table.js';
import { mostInterpreted, threeWays } from './three-ways.js';
import { torture } from './torture.js';
import type { ThreeWays } from './three-ways.js';
import type { Case } from './types.js';

interface Judged {
  readonly one: Case;
  readonly verdict: ThreeWays;
}

const emulated = new Emulated();

async function judge(one: Case): Promise<ThreeWays> {
  if (one.excluded !== '') return { kind: 'excluded', reason: one.excluded };
  const verdict = await emulated.built(one, 'native', (work) => threeWays(one, work));
  return verdict ?? { kind: 'excluded', reason: 'does not build natively' };
}

/** Without what is only this program's: what is missing, or why it is excluded. */
const reasonOf = (verdict: ThreeWays): string | undefined => {
  if (verdict.kind === 'excluded') return `excluded: ${verdict.reason}`;
  if (verdict.kind === 'missing')
    return `missing: ${/^(instruction|system call) \S+/.exec(verdict.name)?.[0] ?? verdict.name}`;
  return undefined;
};

const rows: (string | number)[][] = [
  ['suite', 'level', 'bits', 'cases', 'excluded', 'missing', 'same', 'tier 1 only', 'differ', 'instructions', 'threaded', 'compiled'],
]; // prettier-ignore
const reasons = new Map<string, { count: number; readonly first: string }>();
for (const group of chosenGroups([torture, csmith, qemu], '1-200')) {
  const { suite, level, width, cases } = group;
  const all: ThreeWays[] = [];
  await pool(
    cases,
    availableParallelism(),
    async (one): Promise<Judged> => ({ one, verdict: await judge(one) }),
    ({ one, verdict }) => {
      all.push(verdict);
      const name = `${one.suite} ${one.name} ${level} ${width}`;
      const reason = reasonOf(verdict);
      if (reason !== undefined) {
        const known = reasons.get(reason);
        if (known) known.count++;
        else reasons.set(reason, { count: 1, first: name });
      }
      if (verdict.kind === 'missing') process.stderr.write(`${name}: ${verdict.name}\n`);
      if (verdict.kind === 'differs') {
        process.stderr.write(`${name}: ${verdict.message}\n`);
        process.exitCode = 1;
      }
      progress(group, all.length);
    },
  );
  const same = all.flatMap((verdict) => (verdict.kind === 'same' ? [verdict] : []));
  const count = (kind: ThreeWays['kind']): number => all.filter((verdict) => verdict.kind === kind).length;
  const executed = same.reduce((sum, one) => sum + one.executed, 0);
  const part = (of: (one: (typeof same)[number]) => number): string =>
    `${((100 * same.reduce((sum, one) => sum + of(one), 0)) / Math.max(executed, 1)).toFixed(1)} %`;
  rows.push([
    suite.name,
    level,
    width,
    cases.length,
    count('excluded'),
    count('missing'),
    same.length,
    same.filter(({ tier1Only }) => tier1Only).length,
    count('differs'),
    executed,
    part(({ threaded }) => threaded),
    part(({ compiled }) => compiled),
  ]);
}
process.stdout.write(table(rows));
process.stdout.write(`tier 1 only: executes more than ${mostInterpreted} instructions\n`);
if (reasons.size > 0)
  process.stdout.write(
    `\n${table([['reason', 'cases', 'first'], ...[...reasons].map(([reason, { count, first }]) => [reason, count, first])])}`,
  );
emulated.remove();
