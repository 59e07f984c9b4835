// The C library: musl from its Debian source package.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { debianSource, quiet } from '../tools.mjs';

export const musl = {
  name: 'musl',
  title: 'libc (musl)',
  version: () => debianSource('musl').replace(/.*-/, '-'),
  source: () => debianSource('musl'),

  /** Builds and installs the static libraries and the headers. Unwind tables: C++ exceptions leave qsort's comparator. */
  build({ source, prefix, work, target, cc }) {
    const options = { cwd: work };
    quiet(
      join(source, 'configure'),
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
