// The two compilers that are compared, and a hash of everything that goes into what they make.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, debianSource, root, sysrootOf } from '../../scripts/tools.mjs';
import type { Side, Width } from './types.js';

interface Compiler {
  readonly command: string;
  /** Files that the result depends on, beside the sources and the real compiler. */
  readonly parts: readonly string[];
}

const dist = (path: string): string => join(root, 'dist', path);

/** Libraries and start files. */
const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /[.][ao]$/.test(name))
        .sort()
        .map((name) => join(folder, name))
    : [];

function mirrored(sysroot: string, command: string): Compiler | undefined {
  const libraries = filesIn(join(sysrootOf(sysroot), 'lib'));
  if (libraries.length === 0) return undefined;
  return {
    command,
    parts: [dist('mirrorcc.js'), dist('libexec/as.js'), dist('libexec/pass.js'), ...libraries],
  };
}

/**
 * Debian has no musl-gcc for 32-bit programs: musl as the set-up built it before it was mirrored, with the specs that musl's own wrapper
 * would have. At a fixed address, as mirrorcc -m32 makes programs.
 */
function native32(): Compiler | undefined {
  const parts = join(sysrootOf('i386-linux'), '.parts');
  const built = existsSync(parts)
    ? /^(musl-.*)-[0-9a-f]+$/m.exec(readFileSync(parts, 'utf8'))?.[1]
    : undefined;
  if (built === undefined) return undefined;
  const prefix = join(cache, 'native', built);
  const specs = join(cache, 'suites', `${built}.specs`);
  mkdirSync(join(cache, 'suites'), { recursive: true });
  const maker = join(debianSource('musl'), 'tools/musl-gcc.specs.sh');
  writeFileSync(
    specs,
    execFileSync('sh', [maker, join(prefix, 'include'), join(prefix, 'lib'), '/lib/ld-musl-i386.so.1']),
  );
  return {
    command: `gcc -m32 -fno-pie -no-pie -static -Wl,-m,elf_i386 -specs=${specs}`,
    parts: [specs, ...filesIn(join(prefix, 'lib'))],
  };
}

const musl = '/usr/lib/x86_64-linux-musl';

type Compilers = Readonly<Record<`${Side} ${Width}`, Compiler | undefined>>;

/** Both sides link the same version of musl statically; what is left between the two is mirroring alone. */
const staticCompilers = (): Compilers => ({
  'native 64': { command: 'musl-gcc -static', parts: [`${musl}/libc.a`, `${musl}/musl-gcc.specs`] },
  'native 32': native32(),
  'mirrored 64': mirrored('x86_64-linux', dist('mirrorcc')),
  'mirrored 32': mirrored('i386-linux', `${dist('mirrorcc')} -m32`),
});

/** Both sides are linked with the system's C library, dynamically. */
const dynamicCompilers = (): Compilers => ({
  'native 64': { command: 'gcc', parts: [] },
  'native 32': undefined,
  'mirrored 64': mirrored('x86_64-linux-gnu', `${dist('mirrorcc')} --mirror-libc=glibc`),
  'mirrored 32': undefined,
});

const compilers = process.env['MIRROR_LIBC'] === 'glibc' ? dynamicCompilers() : staticCompilers();

/** Word sizes for which there are both compilers. */
export const widths: readonly Width[] = ([64, 32] as const).filter(
  (width) => compilers[`native ${width}`] && compilers[`mirrored ${width}`],
);

function compilerOf(side: Side, width: Width): Compiler {
  const compiler = compilers[`${side} ${width}`];
  if (!compiler) throw new Error(`there is no ${side} compiler for ${width} bits`);
  return compiler;
}

export const commandOf = (side: Side, width: Width): string => compilerOf(side, width).command;

const hashes = new Map<string, string>();

/** Changes whenever the compiler of this side may make something else of the same source. */
export function toolchainHash(side: Side, width: Width): string {
  const key = `${side} ${width}`;
  let known = hashes.get(key);
  if (known === undefined) {
    const hash = createHash('sha256').update(key).update(compilerOf(side, width).command.replace(root, ''));
    for (const command of ['gcc', 'as', 'ld']) hash.update(execFileSync(command, ['--version']));
    for (const path of compilerOf(side, width).parts) hash.update(readFileSync(path));
    known = hash.digest('hex').slice(0, 24);
    hashes.set(key, known);
  }
  return known;
}
