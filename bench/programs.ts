// The programs that experiments run: those of the corpus (test/programs/rows.ts), built once for each compiler and kept in the cache.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, debianSource, hashOf, putStamp, quiet, root, stamped } from '../scripts/tools.mjs';
import { nativeHeaders } from '../test/programs/headers.js';
import { programs } from '../test/programs/rows.js';
import { shell } from '../test/suites/shell.js';
import { commandOf, toolchainHash } from '../test/suites/toolchain.js';
import type { Side } from './comparison.js';

/** Those that are compared, and mirrorcc with return addresses copied by the called function. */
export type Compiler = Side | 'callee';

interface Row {
  readonly cc: string;
  readonly cxx: string;
  /** Changes when something else may come out. */
  readonly hash: () => string;
  readonly env: () => Readonly<Record<string, string>>;
}

const dist = (name: string): string => join(root, 'dist', name);
const versions = (): string =>
  ['gcc', 'as', 'ld'].map((command) => execFileSync(command, ['--version'], { encoding: 'utf8' })).join('');

const compilers: Readonly<Record<Compiler, Row>> = {
  native: { cc: 'gcc', cxx: 'g++', hash: versions, env: () => ({}) },
  musl: {
    cc: commandOf('native', 64),
    cxx: 'false',
    hash: () => toolchainHash('native', 64),
    env: () => ({ CPATH: nativeHeaders() }),
  },
  mirrored: {
    cc: dist('mirrorcc'),
    cxx: dist('mirrorc++'),
    hash: () => toolchainHash('mirrored', 64),
    env: () => ({}),
  },
  callee: {
    cc: `${dist('mirrorcc')} --mirror-call=callee`,
    cxx: `${dist('mirrorc++')} --mirror-call=callee`,
    hash: () => toolchainHash('mirrored', 64),
    env: () => ({}),
  },
};

/** With debug information, as most are built: the code is the same. */
const options = '-g -O2 -w';
const buildSeconds = 3600;

/** jsoncpp, the C++ program: its library and its test runner. Compiled only; it is not run here. */
const jsoncpp = (): { readonly name: string; readonly build: string } => ({
  name: 'jsoncpp',
  build: [
    `for f in ${debianSource('libjsoncpp')}/src/lib_json/*.cpp ${debianSource('libjsoncpp')}/src/jsontestrunner/*.cpp ${debianSource('libjsoncpp')}/src/test_lib_json/*.cpp`,
    `do $CXX $CFLAGS -I${debianSource('libjsoncpp')}/include -c $f || exit 1; done`,
  ].join('; '),
});

function buildOf(name: string): string {
  const row = [...programs(), jsoncpp()].find((one) => one.name === name);
  if (row === undefined) throw new RangeError(`the corpus has no program ${name}`);
  return row.build;
}

/** Folder of a program and compiler; what MIRROR_STATS left is in `counts` beside `work`. */
const folderOf = (name: string, compiler: Compiler): string => join(cache, 'bench', name, compiler);

/** Builds a program of the corpus where that has not been done, and gives the folder that it was built in. */
export async function built(name: string, compiler: Compiler): Promise<string> {
  const folder = folderOf(name, compiler);
  const work = join(folder, 'work');
  const row = compilers[compiler];
  const build = buildOf(name);
  const hash = createHash('sha256').update(`${row.hash()}\n${build}\n${options}`).digest('hex').slice(0, 24);
  const stamp = join(folder, 'stamp');
  if (stamped(stamp, hash)) return work;
  process.stderr.write(`building ${name} (${compiler}) ... `);
  const from = Date.now();
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['work', 'counts', 'tmp']) mkdirSync(join(folder, part), { recursive: true });
  const ended = await shell(
    build,
    work,
    {
      CC: row.cc,
      CXX: row.cxx,
      CFLAGS: options,
      LC_ALL: 'C',
      MAKEFLAGS: `-j${cpus().length}`,
      MIRROR_STATS: join(folder, 'counts'),
      MIRROR_STATS_TEXT: '1',
      TMPDIR: join(folder, 'tmp'),
      ...row.env(),
    },
    buildSeconds,
  );
  if (ended.exitCode !== 0)
    throw new Error(`${name} (${compiler}) does not build:\n${(ended.stdout + ended.stderr).slice(-2000)}`);
  putStamp(stamp, hash);
  process.stderr.write(`${((Date.now() - from) / 1000).toFixed(0)} s\n`);
  return work;
}

/** The folder of what MIRROR_STATS left of a build. */
export async function countsOf(name: string, compiler: Compiler): Promise<string> {
  await built(name, compiler);
  return join(folderOf(name, compiler), 'counts');
}

/** A program of bench/programs, linked with `more`: objects and options. */
export function compiled(source: string, side: Side, folder: string, more: readonly string[] = []): string {
  const program = join(folder, `${source}-${side}`);
  const [command = '', ...args] = compilers[side].cc.split(' ');
  const file = join(root, 'bench/programs', `${source}.c`);
  quiet(command, [...args, '-O2', file, ...more, '-o', program]);
  return program;
}

/** SQLite's assembly as gcc -O2 makes it, of which the benches of the pass itself are made. */
export async function sqliteAssembly(): Promise<string> {
  const source = join(await built('sqlite3', 'musl'), 'sqlite3.c');
  const file = join(cache, 'bench/sqlite3.s');
  const hash = hashOf([source], versions());
  if (stamped(`${file}.stamp`, hash) && existsSync(file)) return file;
  quiet('gcc', ['-O2', '-S', source, '-o', file]);
  putStamp(`${file}.stamp`, hash);
  return file;
}

/** Files of statistics that a build has left. */
export const statisticsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
