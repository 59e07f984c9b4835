// npm run suites:executed: how many instructions programs of c-torture execute natively and mirrored, counted by the emulator.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Emulated, mostInstructions } from './emulated.js';
import { pool } from './pool.js';
import { buildOf } from './program.js';
import { table } from './table.js';
import { widths } from './toolchain.js';
import { torture } from './torture.js';
import { levels } from './types.js';
import type { Case, Side, Width } from './types.js';

const { values } = parseArgs({
  options: { every: { type: 'string', default: '17' }, width: { type: 'string', default: widths.join(',') } },
});
const every = Number(values.every);
const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-executed-'));
const nothing = join(folder, 'nothing.c');
writeFileSync(nothing, 'int main(void) { return 0; }\n');

/** A program that does nothing: what start and end cost. */
function empty(level: Case['level'], width: Width): Case {
  const program = { options: [], files: [nothing] };
  const build = buildOf(program);
  const rest = { sources: [nothing], generated: null, run: './program', seconds: 10, excluded: '' };
  return { suite: 'steps', name: 'nothing', level, width, program, build, ...rest };
}

const emulated = new Emulated();
/** Undefined where it does not end well in the emulator, or not soon enough. */
const count = (one: Case, side: Side): Promise<number | undefined> =>
  emulated.with(one, side, (machine) => {
    const end = machine.run(mostInstructions);
    return end.kind === 'exit' && end.code === 0 ? machine.executed : undefined;
  });

const rows: (string | number)[][] = [
  ['level', 'bits', 'programs', 'executed', 'mirrored', 'ratio', 'median', 'start and end', 'mirrored'],
];
const chosen = widths.filter((width) => values.width.split(',').includes(String(width)));
for (const width of chosen)
  for (const level of levels) {
    const start = {
      native: await count(empty(level, width), 'native'),
      mirrored: await count(empty(level, width), 'mirrored'),
    };
    if (start.native === undefined || start.mirrored === undefined)
      throw new Error('the empty program does not run');
    const cases = torture
      .cases({ levels: [level], widths: [width], seeds: [1, 1] })
      .filter(({ excluded }, i) => excluded === '' && i % every === 0);
    const pairs: { native: number; mirrored: number }[] = [];
    await pool(
      cases,
      availableParallelism(),
      async (one) => ({ native: await count(one, 'native'), mirrored: await count(one, 'mirrored') }),
      ({ native, mirrored }) => {
        if (native !== undefined && mirrored !== undefined)
          pairs.push({ native: native - (start.native ?? 0), mirrored: mirrored - (start.mirrored ?? 0) });
        if (process.stderr.isTTY)
          process.stderr.write(`\r${level} ${width}: ${pairs.length} of ${cases.length} `);
      },
    );
    const sum = (side: Side): number => pairs.reduce((all, pair) => all + pair[side], 0);
    const ratios = pairs
      .filter(({ native }) => native > 0)
      .map(({ native, mirrored }) => mirrored / native)
      .sort((a, b) => a - b);
    rows.push([
      level,
      width,
      `${pairs.length} of ${cases.length}`,
      sum('native'),
      sum('mirrored'),
      (sum('mirrored') / sum('native')).toFixed(3),
      (ratios[ratios.length >> 1] ?? 0).toFixed(3),
      start.native,
      start.mirrored,
    ]);
  }
process.stdout.write(table(rows));
emulated.remove();
rmSync(folder, { recursive: true });
