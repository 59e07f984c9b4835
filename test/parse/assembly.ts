// gcc's assembly of zlib, musl and SQLite (Debian source packages), compiled once and kept in the cache folder. Used by the
// round-trip test.
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { debianSource } from '../debian-source.js';

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mirrorasm');
const run = promisify(execFile);

export type Package = 'zlib' | 'musl' | 'sqlite3';

export const levels = ['-O0', '-O1', '-O2', '-O3', '-Os'];
export const debugging = ['', '-g'];

/** C and assembly files that are compiled in one folder with the same options. */
interface Group {
  readonly name: string;
  readonly files: readonly string[];
  readonly options: readonly string[];
  readonly cwd: string;
}

/**
 * The assembly files of a package at one optimisation level; compiles them if they are not in the cache.
 *
 * @param debug `-g` or nothing
 */
export async function assemblyOf(name: Package, level: string, debug: string): Promise<string[]> {
  const source = debianSource(name);
  const folder = join(cache, 'asm', name, `${level}${debug}`.replaceAll('-', ''));
  const stamp = join(folder, '.made-from');
  const made = `${basename(source)} ${(await run('gcc', ['--version'])).stdout.split('\n')[0] ?? ''}`;
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== made) {
    const partial = `${folder}.${process.pid}.partial`;
    rmSync(partial, { recursive: true, force: true });
    const groups = await groupsOf(name, source);
    await inParallel(groups, (group) =>
      compile(group, [level, ...(debug ? [debug] : [])], join(partial, group.name)),
    );
    writeFileSync(join(partial, '.made-from'), made);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  }
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.s'))
    .sort()
    .map((path) => join(folder, path));
}

async function compile(group: Group, options: readonly string[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const written = group.files.filter((file) => extname(file) === '.s');
  for (const file of written) copyFileSync(file, join(folder, basename(file)));
  for (const file of group.files.filter((f) => extname(f) === '.S'))
    await run('gcc', ['-E', ...group.options, file, '-o', join(folder, `${basename(file, '.S')}.s`)], {
      cwd: group.cwd,
    });
  const sources = group.files.filter((file) => extname(file) === '.c');
  if (sources.length === 0) return;
  // With several inputs gcc names the outputs itself, in the current folder: one process for a whole folder of sources.
  await run('gcc', ['-S', '-w', ...group.options, ...options, ...sources], {
    cwd: folder,
    maxBuffer: 1 << 26,
  });
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/** Set-up of a package's sources, once a process: two option sets may ask for it at the same time. */
const grouped = new Map<Package, Promise<Group[]>>();

function groupsOf(name: Package, source: string): Promise<Group[]> {
  let groups = grouped.get(name);
  if (groups === undefined) grouped.set(name, (groups = findGroups(name, source)));
  return groups;
}

async function findGroups(name: Package, source: string): Promise<Group[]> {
  if (name === 'zlib')
    return [{ name: '.', files: sourcesIn(source), options: [`-I${source}`], cwd: source }];
  if (name === 'sqlite3') {
    const file = join(await sqliteAmalgamation(source), 'sqlite3.c');
    return [{ name: '.', files: [file], options: ['-DSQLITE_THREADSAFE=1'], cwd: source }];
  }
  return muslGroups(source);
}

function sourcesIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => /\.[csS]$/.test(file))
        .map((file) => join(folder, file))
    : [];
}

/** Debian ships SQLite's separate files; its own Tcl script joins them. */
async function sqliteAmalgamation(source: string): Promise<string> {
  const folder = join(cache, 'build', basename(source));
  if (existsSync(join(folder, 'sqlite3.c'))) return folder;
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(partial, { recursive: true });
  await run('tclsh', ['/dev/null']).catch(() => {
    throw new Error("SQLite's one-file form is made by tclsh: apt-get install tcl");
  });
  await run(join(source, 'configure'), ['--disable-tcl', '--disable-readline'], {
    cwd: partial,
    maxBuffer: 1 << 26,
  });
  await run('make', ['sqlite3.c'], { cwd: partial, maxBuffer: 1 << 26 });
  renameSync(partial, folder);
  return folder;
}

async function muslGroups(source: string): Promise<Group[]> {
  const build = join(cache, 'build', basename(source));
  if (!existsSync(join(build, 'obj/include/bits/syscall.h'))) {
    const partial = `${build}.${process.pid}.partial`;
    mkdirSync(partial, { recursive: true });
    await run(join(source, 'configure'), ['--target=x86_64', 'CC=gcc'], {
      cwd: partial,
      maxBuffer: 1 << 26,
    });
    const made = ['obj/include/bits/alltypes.h', 'obj/include/bits/syscall.h', 'obj/src/internal/version.h'];
    await run('make', made, { cwd: partial, maxBuffer: 1 << 26 });
    renameSync(partial, build);
  }
  const include = (path: string): string => `-I${join(source, path)}`;
  const options = [
    ...[
      '-std=c99',
      '-nostdinc',
      '-ffreestanding',
      '-fexcess-precision=standard',
      '-frounding-math',
      '-D_XOPEN_SOURCE=700',
    ],
    ...[include('arch/x86_64'), include('arch/generic'), `-I${build}/obj/src/internal`],
    ...[include('src/include'), include('src/internal'), `-I${build}/obj/include`, include('include')],
    ...['-fno-asynchronous-unwind-tables', '-fomit-frame-pointer', '-fPIE'],
  ];
  const groups: Group[] = [];
  const add = (path: string): void => {
    const own = sourcesIn(join(source, path, 'x86_64'));
    const stem = (file: string): string => basename(file, extname(file));
    const replaced = new Set(own.map(stem));
    const files = sourcesIn(join(source, path)).filter((file) => !replaced.has(stem(file)));
    if (files.length > 0) groups.push({ name: path, files, options, cwd: source });
    if (own.length > 0) groups.push({ name: `${path}/x86_64`, files: own, options, cwd: source });
  };
  for (const path of readdirSync(join(source, 'src')).sort()) add(`src/${path}`);
  for (const path of ['src/malloc/mallocng', 'crt', 'ldso']) add(path);
  return groups;
}
