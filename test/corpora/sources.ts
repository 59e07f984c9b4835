// What the corpora are and how each is made, once, in the cache folder.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { basename, extname, join } from 'node:path';
import type { CorpusFile } from './check.js';

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mirrorasm');
const processors = availableParallelism();

export interface Corpus {
  readonly name: string;
  /** Debian source package. */
  readonly source: string;
  /** Makes the assembly files in `folder` from the unpacked source. */
  readonly make: (source: string, folder: string) => void;
  readonly width: (path: string) => 32 | 64;
  readonly includes: readonly string[];
}

/** A compiler with the options that name a set of outputs. */
type Options = readonly string[];

function sh(command: string, cwd: string, required = true): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0 && required) throw new Error(`${command}: ${stderr.slice(-2000)}`);
}

const levels = ['-O0', '-O1', '-O2', '-O3', '-Os', '-Og'];
const marches = ['x86-64-v2', 'x86-64-v3', 'x86-64-v4'].map((march) => `-march=${march}`);

const product = (...sets: readonly (readonly string[])[]): Options[] =>
  sets.reduce<string[][]>((all, set) => all.flatMap((one) => set.map((value) => [...one, value])), [[]]);

const everything: readonly Options[] = [
  ...product(['gcc', 'clang'], levels, ['-m64', '-m32'], ['-masm=att', '-masm=intel']),
  ...product(['gcc', 'clang'], levels, ['-m64', '-m32'], ['-fPIC']),
  ...product(['gcc', 'clang'], ['-O2', '-O3'], ['-m64', '-m32'], marches),
];

/** Each value of each kind at least once with each compiler and width. */
const selection: readonly Options[] = [
  ...product(['gcc', 'clang'], levels, ['-m64']),
  ...product(['gcc', 'clang'], ['-O2'], ['-m32'], ['-masm=att', '-masm=intel', '-fPIC']),
  ...product(['gcc', 'clang'], ['-O2'], ['-m64'], ['-masm=intel', '-fPIC', ...marches]),
];

const few: readonly Options[] = [
  ...product(['gcc'], levels, ['-m64']),
  ['gcc', '-O2', '-m32'],
  ['gcc', '-O2', '-m64', '-masm=intel'],
  ['gcc', '-O3', '-m64', '-march=x86-64-v4'],
  ['clang', '-O2', '-m64'],
  ['clang', '-O2', '-m32'],
];

/** Compiles all files with each set of options, one folder a set. */
function compile(sets: readonly Options[], files: readonly string[], options: string, folder: string): void {
  const jobs: string[] = [];
  for (const set of sets) {
    const name = set.join('').replaceAll('-', '_').replaceAll('=', '');
    mkdirSync(join(folder, name), { recursive: true });
    const [compiler = 'gcc', ...given] = set;
    // As mirrorcc calls it: otherwise clang writes directives of its own assembler.
    const rest = compiler === 'clang' ? ['-fno-integrated-as', ...given] : given;
    for (const file of files) {
      const cxx = /\.(cc|cpp)$/.test(file);
      const command = cxx ? (compiler === 'gcc' ? 'g++' : 'clang++') : compiler;
      jobs.push(
        `${command} -S -w ${rest.join(' ')} ${options} ${file} -o ${join(folder, name, `${basename(file, extname(file))}.s`)}`,
      );
    }
  }
  const list = join(folder, 'jobs');
  writeFileSync(list, jobs.join('\n'));
  sh(`xargs -P ${processors} -d '\\n' -n 1 sh -c < ${list}`, folder);
  rmSync(list);
}

const filesIn = (folder: string, pattern: RegExp): string[] =>
  readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));

const widthOfFolder = (path: string): 32 | 64 => (/_m32|i386|[\\/]x86[\\/]/.test(path) ? 32 : 64);

export const corpora: readonly Corpus[] = [
  {
    name: 'sample of zlib',
    source: 'zlib',
    make: (source, folder) => {
      const sets = product(['gcc', 'clang'], ['-O0', '-O2'], ['-m64'], ['-masm=att', '-masm=intel']);
      compile(sets, filesIn(source, /^(crc32|deflate|gzread|inflate|trees)\.c$/), `-I${source}`, folder);
    },
    width: widthOfFolder,
    includes: [],
  },
  {
    name: 'zlib',
    source: 'zlib',
    make: (source, folder) => compile(everything, filesIn(source, /\.c$/), `-I${source}`, folder),
    width: widthOfFolder,
    includes: [],
  },
  {
    name: 'lua',
    source: 'lua5.4',
    make: (source, folder) => {
      // Debian's build makes this header.
      writeFileSync(
        join(folder, 'lua5.4-deb-multiarch.h'),
        '#define DEB_HOST_MULTIARCH "x86_64-linux-gnu"\n',
      );
      const files = filesIn(join(source, 'src'), /^l.*\.c$/);
      compile(selection, files, `-DLUA_USE_POSIX -I${folder}`, folder);
    },
    width: widthOfFolder,
    includes: [],
  },
  {
    name: 'fmtlib',
    source: 'fmtlib',
    make: (source, folder) =>
      compile(
        selection,
        filesIn(join(source, 'src'), /(format|os)\.cc$/),
        `-I${join(source, 'include')}`,
        folder,
      ),
    width: widthOfFolder,
    includes: [],
  },
  {
    name: 'sqlite',
    source: 'sqlite3',
    make: (source, folder) => {
      const build = join(folder, 'build');
      mkdirSync(build);
      sh(`${join(source, 'configure')} --disable-tcl --disable-readline && make sqlite3.c`, build);
      compile(few, [join(build, 'sqlite3.c')], '-DSQLITE_THREADSAFE=1', folder);
      rmSync(build, { recursive: true });
    },
    width: widthOfFolder,
    includes: [],
  },
  {
    name: 'musl (by hand)',
    source: 'musl',
    make: (source, folder) => {
      for (const arch of ['x86_64', 'i386'])
        for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
          if (!path.includes(`/${arch}/`) || !/\.[sS]$/.test(path)) continue;
          const target = join(folder, arch, path.replaceAll('/', '_').replace(/\.[sS]$/, '.s'));
          mkdirSync(join(folder, arch), { recursive: true });
          if (path.endsWith('.s')) copyFileSync(join(source, path), target);
          else sh(`gcc -E -P ${arch === 'i386' ? '-m32' : ''} ${join(source, path)} -o ${target}`, folder);
        }
    },
    width: widthOfFolder,
    includes: [],
  },
  {
    name: 'gmp (by hand)',
    source: 'gmp',
    make: (source, folder) => {
      const build = join(folder, 'build');
      cpSync(source, build, { recursive: true });
      // Debian leaves the documentation out, and configure wants to write its makefile.
      sh('mkdir -p doc && : > doc/Makefile.in', build);
      sh('./configure --build=zen2-pc-linux-gnu --disable-shared', build);
      sh(
        'for f in *.asm; do s=${f%.asm}; m4 -DHAVE_CONFIG_H -D__GMP_WITHIN_GMP -DOPERATION_$s -DPIC $f > ../../$s.s || rm -f ../../$s.s; done',
        join(build, 'mpn'),
      );
      rmSync(build, { recursive: true });
    },
    width: () => 64,
    includes: [],
  },
  {
    name: 'openssl (perlasm)',
    source: 'openssl',
    make: (source, folder) => {
      mkdirSync(join(folder, 'x86_64'));
      mkdirSync(join(folder, 'i386'));
      const scripts = readdirSync(join(source, 'crypto'), { recursive: true, encoding: 'utf8' })
        .filter(
          (path) =>
            /asm\/.*\.pl$/.test(path) &&
            /x86|[56]86|avx/.test(path) &&
            !/cpuid|xlate|x86(asm|gas|masm|nasm)/.test(path),
        )
        .map((path) => join(source, 'crypto', path));
      for (const script of scripts) {
        const wide = /x86_64|avx(2|512)/.test(script);
        const target = join(folder, wide ? 'x86_64' : 'i386', `${basename(script, '.pl')}.s`);
        sh(
          `CC=gcc perl ${script} elf ${wide ? '' : '-fPIC '}${target}.S && gcc -E ${wide ? '' : '-m32'} ${target}.S -o ${target}; rm -f ${target}.S`,
          source,
          false,
        );
        if (existsSync(target)) continue;
        sh(
          `CC=gcc perl ${script} elf > ${target}.S && gcc -E ${wide ? '' : '-m32'} ${target}.S -o ${target}; rm -f ${target}.S`,
          source,
          false,
        );
      }
    },
    width: widthOfFolder,
    includes: [],
  },
  {
    name: 'glibc (multiarch)',
    source: 'glibc',
    make: (source, folder) => {
      const build = join(folder, 'build');
      mkdirSync(build);
      sh(`${join(source, 'configure')} --prefix=/usr --disable-werror`, build);
      sh(
        `make -r -C ${source} objdir=${build} ${build}/tcb-offsets.h ${build}/rtld-offsets.h ${build}/jmpbuf-offsets.h`,
        build,
        false,
      );
      const sysdeps = [
        'unix/sysv/linux/x86_64/64',
        'unix/sysv/linux/x86_64',
        'unix/sysv/linux/x86',
        'x86/nptl',
        'unix/sysv/linux',
        'unix/sysv',
        'unix/x86_64',
        'unix',
        'posix',
        'x86_64/64',
        'x86_64/fpu/multiarch',
        'x86_64/fpu',
        'x86/fpu',
        'x86_64/multiarch',
        'x86_64',
        'x86/include',
        'x86',
        'ieee754',
        'generic',
      ];
      const flags = [
        `-include ${build}/config.h`,
        // What the build's libc-modules.h has: numbers that differ.
        '-DMODULE_libc=1 -DMODULE_rtld=2 -DMODULE_libpthread=3 -DMODULE_nonlib=4',
        `-include ${source}/include/libc-symbols.h`,
        `-I${source}/include`,
        `-I${build}`,
        ...sysdeps.map((path) => `-I${source}/sysdeps/${path}`),
        `-I${source}`,
        '-D_LIBC_REENTRANT',
        '-DASSEMBLER',
        '-DPIC',
        '-DSHARED',
        '-DTOP_NAMESPACE=glibc',
        "'-DC_SYMBOL_NAME(x)=x'",
      ];
      for (const file of filesIn(join(source, 'sysdeps/x86_64/multiarch'), /\.S$/))
        sh(
          `gcc -E -DMODULE_NAME=${basename(file).startsWith('rtld-') ? 'rtld' : 'libc'} ${flags.join(' ')} ${file} -o ${join(folder, `${basename(file, '.S')}.s`)}`,
          folder,
          false,
        );
      rmSync(build, { recursive: true });
    },
    width: () => 64,
    includes: [],
  },
  ...([64, 32] as const).map((width): Corpus => ({
    name: `binutils' own (--${width})`,
    source: 'binutils',
    make: (source, folder) => {
      for (const file of filesIn(join(source, 'gas/testsuite/gas/i386'), /\.(s|inc|inc\.s)$/))
        copyFileSync(file, join(folder, basename(file)));
    },
    width: () => width,
    includes: [],
  })),
];

/** The files of a corpus; makes them if they are not in the cache. `source` is the unpacked Debian source package. */
export function filesOf(corpus: Corpus, source: string): CorpusFile[] {
  const folder = join(cache, 'corpora', `${corpus.name.replace(/\W+/g, '-')}-${basename(source)}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    corpus.make(source, partial);
    renameSync(partial, folder);
  }
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.s'))
    .sort()
    .map((path) => join(folder, path))
    .map((path) => ({ path, width: corpus.width(path), includes: corpus.includes }));
}
