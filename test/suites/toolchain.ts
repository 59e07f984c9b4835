// The two compilers that are compared, and a hash of everything that goes into what they make.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sysrootOf } from '../../scripts/tools.mjs';
import type { Side, Width } from './types.js';

interface Compiler {
  readonly command: string;
  /** Files that the result depends on, beside the sources and the real compiler. */
  readonly parts: readonly string[];
}

const musl = '/usr/lib/x86_64-linux-musl';
/** Libraries and start files. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /[.][ao]$/.test(name))
    .sort()
    .map((name) => join(folder, name));
const dist = (path: string): string => join(root, 'dist', path);

/** Both link the same version of musl statically; what is left between the two is mirroring alone. */
const compilers: Readonly<Record<`${Side} ${Width}`, Compiler | undefined>> = {
  'native 64': { command: 'musl-gcc -static', parts: [`${musl}/libc.a`, `${musl}/musl-gcc.specs`] },
  'native 32': undefined,
  'mirrored 64': {
    command: dist('mirrorcc.js'),
    parts: [
      dist('mirrorcc.js'),
      dist('libexec/as.js'),
      dist('libexec/pass.js'),
      ...filesIn(join(sysrootOf('x86_64-linux'), 'lib')),
    ],
  },
  'mirrored 32': undefined,
};

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
