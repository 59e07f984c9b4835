// Programs made at random by csmith (Debian packages csmith, libcsmith-dev), each of which prints a checksum of its variables.
import { join } from 'node:path';
import { cache, debianFiles } from '../../scripts/tools.mjs';
import { buildOf } from './program.js';
import type { Case, Suite } from './types.js';

function unpacked(name: string): string {
  const folder = debianFiles(name);
  if (folder === undefined) throw new Error(`Debian has no package ${name}`);
  return folder;
}

export const csmith: Suite = {
  name: 'csmith',
  cases: ({ levels, widths, seeds: [from, to] }) => {
    const generator = join(unpacked('csmith'), 'usr/bin/csmith');
    const include = join(unpacked('libcsmith-dev'), 'usr/include/csmith');
    const seeds = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    return widths.flatMap((width) =>
      levels.flatMap((level) =>
        seeds.map((seed): Case => {
          const path = join(cache, 'suites/csmith', `${seed}.c`);
          const program = { options: [`-I${include}`], files: [path] };
          return {
            suite: 'csmith',
            name: `seed-${seed}`,
            level,
            width,
            sources: [path],
            generated: { path, command: `${generator} --seed ${seed}` },
            program,
            build: buildOf(program),
            run: './program',
            // Some run for ever: csmith knows nothing of loops that do not end. The others take milliseconds.
            seconds: 2,
            excluded: '',
          };
        }),
      ),
    );
  },
};
