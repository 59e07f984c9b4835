// What the command lines of the emulator's runs have in common: which suites, levels, word sizes, and which of their cases.
import { parseArgs } from 'node:util';
import { widths } from './toolchain.js';
import { levels } from './types.js';
import type { Case, Level, Suite, Width } from './types.js';

/** The cases of a suite at one level and word size: a row of a table. */
export interface Group {
  readonly suite: Suite;
  readonly level: Level;
  readonly width: Width;
  readonly cases: readonly Case[];
}

/** Of --suite, --level and --width (lists), --every=N (each Nth case), --case=PATTERN (of names), --seeds=A-B. */
export function* chosenGroups(suites: readonly Suite[], seedsByDefault: string): Generator<Group> {
  const { values } = parseArgs({
    options: {
      suite: { type: 'string', default: suites.map(({ name }) => name).join(',') },
      level: { type: 'string', default: levels.join(',') },
      width: { type: 'string', default: widths.join(',') },
      every: { type: 'string', default: '1' },
      case: { type: 'string', default: '' },
      seeds: { type: 'string', default: seedsByDefault },
    },
  });
  const pattern = new RegExp(values.case);
  const every = Number(values.every);
  const [from = 1, to = from] = values.seeds.split('-').map(Number);
  const isChosen = (list: string, one: string | number): boolean => list.split(',').includes(String(one));
  for (const suite of suites.filter(({ name }) => isChosen(values.suite, name)))
    for (const width of widths.filter((width) => isChosen(values.width, width)))
      for (const level of levels.filter((level) => isChosen(values.level, level))) {
        const all = suite.cases({ levels: [level], widths: [width], seeds: [from, to] });
        yield {
          suite,
          level,
          width,
          cases: all.filter(({ name }, i) => i % every === 0 && pattern.test(name)),
        };
      }
}

/** How far a row is, on a terminal. */
export function progress({ suite, level, width, cases }: Group, done: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r${suite.name} ${level} ${width}: ${done} of ${cases.length} `);
}
