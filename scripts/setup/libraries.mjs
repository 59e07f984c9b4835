// The sysroot: the runtime and the mirrored libraries, in the order in which they need each other.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cache, hashOf, putStamp, quiet, root, stamped, step, sysrootOf } from '../tools.mjs';
import { dynamicRuntime } from './dynamic.mjs';
import { moreHeaders } from './more-headers.mjs';
import { mirrorLibraries } from './mirror.mjs';
import { libgcc } from './libgcc.mjs';
import { libstdcxx } from './libstdcxx.mjs';
import { musl } from './musl.mjs';
import { makeRecorder } from './recorder.mjs';

/** What is built for each target, what it needs first. */
const libraryRows = [musl, libgcc, libstdcxx];

/** The targets: word size, name as configure scripts have it, profile of the pass, folder of the sysroot. */
const targets = [
  { bits: 64, machine: 'x86_64-linux-musl', profile: 'linux-x86_64', name: 'x86_64-linux' },
  { bits: 32, machine: 'i386-linux-musl', profile: 'linux-i386', name: 'i386-linux' },
].map((row) => ({ ...row, flags: `-m${row.bits}`, sysroot: sysrootOf(row.name) }));

/** Programs with the system's C library get the C++ library of the same source, made for that one and linked into them. */
const dynamicTarget = {
  bits: 64,
  machine: 'x86_64-linux-gnu',
  profile: 'linux-x86_64',
  name: 'x86_64-linux-gnu',
  flags: '-m64',
};

/** Whether gcc makes programs of this word size; 32 bits are a package of their own in Debian (gcc-multilib). */
function buildable({ flags, name }) {
  const libgcc = execFileSync('gcc', [flags, '-print-libgcc-file-name'], { encoding: 'utf8' }).trim();
  const stdlib = execFileSync('gcc', [flags, '-print-file-name=crt1.o'], { encoding: 'utf8' }).trim();
  if (existsSync(libgcc) && existsSync(stdlib)) return true;
  process.stderr.write(`${name}: not built; gcc ${flags} needs the Debian package gcc-multilib\n`);
  return false;
}

const here = (...names) => names.map((name) => join(root, 'scripts/setup', name));

/** Makes a folder of the cache, whole or not at all. */
function cached(folder, make) {
  if (existsSync(folder)) return;
  const partial = `${folder}.${process.pid}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  make(partial);
  renameSync(partial, folder);
}

/** The runtime and the libraries. What was made is kept in the cache under the hash of all that it was made from. */
export function libraries() {
  const compiler = execFileSync('gcc', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  for (const target of targets.filter(buildable)) {
    const built = libraryRows.reduce((done, row) => [...done, ...library(row, target, compiler, done)], []);
    const runtime = hashOf([join(root, 'runtime'), ...here('more-headers.mjs', 'libraries.mjs')]);
    const parts = [...built.map(({ mirrored }) => basename(mirrored)), runtime].join('\n');
    const stamp = join(target.sysroot, '.parts');
    if (stamped(stamp, parts)) continue;
    rmSync(target.sysroot, { recursive: true, force: true });
    mkdirSync(join(target.sysroot, 'lib'), { recursive: true });
    for (const { native, mirrored } of built) {
      if (existsSync(join(native, 'include')))
        cpSync(join(native, 'include'), join(target.sysroot, 'include'), { recursive: true });
      cpSync(mirrored, join(target.sysroot, 'lib'), { recursive: true });
    }
    moreHeaders(join(target.sysroot, 'include'));
    step(`runtime for ${target.name}`, () =>
      quiet('sh', [join(root, 'runtime/build.sh'), 'gcc', join(target.sysroot, 'lib'), `${target.bits}`]),
    );
    putStamp(stamp, parts);
  }
  const [cxx] = library(libstdcxx, dynamicTarget, compiler, []);
  dynamicRuntime(join(sysrootOf('x86_64-linux'), 'lib'), cxx?.mirrored);
}

/** Optional libraries are those of C++: built when asked for, and for the tests and benchmarks, because building takes minutes. */
const asked = () => ['--bench', '--c++', '--tests'].some((option) => process.argv.includes(option));

/**
 * One library for one target: built natively with its texts recorded, then mirrored by the pass as it is now. Nothing where it is not
 * wanted, or Debian has no source of it.
 */
function library(row, target, compiler, needed) {
  const inputs = [target.flags, compiler, ...needed.map((one) => one.face)].join('\n');
  const version = row.version?.() ?? '';
  const key = hashOf([...here('recorder.mjs', `${row.name}.mjs`), ...(row.files ?? [])], inputs) + version;
  const native = join(cache, 'native', `${row.name}-${target.name}-${key}`);
  const pass = hashOf([join(root, 'dist/libexec/pass.js'), ...here('mirror.mjs')]);
  const mirrored = join(cache, 'mirrored', `${row.name}-${target.name}-${key}-${pass}`);
  if (row.optional && !asked() && !existsSync(mirrored)) return [];
  const source = existsSync(native) ? '' : row.source();
  if (source === undefined) {
    process.stderr.write(
      `${row.title}: there is no source package for ${compiler}; programs get the compiler's own, unmirrored\n`,
    );
    return [];
  }
  cached(native, (partial) => {
    const work = join(partial, 'work');
    const dependencies = join(work, 'dependencies');
    mkdirSync(join(work, 'build'), { recursive: true });
    for (const one of needed)
      for (const part of ['include', 'lib'])
        if (existsSync(join(one.native, part)))
          cpSync(join(one.native, part), join(dependencies, part), { recursive: true });
    const compilers = makeRecorder({
      folder: join(work, 'recorder'),
      texts: join(partial, 'texts'),
      flags: target.flags,
      prefix: needed.length === 0 ? undefined : dependencies,
    });
    step(`${row.title} for ${target.name}`, () =>
      row.build({ source, prefix: partial, work: join(work, 'build'), target, dependencies, ...compilers }),
    );
    rmSync(work, { recursive: true });
  });
  cached(mirrored, (partial) =>
    step(`${row.title} for ${target.name}, mirrored`, () =>
      mirrorLibraries(join(native, 'lib'), join(native, 'texts'), partial, target.profile),
    ),
  );
  // What libraries above this one see of it: its headers and its version, not how it was compiled.
  const headers = join(native, 'include');
  const face = `${row.name} ${version} ${existsSync(headers) ? hashOf([headers], '', native) : ''}`;
  return [{ face, native, mirrored }];
}
