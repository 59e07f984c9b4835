// The C library: musl from its Debian source package.
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { debianSource, quiet, root } from '../tools.mjs';
import { keepMappings, mallocngFiles } from './mallocng.mjs';

const own = join(root, 'libc');

export const musl = {
  name: 'musl',
  title: 'libc (musl)',
  version: () => debianSource('musl').replace(/.*-/, '-'),
  source: () => debianSource('musl'),
  files: [own, ...mallocngFiles],

  /** Builds and installs the static libraries and the headers. Unwind tables: C++ exceptions leave qsort's comparator. */
  build({ source, prefix, work, target, cc }) {
    const tree = join(work, 'source');
    const options = { cwd: work };
    quiet('cp', ['-rs', source, tree]);
    replaceFiles(tree, target.name.replace('-linux', ''));
    keepMappings(join(tree, 'src/malloc/mallocng'));
    if (target.bits === 32) describeFrames(join(tree, 'arch/i386/syscall_arch.h'));
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
  for (const path of readdirSync(own, { recursive: true, encoding: 'utf8' })) {
    const [part, ...rest] = path.split('/');
    const forThis = rest.length === 1 ? /\.[ch]$/.test(path) : rest.length === 2 && rest[0] === machine;
    if (!forThis) continue;
    const replaced = join(tree, part === 'include' ? '' : 'src', part, ...rest);
    rmSync(replaced, { force: true });
    copyFileSync(join(own, path), replaced);
  }
}

/** A call with six arguments pushes in the middle of C functions; libc/internal/i386/syscall6.s does it in a frame of its own. */
function describeFrames(header) {
  const text = readFileSync(header, 'utf8');
  const own = /static inline long __syscall6\([^{]*\n\{[^]*?\n\}\n/;
  if (!own.test(text)) throw new Error(`${header}: no __syscall6`);
  rmSync(header);
  writeFileSync(
    header,
    text.replace(
      own,
      `__attribute__((__visibility__("hidden"))) long __syscall6_args(const long *);
static inline long __syscall6(long n, long a1, long a2, long a3, long a4, long a5, long a6)
{
	return __syscall6_args((const long[]){n, a1, a2, a3, a4, a5, a6});
}
`,
    ),
  );
}
