// npm run suites:checked: programs of c-torture and csmith with the emulator's check of every store: each has its mirror store, and the other way round.
import { availableParallelism } from 'node:os';
import { describeLockstep, holds, Lockstep } from '../../src/emulate/index.js';
import type { LockstepResult, Machine } from '../../src/emulate/index.js';
import { chosenGroups, progress } from './chosen.js';
import { csmith } from './csmith.js';
import { Emulated, mostInstructions } from './emulated.js';
import { pool } from './pool.js';
import { table } from './table.js';
import { torture } from './torture.js';
import type { Case } from './types.js';

interface Checked {
  readonly one: Case;
  /** Undefined: it does not build, ends otherwise than natively, or the emulator lacks something. */
  readonly found: LockstepResult | undefined;
}

function check(machine: Machine): LockstepResult | undefined {
  const lockstep = new Lockstep(machine);
  const end = machine.run(mostInstructions);
  return end.kind === 'exit' && end.code === 0 ? lockstep.finish(true) : undefined;
}

const emulated = new Emulated();
const rows: (string | number)[][] = [
  ['suite', 'level', 'bits', 'cases', 'checked', 'instructions', 'stores', 'ahead', 'after', 'unchanged', 'never', 'stray', 'bytes that differ'],
]; // prettier-ignore
for (const group of chosenGroups([torture, csmith], '1-20')) {
  const { suite, level, width } = group;
  const cases = group.cases.filter(({ excluded }) => excluded === '');
  const all: LockstepResult[] = [];
  await pool(
    cases,
    availableParallelism(),
    async (one): Promise<Checked> => ({ one, found: await emulated.with(one, 'mirrored', check) }),
    ({ one, found }) => {
      if (!found) return;
      all.push(found);
      if (!holds(found)) {
        process.stderr.write(`${one.suite} ${one.name} ${level} ${width}\n${describeLockstep(found)}`);
        process.exitCode = 1;
      }
      progress(group, all.length);
    },
  );
  const sum = (of: (one: LockstepResult) => number): number => all.reduce((n, one) => n + of(one), 0);
  rows.push([
    suite.name,
    level,
    width,
    cases.length,
    all.length,
    sum((one) => one.instructions),
    sum((one) => one.stores),
    sum((one) => one.mirroredAhead),
    sum((one) => one.mirroredAfter),
    sum((one) => one.unchanged),
    sum((one) => one.neverMirrored),
    sum((one) => one.mirrorStoresWithoutNative),
    sum((one) => one.bytesDiffering),
  ]);
}
process.stdout.write(table(rows));
emulated.remove();
