// The C++ library (libstdc++ and libsupc++), from the compiler's own source with its own configure, against the libc and libgcc of before.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { gccSource, quiet } from '../tools.mjs';
import { gccParts } from './libgcc.mjs';

const hasCxx = () => spawnSync('g++', ['-dumpversion']).status === 0;

export const libstdcxx = {
  name: 'libstdcxx',
  title: 'C++ library (libstdc++)',
  optional: true,
  source: () => (hasCxx() ? gccSource(gccParts) : undefined),

  build({ source, prefix, work, target, cc, cxx }) {
    const folder = join(work, 'libstdc++-v3');
    mkdirSync(folder);
    // The thread model's header is looked for where the build of libgcc beside this one would have put it.
    mkdirSync(join(work, 'libgcc'));
    copyFileSync(join(source, 'libgcc/gthr-posix.h'), join(work, 'libgcc/gthr-default.h'));
    const options = { cwd: folder };
    const version = execFileSync('g++', ['-dumpversion'], { encoding: 'utf8' }).trim();
    // Of the 386 itself its configuration takes that it has no compare-and-swap, and locks a mutex instead; gcc makes code for the 686.
    const machine = target.machine.replace('i386', 'i686');
    quiet(
      join(source, 'libstdc++-v3/configure'),
      [
        `--prefix=${prefix}`,
        `--libdir=${prefix}/lib`,
        `--with-gxx-include-dir=${prefix}/include/c++/${version}`,
        `--host=${machine}`,
        `--build=${machine}`,
        `--target=${machine}`,
        '--disable-multilib',
        '--disable-nls',
        '--disable-shared',
        '--disable-libstdcxx-pch',
        '--enable-threads=posix',
        `CC=${cc}`,
        `CXX=${cxx}`,
        'CFLAGS=-O2',
        'CXXFLAGS=-O2',
      ],
      options,
    );
    const configured = readFileSync(join(folder, 'config.h'), 'utf8');
    if (!/define _GLIBCXX_HAS_GTHREADS 1/.test(configured))
      throw new Error('libstdc++ was configured without threads');
    quiet('make', ['-s', `-j${cpus().length}`], options);
    quiet('make', ['-s', 'install'], options);
    // A gcc for both word sizes has 32-bit libraries installed beside lib.
    const beside = join(prefix, 'lib32');
    if (!existsSync(beside)) return;
    rmSync(join(prefix, 'lib'), { recursive: true, force: true });
    renameSync(beside, join(prefix, 'lib'));
  },
};
