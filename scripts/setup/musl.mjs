// The mirrored libc: musl from its Debian source package, built by mirrorcc.
import { mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { quiet, root } from '../tools.mjs';

/** Builds and installs musl's static libraries and headers. */
export function buildMusl(source, prefix) {
  const work = `${prefix}.build`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const env = { ...process.env, MIRROR_SYSROOT: 'none' };
  const options = { cwd: work, env };
  quiet(
    join(source, 'configure'),
    [
      `--prefix=${prefix}`,
      `--syslibdir=${prefix}/lib`,
      '--disable-shared',
      '--disable-wrapper',
      `CC=${join(root, 'dist/mirrorcc.js')}`,
      'CFLAGS=-O2 -fPIE',
    ],
    options,
  );
  quiet('make', [`-j${cpus().length}`, 'install-libs', 'install-headers'], options);
  rmSync(work, { recursive: true, force: true });
}
