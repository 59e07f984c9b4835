// npm run suites:checked: programs of c-torture and csmith with the emulator's check of every store: each has its mirror store, and the other way round.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeLockstep, holds, Lockstep } from '../../src/emulate/index.js';
import type { LockstepResult, Machine } from '../../src/emulate/index.js';
import { csmith } from './csmith.js';
import { Emulated, mostInstructions } from './emulated.js';
import { pool } from './pool.js';
import { table } from './table.js';
import { widths } from './toolchain.js';
import { torture } from './torture.js';
import { levels } from './types.js';
import type { Case } from './types.js';

const suites = [torture, csmith];
const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: suites.map(({ name }) => name).join(',') },
    level: { type: 'string', default: levels.join(',') },
    width: { type: 'string', default: widths.join(',') },
    every: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1-20' },
  },
});
const every = Number(values.every);
const [from = 1, to = from] = values.seeds.split('-').map(Number);
const isChosen = (list: string, one: string | number): boolean => list.split(',').includes(String(one));

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
for (const suite of suites.filter(({ name }) => isChosen(values.suite, name)))
  for (const width of widths.filter((width) => isChosen(values.width, width)))
    for (const level of levels.filter((level) => isChosen(values.level, level))) {
      const cases = suite
        .cases({ levels: [level], widths: [width], seeds: [from, to] })
        .filter(({ excluded }, i) => excluded === '' && i % every === 0);
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
          if (process.stderr.isTTY)
            process.stderr.write(`\r${suite.name} ${level} ${width}: ${all.length} of ${cases.length} `);
        },
      );
      process.stderr.write(
        `${process.stderr.isTTY ? '\r' : ''}${suite.name} ${level} ${width}: ${all.length} of ${cases.length} checked\n`,
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
