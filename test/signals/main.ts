// npm run signals:check [-- --every=N]: a signal before each instruction (or one of N) of programs in the emulator, whose handler has to find both copies equal.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signalAtBoundaries } from './boundaries.js';
import { buildHazard, buildWorks, hazards, isFor, signal, widths, works } from './works.js';

const { values } = parseArgs({ options: { every: { type: 'string', default: '1' } } });
const every = Number(values.every);
if (!(every >= 1)) throw new RangeError(`--every is a number of instructions, not '${values.every}'`);

const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-signals-'));
let bad = 0;

function check(width: string, name: string, program: string, args: readonly string[]): void {
  const { sent, handled, unequal } = signalAtBoundaries(program, signal, every, args);
  bad += unequal.length;
  console.log(
    `${width} ${name}: ${sent} signals, ${handled} handled, ${unequal.length} found the copies unequal`,
  );
  for (const place of new Set(unequal)) console.log(`  ${place}`);
}

try {
  for (const width of widths) {
    const program = buildWorks(width, folder);
    for (const name of works) check(width, name, program, [name]);
    for (const name of hazards)
      if (isFor(width, name)) check(width, name, buildHazard(width, name, folder), []);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = bad > 0 ? 1 : 0;
