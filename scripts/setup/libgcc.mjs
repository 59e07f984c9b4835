// The compiler's support libraries (libgcc.a, libgcc_eh.a, libgcov.a, crtbegin and crtend), from the compiler's own source with their own
// Makefile. Of gcc's build tree, which that expects beside it, only the few headers are made that target libraries read.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { gccSource, quiet } from '../tools.mjs';

/** What of gcc's tree is read, for libstdc++, too: unpacking goes through the whole archive each time. */
export const gccParts = [
  'ar-lib',
  'compile',
  'config',
  'config-ml.in',
  'config.guess',
  'config.rpath',
  'config.sub',
  'depcomp',
  'gcc/BASE-VER',
  'gcc/DATESTAMP',
  'gcc/DEV-PHASE',
  'gcc/common',
  'gcc/config',
  'gcc/config.gcc',
  'gcc/coretypes.h',
  'gcc/defaults.h',
  'gcc/gcov-counter.def',
  'gcc/gcov-io.cc',
  'gcc/gcov-io.h',
  'gcc/gsyms.h',
  'gcc/tsystem.h',
  'include',
  'install-sh',
  'libdecnumber',
  'libgcc',
  'libiberty',
  'libstdc++-v3',
  'libtool-ldflags',
  'ltmain.sh',
  'missing',
  'mkinstalldirs',
  'move-if-change',
];

/** tm_file of x86_64-*-linux* in gcc/config.gcc, which serves -m32, too. */
const targetHeaders = [
  'i386/biarch64.h',
  'i386/i386.h',
  'i386/unix.h',
  'i386/att.h',
  'dbxelf.h',
  'elfos.h',
  'gnu-user.h',
  'glibc-stdint.h',
  'i386/x86-64.h',
  'i386/gnu-user-common.h',
  'i386/gnu-user64.h',
  'linux.h',
  'linux-android.h',
  'i386/linux-common.h',
  'i386/linux64.h',
  'initfini-array.h',
];

/** The files of gcc's build folder; the empty ones describe the compiler's insides. */
const generated = {
  'auto-host.h':
    '#define HAVE_LD_EH_FRAME_HDR 1\n#define HAVE_GAS_HIDDEN 1\n#define HAVE_INITFINI_ARRAY_SUPPORT 1\n',
  'insn-modes.h': '',
  'libgcc.mvars':
    'GCC_CFLAGS = -DIN_GCC -w -isystem ./include\nINHIBIT_LIBC_CFLAGS =\nTARGET_SYSTEM_ROOT =\nNO_PIE_CFLAGS =\n',
  'options.h': '',
  'tconfig.h':
    '#define USED_FOR_TARGET 1\n#include "auto-host.h"\n#ifdef IN_GCC\n#include "ansidecl.h"\n#endif\n',
  'tm.h': `#include "options.h"
#include "insn-constants.h"
#ifdef IN_GCC
${targetHeaders.map((name) => `#include "config/${name}"`).join('\n')}
#include "insn-modes.h"
#endif
#include "defaults.h"
`,
};

/** version.h: the format of counters, which has to be that of the compiler; it writes the number into each file (gcov-io.h, gcov_info). */
function counterFormat(cc, work) {
  const program = join(work, 'counted.c');
  writeFileSync(program, 'int main(void) { return 0; }\n');
  const text = quiet('sh', ['-c', `${cc} --coverage -S -o - ${program}`], { cwd: work });
  const [, number] = /^\.LPBX0:\n\t\.long\t(\d+)$/m.exec(text) ?? [];
  if (number === undefined) throw new Error(`${cc} --coverage does not say which format its counters have`);
  return `#define GCOV_VERSION ((gcov_unsigned_t)${number})\n`;
}

/** Register numbers and the like: the (define_constants ...) of the machine description. */
function constants(source) {
  const description = readFileSync(join(source, 'gcc/config/i386/i386.md'), 'utf8');
  const blocks = [...description.matchAll(/^\(define_constants\n([^]*?)\]\)/gm)].map(([, block]) => block);
  return [...blocks.join('\n').matchAll(/\((\w+)\s+(\w+)\)/g)]
    .map(([, name, value]) => `#define ${name} ${value}\n`)
    .join('');
}

export const libgcc = {
  name: 'libgcc',
  title: 'compiler support (libgcc)',
  source: () => gccSource(gccParts),

  build({ source, prefix, work, cc }) {
    const gcc = join(work, 'gcc');
    const folder = join(work, 'target/libgcc');
    mkdirSync(join(gcc, 'include'), { recursive: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(generated)) writeFileSync(join(gcc, name), text);
    writeFileSync(join(gcc, 'insn-constants.h'), constants(source));
    writeFileSync(join(gcc, 'version.h'), counterFormat(cc, work));
    const options = { cwd: folder };
    quiet(
      join(source, 'libgcc/configure'),
      [
        '--host=x86_64-linux-musl',
        '--build=x86_64-linux-musl',
        '--target=x86_64-linux-musl',
        '--disable-shared',
        '--disable-multilib',
        '--enable-decimal-float',
        `CC=${cc}`,
        'CFLAGS=-O2',
      ],
      options,
    );
    quiet('make', ['-s', `-j${cpus().length}`, 'LIBGCC2_DEBUG_CFLAGS=-g0', 'all'], options);
    const lib = join(prefix, 'lib');
    mkdirSync(lib);
    for (const name of readdirSync(folder))
      if (/^(lib.*\.a|crt(begin|end).*\.o|crtfastmath\.o)$/.test(name))
        copyFileSync(join(folder, name), join(lib, name));
  },
};
