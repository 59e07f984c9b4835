// What programs need that are linked with the system's shared libraries: wrappers, the mirrored heap, the compiler's support library mirrored.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keepMappings, mallocngFiles } from './mallocng.mjs';
import { debianSource, hashOf, putStamp, quiet, root, stamped, step, sysrootOf } from '../tools.mjs';

const runtime = join(root, 'runtime');

/** Members of libgcc.a that the shared one has to give, as libraries use them, too: the unwinder, and what needs the C library. */
const shared = /^(unwind|emutls|.*morestack)/;

/**
 * @param lib the libraries of static programs, for the same machine
 * @param cxx the mirrored C++ library for programs with the system's C library, if there is one
 */
export function dynamicRuntime(lib, cxx) {
  const sysroot = sysrootOf('x86_64-linux-gnu');
  const out = join(sysroot, 'lib');
  const stamp = join(sysroot, '.parts');
  const made = hashOf([
    runtime,
    join(root, 'dist/libexec/pass.js'),
    join(root, 'scripts/setup/dynamic.mjs'),
    ...mallocngFiles,
    lib,
    ...(cxx === undefined ? [] : [cxx]),
  ]);
  if (stamped(stamp, made)) return;
  rmSync(sysroot, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  copyFileSync(join(lib, 'libmirror.a'), join(out, 'libmirror.a'));
  // Under a name of its own, so that the system's is not hidden from the compiler.
  if (cxx !== undefined) copyFileSync(join(cxx, 'libstdc++.a'), join(out, 'libmirrorstdc++.a'));
  const support = join(out, 'libmirrorgcc.a');
  const mirrored = join(lib, 'libgcc.a');
  const own = () => execFileSync('gcc', ['-print-libgcc-file-name'], { encoding: 'utf8' }).trim();
  copyFileSync(existsSync(mirrored) ? mirrored : own(), support);
  const members = quiet('ar', ['t', support]).split('\n');
  quiet('ar', ['d', support, ...members.filter((name) => shared.test(name))]);
  step('runtime for dynamically linked programs', () => {
    quiet('sh', [join(runtime, 'dynamic/build.sh'), 'gcc', out]);
    const mallocng = join(out, 'mallocng');
    cpSync(join(debianSource('musl'), 'src/malloc/mallocng'), mallocng, { recursive: true });
    keepMappings(mallocng);
    quiet('sh', [join(runtime, 'dynamic/heap/build.sh'), join(root, 'dist/mirrorcc.js'), out, mallocng]);
    rmSync(mallocng, { recursive: true });
  });
  putStamp(stamp, made);
}
