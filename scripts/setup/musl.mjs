// The C library: musl from its Debian source package.
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { debianSource, quiet, root } from '../tools.mjs';

const own = join(root, 'libc');

export const musl = {
  name: 'musl',
  title: 'libc (musl)',
  version: () => debianSource('musl').replace(/.*-/, '-'),
  source: () => debianSource('musl'),
  files: [own],

  /** Builds and installs the static libraries and the headers. Unwind tables: C++ exceptions leave qsort's comparator. */
  build({ source, prefix, work, target, cc }) {
    const tree = join(work, 'source');
    const options = { cwd: work };
    quiet('cp', ['-rs', source, tree]);
    replaceFiles(tree, target.name.replace('-linux', ''));
    quiet(
      join(tree, 'configure'),
      [
        `--prefix=${prefix}`,
        `--syslibdir=${prefix}/lib`,
        `--build=${target.machine}`,
        `--target=${target.machine}`,
        '--disable-shared',
        '--disable-wrapper',
        `CC=${cc}`,
        'CFLAGS=-O2 -fasynchronous-unwind-tables',
      ],
      options,
    );
    quiet('make', ['-s', `-j${cpus().length}`, 'install-libs', 'install-headers'], options);
  },
};

/** Our files in place of musl's, and the links of the tree to musl's own files left as they are. */
function replaceFiles(tree, machine) {
  for (const part of readdirSync(own)) {
    const folder = join(own, part, machine);
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const replaced = join(tree, 'src', part, machine, name);
      rmSync(replaced);
      copyFileSync(join(folder, name), replaced);
    }
  }
}
