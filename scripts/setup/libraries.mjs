// The sysroot: the runtime and the mirrored libraries, in the order in which they need each other.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, debianSource, hashOf, putStamp, quiet, root, stamped, step, sysroot } from '../tools.mjs';
import { buildMusl } from './musl.mjs';

/** The runtime and a musl built by mirrorcc, kept in the cache by the hash of everything that makes them. */
export function libraries() {
  const musl = debianSource('musl');
  const hash =
    hashOf(
      [
        'dist/libexec/as.js',
        'dist/mirrorcc.js',
        'runtime',
        'scripts/setup/libraries.mjs',
        'scripts/setup/musl.mjs',
      ].map((p) => join(root, p)),
    ) + musl.replace(/.*-/, '-');
  const stamp = join(sysroot, '.hash');
  if (stamped(stamp, hash)) return;
  const cached = join(cache, 'sysroot', hash);
  if (!existsSync(cached)) {
    const partial = `${cached}.${process.pid}.partial`;
    mkdirSync(join(partial, 'lib'), { recursive: true });
    step('runtime', () => quiet('sh', [join(root, 'runtime/build.sh'), 'gcc', join(partial, 'lib')]));
    step('mirrored libc (musl)', () => buildMusl(musl, partial));
    renameSync(partial, cached);
  }
  rmSync(sysroot, { recursive: true, force: true });
  mkdirSync(sysroot, { recursive: true });
  cpSync(cached, sysroot, { recursive: true });
  putStamp(stamp, hash);
}
